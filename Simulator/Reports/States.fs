namespace Tikv.Simulator.Reports

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Invariants
open Tikv.Simulator.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// What a lane is about; in the order in which the page shows them.
[<RequireQualifiedAccess>]
type Section =
    | Operators
    | Members
    | Stores
    | Regions
    | Pods
    | Nodes

/// A lane of the timeline. Its fields are in the order in which lanes are sorted.
type Lane = {
    Section: Section
    /// What comes before the number in its name: `basic-tikv` of `basic-tikv-10`.
    Stem: string
    Index: int64
    Name: string
}

/// What a state means to a reader, as colour and pattern show it; the worst is last.
[<RequireQualifiedAccess>]
type Tone =
    | Good
    | Leads
    | Gone
    | Coming
    | Going
    | Weak
    | Bad

/// The state of one lane.
type Cell = {
    Tone: Tone
    /// A word or two.
    Words: string
    /// What else there is to say, or nothing.
    Detail: string
    /// Of a store: regions that it leads; of the regions: those that can lose no further store.
    Level: int
}

/// What the machines really have, as a lane each: never what anybody says of it.
[<RequireQualifiedAccess>]
module States =

    let private cell tone words detail = { Tone = tone; Words = words; Detail = detail; Level = 0 }

    let private lane section name =
        match Ground.groupAndIndex name with
        | Some(stem, index) -> { Section = section; Stem = stem; Index = int64 index; Name = name }
        | None -> { Section = section; Stem = name; Index = 0L; Name = name }

    /// Of something that is not there.
    let absent section =
        match section with
        | Section.Operators -> cell Tone.Gone "not started" ""
        | Section.Members -> cell Tone.Gone "no member" ""
        | Section.Stores -> cell Tone.Gone "not registered" ""
        | Section.Regions -> cell Tone.Gone "none" ""
        | Section.Pods -> cell Tone.Gone "no Pod" ""
        | Section.Nodes -> cell Tone.Gone "no machine" ""

    let private operators (run: Simulation) = [
        for operator in run.Operators.Values ->
            let state =
                match operator.Program with
                | ValueNone -> cell Tone.Bad "no process" ""
                | ValueSome _ when operator.PausedUntil > run.World.Now -> cell Tone.Weak "stands still" ""
                | ValueSome _ -> cell Tone.Good "runs" $"life %d{operator.Life + 1}"

            {
                Section = Section.Operators
                Stem = ""
                Index = int64 operator.Number
                Name = Simulation.place operator.Number
            },
            state
    ]

    let private members (world: World) = [
        for one in Truth.members world ->
            let (MemberId id) = one.Id
            let detail = $"member %d{id}"

            let state =
                if one.Leads then cell Tone.Leads "leads" detail
                elif one.Lives then cell Tone.Good "follows" detail
                elif one.Name = "" then cell Tone.Coming "added" detail
                else cell Tone.Bad "silent" detail

            let name = if one.Name = "" then $"member %d{id}" else one.Name
            let cluster = if one.Group = 1 then "" else $" of cluster %d{one.Group}"
            let lane = lane Section.Members name
            { lane with Name = lane.Name + cluster }, state
    ]

    let private storeState (world: World) (group: PdGroup) live (store: StoreRecord) =
        let cluster = group.Cluster
        let leaders = Regions.leaders store.Id cluster.Regions
        let peers = Regions.peers store.Id cluster.Regions
        let said = Stores.stateName world.Pd.Timings world.Now cluster store
        let runs = Set.contains store.Id live
        let process' = if runs then "" else ", its process does not run"
        let detail = $"leads %d{leaders}, holds %d{peers} peers; PD says %s{said}%s{process'}"

        let state =
            match store.NodeState with
            | NodeState.Removed -> cell Tone.Gone "Tombstone" detail
            | NodeState.Removing when not runs -> cell Tone.Bad "Removing, down" detail
            | NodeState.Removing -> cell Tone.Going "Removing" detail
            | NodeState.Preparing
            | NodeState.Serving when said <> "Up" -> cell Tone.Bad said detail
            | NodeState.Preparing
            | NodeState.Serving when not runs -> cell Tone.Bad "not running" detail
            | NodeState.Preparing
            | NodeState.Serving when Set.contains store.Id cluster.Evicting ->
                cell Tone.Going "evicting" detail
            | NodeState.Preparing -> cell Tone.Coming "Preparing" detail
            | NodeState.Serving -> cell Tone.Good "Serving" detail

        { state with Level = leaders }

    let private podName (address: string) =
        let pod = Ground.podAt address
        pod.Substring(pod.IndexOf '/' + 1)

    let private stores (world: World) = [
        for group in Ground.clusters world do
            let live = Leaders.liveStores world.Pd group

            for store in group.Cluster.Stores.Values ->
                let (StoreId id) = store.Id
                let pod = podName store.Address
                let cluster = if group.Id = 1 then "" else $" of cluster %d{group.Id}"

                // the Pod's name gives the order; of several stores of one Pod the oldest comes first
                let lane = lane Section.Stores pod

                {
                    lane with
                        Index = lane.Index * 1_000_000L + int64 id
                        Name = $"store %d{id} %s{pod}%s{cluster}"
                },
                storeState world group live store
    ]

    /// By how many further stores that fall silent some region would lose its majority.
    let private regions (world: World) = [
        for group in Ground.clusters world do
            let raft = Leaders.raft world.Pd group
            let living one = one.Voters |> List.filter raft.Lives |> List.length

            let lost, edge, all =
                ((0, 0, 0), group.Cluster.Regions)
                ||> Map.fold (fun (lost, edge, all) one count ->
                    if not (Regions.hasMajority raft one) then lost + count, edge, all + count
                    elif living one <= Ground.quorum one.Voters.Length then lost, edge + count, all + count
                    else lost, edge, all + count)

            if all > 0 then
                let detail =
                    $"of %d{all}: %d{lost} without a majority, %d{edge} that would lose it with one more store, %d{all - lost - edge} that would not"

                let state =
                    if lost > 0 then cell Tone.Bad $"%d{lost} unavailable" detail
                    elif edge > 0 then cell Tone.Weak $"%d{edge} without slack" detail
                    else cell Tone.Good "slack" detail

                let name = if group.Id = 1 then "slack" else $"slack of cluster %d{group.Id}"

                { Section = Section.Regions; Stem = ""; Index = int64 group.Id; Name = name },
                { state with Level = lost + edge }
    ]

    let private podState (world: World) (pod: Pod) =
        let run = Map.tryFind pod.Uid world.Runs
        let restarts = run |> Option.map _.Restarts |> Option.defaultValue 0
        let on = if pod.Node = "" then "on no node" else "on " + pod.Node
        let detail = $"%s{on}, %d{restarts} restarts"

        match run |> Option.map _.Life with
        | _ when pod.Deleting.IsSome -> cell Tone.Going "terminating" detail
        | _ when pod.Phase = "Failed" -> cell Tone.Bad "failed" detail
        | _ when pod.Phase = "Succeeded" -> cell Tone.Gone "succeeded" detail
        | _ when pod.Node = "" -> cell Tone.Coming "pending" detail
        | _ when pod.Ready -> cell Tone.Good "ready" detail
        | None -> cell Tone.Coming "scheduled" detail
        | Some(Life.Waiting(reason, _)) -> cell Tone.Weak "waiting" $"%s{reason}; %s{detail}"
        | Some(Life.Pulling _) -> cell Tone.Coming "pulling" detail
        | Some(Life.PullBackOff _) -> cell Tone.Bad "no image" detail
        | Some(Life.Starting _) -> cell Tone.Coming "starting" detail
        | Some(Life.Running _) -> cell Tone.Weak "not ready" detail
        | Some(Life.BackingOff _) -> cell Tone.Bad "back-off" detail
        | Some(Life.Stopping _) -> cell Tone.Going "stopping" detail
        | Some Life.Ended -> cell Tone.Bad "ended" detail

    let private pods (world: World) = [
        for KeyValue(key, pod) in world.Pods ->
            let lane = lane Section.Pods pod.Name
            (if pod.Namespace = Target.space then lane else { lane with Name = key }), podState world pod
    ]

    let private nodes (world: World) = [
        for KeyValue(name, machine) in world.Machines ->
            let state =
                match Map.tryFind name world.Nodes with
                | _ when machine.Lost -> cell Tone.Bad "lost" ""
                | _ when not machine.Up -> cell Tone.Bad "no power" ""
                | _ when not machine.Connected -> cell Tone.Weak "cut off" ""
                | _ when not machine.Kubelet -> cell Tone.Weak "no kubelet" ""
                | None -> cell Tone.Gone "no Node" ""
                | Some _ when Set.contains name world.Troubles.Drains -> cell Tone.Going "draining" ""
                | Some node when node.Unschedulable -> cell Tone.Going "cordoned" ""
                | Some node when not node.Ready -> cell Tone.Weak "not ready" ""
                | Some _ -> cell Tone.Good "ready" ""

            lane Section.Nodes name, state
    ]

    let all (run: Simulation) : (Lane * Cell) list =
        operators run
        @ members run.World
        @ stores run.World
        @ regions run.World
        @ pods run.World
        @ nodes run.World
