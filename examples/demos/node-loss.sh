#!/usr/bin/env bash
# A machine loses its power while one of the stores runs on it, and does not come back. PD and the other stores go on; once the
# Node is deleted, the store starts on another machine, with the same disk (a network volume) and the same store id.
. "$(dirname "$0")/common.sh"

tikv() { kubectl get tikv basic-tikv-1 -o jsonpath="$1"; }
node=$(tikv '{.status.nodeName}')
store=$(tikv '{.status.id}')

# PD misses the store after 20 s, Kubernetes the kubelet after 40 s: of the world, not of your clock.
noticed() { [ "$(tikv '{.status.conditions[?(@.type=="Ready")].status}')" != True ]; }
missed() { [ "$(kubectl get node "$node" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" != True ]; }
elsewhere() { [ "$(tikv '{.status.nodeName}')" != "$node" ] && settled kvg basic-tikv && settled pdg basic-pd; }

say "basic-tikv-1 is store $store, on $node"
show kubectl get pods -o wide

say "The power of $node is cut"
show kubectl annotate --overwrite node "$node" simulator.tikv.org/power=off
watch_until "the operator has noticed" noticed
watch_until "Kubernetes has noticed" missed
show kubectl get nodes
show kubectl describe tikv basic-tikv-1

say "Nobody can tell whether the machine is off or only cut off: nothing is started twice. The Node is deleted by hand"
show kubectl delete node "$node"
watch_until "basic-tikv-1 runs on another machine, and all is settled" elsewhere

say "The same store, elsewhere"
show kubectl get tkv -o wide
[ "$(tikv '{.status.id}')" = "$store" ]
