/// No data is lost by an operator: verification C1.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.DataSafety

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private regionsOf store (group: PdGroup) =
    group.Cluster.Regions
    |> Map.toSeq
    |> Seq.map fst
    |> Seq.filter (fun region -> List.contains store region.Voters)

let noCopyIsLost =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I01"
            "No act of an operator leaves a region with fewer intact copies than a majority, when it had a majority"
            "verification C1, C9")
        (fun _ sight ->
            match Landing.claimDeletion sight with
            | ValueSome(struct (before, claim)) ->
                match Ground.storeOnClaim (View.key claim.Namespace claim.Name) before with
                | None -> Finding.Held
                | Some store ->
                    match Ground.tryStore store before with
                    | ValueNone -> Finding.Held
                    | ValueSome(struct (group, _)) ->
                        let disks = Ground.intact before

                        let majority (region: RegionClass) disks =
                            let copies = region.Voters |> List.filter (fun one -> Set.contains one disks)
                            copies.Length >= Ground.quorum region.Voters.Length

                        match
                            regionsOf store group
                            |> Seq.tryFind (fun region ->
                                majority region disks && not (majority region (Set.remove store disks)))
                        with
                        | Some region ->
                            Finding.Broken
                                $"regions on %s{Words.stores region.Voters} lose their majority with the claim %s{claim.Name}"
                        | None -> Finding.Held
            | ValueNone -> Finding.Nothing)

let private deletesWithCluster (claim: Claim) (before: World) =
    match
        ApiServer.tryGet Builtins.persistentVolumeClaims (Some claim.Namespace) claim.Name before.Server
    with
    | None -> false
    | Some object ->
        match Map.tryFind "tikv.org/cluster" (Meta.labels object) with
        | None -> false
        | Some name ->
            match Ground.tryObject "clusters" claim.Namespace name before with
            | Some cluster ->
                Meta.isTerminating cluster
                && Json.stringAt [ "spec"; "deletionPolicy" ] cluster = Some "Delete"
            | None -> false

/// The instance that the claim was made for has left, and its policy lets the data go.
let private deletesWithInstance (claim: Claim) (before: World) =
    match
        ApiServer.tryGet Builtins.persistentVolumeClaims (Some claim.Namespace) claim.Name before.Server
    with
    | None -> false
    | Some object ->
        match Map.tryFind "tikv.org/instance" (Meta.labels object) with
        | None -> false
        | Some name ->
            [ "tikvs"; "pds" ]
            |> List.tryPick (fun plural -> Ground.tryObject plural claim.Namespace name before)
            |> Option.exists (fun instance ->
                Meta.isTerminating instance
                && Json.stringAt [ "spec"; "volumeReclaimPolicy" ] instance = Some "Delete")

/// What the data on a claim is still needed for.
let private need (claim: Claim) (before: World) =
    let key = View.key claim.Namespace claim.Name

    let isUsed =
        before.Pods.Values
        |> Seq.exists (fun pod ->
            pod.Namespace = claim.Namespace
            && pod.Spec.Volumes.Values
               |> Seq.exists (fun source ->
                   match source with
                   | VolumeSource.Claim name -> name = claim.Name
                   | _ -> false))

    if isUsed then
        Some "a Pod uses it"
    else
        match Ground.storeOnClaim key before, Ground.memberOnClaim key before with
        | Some store, _ ->
            match Ground.tryStore store before with
            | ValueSome(struct (group, record)) when record.NodeState <> NodeState.Removed ->
                ignore group
                Some $"PD says that its store is %s{Words.state record.NodeState}"
            | ValueSome(struct (group, _)) when regionsOf store group |> Seq.isEmpty |> not ->
                Some "regions have peers on its store"
            | _ -> None
        | None, Some disk ->
            match Map.tryFind disk.Group before.Pd.Groups with
            | Some group when Map.containsKey disk.Member group.Members -> Some "PD lists its member"
            | _ -> None
        | None, None -> None

/// No volume was ever bound to it: there is nothing to lose.
let private wasNeverFilled (claim: Claim) = claim.Volume = "" && claim.Phase = "Pending"

/// I02 of C9.
let claimsGoLast =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I02"
            "A volume claim is deleted only with a cluster that goes and says so, or when its instance leaves and says so, PD has let its store or member go, no region has a peer there, and no Pod uses it"
            "architecture, law 7; verification C1, C9")
        (fun _ sight ->
            match Landing.claimDeletion sight with
            | ValueSome(struct (before, claim)) when deletesWithCluster claim before -> Finding.Held
            | ValueSome(struct (_, claim)) when wasNeverFilled claim -> Finding.Held
            | ValueSome(struct (before, claim)) when not (deletesWithInstance claim before) ->
                Finding.Broken $"the claim %s{claim.Name} was deleted though its data is to stay"
            | ValueSome(struct (before, claim)) ->
                match need claim before with
                | Some why -> Finding.Broken $"the claim %s{claim.Name} was deleted, but %s{why}"
                | None -> Finding.Held
            | ValueNone -> Finding.Nothing)

let reclaimPolicyStays =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I03"
            "The operator never changes what becomes of a volume: it does not write PersistentVolumes, save from Delete to Retain"
            "verification C1")
        (fun _ sight ->
            match sight with
            | Sight.Landed(_, (Patch({ Kind = Kind.PersistentVolume } as object, _, body)), code, _) when
                code < 300
                ->
                if Json.stringAt [ "spec"; "persistentVolumeReclaimPolicy" ] body = Some "Retain" then
                    Finding.Held
                else
                    Finding.Broken $"the volume %s{object.Name} was changed"
            | Sight.Landed(_, Delete({ Kind = Kind.PersistentVolume } as object, _, _), _, _) ->
                Finding.Broken $"the volume %s{object.Name} was deleted"
            // each claim that is made is one whose volume could have been touched
            | Sight.Landed(_, Create({ Kind = Kind.PersistentVolumeClaim }, _), code, _) when code < 300 ->
                Finding.Held
            | _ -> Finding.Nothing)

let onlySurplusStoresLeave =
    Invariant.plainOf
        Sights.Sent
        (Invariant.property
            "I04"
            "The removal of a store is asked for only when its instance is wanted out of the cluster, or was so until a moment ago, or is gone, or no claim holds its data any more"
            "verification C1")
        // It is judged when it is sent: one that lands after the wish has been taken back is compensated (I57, I74).
        (fun { Ledger = ledger; World = before } sight ->
            match sight with
            | Sight.Sent(_, _, _, Sent.Change(PdCall.RemoveStore id)) ->
                match Ground.tryStore id before with
                | ValueNone -> Finding.Nothing
                | ValueSome(struct (_, store)) ->
                    let pod = Ground.podAt store.Address

                    let isOut =
                        match pod.Split '/' with
                        | [| space; name |] ->
                            match Ground.tryObject "tikvs" space name before with
                            // what is left of an instance that somebody took away by force
                            | None -> true
                            | Some instance ->
                                Json.boolAt [ "spec"; "offline" ] instance = Some true
                                || Meta.isTerminating instance
                        | _ -> false

                    // a store whose disk is lost for certain never comes back, and is replaced
                    let isLost =
                        before.Claims.Keys
                        |> Seq.exists (fun claim -> Ground.storeOnClaim claim before = Some id)
                        |> not

                    match Map.tryFind pod ledger.WantedOut with
                    | _ when isOut || isLost -> Finding.Held
                    // the wish was taken back while the operator looked again
                    | Some at when before.Now - at <= Ground.visible -> Finding.Held
                    | _ ->
                        Finding.Broken $"%s{Words.store id} of %s{pod} was removed, which nobody asked for"
            | _ -> Finding.Nothing)

/// A person has put the annotation on the store's group that leaves it to PD how many stores are enough (docs/groups.md).
let private isLeftToPd (store: StoreRecord) world =
    match (Ground.podAt store.Address).Split '/' with
    | [| space; name |] ->
        Ground.groupAndIndex name
        |> Option.bind (fun (group, _) -> Ground.tryObject "tikvgroups" space group world)
        |> Option.bind (Json.stringAt [ "metadata"; "annotations"; "tikv.org/override-gates" ])
        |> Option.exists _.Contains("min-replicas-after@")
    | _ -> false

let enoughStoresStay =
    Invariant.plainOf
        Sights.AskedPd
        (Invariant.property
            "I05"
            "A store is removed only while as many living stores as there are replicas remain, not counting those whose leaders are being moved away or that are down, unless people have left that to PD"
            "verification C1, C9")
        (fun { Ledger = ledger; World = world } sight ->
            match Landing.call sight with
            | ValueSome(struct (before, PdCall.RemoveStore id)) ->
                match Ground.tryStore id before with
                | ValueNone -> Finding.Nothing
                | ValueSome(struct (_, store)) when not (Ground.isUp store) || isLeftToPd store before ->
                    Finding.Nothing
                | ValueSome(struct (group, _)) ->
                    let silent = Landing.knownSilent world.Now ledger group

                    let running =
                        before.Pd.Tikvs.Values
                        |> Seq.filter (fun one -> one.State = ProcessState.Running)
                        |> Seq.choose _.Disk
                        |> Seq.map _.Store
                        |> Set.ofSeq

                    // The going of one that does not serve anyway takes nobody away: who is just restarted counts then, or, where
                    // that one was taken down itself, who runs again.
                    let down =
                        if Set.contains id silent || not (Set.contains id (Ground.intact before)) then
                            Set.empty
                        elif Set.contains id running then
                            Landing.down ledger group
                        else
                            Set.difference (Landing.down ledger group) running

                    let living =
                        group.Cluster.Stores.Values
                        |> Seq.filter (fun other ->
                            other.Id <> id
                            && Ground.isUp other
                            && not (Set.contains other.Id silent)
                            && not (Set.contains other.Id down)
                            && not (Set.contains other.Id group.Cluster.Evicting))
                        |> Seq.length

                    if living >= group.Cluster.Replication.MaxReplicas then
                        Finding.Held
                    else
                        Finding.Broken
                            $"%s{Words.store id} was removed, and %d{living} living ones remain for %d{group.Cluster.Replication.MaxReplicas} replicas"
            | _ -> Finding.Nothing)

let drainsAreFew =
    Invariant.plainOf
        Sights.AskedPd
        (Invariant.property
            "I06"
            "While stores drain, every region that can keeps a majority on stores that stay"
            "verification C1")
        (fun { Ledger = ledger; World = world } sight ->
            match Landing.call sight with
            | ValueSome(struct (before, PdCall.RemoveStore id)) ->
                match Ground.tryStore id before with
                | ValueNone -> Finding.Nothing
                | ValueSome(struct (group, _)) ->
                    let silent = Landing.knownSilent world.Now ledger group

                    let leaving =
                        group.Cluster.Stores.Values
                        |> Seq.filter (fun store -> store.NodeState = NodeState.Removing)
                        |> Seq.map _.Id
                        |> Set.ofSeq

                    let stays leaving (region: RegionClass) =
                        region.Voters
                        |> List.filter (fun one -> not (Set.contains one leaving || Set.contains one silent))
                        |> List.length
                        |> fun left -> left >= Ground.quorum region.Voters.Length

                    match
                        regionsOf id group
                        |> Seq.tryFind (fun region ->
                            region.Voters.Length > 1
                            && stays leaving region
                            && not (stays (Set.add id leaving) region))
                    with
                    | Some region ->
                        Finding.Broken
                            $"regions on %s{Words.stores region.Voters} have no majority on stores that stay"
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

let drainedStoresServe =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I07"
            "A store that PD is moving regions away from keeps its Pod until it is a tombstone"
            "verification C1")
        (fun { Ledger = ledger } sight ->
            match Landing.podDeletion sight with
            | ValueSome(struct (before, pod, _, Landing.Victim.Store(_, store))) when
                not (Landing.isStopped pod ledger before)
                ->
                match store.NodeState with
                | NodeState.Removing ->
                    Finding.Broken $"the Pod %s{pod.Name} was deleted while its store drains"
                | _ -> Finding.Held
            | ValueSome(struct (before, pod, _, Landing.Victim.Nobody)) when
                Ground.storesOfPod (View.key pod.Namespace pod.Name) before
                |> List.exists (fun store -> store.NodeState = NodeState.Removed)
                ->
                Finding.Held
            | _ -> Finding.Nothing)

let private isOutOfService (pod: Pod) (before: World) =
    match Map.tryFind pod.Node before.Nodes with
    | None -> true
    | Some node ->
        node.Taints
        |> List.exists (fun (key, _, _) -> key = "node.kubernetes.io/out-of-service")

let forcedOnlyWhenGone =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I09"
            "A Pod is deleted without grace only when its node is gone or declared out of service, or never took it"
            "verification C1")
        (fun _ sight ->
            match Landing.podDeletion sight with
            | ValueSome(struct (before, pod, Some 0, _)) ->
                if pod.Node = "" || isOutOfService pod before then
                    Finding.Held
                else
                    Finding.Broken $"the Pod %s{pod.Name} was deleted by force on a node that may run it"
            | _ -> Finding.Nothing)

let claimsBelongToNobody =
    Invariant.plainOf
        Sights.Changed
        (Invariant.property
            "I13"
            "No volume claim has an owner reference, so that the garbage collector never deletes data, unless the cluster's policy is Delete"
            "architecture, law 7; verification C1")
        (fun { World = world } sight ->
            match sight with
            | Sight.Changed {
                                Resource = { Plural = "persistentvolumeclaims" }
                                Object = claim
                                Type = ChangeType.Added | ChangeType.Modified
                            } ->
                let policy =
                    Map.tryFind "tikv.org/cluster" (Meta.labels claim)
                    |> Option.bind (fun name ->
                        Ground.tryObject "clusters" (Meta.``namespace`` claim) name world)
                    |> Option.bind (Json.stringAt [ "spec"; "deletionPolicy" ])

                if List.isEmpty (Meta.ownerReferences claim) || policy = Some "Delete" then
                    Finding.Held
                else
                    Finding.Broken $"the claim %s{Meta.name claim} has an owner"
            | _ -> Finding.Nothing)

let private isOf (instance: ObjectRef) (uid: string) (before: World) =
    [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]
    |> List.exists (fun plural ->
        Ground.objects plural instance.Namespace before
        |> List.exists (fun object -> Meta.uid object = uid))

let private children = Set.ofList [ Kind.Pod; Kind.ConfigMap; Kind.Service; Kind.PD; Kind.TiKV ]

let private controller object =
    Meta.ownerReferences object
    |> List.tryFind (fun owner -> Json.boolAt [ "controller" ] owner = Some true)
    |> Option.bind (Json.stringAt [ "uid" ])

/// The object that a write changed or deleted, as it was.
let private touched sight =
    match sight with
    | Sight.Landed(_, (Patch(object, _, _) | Delete(object, _, _)), code, before) when
        code < 300 && Set.contains object.Kind children
        ->
        ApiServer.tryGet
            (let resource = Kind.resource object.Kind in
             { Group = resource.Group; Version = resource.Version; Plural = resource.Plural })
            (Some object.Namespace)
            object.Name
            before.Server
        |> Option.map (fun found -> struct (before, object, found))
        |> ValueOption.ofOption
    | _ -> ValueNone

let oldChildrenAreLeft =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I14"
            "A child is changed or deleted only while the owner that it was made for exists in that life"
            "verification C1")
        (fun _ sight ->
            match touched sight with
            | ValueSome(struct (before, object, found)) ->
                match controller found with
                | None -> Finding.Nothing
                | Some uid when isOf object uid before -> Finding.Held
                | Some _ ->
                    Finding.Broken
                        $"%s{Kind.name object.Kind} %s{object.Name} was written, whose owner does not exist any more"
            | ValueNone -> Finding.Nothing)

let onlyOurs =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I44"
            "Only objects that one of ours owns, and that say so, are changed or deleted"
            "verification C5")
        (fun _ sight ->
            match touched sight with
            | ValueSome(struct (_, object, found)) ->
                let isWordOfOurs =
                    match sight with
                    | Sight.Landed(_, Patch(_, true, _), _, _) ->
                        object.Kind = Kind.PD || object.Kind = Kind.TiKV
                    | _ -> false

                if
                    (controller found).IsSome
                    && Map.tryFind "app.kubernetes.io/managed-by" (Meta.labels found) = Some "tikv-operator"
                    // an instance that a person made is told what it lacks
                    || isWordOfOurs
                then
                    Finding.Held
                else
                    Finding.Broken $"%s{Kind.name object.Kind} %s{object.Name} is not ours, and was written"
            | ValueNone -> Finding.Nothing)

/// Judged when it is sent: nothing makes the server refuse a creation that lands late, when PD has let the store go since.
let tombstoneDisksStay =
    Invariant.plainOf
        Sights.Sent
        (Invariant.property
            "I39"
            "No Pod is made on a volume whose store PD has let go"
            "verification C4 (I12, I39)")
        (fun { World = world } sight ->
            match sight with
            | Sight.Sent(_, _, _, Sent.Write(Create({ Kind = Kind.Pod } as object, body))) ->
                let stores =
                    Json.itemsAt [ "spec"; "volumes" ] body
                    |> List.choose (Json.stringAt [ "persistentVolumeClaim"; "claimName" ])
                    |> List.choose (fun claim -> Ground.storeOnClaim (View.key object.Namespace claim) world)

                match stores with
                | [] -> Finding.Nothing
                | stores ->
                    match stores |> List.tryFind (fun id -> Ground.hasLeft id world) with
                    | Some id ->
                        Finding.Broken
                            $"the Pod %s{object.Name} is made on the disk of %s{Words.store id}, which is a tombstone"
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

let all = [
    noCopyIsLost
    claimsGoLast
    reclaimPolicyStays
    onlySurplusStoresLeave
    enoughStoresStay
    drainsAreFew
    drainedStoresServe
    forcedOnlyWhenGone
    claimsBelongToNobody
    oldChildrenAreLeft
    tombstoneDisksStay
    onlyOurs
]
