namespace Tikv.Simulator.Invariants

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// A store or member that an operator has taken down, and that is not back.
type TakenDown = { At: int64; Pod: string }

/// Parts of the world, and what was known of our entries, at a look.
type Looked = {
    Members: Map<string, PdProcess>
    Tikvs: Map<string, TikvProcess>
    Groups: Map<int, PdGroup>
    Ours: Set<StoreId>
}

/// What judges have to remember of a run to tell what a sane observer could have known, and who did what. Times in
/// milliseconds of the world.
type Ledger = {
    /// Stores that PD counts as Up and whose process does not serve, since when.
    SilentStores: Map<StoreId, int64>
    /// Members whose process does not answer, since when.
    SilentMembers: Map<MemberId, int64>
    /// Stores that an operator took down (verification C0, Vol).
    StoresDown: Map<StoreId, TakenDown>
    MembersDown: Map<MemberId, TakenDown>
    /// Entries of the evict-leader scheduler, since when.
    Entries: Map<StoreId, int64>
    /// Those that an operator made.
    OurEntries: Set<StoreId>
    /// When an instance (`namespace/name`) was last wanted out of the cluster.
    WantedOut: Map<string, int64>
    /// When PD last had a leader, where it has none; where it has one, some time since.
    LedAt: int64
    /// Since when all is suspended, by `namespace/cluster`.
    Suspended: Map<string, int64>
    /// Pods that an operator asked to stop while their cluster was suspended: the request may land after that.
    AskedToStop: Set<Uid>
    Paused: Map<string, int64>
    /// What `observe` looked at last.
    Looked: Looked
}

[<RequireQualifiedAccess>]
module Ledger =
    let empty: Ledger = {
        SilentStores = Map.empty
        SilentMembers = Map.empty
        StoresDown = Map.empty
        MembersDown = Map.empty
        Entries = Map.empty
        OurEntries = Set.empty
        WantedOut = Map.empty
        LedAt = 0L
        Suspended = Map.empty
        AskedToStop = Set.empty
        Paused = Map.empty
        Looked = { Members = Map.empty; Tikvs = Map.empty; Groups = Map.empty; Ours = Set.empty }
    }

    /// Keeps the time since when each has been in the set.
    let private since now (members: Set<'Key>) (known: Map<'Key, int64>) =
        if Set.isEmpty members && Map.isEmpty known then
            known
        else
            let kept = known |> Map.filter (fun key _ -> Set.contains key members)

            (kept, members)
            ||> Set.fold (fun known key -> if Map.containsKey key known then known else Map.add key now known)

    let private union sets = (Set.empty, sets) ||> Seq.fold Set.union

    /// A store that was taken down is back when it serves, with its followers caught up, and may lead. One that is to leave
    /// leads no more: its followers are what counts until it has gone.
    let private isBack (world: World) live entries id (down: TakenDown) =
        match Ground.tryStore id world with
        | ValueNone -> true
        | ValueSome(struct (_, store)) ->
            store.NodeState = NodeState.Removed
            || Set.contains id live
               && store.CaughtUpAt <= world.Now
               && not (Ground.isUp store && Set.contains id entries)
               && (world.Pd.Tikvs.Values
                   |> Seq.exists (fun one ->
                       one.Disk |> Option.exists (fun disk -> disk.Store = id)
                       && one.State = ProcessState.Running
                       && one.StartedAt >= down.At))

    let private isLed (groups: Map<int, PdGroup>) =
        groups |> Map.exists (fun _ group -> (Ground.leader group).IsSome)

    let private look (world: World) (ledger: Ledger) : Ledger =
        let now = world.Now
        let live = Ground.clusters world |> Seq.map (Ground.live world) |> union

        let up =
            Ground.clusters world
            |> Seq.collect _.Cluster.Stores.Values
            |> Seq.filter Ground.isUp
            |> Seq.map _.Id
            |> Set.ofSeq

        let entries = Ground.clusters world |> Seq.map _.Cluster.Evicting |> union
        let liveMembers = Ground.clusters world |> Seq.map (Ground.liveMembers world) |> union

        let members =
            Ground.clusters world
            |> Seq.map (fun group -> group.Members |> Map.keys |> Set.ofSeq)
            |> union

        {
            ledger with
                SilentStores = since now (Set.difference up live) ledger.SilentStores
                SilentMembers = since now (Set.difference members liveMembers) ledger.SilentMembers
                StoresDown =
                    ledger.StoresDown
                    |> Map.filter (fun id down -> not (isBack world live ledger.OurEntries id down))
                MembersDown =
                    ledger.MembersDown
                    |> Map.filter (fun id down ->
                        Set.contains id members
                        && not (
                            world.Pd.Members.Values
                            |> Seq.exists (fun one ->
                                one.State = ProcessState.Running
                                && one.LiveSince >= down.At
                                && one.Disk |> Option.exists (fun disk -> disk.Member = id))
                        ))
                Entries = since now entries ledger.Entries
                OurEntries =
                    if Set.isEmpty ledger.OurEntries then
                        ledger.OurEntries
                    else
                        Set.intersect ledger.OurEntries entries
                // one that led at the last look has led until now: each change of PD is looked at
                LedAt = if isLed world.Pd.Groups || isLed ledger.Looked.Groups then now else ledger.LedAt
        }

    /// Whether time alone may change what is noted: a store that was taken down catches up while nothing else happens.
    let waits (ledger: Ledger) = not (Map.isEmpty ledger.StoresDown && Map.isEmpty ledger.MembersDown)

    /// Nothing is different from the last look, and nothing waits for a time to come.
    let private isAsBefore (world: World) (ledger: Ledger) =
        LanguagePrimitives.PhysicalEquality ledger.Looked.Groups world.Pd.Groups
        && LanguagePrimitives.PhysicalEquality ledger.Looked.Members world.Pd.Members
        && LanguagePrimitives.PhysicalEquality ledger.Looked.Tikvs world.Pd.Tikvs
        && LanguagePrimitives.PhysicalEquality ledger.Looked.Ours ledger.OurEntries
        && not (waits ledger)

    /// Processes of PD or TiKV changed.
    let observe (world: World) (ledger: Ledger) : Ledger =
        if not (isAsBefore world ledger) then
            let ledger = look world ledger

            {
                ledger with
                    Looked = {
                        Members = world.Pd.Members
                        Tikvs = world.Pd.Tikvs
                        Groups = world.Pd.Groups
                        Ours = ledger.OurEntries
                    }
            }
        else
            ledger

    let private asked' path now (change: Change) (known: Map<string, int64>) =
        let key = View.keyOf change.Object

        match Json.boolAt path change.Object with
        | Some true when change.Type <> ChangeType.Deleted ->
            if Map.containsKey key known then known else Map.add key now known
        | _ -> if Map.isEmpty known then known else Map.remove key known

    /// An object changed.
    let changed (world: World) (change: Change) (ledger: Ledger) : Ledger =
        match change.Resource.Plural with
        | "clusters" -> {
            ledger with
                Suspended =
                    asked' [ "spec"; "suspendAction"; "suspendCompute" ] world.Now change ledger.Suspended
                Paused = asked' [ "spec"; "paused" ] world.Now change ledger.Paused
          }
        | "pds"
        | "tikvs" when
            Json.boolAt [ "spec"; "offline" ] change.Object = Some true
            || Meta.isTerminating change.Object
              ->
              { ledger with WantedOut = Map.add (View.keyOf change.Object) world.Now ledger.WantedOut }
        | "tikvs" when
            change.Type = ChangeType.Modified
            && (change.Previous
                |> Option.exists (fun before -> Json.boolAt [ "spec"; "offline" ] before = Some true))
              ->
              { ledger with WantedOut = Map.add (View.keyOf change.Object) world.Now ledger.WantedOut }
        | _ -> ledger

    /// The TiKV or PD process that a Pod runs, if it serves.
    let private serving (pod: Pod) (world: World) =
        match Map.tryFind pod.Uid world.Runs with
        | Some { Process = Process.Tikv name } ->
            Map.tryFind name world.Pd.Tikvs
            |> Option.bind _.Disk
            |> Option.map (fun disk -> Choice1Of2 disk.Store)
        | Some { Process = Process.Pd name } ->
            Map.tryFind name world.Pd.Members
            |> Option.bind (fun (one: PdProcess) -> one.Disk)
            |> Option.map (fun disk -> Choice2Of2 disk.Member)
        | _ -> None

    /// An operator sends a write.
    let sent (world: World) (write: Write) (ledger: Ledger) : Ledger =
        match write with
        | Delete({ Kind = Kind.Pod } as object, precondition, _) when not (Map.isEmpty ledger.Suspended) ->
            match World.tryPod (View.key object.Namespace object.Name) world with
            | ValueSome pod when
                Map.tryFind "tikv.org/cluster" pod.Labels
                |> Option.exists (fun cluster ->
                    Map.containsKey (View.key pod.Namespace cluster) ledger.Suspended)
                  ->
                  { ledger with AskedToStop = Set.add precondition.Uid ledger.AskedToStop }
            | _ -> ledger
        | _ -> ledger

    /// A write of an operator was executed.
    let landed (before: World) (world: World) (write: Write) (ledger: Ledger) : Ledger =
        match write with
        | Delete({ Kind = Kind.Pod } as object, _, _) ->
            match World.tryPod (View.key object.Namespace object.Name) before with
            | ValueSome pod when pod.Deleting.IsNone ->
                let down = { At = world.Now; Pod = object.Name }

                match serving pod before with
                | Some(Choice1Of2 store) when Ground.hasLeft store before -> ledger
                | Some(Choice1Of2 store) -> { ledger with StoresDown = Map.add store down ledger.StoresDown }
                | Some(Choice2Of2 one) -> { ledger with MembersDown = Map.add one down ledger.MembersDown }
                | None -> ledger
            | _ -> ledger
        | _ -> ledger

    /// A call of an operator was executed by PD.
    let asked (before: World) (_: World) (call: PdCall) (ledger: Ledger) : Ledger =
        match call with
        | PdCall.EvictLeaders store when
            Ground.clusters before
            |> Seq.exists (fun group -> Set.contains store group.Cluster.Evicting)
            |> not
              ->
              { ledger with OurEntries = Set.add store ledger.OurEntries }
        | _ -> ledger
