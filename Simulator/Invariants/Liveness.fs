/// What is so when everything is over: verification C7, judged when a run has settled.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Liveness

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private isSet path object = Json.boolAt path object = Some true

let private clusterOf (world: World) object =
    Ground.tryObject "clusters" (Meta.``namespace`` object) (Ground.clusterOf object) world

/// The groups whose cluster is to run and to be looked after.
let private groups (world: World) =
    [ "pdgroups"; "tikvgroups" ]
    |> List.collect (fun plural ->
        ApiServer.listObjects (Builtins.key "core.tikv.org" "v1alpha1" plural) None world.Server
        |> List.map (fun group -> plural, group))
    |> List.filter (fun (_, group) ->
        match clusterOf world group with
        | Some cluster ->
            not (isSet [ "spec"; "paused" ] cluster)
            && not (isSet [ "spec"; "suspendAction"; "suspendCompute" ] cluster)
            && not (Meta.isTerminating cluster)
            && not (Meta.isTerminating group)
        | None -> false)

let private podsOf (world: World) group =
    world.Pods.Values
    |> Seq.filter (fun pod ->
        pod.Namespace = Meta.``namespace`` group
        && Map.tryFind "tikv.org/group" pod.Labels = Some(Meta.name group))
    |> List.ofSeq

let private image group =
    match
        Json.stringAt [ "spec"; "template"; "spec"; "image" ] group,
        Json.stringAt [ "spec"; "template"; "spec"; "version" ] group
    with
    | Some image, _ when image.LastIndexOf ':' > image.LastIndexOf '/' -> image
    | _, Some version -> ":" + version
    | _ -> ""

/// The first thing of a group that is not as its spec asks for.
let private lacking (world: World) (plural: string) group =
    let name = Meta.name group
    let wanted = Json.intAt [ "spec"; "replicas" ] group |> Option.defaultValue 0
    let pods = podsOf world group
    let image = image group

    let processState (pod: Pod) =
        match Map.tryFind pod.Uid world.Runs with
        | Some { Process = Process.Pd name } -> PdWorld.memberState name world.Pd
        | Some { Process = Process.Tikv name } -> PdWorld.storeState name world.Pd
        | _ -> None

    let store (pod: Pod) = Ground.storeOfPod (View.key pod.Namespace pod.Name) world

    if pods.Length <> wanted then
        Some $"%s{name} has %d{pods.Length} Pods, and asks for %d{wanted}"
    else
        pods
        |> List.tryPick (fun pod ->
            if pod.Deleting.IsSome then
                Some $"%s{pod.Name} is being stopped"
            elif processState pod <> Some ProcessState.Running then
                Some $"%s{pod.Name} does not run"
            elif pod.Spec.Containers |> List.exists (fun one -> one.Image.EndsWith image) |> not then
                Some $"%s{pod.Name} does not run %s{image}"
            elif plural = "tikvgroups" then
                match store pod with
                | Some store when Ground.isUp store -> None
                | Some store -> Some $"the store of %s{pod.Name} is %s{Words.state store.NodeState}"
                | None -> Some $"%s{pod.Name} has no store"
            else
                let isMember =
                    Ground.clusters world
                    |> Seq.exists (fun group ->
                        group.Members.Values |> Seq.exists (fun one -> one.Name = pod.Name))

                if isMember then None else Some $"PD does not list %s{pod.Name}")

let private isReady group = Ground.isTrue "Ready" group

let readyIsAsked =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I67"
            "Once all is settled, what says Ready is as its spec asks: Pods, processes, versions, members and stores"
            "verification C7, C9")
        (fun { World = world } sight ->
            match sight with
            | Sight.Settled ->
                match groups world |> List.filter (snd >> isReady) with
                | [] -> Finding.Nothing
                | ready ->
                    match ready |> List.tryPick (fun (plural, group) -> lacking world plural group) with
                    | Some what -> Finding.Broken(what + ", and it says Ready")
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

let notSilent =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I68"
            "Once all is settled, what is not as asked says so, with a reason and a message"
            "architecture, law 11; verification C7")
        (fun { World = world } sight ->
            match sight with
            | Sight.Settled ->
                let words group =
                    Json.itemsAt [ "status"; "conditions" ] group
                    |> List.exists (fun condition ->
                        Json.stringAt [ "type" ] condition = Some "Ready"
                        && Json.stringAt [ "status" ] condition <> Some "True"
                        && (Json.stringAt [ "reason" ] condition |> Option.exists (fun text -> text <> ""))
                        && (Json.stringAt [ "message" ] condition |> Option.exists (fun text -> text <> "")))

                let silent (plural, group) =
                    match lacking world plural group with
                    | Some what when not (words group) ->
                        Some $"%s{what}, and %s{Meta.name group} does not say why"
                    | _ -> None

                match groups world with
                | [] -> Finding.Nothing
                | groups ->
                    match groups |> List.tryPick silent with
                    | Some what -> Finding.Broken what
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

let cancelledStoresReturn =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I74"
            "Once all is settled, no store is Removing whose instance is to stay"
            "verification C7 (I74, I57)")
        (fun { World = world } sight ->
            match sight with
            | Sight.Settled ->
                let stays (store: StoreRecord) =
                    match (Ground.podAt store.Address).Split '/' with
                    | [| space; name |] ->
                        match Ground.tryObject "tikvs" space name world with
                        | Some instance ->
                            not (Meta.isTerminating instance)
                            && not (isSet [ "spec"; "offline" ] instance)
                            && clusterOf world instance
                               |> Option.forall (fun cluster -> not (isSet [ "spec"; "paused" ] cluster))
                            && (Ground.storesOfPod (space + "/" + name) world
                                |> List.exists Ground.isUp
                                |> not)
                        | None -> false
                    | _ -> false

                let removing =
                    Ground.clusters world
                    |> Seq.collect _.Cluster.Stores.Values
                    |> Seq.filter (fun store -> store.NodeState = NodeState.Removing)
                    |> List.ofSeq

                match removing |> List.tryFind stays with
                | Some store ->
                    Finding.Broken $"%s{Words.store store.Id} at %s{store.Address} stays Removing"
                | None -> Finding.Held
            | _ -> Finding.Nothing)

let disruptionsEnd =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I76"
            "Once all is settled and Ready, nobody holds the cluster's disruption, and every Pod has been brought back"
            "architecture, law 3; verification C7")
        (fun { World = world; Ledger = ledger } sight ->
            match sight with
            | Sight.Settled ->
                let clusters =
                    ApiServer.listObjects
                        (Builtins.key "core.tikv.org" "v1alpha1" "clusters")
                        None
                        world.Server
                    |> List.filter isReady

                match clusters with
                | [] -> Finding.Nothing
                | clusters ->
                    match
                        clusters
                        |> List.tryFind (fun cluster ->
                            (Json.tryPath [ "status"; "disruption" ] cluster).IsSome)
                    with
                    | Some cluster -> Finding.Broken $"the disruption of %s{Meta.name cluster} is still held"
                    | None when ledger.StoresDown.IsEmpty && ledger.MembersDown.IsEmpty -> Finding.Held
                    | None ->
                        let pods =
                            Seq.append ledger.StoresDown.Values ledger.MembersDown.Values |> Seq.map _.Pod

                        Finding.Broken $"%s{Words.pods pods} were taken down and are not back"
            | _ -> Finding.Nothing)

let replicasAreWhole =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I77"
            "Once all is settled and Ready, every region has its replicas on stores that live"
            "verification C7")
        (fun { World = world } sight ->
            match sight with
            | Sight.Settled when
                groups world |> List.forall (snd >> isReady)
                && not (List.isEmpty (groups world))
                ->
                let lacking =
                    Ground.clusters world
                    |> Seq.tryPick (fun group ->
                        let live = Ground.live world group

                        group.Cluster.Regions
                        |> Map.tryFindKey (fun region _ ->
                            region.Voters |> List.exists (fun one -> not (Set.contains one live))))

                match lacking with
                | Some region ->
                    Finding.Broken
                        $"regions on %s{Words.stores region.Voters} have peers on stores that do not live"
                | None -> Finding.Held
            | _ -> Finding.Nothing)

/// Writes of one operator within one minute that mean a hot loop. A busy cluster makes some tens; one that comes up at
/// once some twenty an instance: four objects, and each state on the way to serving.
let private most (world: World) =
    let instances =
        [ "pds"; "tikvs" ]
        |> List.sumBy (fun plural ->
            ApiServer.listObjects (Builtins.key "core.tikv.org" "v1alpha1" plural) None world.Server
            |> List.length)

    max 600 (20 * instances)

let writesAreFew =
    Invariant.makeTelling
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I72"
            "An operator makes no more than 600 writes within a minute, or 20 an instance, leases and events apart"
            "verification C7")
        // a few more or less are far from so many
        (fun (struct (_, count)) -> box (count / 200))
        (struct (0L, 0))
        (fun (struct (since, count)) { World = world } sight ->
            let isWrite =
                match sight with
                | Sight.Landed(_, write, _, _) ->
                    match (Tikv.Core.Kubernetes.Write.object write).Kind with
                    | Tikv.Core.Kubernetes.Kind.Lease
                    | Tikv.Core.Kubernetes.Kind.Event -> false
                    | _ -> true
                | Sight.AskedPd _ -> true
                | _ -> false

            if not isWrite then struct (struct (since, count), Finding.Nothing)
            elif world.Now - since > 60_000L then struct (struct (world.Now, 1), Finding.Held)
            elif count < 600 || count < most world then struct (struct (since, count + 1), Finding.Nothing)
            else struct (struct (world.Now, 0), Finding.Broken $"%d{count} writes within a minute"))

let all = [ readyIsAsked; notSilent; writesAreFew; cancelledStoresReturn; disruptionsEnd; replicasAreWhole ]
