module Tikv.Core.Group.Reconciler

open Tikv.Core

/// How many instances, and which one next.
let private life plan =
    Rule.inTurn [
        Rules.suspended
        Revisions.kept
        Failover.remember
        Rule.together [
            fun observed -> Failover.waits (Together.isPlanned observed) observed
            Revisions.rollBack
            ScaleRules.scaleIn plan
            Replacement.next plan
            ScaleRules.scaleOut plan
            RollRules.inOrder plan
        ]
        RollRules.available plan
        Revisions.history
    ]

/// The rules in order of precedence: a rule is reached only when all above it are settled.
[<CompiledName "Decide">]
let decide (observed: Observed) : Decision<Action, Reason> =
    if observed.Meta.DeletionTimestamp.IsSome then
        observed |> Rule.inTurn [ Rules.pause; Ending.rule ]
    else
        observed
        |> Rule.inTurn [
            Rules.pause
            Rules.cluster
            Rules.finalizer
            Rules.services
            Rules.bootstrapped
            Rule.together [ Budget.rule; life (Plan.ofGroup observed) ]
        ]
