/// Faults in what is written to Kubernetes.
module internal Tikv.Simulator.Mutants.OfWrites

open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Core.Kubernetes

let private claimOf pod = "data-" + pod

let private offline = Json.object [ "offline", Json.Bool true ]

/// Something else, or more, when a store is asked to leave.
let private leaving (change: Memory -> ObjectRef -> Write -> Write list) =
    patching Kind.TiKV (fun memory object body ->
        let write = Patch(object, false, body)

        if Json.boolAt [ "spec"; "offline" ] body = Some true then change memory object write else [ write ])

let mutants: Mutant list = [
    mutant
        "delete-any-life"
        "deletes by name, in whichever life the object is"
        [ "law 1"; "I43" ]
        [ "T21" ]
        (Warp.writing (fun _ write ->
            match write with
            | Delete(object, precondition, grace) -> [
                Delete(object, { precondition with Uid = Uid "" }, grace)
              ]
            | write -> [ write ]))

    mutant
        "patch-any-version"
        "patches what it has decided on from a cache without saying which version that was"
        [ "law 1"; "I43" ]
        [ "T11" ]
        (Warp.writing (fun _ write ->
            match write with
            | Patch(object, status, body) -> [
                Patch(object, status, drop [ "metadata"; "resourceVersion" ] body)
              ]
            | write -> [ write ]))

    mutant
        "patch-any-life"
        "patches an object of that name, whichever life it is in"
        [ "law 1"; "I43" ]
        [ "T11" ]
        (Warp.writing (fun _ write ->
            match write with
            | Patch(object, status, body) -> [ Patch(object, status, drop [ "metadata"; "uid" ] body) ]
            | write -> [ write ]))

    mutant
        "force-delete"
        "deletes Pods with no time to end"
        [ "I09" ]
        [ "T21" ]
        (Warp.writing (fun _ write ->
            match write with
            | Delete(object, precondition, _) when object.Kind = Kind.Pod -> [
                Delete(object, precondition, Some 0)
              ]
            | write -> [ write ]))

    mutant
        "generated-names"
        "lets the server make up the names of Pods"
        [ "I46" ]
        [ "T11" ]
        (creatingWith Kind.Pod (fun object body ->
            body
            |> drop [ "metadata"; "name" ]
            |> put [ "metadata"; "generateName" ] (Json.String(object.Name + "-"))))

    mutant
        "pvc-with-pod"
        "deletes the volume claim of each Pod that it restarts"
        [ "I01"; "I02" ]
        [ "T21" ]
        (deleting Kind.Pod (fun memory pod delete ->
            delete :: deleteOf memory Kind.PersistentVolumeClaim (claimOf pod.Name)))

    mutant
        "pvc-before-tombstone"
        "deletes the volume claim as soon as a store is to leave"
        [ "I02"; "I07" ]
        [ "T04" ]
        (leaving (fun memory object write ->
            write :: deleteOf memory Kind.PersistentVolumeClaim (claimOf object.Name)))

    mutant
        "pod-before-tombstone"
        "takes the Pod away as soon as its store is to leave"
        [ "I07" ]
        [ "T04" ]
        (leaving (fun memory object write -> write :: deleteOf memory Kind.Pod object.Name))

    mutant
        "pvc-with-instance"
        "deletes the volume claim of an instance that goes, though it is to be kept"
        [ "I13" ]
        [ "C48" ]
        (Warp.writing (fun memory write ->
            match write with
            | Patch({ Kind = (Kind.TiKV | Kind.PD) } as object, false, _) when
                isTerminating memory object.Kind object.Name
                ->
                write :: deleteOf memory Kind.PersistentVolumeClaim (claimOf object.Name)
            | write -> [ write ]))

    mutant
        "finalizer-at-once"
        "takes its finalizer off an instance that is deleted before PD has let it go"
        [ "law 9"; "TO#6692" ]
        [ "C37" ]
        (Warp.writing (fun memory write ->
            match write with
            | Patch({ Kind = Kind.TiKV } as object, _, _) when isTerminating memory Kind.TiKV object.Name ->
                patchOf memory Kind.TiKV object.Name [
                    "metadata", Json.object [ "finalizers", Json.array [] ]
                ]
            | write -> [ write ]))

    mutant
        "no-finalizer"
        "puts no finalizer on its instances"
        [ "law 9" ]
        [ "T11" ]
        (Warp.both
            (creatingWith Kind.TiKV (fun _ body -> drop [ "metadata"; "finalizers" ] body))
            (patching Kind.TiKV (fun _ object body ->
                if (Json.tryPath [ "metadata"; "finalizers" ] body).IsSome then
                    []
                else
                    [ Patch(object, false, body) ])))

    mutant
        "one-too-many"
        "makes two instances where one is missing"
        [ "I47"; "TO#6396" ]
        [ "T11" ]
        (creating Kind.TiKV (fun _ object body ->
            let other = object.Name + "0"

            [
                Create(object, body)
                Create({ object with Name = other }, put [ "metadata"; "name" ] (Json.String other) body)
            ]))

    mutant
        "no-labels"
        "makes Pods without labels"
        [ "I44" ]
        [ "T11" ]
        (creatingWith Kind.Pod (fun _ body -> drop [ "metadata"; "labels" ] body))

    mutant
        "other-claim"
        "starts a new store on the volume of another"
        [ "I08" ]
        [ "T11" ]
        (creatingWith Kind.Pod (fun object body ->
            let text = Json.print body

            if object.Name.Contains("-tikv-", System.StringComparison.Ordinal) then
                Json.parse (text.Replace("\"" + claimOf object.Name + "\"", "\"data-basic-tikv-0\""))
                |> Result.defaultValue body
            else
                body))

    mutant
        "old-image"
        "makes Pods from the template of before"
        [ "I76" ]
        [ "T21" ]
        (creatingWith Kind.Pod (fun _ body ->
            Json.parse ((Json.print body).Replace(":v8.5.3", ":v8.5.2"))
            |> Result.defaultValue body))

    mutant
        "restart-two"
        "restarts the neighbour of each store along with it"
        [ "I15"; "I16"; "law 3" ]
        [ "T21" ]
        (deleting Kind.Pod (fun memory pod delete ->
            if pod.Name = "basic-tikv-3" then
                delete :: deleteOf memory Kind.Pod "basic-tikv-1"
            else
                [ delete ]))

    mutant
        "restart-forgotten"
        "takes a Pod for restarted when it has only meant to"
        [ "I76" ]
        [ "T21" ]
        (deleting Kind.Pod (fun _ _ _ -> []))

    mutant
        "wrong-victim"
        "lets another store leave than the one that was to"
        [ "I40"; "TO#4886" ]
        [ "C36"; "T04" ]
        (leaving (fun memory _ _ -> patchOf memory Kind.TiKV "basic-tikv-0" [ "spec", offline ]))

    mutant
        "status-always-ready"
        "says Ready of whatever it reports on"
        [ "I49" ]
        [ "F15"; "T40" ]
        (Warp.writing (fun _ write ->
            match write with
            | Patch(object, true, body) ->
                let ready condition =
                    if Json.stringAt [ "type" ] condition = Some "Ready" then
                        put [ "status" ] (Json.String "True") condition
                    else
                        condition

                match Json.tryPath [ "status"; "conditions" ] body with
                | Some(Json.Array conditions) -> [
                    Patch(
                        object,
                        true,
                        put [ "status"; "conditions" ] (Json.Array(conditions |> List.map ready)) body
                    )
                  ]
                | _ -> [ write ]
            | write -> [ write ]))

    mutant
        "status-unwritten"
        "forgets to write the status of a group"
        [ "I49" ]
        [ "T21" ]
        (patchingStatus Kind.PDGroup (fun _ _ _ -> []))

    mutant
        "status-with-time"
        "writes the time of the look into each status"
        [ "I54"; "I72" ]
        [ "T01" ]
        (patchingStatus Kind.TiKVGroup (fun memory object body ->
            let (Instant now) = memory.Now

            match Json.tryPath [ "status"; "conditions" ] body with
            | Some(Json.Array(first :: others)) -> [
                Patch(
                    object,
                    true,
                    put
                        [ "status"; "conditions" ]
                        (Json.Array(put [ "message" ] (Json.String(string now)) first :: others))
                        body
                )
              ]
            | _ -> [ Patch(object, true, body) ]))

    mutant
        "generation-behind"
        "reports the generation before the one that it has acted on"
        [ "I49" ]
        [ "T11" ]
        (patchingStatus Kind.TiKVGroup (fun _ object body ->
            match Json.int64At [ "status"; "observedGeneration" ] body with
            | Some generation -> [
                Patch(
                    object,
                    true,
                    put [ "status"; "observedGeneration" ] (Json.int64 (generation - 1L)) body
                )
              ]
            | None -> [ Patch(object, true, body) ]))

    mutant
        "suspension-takes-volumes"
        "takes the volume claims away with the Pods of a suspended cluster"
        [ "I38" ]
        [ "B24" ]
        (deleting Kind.Pod (fun memory pod delete ->
            let isSuspended =
                Memory.object Kind.Cluster "basic" memory
                |> Option.bind (Json.boolAt [ "spec"; "suspendAction"; "suspendCompute" ])

            if isSuspended = Some true then
                delete :: deleteOf memory Kind.PersistentVolumeClaim (claimOf pod.Name)
            else
                [ delete ]))

    mutant
        "same-address"
        "gives a new store the address of another"
        [ "I08"; "V B3" ]
        [ "T11" ]
        (configuringWith (fun object text ->
            text.Replace(object.Name + ".basic-tikv-peer", "basic-tikv-0.basic-tikv-peer")))

    mutant
        "bootstraps-twice"
        "starts a member that should join as the first of a new cluster"
        [ "I10"; "I11" ]
        [ "C08" ]
        (configuringWith (fun _ text -> Regex.Replace(text, @"join = .*?\\n", "")))

    mutant
        "foreign-labels"
        "takes the labels of others off its objects"
        [ "I45" ]
        [ "T79" ]
        (Warp.writing (fun memory write ->
            match write with
            | Patch(object, true, _) when object.Kind = Kind.TiKVGroup ->
                write
                :: patchOf memory Kind.Pod "basic-tikv-1" [
                    "metadata", Json.object [ "labels", Json.object [ "team", Json.Null ] ]
                ]
            | write -> [ write ]))

    mutant
        "revision-of-the-moment"
        "hashes what changes without meaning into the revision of a Pod"
        [ "I37"; "TO#6030" ]
        [ "T21"; "T11" ]
        (creating Kind.Pod (fun memory object body ->
            let (Instant now) = memory.Now
            let time = Json.String $"%016x{now}"

            [
                Create(
                    object,
                    (body, [ Annotations.processRevision; Annotations.processBase ])
                    ||> List.fold (fun body name -> put [ "metadata"; "annotations"; name ] time body)
                )
            ]))
]
