/// Looks at the Cluster `basic`, in which everything is as desired, and small changes of it.
module Tikv.Core.Tests.Cluster.Given

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Cluster
open Tikv.Core.Tests.Words

module One = Tikv.Core.Tests.Instance.Given
module Group = Tikv.Core.Tests.Group.Given

let private group kind (observed: Tikv.Core.Group.Observed) : GroupView =
    let decision = Group.decide observed
    let _, status = Tikv.Core.Group.Report.status observed decision

    {
        Kind = kind
        Meta = observed.Meta
        Replicas = 3
        Version = "v8.5.2"
        Status =
            match Codec.decode<GroupStatus> [ "status" ] status with
            | Ok status -> status
            | Error problems -> failwith $"%A{problems}"
    }

let basic: Observed = {
    At = Instant 1_000_000L
    Clock = One.clock
    Meta = { One.cluster.Meta with Finalizers = [ Labels.finalizer ] }
    Spec = One.cluster.Spec
    Status = One.cluster.Status
    Groups = [ group Kind.PDGroup Group.pd; group Kind.TiKVGroup Group.tikv ]
    Unreadable = []
    PdUrls = [ "http://basic-pd.default:2379" ]
    Pd = PdView.Answered One.facts
    PdPods = Set.ofList [ "basic-pd-0"; "basic-pd-1"; "basic-pd-2" ]
    TikvPods = Set.ofList [ for index in 0..9 -> $"basic-tikv-%d{index}" ]
    PdSilentFor = None
    HolderExists = true
    OthersGone = Set.empty
    Secrets = Map.empty
}

// ---- changes

let withoutId (observed: Observed) = { observed with Status = { observed.Status with Id = None } }
let paused (observed: Observed) = { observed with Spec = { observed.Spec with Paused = true } }

let suspended (observed: Observed) = {
    observed with
        Spec = { observed.Spec with SuspendAction = { SuspendCompute = true } }
}

let deleting (observed: Observed) = {
    observed with
        Meta = { observed.Meta with DeletionTimestamp = Some(One.ago 10) }
}

let silent (observed: Observed) = { observed with Pd = PdView.Silent "no leader" }

let withFacts change (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts -> { observed with Pd = PdView.Answered(change facts) }
    | PdView.Silent _
    | PdView.Unasked -> observed

let withDisruption (observed: Observed) = {
    observed with
        Status = { observed.Status with Disruption = Some(One.disruptionOf One.tikv) }
}

let withGroup kind change (observed: Observed) = {
    observed with
        Groups =
            observed.Groups
            |> List.map (fun group -> if group.Kind = kind then change group else group)
}

let notReady why (group: GroupView) : GroupView = {
    group with
        Status = {
            group.Status with
                Conditions =
                    group.Status.Conditions
                    |> List.map (fun one ->
                        if one.Type = ConditionType.Ready then
                            { one with Status = ConditionStatus.False; Message = why }
                        else
                            one)
        }
}

let ending (group: GroupView) : GroupView = {
    group with
        Meta = { group.Meta with DeletionTimestamp = Some(One.ago 1) }
}

/// No Pod of it is left, by its own word on that generation of the Cluster.
let asleepAt generation (group: GroupView) : GroupView = {
    group with
        Status = {
            group.Status with
                ObservedGeneration = group.Meta.Generation
                ObservedClusterGeneration = generation
                Conditions =
                    group.Status.Conditions
                    |> Condition.set
                        One.clock
                        group.Meta.Generation
                        ConditionType.Suspended
                        ConditionStatus.True
                        ConditionReason.Suspended
                        ""
        }
}

let stopped components (observed: Observed) = {
    observed with
        Status = { observed.Status with Stopped = components }
}

// ---- deciding

let decide (observed: Observed) = Reconciler.decide observed
let act (actions: Action list) : Decision<Action, Reason> = Decision.act actions
let wait (reasons: Reason list) : Decision<Action, Reason> = Decision.wait reasons
let settled: Decision<Action, Reason> = Decision.settled
