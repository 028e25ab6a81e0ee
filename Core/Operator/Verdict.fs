/// A decision of any layer, ready for the state machine: what to send, what to report, and when to look again.
module Tikv.Core.Operator.Verdict

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Looks
open Tikv.Core.Operator.Steps

type Verdict = {
    Steps: Step list
    /// Code and text of every reason to wait.
    Waiting: (string * string) list
    /// When to look again unasked.
    Recheck: TimeSpan voption
    /// What the status should say, when it says something else.
    Status: Write option
    /// The same, when the step of that name was refused with that message.
    Refused: string -> string -> Write option
    /// What has to be read anew before a step with risk is carried out; nothing without a step.
    Reads: ObjectRef list
    /// The cluster that it belongs to: namespace and name.
    Cluster: string * string
    /// The laws that the decision would have broken; then it has no steps.
    Broken: string list
    /// The Secrets that it was decided on.
    Secrets: Map<string, Sighting<SecretView>>
}

let private earliest rechecks =
    rechecks
    |> List.fold
        (fun earliest recheck ->
            match earliest, recheck with
            | ValueSome one, ValueSome other -> ValueSome(min one other)
            | ValueNone, other -> other
            | one, ValueNone -> one)
        ValueNone

/// A refused decision waits for a change that may not come: until then it is made anew so often.
let whenRefused = TimeSpan.FromSeconds 30L

/// When to look again unasked.
let recheck (broken: string list) (rechecks: TimeSpan voption list) =
    (if broken.IsEmpty then rechecks else ValueSome whenRefused :: rechecks)
    |> earliest

let private statusPatch kind meta change = change |> Option.map (patchStatus kind meta)

let private ofParts
    kind
    meta
    cluster
    (decision: Decision<'Action, 'Reason>)
    (broken: string list)
    (steps: Step list)
    code
    text
    recheckAfter
    status
    refused
    (reads: unit -> ObjectRef list)
    secrets
    =
    // A decision that breaks a law is not carried out, and its object says so.
    let decision, steps =
        match broken with
        | [] -> decision, steps
        | law :: _ -> Decision.wait (refused ("Decision", law) :: decision.Waiting), []

    {
        Steps = steps
        Waiting = decision.Waiting |> List.map (fun reason -> code reason, text reason)
        Recheck = decision.Waiting |> List.map recheckAfter |> recheck broken
        Broken = broken
        Status = statusPatch kind meta (status decision)
        Refused =
            fun action message ->
                statusPatch
                    kind
                    meta
                    (status { decision with Waiting = refused (action, message) :: decision.Waiting })
        Reads = if steps.IsEmpty then [] else refOf kind meta :: reads ()
        Cluster = cluster
        Secrets = secrets
    }

let private clusterRef space name : ObjectRef = { Kind = Kind.Cluster; Namespace = space; Name = name }

/// That a node is gone is read from the server itself: a cache may not have heard of a new one yet.
let private nodesToRead (observed: Instance.Observed) (actions: Instance.Action list) : ObjectRef list =
    match observed.Pod with
    | Some pod when pod.Node <> "" && actions |> List.exists _.IsForceRemovePod -> [
        { Kind = Kind.Node; Namespace = ""; Name = pod.Node }
      ]
    | _ -> []

/// That nobody comes back for a member that is removed as an orphan: its instance is asked for by its name. A cache may not
/// have heard yet of one that was just made.
let private orphansToRead (observed: Instance.Observed) (actions: Instance.Action list) : ObjectRef list =
    let orphans =
        Instance.Seen.facts observed
        |> Option.map (Instance.MemberEvidence.orphans observed)
        |> Option.defaultValue []

    [
        for orphan, pod, _ in orphans do
            let isRemoved action =
                match action with
                | Instance.RemoveMember(id, _, _, _) -> id = orphan.Id
                | _ -> false

            if actions |> List.exists isRemoved then
                { Kind = Kind.PD; Namespace = observed.Meta.Namespace; Name = pod }
    ]

/// That an override still stands.
let private groupToRead (observed: Instance.Observed) (actions: Instance.Action list) : ObjectRef list =
    match Map.tryFind Labels.group observed.Meta.Labels with
    | Some group when observed.Overrides <> "" && actions |> List.exists _.IsRemoveStore -> [
        { Kind = Kind.TiKVGroup; Namespace = observed.Meta.Namespace; Name = group }
      ]
    | _ -> []

let private ofInstance sight (observed: Instance.Observed) =
    let space = observed.Meta.Namespace
    let clusterName = (Instance.Seen.settings observed).Cluster.Name
    let decision = Instance.Reconciler.decide observed
    let endpoints = lazy pdEndpoints space clusterName sight
    let named kind name : ObjectRef = { Kind = kind; Namespace = space; Name = name }

    ofParts
        (Instance.Seen.kind observed)
        observed.Meta
        (space, clusterName)
        decision
        (Lint.instance observed decision.Actions)
        (decision.Actions
         |> List.map (fun action -> Steps.ofInstance endpoints.Value observed action))
        Instance.Reason.code
        Instance.Reason.text
        Instance.Reason.recheckAfter
        (Instance.Report.change observed)
        Instance.Diagnosis.refused
        (fun () ->
            [ clusterRef space clusterName; named Kind.Pod (Instance.Seen.podName observed) ]
            @ (Instance.Seen.wantedClaims observed
               |> List.map (snd >> named Kind.PersistentVolumeClaim))
            @ nodesToRead observed decision.Actions
            @ orphansToRead observed decision.Actions
            @ groupToRead observed decision.Actions
            @ (match observed.Node with
               | Sighting.Known node when Instance.Drain.wanted observed -> [
                   { Kind = Kind.Node; Namespace = ""; Name = node.Meta.Name }
                 ]
               | _ -> []))
        observed.Secrets

let private ofGroup sight (observed: Group.Observed) =
    let space = observed.Meta.Namespace
    let clusterName = (Group.Manifest.settings observed).Cluster.Name
    let decision = Group.Reconciler.decide observed

    let instances =
        decision.Actions
        |> List.choose (fun action ->
            match action with
            | Group.TakeOffline(instance, _)
            | Group.AbandonInstance(instance, _)
            | Group.DeleteInstance(instance, _) ->
                Some(refOf (Group.Manifest.instanceKind observed) instance)
            | _ -> None)

    let passedOver =
        if decision.Actions |> List.exists _.IsCreateInstance then
            [
                for index in observed.Retained do
                    {
                        Kind = Group.Manifest.instanceKind observed
                        Namespace = space
                        Name = Names.instance observed.Meta.Name index
                    }
            ]
        else
            []

    ofParts
        (Group.Manifest.kind observed)
        observed.Meta
        (space, clusterName)
        decision
        (Lint.group observed decision.Actions)
        (decision.Actions |> List.map (Steps.ofGroup sight.Cache observed))
        Group.Reason.code
        Group.Reason.text
        Group.Reason.recheckAfter
        (Group.Report.change observed)
        Group.StepRefused
        (fun () -> clusterRef space clusterName :: instances @ passedOver)
        observed.Secrets

let private ofCluster (observed: Cluster.Observed) =
    let decision = Cluster.Reconciler.decide observed

    ofParts
        Kind.Cluster
        observed.Meta
        (observed.Meta.Namespace, observed.Meta.Name)
        decision
        (Lint.cluster observed decision.Actions)
        (decision.Actions |> List.map (Steps.ofCluster observed))
        Cluster.Reason.code
        Cluster.Reason.text
        Cluster.Reason.recheckAfter
        (Cluster.Report.change observed)
        Cluster.StepRefused
        (fun () -> observed.Groups |> List.map (fun group -> refOf group.Kind group.Meta))
        observed.Secrets

/// An object that cannot be read or breaks a rule is left as it is, and told so: nothing is disrupted.
let private ofInvalid kind sight (held: Held<'Spec, 'Status>) problems =
    let old =
        held.Status
        |> Json.itemsAt [ "conditions" ]
        |> List.choose (fun item ->
            Codec.decode<Condition> [ "status"; "conditions" ] item |> Result.toOption)

    let verdict: Report.Verdict = {
        Ready = ConditionStatus.False
        Synced = false
        Why =
            problems
            |> List.map (fun problem -> ConditionReason.InvalidSpec, Problem.text problem)
        Stalled = true
    }

    let conditions = old |> Report.conditions sight.Clock held.Meta.Generation verdict

    let status conditions generation =
        Json.object [
            "conditions", conditions |> List.map Codec.encode |> Json.array
            "observedGeneration", Json.int64 generation
        ]

    let before = held.Status |> Json.int64At [ "observedGeneration" ] |> Option.defaultValue 0L

    {
        Steps = []
        Waiting = verdict.Why
        Recheck = ValueNone
        Status =
            MergePatch.diff (status old before) (status conditions held.Meta.Generation)
            |> statusPatch kind held.Meta
        Refused = fun _ _ -> None
        Reads = []
        Cluster = held.Meta.Namespace, ""
        Broken = []
        Secrets = Map.empty
    }

let private judged kind sight (held: Held<'Spec, 'Status> option) look =
    held
    |> Option.map (fun held ->
        match held.Object with
        | Ok object -> look object
        | Error problems -> ofInvalid kind sight held problems)

/// Looks at one object and decides; none when it does not exist.
let look sight (object: ObjectRef) : Verdict option =
    let key = Cache.key object.Namespace object.Name
    let cache = sight.Cache

    match object.Kind with
    | Kind.Cluster ->
        judged object.Kind sight (cache.Clusters |> Map.tryFind key) (Looks.ofCluster sight >> ofCluster)
    | Kind.PDGroup ->
        judged
            object.Kind
            sight
            (cache.PdGroups |> Map.tryFind key)
            (GroupLooks.pdGroup sight >> ofGroup sight)
    | Kind.TiKVGroup ->
        judged
            object.Kind
            sight
            (cache.TikvGroups |> Map.tryFind key)
            (GroupLooks.tikvGroup sight >> ofGroup sight)
    | Kind.PD ->
        judged
            object.Kind
            sight
            (cache.Pds |> Map.tryFind key |> Option.map _.Held)
            (Looks.pd sight >> ofInstance sight)
    | Kind.TiKV ->
        judged
            object.Kind
            sight
            (cache.Tikvs |> Map.tryFind key |> Option.map _.Held)
            (Looks.tikv sight >> ofInstance sight)
    | Kind.Pod
    | Kind.ConfigMap
    | Kind.PersistentVolumeClaim
    | Kind.Service
    | Kind.Lease
    | Kind.Event
    | Kind.Node
    | Kind.PersistentVolume
    | Kind.StorageClass
    | Kind.PodDisruptionBudget
    | Kind.ControllerRevision
    | Kind.Secret -> None
