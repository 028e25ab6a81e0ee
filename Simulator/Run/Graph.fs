namespace Tikv.Simulator.Run

open System.Collections.Generic
open System.Threading
open System.Threading.Tasks

/// What is searched for misfortunes that come one after another.
type GraphSearch = {
    /// How many misfortunes may befall one run.
    Faults: int
    /// A run that comes to a state that was met before, with as many misfortunes left, is not gone on with.
    Merges: bool
    /// How many runs go on beside one another; below one: as many as there are processors. What is found is the same.
    Threads: int
}

/// What a search with so many misfortunes in a run came to.
type Level = {
    Runs: int
    /// Of the runs: those that came to a state that had been met.
    Merged: int
    /// All that were met by then.
    States: int
}

type Searched = {
    /// By the number of misfortunes, from one.
    Levels: Level list
    /// The runs with a problem.
    Found: Exploration list
    /// Of memory, for the states.
    Bytes: int64
}

/// Every several misfortunes at every points of a run (verification E5.2 and E5.3): the states right after each call that
/// changes something are the nodes, and what may befall that call leads from one to others. All states after one misfortune
/// come before those after two: whoever comes to a state again has no more left than who was there first.
[<RequireQualifiedAccess>]
module Graph =

    /// A state that is gone on from: right before calls of these numbers.
    [<Struct>]
    type private Choice = { State: Fingerprint; Calls: int list }

    /// A run, and the states from which it may be left.
    type private Node = { Variation: Variation; Choices: Choice list }

    /// What became of one run.
    type private Ran = {
        Problem: Exploration option
        IsMerged: bool
        /// Without the states that lead to it: those are found again by running it once more.
        Node: Node
    }

    [<Struct>]
    type private Seen = { Choices: Choice list; IsMet: bool }

    let private calls (run: Simulation) =
        match Map.tryFind 0 run.Operators with
        | Some operator -> operator.Writes
        | None -> 0

    /// Goes on with a run until its end, or until it comes to a state that was met.
    let private go (isMet: (Simulation -> struct (bool * Fingerprint))) (from: Simulation) =
        let watch before after (seen: Seen) =
            match [ calls before + 1 .. calls after ] with
            | [] -> seen
            | numbers ->
                match isMet after with
                | struct (true, _) -> { seen with IsMet = true }
                | struct (false, state) -> {
                    seen with
                        Choices = { State = state; Calls = numbers } :: seen.Choices
                  }

        let result, seen =
            Run.watchedUntil from watch (fun seen -> seen.IsMet) { Choices = []; IsMet = false }

        result, List.rev seen.Choices

    /// How many nodes are gone on from before what was found is put together: never of the number of threads, so that the same
    /// is found by any.
    let private batch = 16

    let private prints = new ThreadLocal<Fingerprints>(fun () -> Fingerprints())

    let private thisThreads () : Fingerprints = prints.Value |> Unchecked.nonNull

    /// The runs of one batch of nodes; what one node finds is known to its own later runs at once, and to others afterwards.
    let private runAll
        (search: GraphSearch)
        (twin: Twin)
        (states: StateTable)
        (variations: Variation list)
        : Ran list =
        let prints = thisThreads ()
        let own = HashSet<struct (uint64 * uint64)>()

        let isMet (run: Simulation) =
            if search.Merges then
                let state = prints.Of run
                let isMet = states.Contains state || not (own.Add(struct (state.Low, state.High)))
                struct (isMet, state)
            else
                struct (false, { Low = 0UL; High = 0UL })

        variations
        |> List.map (fun variation ->
            let result, choices = go isMet variation.From

            // what a run began with is kept by who has a problem only
            let bare = { variation with From = twin.Start }

            match result with
            | ValueNone -> {
                Problem = None
                IsMerged = true
                Node = { Variation = bare; Choices = choices }
              }
            | ValueSome result ->
                let explored = Explore.compared twin variation result

                {
                    Problem = if explored.Problem.IsSome then Some explored else None
                    IsMerged = false
                    Node = {
                        Variation = bare
                        // more misfortunes teach nothing of a run that is broken
                        Choices = if explored.Problem.IsSome then [] else choices
                    }
                })

    /// The states before the calls that a node is left at: it is run once more, as far as that.
    let private before (twin: Twin) (node: Node) : (int * Simulation) list =
        let wanted = node.Choices |> List.collect _.Calls |> Set.ofList

        match node.Variation.Faults with
        | [] ->
            wanted
            |> Set.toList
            |> List.map (fun number -> number, twin.BeforeWrite[number])
        | first :: _ as faults ->
            let start =
                match first.When with
                | Trigger.AtWrite(_, number) -> twin.BeforeWrite[number]
                | _ -> twin.Start

            let last = Set.maxElement wanted

            let watch before after found =
                (found, [ calls before + 1 .. calls after ])
                ||> List.fold (fun found number ->
                    if Set.contains number wanted then (number, before) :: found else found)

            let isOver found =
                match found with
                | (number, _) :: _ -> number >= last
                | [] -> false

            Run.watchedUntil { start with Faults = faults @ start.Faults } watch isOver []
            |> snd
            |> List.rev

    let private next (twin: Twin) (node: Node) : Variation list =
        before twin node
        |> List.collect (fun (number, before) -> Variations.then' node.Variation number before)

    /// Keeps the states that nobody has met; from the first on that somebody has, the run is another's.
    let private keep (search: GraphSearch) (states: StateTable) (ran: Ran) : Ran =
        if not search.Merges then
            ran
        else
            let isNew choice = states.Add choice.State
            let kept = ran.Node.Choices |> List.takeWhile isNew
            { ran with Node = { ran.Node with Choices = kept } }

    /// The misfortunes that come first, and then every further one at each later call. `progress` is told how many
    /// misfortunes a run has by now, and how many nodes of how many are done.
    let search
        (progress: int -> int -> int -> unit)
        (search: GraphSearch)
        (twin: Twin)
        (firsts: Variation list)
        : Searched =
        let states = StateTable()
        let prints = thisThreads ()

        for before in twin.BeforeWrite.Values do
            states.Add(prints.Of(Engine.step before)) |> ignore

        let explore faults total (jobs: (unit -> Variation list) list) =
            let finished = ref 0

            jobs
            |> List.chunkBySize batch
            |> List.collect (fun jobs ->
                let jobs = Array.ofList jobs
                let ran = Array.create jobs.Length []

                let run index =
                    ran[index] <- jobs[index]() |> runAll search twin states
                    progress faults (Interlocked.Increment finished) total

                let threads = if search.Threads < 1 then -1 else search.Threads

                Parallel.For(0, jobs.Length, ParallelOptions(MaxDegreeOfParallelism = threads), run)
                |> ignore

                ran |> List.ofArray |> List.concat |> List.map (keep search states))

        let rec deeper faults (jobs: (unit -> Variation list) list) found levels =
            let ran = explore faults (List.length jobs) jobs

            let level = {
                Runs = ran.Length
                Merged = ran |> List.filter _.IsMerged |> List.length
                States = states.Count
            }

            let levels = level :: levels
            let found = found @ (ran |> List.choose _.Problem)

            let further =
                ran
                |> List.filter (fun one -> not one.Node.Choices.IsEmpty)
                |> List.map (fun one () -> next twin one.Node)

            if faults = search.Faults || further.IsEmpty then
                { Levels = List.rev levels; Found = found; Bytes = states.Bytes }
            else
                deeper (faults + 1) further found levels

        deeper 1 (firsts |> List.chunkBySize 8 |> List.map (fun firsts () -> firsts)) [] []
