#!/bin/sh
# Makes sure that a Chromium is there, for the test of the browser page.
set -eu
[ -z "${CHROMIUM:-}" ] || exit 0
for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

say="install Chromium or Chrome and run again, or name it: CHROMIUM=/path/to/it make test-web"
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "no Chromium here, and no right to install one; $say (Debian: apt-get install chromium)" >&2
    exit 1
fi
echo "installing chromium" >&2
apt-get update -qq >&2 || true
env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2 || {
    echo "that failed; $say" >&2
    exit 1
}
