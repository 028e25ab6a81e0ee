#!/usr/bin/env bash
# Scales TiKV from 3 stores to 5 and back to 3. A new store joins by itself; a store that leaves is drained first: watch it
# go from Serving to Removing, its leaders and regions fall to 0, and only then its Pod end.
. "$(dirname "$0")/common.sh"

say "Before: three stores"
show kubectl get tkv
watch_until "the cluster is settled" scaled 3

say "Scale out to five"
show kubectl scale tikvgroup basic-tikv --replicas=5
watch_until "five stores serve" scaled 5

say "Scale in to three: the highest indexes leave, one after another, in two steps"
show kubectl scale tikvgroup basic-tikv --replicas=3
watch_until "three stores are left" scaled 3

say "What happened, as the group tells it"
show kubectl describe tikvgroup basic-tikv
say "The volumes of the stores that left stay (volumeReclaimPolicy: Retain)"
show kubectl get pvc
