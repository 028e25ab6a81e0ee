#!/usr/bin/env bash
# Upgrades PD and TiKV from v8.5.2 to v8.5.3, PD first. One Pod at a time is restarted: the leader of PD last, and each store
# after its region leaders have moved away.
. "$(dirname "$0")/common.sh"
version=${1:-v8.5.3}

upgraded() { # KIND NAME
    [ "$(kubectl get "$1" "$2" -o jsonpath='{.status.version}')" = "$version" ] && settled "$1" "$2"
}

all_upgraded() { upgraded pdg basic-pd && upgraded kvg basic-tikv; }

say "Before"
show kubectl get pods -o custom-columns=NAME:.metadata.name,UID:.metadata.uid,IMAGE:.spec.containers[0].image

say "Both groups are asked for $version at once; TiKV waits until PD is done"
patch="{\"spec\":{\"template\":{\"spec\":{\"version\":\"$version\"}}}}"
show kubectl patch tikvgroup basic-tikv --type=merge -p "$patch"
show kubectl patch pdgroup basic-pd --type=merge -p "$patch"
watch_until "every Pod runs $version" all_upgraded

say "After: every Pod is another one, with the same name, volume and store id"
show kubectl get pods -o custom-columns=NAME:.metadata.name,UID:.metadata.uid,IMAGE:.spec.containers[0].image
show kubectl describe tikv basic-tikv-0
