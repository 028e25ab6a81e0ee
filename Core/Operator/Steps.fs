/// What each action is on the wire: the one place where actions become requests.
module Tikv.Core.Operator.Steps

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// A request to one of the two worlds.
type Request =
    | ToKubernetes of Write
    | ToPd of Endpoints: PdEndpoint list * Call: PdCall

/// One action, ready to be sent.
type Step = {
    Request: Request
    Risk: Instance.Risk
    /// CamelCase, stable: for events, logs and metrics.
    Action: string
    /// For people.
    Note: string
    /// What is written when the request is refused for good, with its note.
    Otherwise: (Write * string) option
}

/// The same deed to the same object. What it says of the present may differ: times, counts, versions.
let isSame (one: Step) (other: Step) =
    let about request =
        match request with
        | ToKubernetes(Create(object, _)) -> Choice1Of2(object, "create")
        | ToKubernetes(Patch(object, isStatus, _)) ->
            Choice1Of2(object, (if isStatus then "status" else "patch"))
        | ToKubernetes(Delete(object, _, _)) -> Choice1Of2(object, "delete")
        | ToPd(_, call) -> Choice2Of2 call

    one.Risk = other.Risk
    && one.Action = other.Action
    && one.Note = other.Note
    && about one.Request = about other.Request

let private step risk action note request = {
    Request = request
    Risk = risk
    Action = action
    Note = note
    Otherwise = None
}

let private safe = Instance.Risk.None

let refOf kind (meta: Meta) : ObjectRef = { Kind = kind; Namespace = meta.Namespace; Name = meta.Name }

/// `metadata` of a patch: what it was decided on, and what it changes.
let private metadataOf (meta: Meta) changes =
    let (Uid uid), (ResourceVersion version) = meta.Uid, meta.ResourceVersion
    Json.object ([ "uid", Json.string uid; "resourceVersion", Json.string version ] @ changes)

let patch kind (meta: Meta) members =
    Patch(refOf kind meta, false, Json.object (("metadata", metadataOf meta []) :: members))

let patchStatus kind (meta: Meta) status =
    Patch(refOf kind meta, true, Json.object [ "metadata", metadataOf meta []; "status", status ])

let private patchMeta kind meta changes =
    Patch(refOf kind meta, false, Json.object [ "metadata", metadataOf meta changes ])

let private delete kind (meta: Meta) grace =
    Delete(refOf kind meta, { Uid = meta.Uid; ResourceVersion = Some meta.ResourceVersion }, grace)

let private create kind space body =
    let name = body |> Json.stringAt [ "metadata"; "name" ] |> Option.defaultValue ""
    Create({ Kind = kind; Namespace = space; Name = name }, body)

let private addFinalizer kind (meta: Meta) =
    patchMeta kind meta [ "finalizers", Json.strings (meta.Finalizers @ [ Labels.finalizer ]) ]
    |> ToKubernetes
    |> step safe "AddFinalizer" "finalizer added"

let private removeFinalizer risk kind (meta: Meta) =
    let others = meta.Finalizers |> List.filter (fun one -> one <> Labels.finalizer)

    patchMeta kind meta [ "finalizers", Json.strings others ]
    |> ToKubernetes
    |> step risk "RemoveFinalizer" "nothing is left to be cleaned up"

/// The keys of a ConfigMap that should not be there are removed one by one: a merge patch forgets nothing by itself.
let private configData (config: ConfigMapView option) body =
    let wanted = body |> Json.membersAt [ "data" ]

    let surplus =
        config
        |> Option.map (_.Data >> Map.toList >> List.map fst)
        |> Option.defaultValue []
        |> List.filter (fun key -> wanted |> List.forall (fun (name, _) -> name <> key))
        |> List.map (fun key -> key, Json.Null)

    Json.object (wanted @ surplus)

/// A member of `metadata` that sets some keys and takes others away; none when it changes none.
let private keys name (changes: Map<string, string option>) =
    let value text =
        match text with
        | Some text -> Json.string text
        | None -> Json.Null

    if changes.IsEmpty then
        []
    else
        [
            name,
            changes
            |> Map.toList
            |> List.map (fun (key, text) -> key, value text)
            |> Json.object
        ]

// ---- instances

let private annotate (pod: Meta) name value =
    patchMeta Kind.Pod pod [ "annotations", Json.object [ name, Json.string value ] ]

let private disruption (observed: Instance.Observed) why =
    let (Uid uid) = observed.Meta.Uid

    Json.object [
        "kind", Json.string (Kind.name (Instance.Seen.kind observed))
        "name", Json.string observed.Meta.Name
        "uid", Json.string uid
        "reason", Json.string why
        "since", Json.string (Timestamp.print observed.Clock)
    ]

/// The whole of a claim: a merge patch keeps what it does not name.
let private claim (held: Disruption) =
    let cleared = [
        if held.Domain.IsNone then
            "domain"
        if held.Others.IsEmpty then
            "others"
    ]

    let written =
        (Codec.encode held, cleared)
        ||> List.fold (fun body name -> Json.withField name Json.Null body)

    Json.object [ "disruption", written ]

let ofInstance endpoints (observed: Instance.Observed) action =
    let kind = Instance.Seen.kind observed
    let meta = observed.Meta
    let risk = Instance.Action.risk action
    let kubernetes name note write = write |> ToKubernetes |> step risk name note
    let pd name note call = ToPd(endpoints, call) |> step risk name note
    let create kind body = create kind meta.Namespace body

    match action with
    | Instance.AddFinalizer -> addFinalizer kind meta
    | Instance.CreateClaim(name, body) ->
        create Kind.PersistentVolumeClaim body
        |> kubernetes "CreateClaim" $"volume claim %s{name} created"
    | Instance.CreateConfig body ->
        create Kind.ConfigMap body |> kubernetes "CreateConfig" "ConfigMap created"
    | Instance.UpdateConfig(seen, body) ->
        patch Kind.ConfigMap seen [ "data", configData observed.Config body ]
        |> kubernetes "UpdateConfig" "ConfigMap changed"
    | Instance.CreatePod body -> create Kind.Pod body |> kubernetes "CreatePod" "Pod created"
    | Instance.CreateBootstrapPod(body, _) ->
        create Kind.Pod body
        |> kubernetes "CreateBootstrapPod" "Pod created, to bootstrap a new PD cluster"
    | Instance.TakeDisruption(cluster, why) ->
        patchStatus Kind.Cluster cluster (Json.object [ "disruption", disruption observed why ])
        |> kubernetes "TakeDisruption" $"takes the cluster's disruption: %s{why}"
    | Instance.ReleaseDisruption cluster ->
        patchStatus Kind.Cluster cluster (Json.object [ "disruption", Json.Null ])
        |> kubernetes "ReleaseDisruption" "gives the cluster's disruption back"
    | Instance.JoinDisruption(cluster, joined) ->
        patchStatus Kind.Cluster cluster (claim joined)
        |> kubernetes "JoinDisruption" $"is taken down together with %s{joined.Name}"
    | Instance.LeaveDisruption(cluster, left) ->
        patchStatus Kind.Cluster cluster (claim left)
        |> kubernetes "LeaveDisruption" $"leaves the cluster's disruption to %s{left.Name}"
    | Instance.MarkEviction mark ->
        let written = Codec.encode mark
        // A merge patch keeps what it does not name.
        let mark =
            [ "heardAt", mark.HeardAt; "until", mark.Until; "ended", mark.Ended ]
            |> List.filter (fun (_, value) -> value.IsNone)
            |> List.fold (fun written (name, _) -> Json.withField name Json.Null written) written

        patchStatus kind meta (Json.object [ "evicting", mark ])
        |> kubernetes "MarkEviction" "leaders are about to be moved away"
    | Instance.UnmarkEviction ->
        patchStatus kind meta (Json.object [ "evicting", Json.Null ])
        |> kubernetes "UnmarkEviction" "leaders may come back"
    | Instance.EvictLeaders(StoreId id as store) ->
        pd "EvictLeaders" $"leaders are moved away from store %d{id}" (PdCall.EvictLeaders store)
    | Instance.StopEvictingLeaders(StoreId id as store) ->
        pd "StopEvictingLeaders" $"leaders may come back to store %d{id}" (PdCall.StopEvictingLeaders store)
    | Instance.TransferPdLeader heir ->
        let name = Instance.MemberEvidence.Heir.name heir
        pd "TransferPdLeader" $"PD's leader moves to %s{name}" (PdCall.TransferLeader name)
    | Instance.RestartPod(pod, why, _) ->
        delete Kind.Pod pod None |> kubernetes "RestartPod" $"Pod restarted: %s{why}"
    | Instance.RemovePod(pod, why, _) ->
        delete Kind.Pod pod None |> kubernetes "RemovePod" $"Pod removed: %s{why}"
    | Instance.RemoveStore(StoreId id as store, _, _, _) ->
        pd "RemoveStore" $"PD is asked to remove store %d{id}" (PdCall.RemoveStore store)
    | Instance.RestoreStore(StoreId id as store) ->
        pd "RestoreStore" $"the removal of store %d{id} is taken back" (PdCall.RestoreStore store)
    | Instance.RemoveMember(MemberId id as one, _, _, _) ->
        pd "RemoveMember" $"PD is asked to remove member %d{id}" (PdCall.RemoveMember one)
    | Instance.RemoveConfig config ->
        delete Kind.ConfigMap config None
        |> kubernetes "RemoveConfig" "ConfigMap removed"
    | Instance.RemoveClaim(claim, _, _, _) ->
        delete Kind.PersistentVolumeClaim claim None
        |> kubernetes "RemoveClaim" $"volume claim %s{claim.Name} removed, as the policy says"
    | Instance.RemoveFinalizer _ -> removeFinalizer risk kind meta
    | Instance.ForceRemovePod(pod, why, _) ->
        delete Kind.Pod pod (Some 0)
        |> kubernetes "ForceRemovePod" $"Pod removed without its kubelet's word: %s{why}"
    | Instance.ExpandClaim(claim, size) ->
        let storage = Json.object [ "requests", Json.object [ "storage", Json.string size ] ]

        patch Kind.PersistentVolumeClaim claim [ "spec", Json.object [ "resources", storage ] ]
        |> kubernetes "ExpandClaim" $"volume claim %s{claim.Name} is to have %s{size}"
    | Instance.ModifyClaim(claim, asked) ->
        let annotations = Json.object [ Annotations.attributesClass, Json.string asked ]

        Patch(
            refOf Kind.PersistentVolumeClaim claim,
            false,
            Json.object [
                "metadata", metadataOf claim [ "annotations", annotations ]
                "spec", Json.object [ "volumeAttributesClassName", Json.string asked ]
            ]
        )
        |> kubernetes
            "ModifyClaim"
            $"volume claim %s{claim.Name} is to have the VolumeAttributesClass %s{asked}"
    | Instance.DescribeClaim(claim, labels, annotations) ->
        patchMeta Kind.PersistentVolumeClaim claim (keys "labels" labels @ keys "annotations" annotations)
        |> kubernetes "DescribeClaim" $"volume claim %s{claim.Name} described"
    | Instance.DiscardClaim(claim, held, _) ->
        let why = if held = "" then "it has no volume" else $"%s{held} has left the cluster"

        delete Kind.PersistentVolumeClaim claim None
        |> kubernetes "DiscardClaim" $"volume claim %s{claim.Name} removed to be made anew: %s{why}"
    | Instance.ReloadConfig(pod, settings, fingerprint) ->
        let keys = settings |> Map.toList |> List.map fst |> String.concat ", "

        let endpoints, call =
            match observed.Role with
            | Instance.PD _ -> endpoints, PdCall.SetConfig settings
            | Instance.TiKV _ ->
                let tls = endpoints |> List.tryHead |> Option.bind _.Tls
                [ Instance.Manifest.statusEndpoint observed tls ], PdCall.SetTikvConfig settings

        {
            (ToPd(endpoints, call)
             |> step risk "ReloadConfig" $"settings change without a restart: %s{keys}") with
                Otherwise =
                    Some(
                        annotate pod Annotations.configRefused fingerprint,
                        $"a restart is needed to change %s{keys}"
                    )
        }
    | Instance.MarkConfig(pod, fingerprint) ->
        annotate pod Annotations.configInEffect fingerprint
        |> kubernetes "MarkConfig" "the configuration is in effect"
    | Instance.SparePod(pod, since) ->
        annotate pod Annotations.spared since
        |> kubernetes "SparePod" "the Pod is not restarted after all"
    | Instance.SetStoreLabels(StoreId id as store, labels) ->
        let pairs =
            labels
            |> Map.toList
            |> List.map (fun (key, value) -> $"%s{key}=%s{value}")
            |> String.concat ", "

        pd "SetStoreLabels" $"store %d{id} is labelled %s{pairs}" (PdCall.SetStoreLabels(store, labels))

// ---- groups

/// What of an instance's spec is given by its group: those members are replaced exactly, also by their absence.
let private given (spec: Json) template =
    let ours =
        template
        |> Json.asMembers
        |> Option.defaultValue []
        |> List.map fst
        |> Set.ofList

    spec
    |> Json.asMembers
    |> Option.defaultValue []
    |> List.filter (fun (key, _) -> not (Set.contains key ours))

let private instanceSpec cache kind (meta: Meta) =
    let key = Cache.keyOf meta

    match kind with
    | Kind.PD ->
        cache.Pds
        |> Map.tryFind key
        |> Option.bind (_.Held.Object >> Result.toOption)
        |> Option.map (fun object ->
            Codec.encode object.Spec, given (Codec.encode object.Spec) (Codec.encode object.Spec.Template))
    | _ ->
        cache.Tikvs
        |> Map.tryFind key
        |> Option.bind (_.Held.Object >> Result.toOption)
        |> Option.map (fun object ->
            Codec.encode object.Spec, given (Codec.encode object.Spec) (Codec.encode object.Spec.Template))

let private updateInstance cache kind (meta: Meta) body =
    let wanted = body |> Json.membersAt [ "spec" ]

    let spec =
        match instanceSpec cache kind meta with
        | None -> Json.object wanted
        | Some(before, kept) ->
            let kept =
                kept
                |> List.filter (fun (key, _) -> wanted |> List.forall (fun (name, _) -> name <> key))

            MergePatch.diff before (Json.object (kept @ wanted))
            |> Option.defaultValue Json.empty

    let metadata = body |> Json.membersAt [ "metadata" ]
    Patch(refOf kind meta, false, Json.object [ "metadata", metadataOf meta metadata; "spec", spec ])

let private groupTemplate (observed: Group.Observed) =
    match observed.Role with
    | Group.PD(spec, _) -> Codec.encode spec.Template
    | Group.TiKV(spec, _) -> Codec.encode spec.Template

let ofGroup cache (observed: Group.Observed) action =
    let kind = Group.Manifest.kind observed
    let instanceKind = Group.Manifest.instanceKind observed
    let meta = observed.Meta
    let create kind body = create kind meta.Namespace body
    let kubernetes risk name note write = write |> ToKubernetes |> step risk name note

    match action with
    | Group.AddFinalizer -> addFinalizer kind meta
    | Group.CreateService(name, body) ->
        create Kind.Service body
        |> kubernetes safe "CreateService" $"Service %s{name} created"
    | Group.UpdateService(seen, spec, _) ->
        Patch(
            refOf Kind.Service seen,
            false,
            Json.object [
                "metadata", metadataOf seen (ServicePatch.annotations observed seen)
                "spec", ServicePatch.spec observed seen.Name spec
            ]
        )
        |> kubernetes safe "UpdateService" $"Service %s{seen.Name} changed"
    | Group.CreateInstance(name, body) ->
        // An index that is passed over must really be free of an instance: the cache of claims may be ahead of that of
        // instances, and the name would not collide (law 1).
        let risk = if observed.Retained.IsEmpty then safe else Instance.Risk.Disruptive

        create instanceKind body
        |> kubernetes risk "CreateInstance" $"instance %s{name} created"
    | Group.UpdateInstance(seen, body) ->
        updateInstance cache instanceKind seen body
        |> kubernetes safe "UpdateInstance" $"instance %s{seen.Name} is brought to the group's template"
    | Group.TakeOffline(instance, _) ->
        Patch(
            refOf instanceKind instance,
            false,
            Json.object [
                "metadata",
                metadataOf instance [ "annotations", Json.object [ Annotations.deferDelete, Json.Null ] ]
                "spec", Json.object [ "offline", Json.bool true ]
            ]
        )
        |> kubernetes Instance.Risk.Disruptive "TakeOffline" $"instance %s{instance.Name} leaves the cluster"
    | Group.KeepOnline instance ->
        patch instanceKind instance [ "spec", Json.object [ "offline", Json.Null ] ]
        |> kubernetes safe "KeepOnline" $"instance %s{instance.Name} stays in the cluster"
    | Group.DeleteInstance(instance, _) ->
        delete instanceKind instance None
        |> kubernetes Instance.Risk.Disruptive "DeleteInstance" $"instance %s{instance.Name} is removed"
    | Group.MarkBootstrapped ->
        patch kind meta [ "spec", Json.object [ "bootstrapped", Json.bool true ] ]
        |> kubernetes safe "MarkBootstrapped" "PD is bootstrapped"
    | Group.RemoveService service ->
        delete Kind.Service service None
        |> kubernetes safe "RemoveService" $"Service %s{service.Name} removed"
    | Group.RemoveFinalizer _ -> removeFinalizer Instance.Risk.Irreversible kind meta
    | Group.CreateRevision(name, body) ->
        create Kind.ControllerRevision body
        |> kubernetes safe "CreateRevision" $"revision %s{name} recorded"
    | Group.RenumberRevision(revision, number) ->
        patch Kind.ControllerRevision revision [ "revision", Json.int64 number ]
        |> kubernetes
            safe
            "RenumberRevision"
            $"revision %s{revision.Name} is wanted again, as number %d{number}"
    | Group.RemoveRevision revision ->
        delete Kind.ControllerRevision revision None
        |> kubernetes safe "RemoveRevision" $"revision %s{revision.Name} is beyond the history that is kept"
    | Group.CountCollision count ->
        patchStatus kind meta (Json.object [ "collisionCount", Json.int count ])
        |> kubernetes safe "CountCollision" "another template has the hash of the wanted one"
    | Group.RollBack(revision, template) ->
        let change =
            MergePatch.diff (groupTemplate observed) template
            |> Option.map (fun change -> "spec", Json.object [ "template", change ])
            |> Option.toList

        Patch(
            refOf kind meta,
            false,
            Json.object (
                ("metadata",
                 metadataOf meta [ "annotations", Json.object [ Annotations.rollbackTo, Json.Null ] ])
                :: change
            )
        )
        |> kubernetes safe "RollBack" $"the template goes back to that of revision %s{revision}"
    | Group.DeferDeletion instance ->
        patchMeta instanceKind instance [
            "annotations", Json.object [ Annotations.deferDelete, Json.string "true" ]
        ]
        |> kubernetes
            safe
            "DeferDeletion"
            $"instance %s{instance.Name} goes when the others have been updated"
    | Group.CancelDeferral instance ->
        patchMeta instanceKind instance [ "annotations", Json.object [ Annotations.deferDelete, Json.Null ] ]
        |> kubernetes safe "CancelDeferral" $"instance %s{instance.Name} stays in the cluster"
    | Group.Replace instance ->
        patchMeta instanceKind instance [
            "annotations", Json.object [ Annotations.replaced, Json.string "true" ]
        ]
        |> kubernetes safe "Replace" $"another instance is to take the place of %s{instance.Name}"
    | Group.CancelReplacement instance ->
        patchMeta instanceKind instance [ "annotations", Json.object [ Annotations.replaced, Json.Null ] ]
        |> kubernetes safe "CancelReplacement" $"instance %s{instance.Name} stays in its place"
    | Group.CreateBudget body ->
        create Kind.PodDisruptionBudget body
        |> kubernetes safe "CreateBudget" $"PodDisruptionBudget %s{meta.Name} created"
    | Group.UpdateBudget(seen, spec) ->
        patch Kind.PodDisruptionBudget seen [ "spec", spec ]
        |> kubernetes safe "UpdateBudget" $"PodDisruptionBudget %s{seen.Name} changed"
    | Group.RemoveBudget budget ->
        delete Kind.PodDisruptionBudget budget None
        |> kubernetes safe "RemoveBudget" $"PodDisruptionBudget %s{budget.Name} removed"
    | Group.AbandonInstance(instance, _) ->
        patchMeta instanceKind instance [
            "annotations", Json.object [ Annotations.abandon, Json.string "true" ]
        ]
        |> kubernetes
            Instance.Risk.Disruptive
            "AbandonInstance"
            $"instance %s{instance.Name} may go without PD, as asked"
    | Group.RecordFailures(failures, event, note) ->
        patchStatus kind meta (Json.object [ "failures", failures |> List.map Codec.encode |> Json.array ])
        |> kubernetes Instance.Risk.Disruptive event note

// ---- clusters

let private componentName (kind: Component) =
    match kind with
    | Component.PD -> Kind.name Kind.PD
    | Component.TiKV -> Kind.name Kind.TiKV

let ofCluster (observed: Cluster.Observed) action =
    let meta = observed.Meta

    match action with
    | Cluster.AddFinalizer -> addFinalizer Kind.Cluster meta
    | Cluster.RecordId(ClusterId id, url) ->
        let status = Json.present [ "id", Some(Json.string (string id)); "pd", url |> Option.map Json.string ]

        patchStatus Kind.Cluster meta status
        |> ToKubernetes
        |> step Instance.Risk.Irreversible "RecordId" $"PD has bootstrapped; the cluster id is %d{id}"
    | Cluster.DeleteGroup(kind, group) ->
        delete kind group None
        |> ToKubernetes
        |> step Instance.Risk.Disruptive "DeleteGroup" $"group %s{group.Name} is removed"
    | Cluster.VoidDisruption ->
        patchStatus Kind.Cluster meta (Json.object [ "disruption", Json.Null ])
        |> ToKubernetes
        |> step safe "VoidDisruption" "the holder of the disruption is gone"
    | Cluster.CutDisruption left ->
        patchStatus Kind.Cluster meta (claim left)
        |> ToKubernetes
        |> step safe "CutDisruption" "some who held the disruption are gone"
    | Cluster.RecordStopped stopped ->
        let risk, note =
            if List.isEmpty stopped then
                safe, "PD serves again: TiKV starts"
            else
                Instance.Risk.Disruptive, "TiKV is asleep: PD may stop"

        patchStatus
            Kind.Cluster
            meta
            (Json.object [
                "stopped",
                (if List.isEmpty stopped then Json.Null else stopped |> List.map componentName |> Json.strings)
            ])
        |> ToKubernetes
        |> step risk "RecordStopped" note
    | Cluster.RemoveFinalizer -> removeFinalizer Instance.Risk.Irreversible Kind.Cluster meta
