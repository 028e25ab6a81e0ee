/// Who is who: disks, stores, addresses and clusters.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Identity

open Tikv.Core
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private runs state =
    match state with
    | ProcessState.Running
    | ProcessState.Stopping -> true
    | ProcessState.Starting
    | ProcessState.Hanging
    | ProcessState.Exited _ -> false

let private twice (items: 'Item list) =
    items
    |> List.countBy id
    |> List.tryPick (fun (item, count) -> if count > 1 then Some item else None)

/// The last look at some parts of the world: while they are the same, so is what it found.
type private Looked = { One: obj; Other: obj; Finding: Finding }

let private unlooked = { One = obj (); Other = obj (); Finding = Finding.Nothing }

let private again one other (looked: Looked) look : struct (Looked * Finding) =
    if
        LanguagePrimitives.PhysicalEquality looked.One one
        && LanguagePrimitives.PhysicalEquality looked.Other other
    then
        struct (looked, looked.Finding)
    else
        let finding = look ()
        struct ({ One = one; Other = other; Finding = finding }, finding)

/// I08: of the processes that run, none share a store, an address or a disk.
let injective: Invariant =
    let look (world: World) =
        let stores = world.Pd.Tikvs.Values |> Seq.filter (fun one -> runs one.State) |> List.ofSeq

        let volumes = world.Mounted |> Map.toList |> List.map snd

        match
            stores
            |> List.choose _.Disk
            |> List.map (fun disk -> disk.Cluster, disk.Store)
            |> twice,
            stores |> List.map _.Start.Address |> twice,
            twice volumes
        with
        | Some(_, StoreId store), _, _ -> Finding.Broken $"store %d{store} runs twice"
        | _, Some address, _ -> Finding.Broken $"two TiKV processes run at %s{address}"
        | _, _, Some volume -> Finding.Broken $"two processes write to the volume %s{volume}"
        | None, None, None -> if List.isEmpty volumes then Finding.Nothing else Finding.Held

    Invariant.makeOf
        Sights.Processes
        {
            Id = "I08"
            Means = "No two running processes have one store id, one address or one disk"
            Source = "verification C1"
        }
        unlooked
        (fun looked { World = world } sight ->
            match sight with
            | Sight.Processes -> again world.Pd.Tikvs world.Mounted looked (fun () -> look world)
            | _ -> struct (looked, Finding.Nothing))

/// The group of PD that an instance's name belongs to: `basic-pd` of `basic-pd-0`.
let private groupOf (name: string) =
    match name.LastIndexOf '-' with
    | -1 -> name
    | at -> name.Substring(0, at)

let private host (url: string) = (Network.authority url).Split(':')[0]

/// The namespace and group that the first members of an etcd cluster were of.
let private origin (group: PdGroup) =
    match group.Initial with
    | (name, url) :: _ ->
        let labels = (host url).Split '.'
        (if labels.Length > 2 then labels[2] else "") + "/" + groupOf name
    | [] -> ""

/// I11: no second cluster is bootstrapped beside, or after, the first.
let oneBootstrap: Invariant =
    let look (world: World) =
        match
            world.Pd.Groups.Values
            |> Seq.filter _.ClusterId.IsSome
            |> Seq.map origin
            |> List.ofSeq
        with
        | [] -> Finding.Nothing
        | origins ->
            match twice origins with
            | Some origin -> Finding.Broken $"a second PD cluster was bootstrapped for %s{origin}"
            | None -> Finding.Held

    Invariant.makeOf
        Sights.Processes
        {
            Id = "I11"
            Means = "A PD cluster is bootstrapped once: no second cluster id is ever made for one group"
            Source = "architecture, law 7; verification C1"
        }
        unlooked
        (fun looked { World = world } sight ->
            match sight with
            | Sight.Processes -> again world.Pd.Groups world.Pd.Groups looked (fun () -> look world)
            | _ -> struct (looked, Finding.Nothing))

/// I10: the id that a Cluster records is that of PD, and stays.
let idIsRecordedOnce: Invariant =
    let recorded object =
        match Json.tryPath [ "status"; "id" ] object with
        | Some(Json.String id)
        | Some(Json.Number id) -> Some id
        | _ -> None

    let known (world: World) id =
        world.Pd.Groups.Values
        |> Seq.exists (fun group ->
            match group.ClusterId with
            | Some(ClusterId made) -> string made = id
            | None -> false)

    Invariant.makeOf
        Sights.Changed
        {
            Id = "I10"
            Means = "A Cluster records one cluster id, which PD has, and never another"
            Source = "architecture, law 7; verification C1"
        }
        Map.empty
        (fun (ids: Map<string, string>) { World = world } sight ->
            match sight with
            | Sight.Changed { Resource = { Plural = "clusters" }; Type = kind; Object = object } when
                kind <> ChangeType.Deleted
                ->
                let uid = Meta.uid object

                match Map.tryFind uid ids, recorded object with
                | None, None -> struct (ids, Finding.Nothing)
                | None, Some id when known world id -> struct (Map.add uid id ids, Finding.Held)
                | None, Some id -> struct (Map.add uid id ids, Finding.Broken $"PD has no cluster %s{id}")
                | Some before, Some id when before = id -> struct (ids, Finding.Held)
                | Some before, found ->
                    let now = found |> Option.defaultValue "nothing"
                    struct (ids, Finding.Broken $"the cluster id %s{before} was replaced by %s{now}")
            | _ -> struct (ids, Finding.Nothing))
