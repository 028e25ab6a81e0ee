/// When a failed instance is replaced: verification C4 (I41, I42).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Replacing

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// Records of failures on which a group acts: the instances that failed.
let private acted (status: string list) object =
    Json.itemsAt (status @ [ "failures" ]) object
    |> List.filter (fun one -> Json.stringAt [ "stage" ] one <> Some "Suspected")
    |> List.choose (Json.stringAt [ "uid" ])
    |> Set.ofList

/// What an operator decided to replace just now: the world before, the group, and the instances.
let private begun sight =
    match sight with
    | Sight.Landed(_,
                   Patch({ Kind = (Kind.TiKVGroup | Kind.PDGroup) as kind } as object, true, body),
                   code,
                   before) when code < 300 && (Json.tryPath [ "status"; "failures" ] body).IsSome ->
        let groups, instances = if kind = Kind.TiKVGroup then "tikvgroups", "tikvs" else "pdgroups", "pds"

        match Ground.tryObject groups object.Namespace object.Name before with
        | None -> ValueNone
        | Some group ->
            let all = acted [ "status" ] body
            let fresh = Set.difference all (acted [ "status" ] group)

            let failed =
                Ground.objects instances object.Namespace before
                |> List.filter (fun one -> Set.contains (Meta.uid one) fresh)

            if List.isEmpty failed then ValueNone else ValueSome(struct (before, group, all.Count, failed))
    | _ -> ValueNone

/// How long PD has not heard from a store, whether its process runs or not.
let private unheard (world: World) (store: StoreRecord) =
    match store.BeatsFrom, store.LastBeat with
    | System.Int64.MaxValue, ValueSome last -> world.Now - last
    | _ -> 0L

/// How long a process has not served or PD has not heard from it, in milliseconds; 0 when it does and has.
let private silence (ledger: Ledger) (world: World) instance =
    let pod = View.key (Meta.``namespace`` instance) (Meta.name instance)

    let span since = world.Now - Option.defaultValue world.Now since

    match Ground.storeOfPod pod world with
    | Some store -> max (unheard world store) (span (Map.tryFind store.Id ledger.SilentStores))
    | None ->
        Ground.clusters world
        |> Seq.collect _.Members.Values
        |> Seq.tryFind (fun one -> one.Name = Meta.name instance)
        |> Option.bind (fun one -> Map.tryFind one.Id ledger.SilentMembers)
        |> span

/// PD and Kubernetes have yet to hear that its process runs again.
let private isJustBack instance (world: World) =
    match Ground.storeOfPod (View.key (Meta.``namespace`` instance) (Meta.name instance)) world with
    | Some store ->
        world.Pd.Tikvs.Values
        |> Seq.exists (fun one ->
            one.Disk |> Option.exists (fun disk -> disk.Store = store.Id)
            && world.Now - one.StartedAt < Ground.visible)
    | None -> false

let private isPodReady instance (world: World) =
    match World.tryPod (View.key (Meta.``namespace`` instance) (Meta.name instance)) world with
    | ValueSome pod -> pod.Ready
    | ValueNone -> false

/// PD as a whole, and how many of the stores of its cluster are silent.
let private outage (ledger: Ledger) (world: World) =
    Ground.clusters world
    |> Seq.tryPick (fun group ->
        let stores =
            group.Cluster.Stores.Values
            |> Seq.filter (fun store -> store.NodeState <> NodeState.Removed)
            |> Seq.length

        let silent = Landing.knownSilent world.Now ledger group |> Set.count

        if (Ground.leader group).IsNone && world.Now - ledger.LedAt >= Ground.visible then
            Some "PD has no leader"
        elif silent > max 1 ((stores - 1) / 2) then
            Some $"%d{silent} of %d{stores} stores are silent"
        else
            None)

let onlyTheLost =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I41"
            "An instance is replaced only when its group asks for failover, its process has not served for downAfter (twice as long while its Pod is ready), PD leads, and it is no outage; and no more than maxReplacements"
            "verification C4")
        (fun { Ledger = ledger; World = world } sight ->
            match begun sight with
            | ValueNone -> Finding.Nothing
            | ValueSome(struct (before, group, count, failed)) ->
                let policy path = Json.tryPath ([ "spec"; "failover" ] @ path) group

                let downAfter =
                    Json.stringAt [ "spec"; "failover"; "downAfter" ] group
                    |> Option.bind Durations.tryMilliseconds
                    |> Option.defaultValue 1_800_000L

                let most =
                    Json.intAt [ "spec"; "failover"; "maxReplacements" ] group
                    |> Option.defaultValue 3

                // what was learnt from PD may be so old
                let isTooSoon instance =
                    let factor = if isPodReady instance before then 2L else 1L

                    silence ledger before instance + Ground.visible < factor * downAfter
                    && not (isJustBack instance before)

                if policy [ "enabled" ] <> Some(Json.Bool true) then
                    Finding.Broken $"%s{Meta.name group} replaces an instance, and is not asked to"
                elif count > most then
                    Finding.Broken
                        $"%s{Meta.name group} replaces %d{count}, and is to replace %d{most} at most"
                else
                    match outage ledger world, failed |> List.tryFind isTooSoon with
                    | Some why, _ -> Finding.Broken $"%s{Meta.name group} replaces an instance while %s{why}"
                    | None, Some one ->
                        Finding.Broken
                            $"%s{Meta.name one} is replaced after %d{silence ledger before one / 1_000L} s without it"
                    | None, None -> Finding.Held)

let private instancesOf (world: World) group =
    Ground.objects "tikvs" (Meta.``namespace`` group) world
    |> List.filter (fun one ->
        (Ground.groupAndIndex (Meta.name one) |> Option.map fst) = Some(Meta.name group)
        && not (Meta.isTerminating one))

let extrasGo =
    Invariant.makeOf
        (Sights.Landed ||| Sights.Settled)
        (Invariant.property
            "I42"
            "Once all is settled a group in which something was replaced has no more instances than it asks for, but for one in place of each that is still down"
            "verification C4")
        Set.empty
        (fun (replacing: Set<string>) { Ledger = ledger; World = world } sight ->
            match begun sight, sight with
            | ValueSome(struct (_, group, _, _)), _ ->
                struct (Set.add (View.keyOf group) replacing, Finding.Nothing)
            | _, Sight.Settled when not (Set.isEmpty replacing) ->
                let tooMany group =
                    let all = instancesOf world group
                    let down = all |> List.filter (fun one -> silence ledger world one > 0L)

                    let wanted = Json.intAt [ "spec"; "replicas" ] group |> Option.defaultValue 0
                    all.Length > wanted + down.Length

                match
                    ApiServer.listObjects
                        (Builtins.key "core.tikv.org" "v1alpha1" "tikvgroups")
                        None
                        world.Server
                    |> List.filter (fun group ->
                        Set.contains (View.keyOf group) replacing && not (Meta.isTerminating group))
                with
                | [] -> struct (replacing, Finding.Nothing)
                | groups ->
                    match groups |> List.tryFind tooMany with
                    | Some group ->
                        struct (replacing,
                                Finding.Broken $"%s{Meta.name group} keeps more instances than it asks for")
                    | None -> struct (replacing, Finding.Held)
            | _ -> struct (replacing, Finding.Nothing))

let all = [ onlyTheLost; extrasGo ]
