module Tikv.Core.Instance.Reconciler

open Tikv.Core

/// What a process needs, from the claims up to the Pod.
let private build pod = Rule.inTurn [ Rules.foreign; Adoption.rule; Volumes.claims; Rules.config; pod ]

let private wasMember (observed: Observed) =
    match observed.Role with
    | PD(_, status) -> status.Id.IsSome
    | TiKV _ -> false

let private memberStays: Rule<Observed, Action, Reason> =
    Rule.inTurn [
        Rules.cluster
        Rules.finalizer
        Rules.foreign
        Suspension.rule
        PdRules.lostDisk
        build PdRules.pod
        PdRules.dead
        Volumes.sparing PdRules.restart
        Reload.reload
        Rule.together [ Rules.podServes; PdRules.membership ]
        Rules.release
    ]

/// While PD does not answer, a member that is to leave is started again like any other: it may be the one that PD lacks to
/// let it go.
let private pd: Rule<Observed, Action, Reason> =
    fun observed ->
        if Seen.deleting observed then
            if Seen.clusterEnds observed then
                Rules.endsWithCluster observed
            else
                observed
                |> Rule.inTurn [
                    Rules.cluster
                    Abandon.rule
                    (if (Evidence.departed observed).IsSome then
                         fun _ -> Decision.settled
                     else
                         Suspension.rule)
                    Rule.together [
                        (if
                             wasMember observed
                             && observed.Pd.IsSilent
                             && (Evidence.departed observed).IsNone
                         then
                             build PdRules.pod
                         else
                             fun _ -> Decision.settled)
                        PdRules.leave
                        Abandon.hint
                    ]
                ]
        else
            memberStays observed

let private storeStays: Rule<Observed, Action, Reason> =
    Rule.together [
        TikvRules.abandoned
        Rule.inTurn [
            Rules.cluster
            Rules.finalizer
            Rules.foreign
            Suspension.rule
            TikvRules.pd
            Repair.storeDisk
            Repair.tombstone
            build TikvRules.pod
            Volumes.sparing TikvRules.restart
            Reload.reload
            Rule.together [ Rules.podServes; TikvRules.stopping; TikvRules.membership ]
            Rules.spared
            TikvRules.endEviction
            TikvRules.caughtUp
            TikvRules.unmark
            Rules.release
            StoreLabels.labels
            TikvRules.endOfEviction
        ]
    ]

let private tikv: Rule<Observed, Action, Reason> =
    fun observed ->
        if Seen.deleting observed && Seen.clusterEnds observed then
            Rules.endsWithCluster observed
        elif Seen.deleting observed then
            observed
            |> Rule.inTurn [
                Rules.cluster
                TikvRules.parting
                Abandon.rule
                (if (Evidence.departed observed).IsSome then fun _ -> Decision.settled else Suspension.rule)
                Rule.together [ Rule.inTurn [ TikvRules.leave; TikvRules.gone ]; Abandon.hint ]
            ]
        elif TikvRules.leaves observed then
            observed
            |> Rule.inTurn [
                Rules.cluster
                Rules.finalizer
                Suspension.rule
                Rule.together [
                    (if TikvRules.left observed then fun _ -> Decision.settled else build TikvRules.pod)
                    TikvRules.leave
                ]
                TikvRules.unmark
                Rules.release
            ]
        else
            storeStays observed

let private life: Rule<Observed, Action, Reason> =
    fun observed ->
        match observed.Role with
        | PD _ -> pd observed
        | TiKV _ -> tikv observed

let private all: Rule<Observed, Action, Reason> =
    Rule.inTurn [
        Rules.pause
        Repair.stuckPod
        Rule.together [ life; Volumes.upkeep; Rules.certificates; Drain.stays >> Decision.wait ]
    ]

/// The rules in order of precedence: a rule is reached only when all above it are settled.
[<CompiledName "Decide">]
let decide (observed: Observed) : Decision<Action, Reason> = all observed
