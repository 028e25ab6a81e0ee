#!/usr/bin/env bash
# The disk of one of four stores is lost: its directory is empty. TiKV would start as another store under the same address, and
# PD refuses that. An empty directory may also be a mount that is missing, so the operator removes nothing by itself: it says
# what it sees. Deleting the instance says that the data is gone for good; the store leaves PD, and another takes its place.
. "$(dirname "$0")/common.sh"

tikv() { kubectl get tikv basic-tikv-2 -o jsonpath="$1"; }
reason() { tikv '{.status.conditions[?(@.type=="Ready")].reason}'; }

say "Four stores: with three replicas of each region, one can be spared"
show kubectl scale tikvgroup basic-tikv --replicas=4
watch_until "four stores serve" scaled 4
store=$(tikv '{.status.id}')

said() { [ "$(reason)" = "${expected:-DuplicateStore}" ]; }
replaced() {
    scaled 4 && ! kubectl get tkv -o jsonpath='{.items[*].status.id}' | grep -qw "$store"
}

say "The disk of basic-tikv-2 (store $store) is lost"
show kubectl annotate --overwrite pvc data-basic-tikv-2 simulator.tikv.org/disk=lost
watch_until "the operator says what is the matter" said
show kubectl logs basic-tikv-2
show kubectl describe tikv basic-tikv-2

say "The data is gone for good: the instance is deleted"
show kubectl delete tikv basic-tikv-2 --wait=false
watch_until "another store has taken its place" replaced
show kubectl get tkv
show kubectl get pvc
