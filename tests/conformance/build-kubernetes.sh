#!/bin/bash
# Builds kube-apiserver, kube-controller-manager and kube-scheduler 1.20.2 from Debian 12's own source package, once, and
# keeps them: 4 to 6 minutes on 2 cores from cold. Prints the folder with the binaries as its last line.
#
# usage: build-kubernetes.sh [--dry-run]
# exits with 3, and says why, where that cannot be done (not Debian 12, or neither root nor packages installed).
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tikv-operator/kubernetes
out=$cache/1.20
commands=(kube-apiserver kube-controller-manager kube-scheduler)
packages=(golang-go etcd-server dpkg-dev openssl curl python3)

say() { echo "conformance: $*" >&2; }
cannot() { say "cannot run here: $*"; exit 3; }

dry_run=
[ "${1:-}" = --dry-run ] && dry_run=1
run() { if [ "$dry_run" ]; then echo "+ $*" >&2; else "$@"; fi; }

is_debian_12() { ( . /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ] ) 2>/dev/null; }
installed() { dpkg-query --show --showformat '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
is_root() { [ "$(id -u)" = 0 ]; }

built() { local c; for c in "${commands[@]}"; do [ -x "$out/$c" ] || return 1; done; }

# kubectl comes from any source: Debian's package, a vendor's, or the user's own.
missing_packages() {
    local p
    for p in "$@"; do installed "$p" || echo "$p"; done
    command -v kubectl >/dev/null || echo kubernetes-client
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} = 0 ] && return
    is_root || cannot "these packages are missing, and only root can install them: ${missing[*]}"
    say "installing ${missing[*]}"
    run apt-get update -qq
    DEBIAN_FRONTEND=noninteractive run apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# The source entries repeat the machine's own binary entries of bookworm: same mirror, same key.
add_source_entries() {
    apt-cache showsrc kubernetes 2>/dev/null | grep -q '^Package: kubernetes$' && return
    is_root || cannot "apt has no deb-src entry for Debian 12 main, and only root can add one"
    say "adding deb-src entries for bookworm"
    local file=/etc/apt/sources.list.d/bookworm-source
    if [ "$dry_run" ]; then echo "+ write $file.sources or $file.list" >&2; return; fi
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk 'BEGIN { RS = ""; ORS = "\n\n" } /Types: deb(\n|$)/ && /Suites: bookworm/ { sub(/Types: deb/, "Types: deb-src"); print }' \
            >"$file.sources" || true
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n '/^deb .*bookworm.* main/s/^deb /deb-src /p' >"$file.list" || true
    [ -s "$file.sources" ] || rm "$file.sources"
    [ -s "$file.list" ] || rm "$file.list"
    apt-get update -qq
}

build() {
    local work go kubernetes
    work=$(mktemp -d)
    trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
    kubernetes=$work/go/src/k8s.io/kubernetes
    mkdir -p "$(dirname "$kubernetes")" "$out"
    cd "$work"

    say "fetching the source package"
    # apt reads the archive as its own user, who may not enter a private folder
    chmod 755 "$work"
    apt-get source -qq --download-only kubernetes >&2
    # the vendored reflect2 1.0.1 panics under Go 1.18 and later; Debian has 1.0.2
    apt-get download -qq golang-github-modern-go-reflect2-dev >&2
    dpkg-source --no-check -x kubernetes_*.dsc "$kubernetes" >/dev/null
    dpkg -x golang-github-modern-go-reflect2-dev_*.deb reflect2
    rm -rf "$kubernetes/vendor/github.com/modern-go/reflect2"
    cp -r reflect2/usr/share/gocode/src/github.com/modern-go/reflect2 "$kubernetes/vendor/github.com/modern-go/"

    export GOPATH=$work/go GO111MODULE=off CGO_ENABLED=0 GOFLAGS= GOCACHE=$work/go-cache
    cd "$kubernetes"
    say "generating the OpenAPI definitions, which the package leaves out"
    go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    local inputs
    inputs=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg staging/src cmd | xargs -n1 dirname |
        sed 's#^staging/src/#vendor/#' | grep -v -e code-generator -e sample-apiserver | sort -u |
        sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
    "$work/openapi-gen" --output-base "$GOPATH/src" -O zz_generated.openapi \
        --go-header-file hack/boilerplate/boilerplate.generatego.txt -i "$inputs" \
        -p k8s.io/kubernetes/pkg/generated/openapi -r "$work/violations" 2>/dev/null

    local flags="-s -w" package command
    for package in component-base/version client-go/pkg/version; do
        package=k8s.io/kubernetes/vendor/k8s.io/$package
        flags+=" -X $package.gitVersion=v1.20.2 -X $package.gitMajor=1 -X $package.gitMinor=20 -X $package.gitTreeState=clean"
    done
    for command in "${commands[@]}"; do
        say "building $command"
        go build -ldflags "$flags" -o "$work/$command" "k8s.io/kubernetes/cmd/$command"
    done
    # moved together at the end, so that a broken build never looks like a finished one
    for command in "${commands[@]}"; do mv "$work/$command" "$out/$command"; done
}

if built && [ -z "$dry_run" ]; then
    install_packages etcd-server openssl curl python3
else
    is_debian_12 || cannot "this is not Debian 12, whose source package is the only one used"
    install_packages "${packages[@]}"
    add_source_entries
    say "building Kubernetes 1.20.2 into $out (once; 4 to 6 minutes)"
    if [ "$dry_run" ]; then say "dry run: stops here"; else build; fi
fi
echo "$out"
