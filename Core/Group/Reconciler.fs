module Tikv.Core.Group.Reconciler

open Tikv.Core

/// The rules in order of precedence: a rule is reached only when all above it are settled.
[<CompiledName "Decide">]
let decide (observed: Observed) : Decision<Action, Reason> =
    if observed.Meta.DeletionTimestamp.IsSome then
        observed |> Rule.inTurn [ Rules.pause; Rules.ends ]
    else
        let plan = Plan.ofGroup observed

        observed
        |> Rule.inTurn [
            Rules.pause
            Rules.cluster
            Rules.finalizer
            Rules.services
            Rules.bootstrapped
            Rules.suspended
            Revisions.kept
            Rule.together [
                Revisions.rollBack
                ScaleRules.scaleOut plan
                ScaleRules.scaleIn plan
                Replacement.next plan
                Rule.inTurn [ VersionRules.path; RollRules.roll plan ]
            ]
            RollRules.available plan
            Revisions.history
        ]
