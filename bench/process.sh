#!/bin/bash
# Start-up time and memory of the published operator (`dotnet fsi build.fsx publish` first), on the embedded cluster:
#   bench/process.sh [INSTANCES]      default 1000
# Prints milliseconds from start to /readyz, and resident memory idle and with that many instances in the caches.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
instances=${1:-1000}
program=out/tikv-operator
[ -x $program ] || { echo "$program is missing: run 'dotnet fsi build.fsx publish'" >&2; exit 1; }
folder=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap finish EXIT

$program serve --port 0 --speed 20 --kubeconfig-out "$folder/kubeconfig" > "$folder/serve.log" 2>&1 &
pids+=($!)
export KUBECONFIG=$folder/kubeconfig
for _ in $(seq 300); do kubectl get clusters > /dev/null 2>&1 && break; sleep 0.1; done
kubectl get clusters > /dev/null 2>&1

port=$((20000 + RANDOM % 20000))
start=$(date +%s%N)
$program run --kubeconfig "$KUBECONFIG" --leader-elect=false --health-probe-bind-address=127.0.0.1:$port \
    --log-format=json > "$folder/operator.log" 2>&1 &
operator=$!
pids+=("$operator")
until curl -fs -o /dev/null "http://127.0.0.1:$port/readyz"; do
    kill -0 "$operator" || { tail -5 "$folder/operator.log" >&2; exit 1; }
    sleep 0.01
done
echo "start to ready: $((($(date +%s%N) - start) / 1000000)) ms"

rss() { awk '/VmRSS/ {printf "%.0f MiB", $2 / 1024}' "/proc/$operator/status"; }
sleep 5
echo "memory, idle: $(rss)"

kubectl apply -f examples/basic > /dev/null
kubectl wait --for=condition=Ready cluster/basic --timeout=120s > /dev/null
echo "memory, with 6 instances: $(rss)"
kubectl scale tikvgroup basic-tikv --replicas=$((instances - 3)) > /dev/null
count() { kubectl get pods -o name | wc -l; }
for _ in $(seq 240); do [ "$(count)" -ge "$instances" ] && break; sleep 1; done
sleep 10
echo "memory, with $(count) instances and Pods: $(rss)"
