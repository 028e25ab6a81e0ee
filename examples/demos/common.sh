# What the demos share. They need KUBECONFIG, as `dotnet fsi build.fsx demo` prints it, and a ready cluster `basic`.
set -euo pipefail

: "${KUBECONFIG:?set it to the file that the demo names}"
limit=${LIMIT:-300} # seconds for each wait

say() { printf '\n== %s\n' "$*"; }

show() {
    printf '$ %s\n' "$*"
    "$@"
}

# The tables of the cluster without their ages, which change at each look.
sight() { kubectl get tkc,pdg,kvg,tkpd,tkv --no-headers=false 2>&1 | sed -E 's/ +(AGE|[0-9]+[smhd][0-9smhd]*|<invalid>)$//'; }

# Prints the tables each time that they change, until the command holds.
watch_until() { # WHAT COMMAND...
    local what=$1 end=$((SECONDS + limit)) before='' now
    shift
    until "$@"; do
        now=$(sight)
        if [ "$now" != "$before" ]; then
            printf '%s\n\n' "$now"
            before=$now
        fi
        if [ "$SECONDS" -ge "$end" ]; then
            printf 'gave up after %s s: %s has not happened\n' "$limit" "$what" >&2
            kubectl describe tkc,pdg,kvg,tkpd,tkv >&2
            return 1
        fi
        sleep 0.2
    done
    sight
    printf '%s.\n' "$what"
}

# The group is as its present generation wants it.
settled() { # KIND NAME
    [ "$(kubectl get "$1" "$2" -o jsonpath='{.metadata.generation}')" = "$(kubectl get "$1" "$2" -o jsonpath='{.status.observedGeneration}')" ] &&
        [ "$(kubectl get "$1" "$2" -o jsonpath='{.status.summary}')" = Healthy ]
}

# The number of instances of a group.
count() { kubectl get "$1" --no-headers 2>/dev/null | grep -c "^$2-" || true; }

scaled() { [ "$(count tkv basic-tikv)" = "$1" ] && settled kvg basic-tikv; }
