module Tikv.Core.Group.Reconciler

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
            Rules.cluster
            Rules.finalizer
            Rules.services
            Rules.bootstrapped
            Rules.suspended
            Rule.together [
                Rules.scaleOut
                Rules.scaleIn
                Rules.replace
                Rule.inTurn [ Rules.versionPath; Rules.roll ]
            ]
            Rules.ready
        ]
