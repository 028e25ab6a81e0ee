#!/bin/bash
# Starts a real Kubernetes control plane on 127.0.0.1, on free ports: etcd, API server, controllers, scheduler, and a fake
# kubelet with three nodes in three zones. Ready in 6 to 15 seconds. Prints the path of the kubeconfig as its last line.
#
# usage: up.sh RUN_FOLDER       (everything of this run is kept there: state, logs, pids, keys; down.sh ends it)
# env:   KUBERNETES_BIN         folder with the binaries that build-kubernetes.sh made
set -euo pipefail

run=${1:?usage: up.sh RUN_FOLDER}
here=$(dirname "$(readlink -f "$0")")
bin=${KUBERNETES_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/tikv-operator/kubernetes/1.20}

say() { echo "conformance: $*" >&2; }
give_up() { say "$*"; "$here/down.sh" "$run"; exit 1; }

[ -x "$bin/kube-apiserver" ] || { say "no kube-apiserver in $bin: run build-kubernetes.sh first"; exit 1; }
for pid in "$run"/*.pid; do
    [ -e "$pid" ] && { say "$run is in use ($pid): run down.sh $run first"; exit 1; }
done

umask 077
mkdir -p "$run/log" "$run/pki"
run=$(readlink -f "$run")
pki=$run/pki

read -r etcd_port peer_port api_port controllers_port scheduler_port < <(python3 - <<'P'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
print(*(s.getsockname()[1] for s in sockets))
P
)

make_keys() (
    cd "$pki"
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -days 30 -subj /CN=conformance-ca -out ca.crt \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    openssl ecparam -name prime256v1 -genkey -noout -out apiserver.key
    openssl req -new -key apiserver.key -subj /CN=kube-apiserver -out apiserver.csr
    cat >apiserver.ext <<X
subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1
extendedKeyUsage=serverAuth
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
X
    openssl x509 -req -in apiserver.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out apiserver.crt \
        -extfile apiserver.ext 2>/dev/null
    openssl genrsa -out sa.key 2048 2>/dev/null
    openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
)

token() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

kubeconfig() { # NAME TOKEN
    cat >"$run/$1.kubeconfig" <<X
apiVersion: v1
kind: Config
clusters: [{name: conformance, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: "$pki/ca.crt"}}]
users: [{name: $1, user: {token: $2}}]
contexts: [{name: conformance, context: {cluster: conformance, user: $1}}]
current-context: conformance
X
}

start() { # NAME COMMAND...
    local name=$1
    shift
    # a session of its own: Ctrl-C in the terminal ends the tests, and down.sh then ends these in their order
    setsid nohup "$@" >"$run/log/$name.log" 2>&1 </dev/null &
    echo $! >"$run/$name.pid"
}

# Waits until a command succeeds. Gives up when the process of that name has ended, or after so many seconds.
await() { # NAME SECONDS WHAT COMMAND...
    local name=$1 end=$((SECONDS + $2)) what=$3
    shift 3
    until "$@" >/dev/null 2>&1; do
        kill -0 "$(cat "$run/$name.pid")" 2>/dev/null ||
            { tail -n 20 "$run/log/$name.log" >&2; give_up "$name ended before $what (log above)"; }
        [ $SECONDS -lt $end ] || { tail -n 20 "$run/log/$name.log" >&2; give_up "waited too long until $what"; }
        sleep 0.1
    done
}

[ -f "$pki/ca.crt" ] || make_keys
admin=$(token) controllers=$(token) scheduler=$(token) kubelet=$(token)
cat >"$run/tokens.csv" <<X
$admin,admin,admin,"system:masters"
$controllers,system:kube-controller-manager,controllers
$scheduler,system:kube-scheduler,scheduler
$kubelet,fake-kubelet,kubelet,"system:masters"
X
kubeconfig admin "$admin"
kubeconfig controllers "$controllers"
kubeconfig scheduler "$scheduler"
kubeconfig kubelet "$kubelet"

no_sync=
etcd --help 2>&1 | grep -q unsafe-no-fsync && no_sync=--unsafe-no-fsync
start etcd etcd --name conformance --data-dir "$run/etcd" \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
    --initial-cluster "conformance=http://127.0.0.1:$peer_port" $no_sync
await etcd 30 "etcd is healthy" curl -sf "http://127.0.0.1:$etcd_port/health"

start apiserver "$bin/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" \
    --bind-address=127.0.0.1 --secure-port="$api_port" --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --token-auth-file="$run/tokens.csv" --authorization-mode=RBAC --service-cluster-ip-range=10.96.0.0/16 \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key"
api() { curl -sf --cacert "$pki/ca.crt" -H "Authorization: Bearer $admin" "https://127.0.0.1:$api_port$1"; }
await apiserver 90 "the API server is ready" api /readyz

# --port=0: 1.20 would else also listen, without authentication, on all addresses
start controllers "$bin/kube-controller-manager" --bind-address=127.0.0.1 --secure-port="$controllers_port" --port=0 \
    --kubeconfig="$run/controllers.kubeconfig" --authentication-kubeconfig="$run/controllers.kubeconfig" \
    --authorization-kubeconfig="$run/controllers.kubeconfig" --leader-elect=false \
    --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" --use-service-account-credentials=true \
    --controllers='*' --enable-hostpath-provisioner=true --node-monitor-period=2s --node-monitor-grace-period=20s
start scheduler "$bin/kube-scheduler" --bind-address=127.0.0.1 --secure-port="$scheduler_port" --port=0 \
    --kubeconfig="$run/scheduler.kubeconfig" --authentication-kubeconfig="$run/scheduler.kubeconfig" \
    --authorization-kubeconfig="$run/scheduler.kubeconfig" --leader-elect=false
await controllers 60 "the controllers have made the default service account" \
    api /api/v1/namespaces/default/serviceaccounts/default

start kubelet python3 "$here/kubelet.py" "https://127.0.0.1:$api_port" "$pki/ca.crt" "$kubelet"
has_ready_nodes() { [ "$(kubectl --kubeconfig "$run/admin.kubeconfig" get nodes --no-headers | grep -c ' Ready ')" = 3 ]; }
await kubelet 60 "three nodes are ready" has_ready_nodes

say "Kubernetes 1.20.2 is ready on 127.0.0.1:$api_port after $SECONDS s; logs in $run/log"
echo "$run/admin.kubeconfig"
