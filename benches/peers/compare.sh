#!/usr/bin/env bash
# Our benches and their counterparts in JAX and PyTorch, one after the other on this machine, and the ratios.
# PYTHON names an interpreter that has what requirements.txt lists; GRADLESS_DEVICE picks the adapter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

# Workload, population, and the field of our bench's line that holds the rate.
compare() {
    local workload=$1 bench=$2 population=$3 unit=$4
    local ours
    ours=$(cargo bench --quiet --manifest-path "$here/../../Cargo.toml" --bench "$bench" -- "/$population\$" |
        tee /dev/stderr | awk -v key="$workload" -v n="$population:" '$1 == key && $2 == n { print $3 }')
    "$python" "$here/peers.py" "$workload" "$population" | tee /dev/stderr |
        awk -v ours="$ours" -v unit="$unit" -v what="$workload $population" '
            $2 > best { best = $2; name = $1 }
            END { printf "%s: ours %.4g, %s %.4g %s: %.2f times\n", what, ours, name, best, unit, ours / best }'
}

echo "load before: $(cut -d " " -f 1-3 /proc/loadavg 2>/dev/null || uptime)"
network=$(compare network evaluate 65536 candidates/s)
swarm=$(compare swarm swarm 16384 iterations/s)
echo "load after: $(cut -d " " -f 1-3 /proc/loadavg 2>/dev/null || uptime)"
printf '%s\n' "$network" "$swarm"
