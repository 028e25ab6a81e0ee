/// Faults in how objects of Kubernetes are read.
module internal Tikv.Simulator.Mutants.OfObjects

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator

let private condition kind status object =
    let set one =
        if Json.stringAt [ "type" ] one = Some kind then put [ "status" ] (Json.String status) one else one

    match Json.tryPath [ "status"; "conditions" ] object with
    | Some(Json.Array conditions) ->
        put [ "status"; "conditions" ] (Json.Array(conditions |> List.map set)) object
    | _ -> object

let private running status =
    status
    |> put [ "ready" ] (Json.Bool true)
    |> put [ "state" ] (Json.object [ "running", Json.empty ])

let mutants: Mutant list = [
    mutant
        "pods-are-ready"
        "takes every Pod for ready and running"
        [ "I49" ]
        [ "T29"; "F15"; "T55" ]
        (Warp.seeing Kind.Pod (fun _ pod ->
            let pod = condition "Ready" "True" pod

            match Json.tryPath [ "status"; "containerStatuses" ] pod with
            | Some(Json.Array containers) ->
                put [ "status"; "containerStatuses" ] (Json.Array(containers |> List.map running)) pod
            | _ -> pod))

    mutant
        "pod-end-unseen"
        "does not see that a Pod is terminating"
        [ "I67" ]
        [ "T21"; "L2.4"; "F32" ]
        (Warp.seeing Kind.Pod (fun _ -> drop [ "metadata"; "deletionTimestamp" ]))

    mutant
        "deletions-unheard"
        "does not hear of Pods that are gone"
        [ "I61" ]
        [ "T21" ]
        (Warp.deafTo Kind.Pod _.IsDeleted)

    mutant
        "changes-unheard"
        "does not hear of changes of a TiKVGroup"
        [ "I61"; "I75" ]
        [ "T11" ]
        (Warp.deafTo Kind.TiKVGroup _.IsModified)

    mutant
        "nodes-are-ready"
        "takes every node for ready"
        [ "I67" ]
        [ "L2.4"; "F32"; "T45" ]
        (Warp.seeing Kind.Node (fun _ -> condition "Ready" "True"))

    mutant
        "nodes-unseen"
        "does not see nodes, and takes them for gone"
        [ "I09" ]
        [ "T51"; "F32"; "L2.4" ]
        (Warp.hearing (fun memory happening ->
            match happening with
            | Listed(request, Done page) when Map.tryFind request memory.Kinds = Some Kind.Node ->
                Some(Listed(request, Done { page with Items = [] }))
            | Watched(request, (Added _ | Modified _)) when Map.tryFind request memory.Kinds = Some Kind.Node ->
                None
            | happening -> Some happening))

    mutant
        "pause-unseen"
        "goes on in a cluster that is paused"
        [ "I38" ]
        [ "B23" ]
        (Warp.seeing Kind.Cluster (fun _ -> put [ "spec"; "paused" ] (Json.Bool false)))

    mutant
        "suspension-unseen"
        "goes on in a cluster that is suspended"
        [ "I38" ]
        [ "B24" ]
        (Warp.seeing Kind.Cluster (fun _ -> drop [ "spec"; "suspendAction" ]))

    mutant
        "claims-nobodys"
        "does not read off a volume claim whose data it holds"
        [ "I39" ]
        [ "T08"; "T69" ]
        (Warp.seeing Kind.PersistentVolumeClaim (fun _ claim ->
            (claim, [ Labels.storeId; Labels.memberId; Labels.clusterId ])
            ||> List.fold (fun claim label -> drop [ "metadata"; "labels"; label ] claim)))

    mutant
        "claims-for-all"
        "takes volume claims of a former cluster for its own"
        [ "I14" ]
        [ "T69" ]
        (Warp.seeing Kind.PersistentVolumeClaim (fun memory claim ->
            match Memory.object Kind.Cluster "basic" memory with
            | Some cluster ->
                match Json.tryPath [ "metadata"; "uid" ] cluster with
                | Some uid ->
                    claim
                    |> put [ "metadata"; "annotations"; Annotations.clusterUid ] uid
                    |> drop [ "metadata"; "labels"; Labels.clusterId ]
                | None -> claim
            | None -> claim))

    mutant
        "store-id-forgotten"
        "forgets which store an instance is"
        [ "I08"; "I40" ]
        [ "C37"; "T04" ]
        (Warp.seeing Kind.TiKV (fun _ -> drop [ "status"; "id" ]))

    mutant
        "eviction-mark-forgotten"
        "forgets that it has begun an eviction"
        [ "I29"; "law 9" ]
        [ "T21" ]
        (Warp.seeing Kind.TiKV (fun _ -> drop [ "status"; "evicting" ]))

    mutant
        "cluster-id-forgotten"
        "forgets which PD cluster is its own"
        [ "I10"; "I11" ]
        [ "T21"; "bootstrap" ]
        (Warp.seeing Kind.Cluster (fun _ -> drop [ "status"; "id" ]))

    mutant
        "claim-forgotten"
        "forgets who holds the disruption"
        [ "I16"; "law 3" ]
        [ "T21" ]
        (Warp.seeing Kind.Cluster (fun _ -> drop [ "status"; "disruption" ]))

    mutant
        "instance-end-unseen"
        "does not see that an instance is deleted"
        [ "I67" ]
        [ "C37" ]
        (Warp.seeing Kind.TiKV (fun _ -> drop [ "metadata"; "deletionTimestamp" ]))

    mutant
        "group-end-unseen"
        "does not see that a group is deleted"
        [ "I73" ]
        [ "T19" ]
        (Warp.seeing Kind.TiKVGroup (fun _ -> drop [ "metadata"; "deletionTimestamp" ]))

    mutant
        "priorities-unseen"
        "does not read which instance is to go first"
        [ "T 3.2" ]
        [ "C36" ]
        (Warp.seeing Kind.TiKV (fun _ -> drop [ "metadata"; "annotations"; Annotations.priority ]))

    mutant
        "disk-replaced-unseen"
        "does not see that a claim is another one than before"
        [ "I77" ]
        [ "T49" ]
        (Warp.seeing Kind.PersistentVolumeClaim (fun _ ->
            put [ "metadata"; "uid" ] (Json.String "always-the-same")))

    mutant
        "pd-is-upgraded"
        "takes PD for upgraded as soon as that is asked for"
        [ "I33" ]
        [ "T21" ]
        (Warp.both
            (Warp.seeing Kind.PDGroup (fun _ group ->
                match Json.tryPath [ "spec"; "template"; "spec"; "version" ] group with
                | Some version -> put [ "status"; "version" ] version group
                | None -> group))
            (answering "members" (fun _ json ->
                let upgraded = put [ "binary_version" ] (Json.String "v8.5.3")
                put [ "members" ] (Json.itemsAt [ "members" ] json |> List.map upgraded |> Json.array) json)))

    mutant
        "expansion-forbidden-unseen"
        "asks for larger volumes where the class forbids it"
        [ "B25B" ]
        [ "B25B" ]
        (Warp.seeing Kind.StorageClass (fun _ -> put [ "allowVolumeExpansion" ] (Json.Bool true)))

    mutant
        "expansion-unseen"
        "takes a volume for grown as soon as that is asked for"
        [ "I49" ]
        [ "S54"; "B25" ]
        (Warp.seeing Kind.PersistentVolumeClaim (fun _ claim ->
            match Json.tryPath [ "spec"; "resources"; "requests"; "storage" ] claim with
            | Some size ->
                claim
                |> put [ "status"; "capacity"; "storage" ] size
                |> drop [ "status"; "conditions" ]
            | None -> claim))
]
