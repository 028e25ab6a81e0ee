#!/bin/bash
# Ends, by pid and in reverse order, what up.sh started in a run folder.       usage: down.sh RUN_FOLDER [--wipe]
set -euo pipefail

run=${1:?usage: down.sh RUN_FOLDER [--wipe]}

for name in kubelet scheduler controllers apiserver etcd; do
    file=$run/$name.pid
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    # a pid may by now be another process's: the program must be one of ours
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qE 'kubelet\.py|kube-|etcd'; then
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
done

[ "${2:-}" = --wipe ] && rm -rf "$run"
exit 0
