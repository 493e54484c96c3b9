#!/bin/sh
# Makes sure that a Vulkan adapter is there: a driver that is installed, else Mesa's software adapter.
set -eu
[ "$(uname -s)" = Linux ] || exit 0

driver() {
    for folder in /usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/share/vulkan/icd.d "${HOME:-/}/.local/share/vulkan/icd.d"; do
        for file in "$folder"/*.json; do
            [ -e "$file" ] && return 0
        done
    done
    [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]
}
loader() {
    ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || /sbin/ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'
}

if ! command -v cc >/dev/null 2>&1; then
    packages="build-essential"
fi
driver || packages="${packages:-} mesa-vulkan-drivers"
loader || packages="${packages:-} libvulkan1"
[ -n "${packages:-}" ] || exit 0

root=""
[ "$(id -u)" = 0 ] || root="sudo"
say="install these and run again: $packages"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no Vulkan adapter here, and no apt-get to install one; $say (Fedora and Arch: vulkan-loader, vulkan-swrast or mesa-vulkan-drivers)" >&2
    exit 1
fi
if [ -n "$root" ] && ! command -v sudo >/dev/null 2>&1; then
    echo "no Vulkan adapter here, and no right to install one; as root: apt-get install $packages" >&2
    exit 1
fi
echo "installing $packages" >&2
$root apt-get update -qq >&2 || true
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2 || {
    echo "that failed; $say" >&2
    exit 1
}
