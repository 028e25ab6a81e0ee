namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// One object of ours as it was last seen. An object that cannot be read keeps its metadata: it is reported, and nothing
/// is done by it.
type Held<'Spec, 'Status> = {
    Meta: Meta
    Object: Result<Object<'Spec, 'Status>, Problem list>
    /// `status` as it stands, for an object whose spec cannot be read.
    Status: Json
}

/// An instance, with what its group reads of it.
type HeldInstance<'Spec, 'Status> = { Held: Held<'Spec, 'Status>; View: Group.InstanceView option }

/// Objects as they come into the cache: decoded, checked, and with what their groups read of them.
[<RequireQualifiedAccess>]
module internal Held =

    let private readyCondition (conditions: Condition list) (meta: Meta) =
        conditions
        |> Condition.tryFind ConditionType.Ready
        |> Option.filter (fun ready ->
            ready.Status = ConditionStatus.True
            && ready.ObservedGeneration = meta.Generation)

    let private view
        (meta: Meta)
        (shared, process')
        (settings: InstanceSettings)
        (status: InstanceStatus)
        : Group.InstanceView =
        let ready = readyCondition status.Conditions meta
        let revision = meta.Labels |> Map.tryFind Labels.revision
        let condition name = status.Conditions |> Condition.tryFind name

        {
            Meta = meta
            Index = settings.Index
            Topology = settings.Topology
            Pod = Defaults.podName meta.Name settings
            Shared = shared
            Process = process'
            Ready = ready.IsSome
            ReadySince = ready |> Option.map _.LastTransitionTime |> Option.defaultValue ""
            Settled =
                ready.IsSome
                && status.CurrentRevision = revision
                && status.Conditions
                   |> Condition.tryFind ConditionType.Synced
                   |> Option.exists (fun synced ->
                       synced.Status = ConditionStatus.True
                       && synced.ObservedGeneration = meta.Generation)
            Current = status.CurrentRevision
            Fails = Condition.status ConditionType.Ready status.Conditions = ConditionStatus.False
            Broken = false
            Leads = false
            Offline = false
            Removed = false
            Registered = true
            Waits =
                condition ConditionType.Stalled
                |> Option.orElse (condition ConditionType.Reconciling)
                |> Option.map (fun found -> found.Reason, found.Message)
            Domain = status.Zone |> Option.orElse status.NodeName
            OtherClass =
                condition ConditionType.VolumesReady
                |> Option.filter (fun volumes -> volumes.ObservedGeneration = meta.Generation)
                |> Option.bind (fun volumes ->
                    if volumes.Reason = Instance.Reason.code (Instance.VolumeClassDiffers("", "", "")) then
                        Some true
                    elif volumes.Status = ConditionStatus.True then
                        Some false
                    else
                        None)
            SuspendedAt =
                condition ConditionType.Suspended
                |> Option.filter (fun suspended ->
                    suspended.Status = ConditionStatus.True
                    && suspended.ObservedGeneration = meta.Generation)
                |> Option.map (fun _ -> status.ObservedClusterGeneration)
            PodWord = Group.PodWord.Pending
            Unready =
                match condition ConditionType.Ready with
                | Some ready when ready.Status = ConditionStatus.True -> None
                | Some ready -> Some ready.LastTransitionTime
                | None -> Some ""
            Stalled = (condition ConditionType.Stalled).IsSome
        }

    /// The fingerprint is that of the object before while nothing that enters it has changed.
    let private fingerprint (before: Group.InstanceView option) (meta: Meta) make =
        match before with
        | Some before when
            before.Meta.Uid = meta.Uid
            && before.Meta.Generation = meta.Generation
            && before.Meta.Annotations = meta.Annotations
            ->
            before.Shared, before.Process
        | _ -> make ()

    let pdView before (object: Object<PDSpec, PDStatus>) =
        let prints =
            fingerprint before object.Meta (fun () ->
                Group.Shared.ofPd object.Meta object.Spec, Group.Shared.processOfPd object.Meta object.Spec)

        {
            view object.Meta prints object.Spec.Instance object.Status.Instance with
                Leads = object.Status.IsLeader
                Registered = object.Status.Id.IsSome
        }

    let tikvView before (object: Object<TiKVSpec, TiKVStatus>) =
        let prints =
            fingerprint before object.Meta (fun () ->
                Group.Shared.ofTikv object.Meta object.Spec,
                Group.Shared.processOfTikv object.Meta object.Spec)

        {
            view object.Meta prints object.Spec.Instance object.Status.Instance with
                Offline = object.Spec.Offline
                Removed = object.Status.State = Some StoreState.Removed
                Registered = object.Status.Id.IsSome
        }

    /// What was read and found valid is so until its spec changes: the very same value then, by which whatever was
    /// derived from it is known to stand.
    let held decode validate (before: Held<'Spec, 'Status> option) json : Held<'Spec, 'Status> =
        let meta: Meta = Meta.decode json

        let object: Result<Object<'Spec, 'Status>, Problem list> =
            match before with
            | Some { Meta = was; Object = Ok known } when
                was.Uid = meta.Uid && was.Generation = meta.Generation && meta.Generation > 0L
                ->
                Codec.reread known.Spec json
            | _ ->
                decode json
                |> Result.bind (fun object ->
                    match validate object with
                    | [] -> Ok object
                    | problems -> Error problems)

        {
            Meta = meta
            Object = object
            Status =
                if object.IsOk then
                    Json.Null
                else
                    json |> Json.tryField "status" |> Option.defaultValue Json.Null
        }

    /// What was derived from a specification before, while that is the very same.
    let kept
        (make: 'Spec -> 'Prints)
        (before: Derived<'Prints> option)
        (object: Object<'Spec, 'Status>)
        : Derived<'Prints> =
        match before with
        | Some derived when (Derived.tryOf object.Spec derived).IsSome -> derived
        | _ -> Derived.from object.Spec (make object.Spec)

    /// What follows from the specification of an object; the key is `kind/namespace/name`.
    let derived
        (kind: string)
        (make: Derived<'Prints> option -> Object<'Spec, 'Status> -> Derived<'Prints>)
        (held: Held<'Spec, 'Status>)
        (before: Map<string, Derived<'Prints>>)
        : Map<string, Derived<'Prints>> =
        let key = kind + "/" + held.Meta.Namespace + "/" + held.Meta.Name

        match held.Object with
        | Ok object -> before |> Map.add key (make (Map.tryFind key before) object)
        | Error _ -> before |> Map.remove key

    let okay held = held.Object |> Result.toOption

    /// The main container of a Pod has the name of its component.
    let podView json =
        let main =
            json
            |> Json.stringAt [ "metadata"; "labels"; Labels.``component`` ]
            |> Option.defaultValue ""

        View.pod main json

    /// The cluster and the Pod of an instance; of one that cannot be read, what its metadata says.
    let private peerOf (settings: 'Spec -> InstanceSettings) (held: Held<'Spec, 'Status>) =
        match held.Object with
        | Ok object ->
            let settings = settings object.Spec
            settings.Cluster.Name, Defaults.podName held.Meta.Name settings
        | Error _ -> held.Meta.Labels |> Map.tryFind Labels.cluster |> Option.defaultValue "", held.Meta.Name

    let pdPeer (held: Held<PDSpec, PDStatus>) = peerOf (fun (spec: PDSpec) -> spec.Instance) held

    let tikvPeer (held: Held<TiKVSpec, TiKVStatus>) = peerOf (fun (spec: TiKVSpec) -> spec.Instance) held
