module Tikv.Core.Cluster.Reconciler

open Tikv.Core

/// The rules in order of precedence: a rule is reached only when all above it are settled.
[<CompiledName "Decide">]
let decide (observed: Observed) : Decision<Action, Reason> =
    if observed.Meta.DeletionTimestamp.IsSome then
        observed |> Rule.inTurn [ Rules.pause; Rules.ends ]
    else
        observed
        |> Rule.inTurn [
            Rules.pause
            Rules.finalizer
            Rules.identity
            Rules.disruption
            Suspension.rule
            Rule.together [ Rules.components; Rules.pd; Rules.groups ]
            Rules.processes
        ]
