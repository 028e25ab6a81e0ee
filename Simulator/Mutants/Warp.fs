namespace Tikv.Simulator.Mutants

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Run

/// What is known around a faulty operator: its open requests, and what its fault keeps in mind.
type Memory = {
    Now: Instant
    Calls: Map<RequestId, PdCall>
    Kinds: Map<RequestId, Kind>
    /// Writes that were kept back, and asked about with a read instead.
    KeptBack: Set<RequestId>
    /// Requests that the operator knows nothing of.
    Added: Set<RequestId>
    /// Names given to added requests so far.
    Count: int64
    /// The last good answer of PD to each question; see `Warp.question`.
    Answers: Map<string, PdReply>
    /// What is told again, and since when.
    Kept: Map<string, Instant * PdReply>
    /// Objects of Kubernetes as they were last heard of, by kind and name.
    Objects: Map<struct (Kind * string), Json>
}

/// A fault: what it makes of each thing that the operator hears (none: it is not heard), and of each thing that it does.
type Warp = {
    Hear: Memory -> Happening -> struct (Memory * Happening option)
    Do: Memory -> Effect -> struct (Memory * Effect list)
}

[<RequireQualifiedAccess>]
module Memory =
    let empty: Memory = {
        Now = Instant 0L
        Calls = Map.empty
        Kinds = Map.empty
        KeptBack = Set.empty
        Added = Set.empty
        Count = 0L
        Answers = Map.empty
        Kept = Map.empty
        Objects = Map.empty
    }

    let object kind name (memory: Memory) = Map.tryFind (struct (kind, name)) memory.Objects

    /// A name for a request whose answer the operator does not hear.
    let added (memory: Memory) : struct (Memory * RequestId) =
        let request = RequestId(-1L - memory.Count)

        struct ({ memory with Count = memory.Count + 1L; Added = Set.add request memory.Added }, request)

[<RequireQualifiedAccess>]
module Warp =

    let none: Warp = {
        Hear = fun memory happening -> struct (memory, Some happening)
        Do = fun memory effect -> struct (memory, [ effect ])
    }

    /// One fault after another.
    let both (first: Warp) (second: Warp) : Warp = {
        Hear =
            fun memory happening ->
                match first.Hear memory happening with
                | struct (memory, Some happening) -> second.Hear memory happening
                | struct (memory, None) -> struct (memory, None)
        Do =
            fun memory effect ->
                let struct (memory, effects) = first.Do memory effect

                (struct (memory, []), effects)
                ||> List.fold (fun (struct (memory, done')) effect ->
                    let struct (memory, more) = second.Do memory effect
                    struct (memory, done' @ more))
    }

    /// A question to PD in a word, such as `stores`; none for a call that changes something.
    let question (call: PdCall) : string option =
        match call with
        | PdCall.GetCluster -> Some "cluster"
        | PdCall.GetMembers -> Some "members"
        | PdCall.GetHealth -> Some "health"
        | PdCall.GetStores -> Some "stores"
        | PdCall.GetReplicationConfig -> Some "replication"
        | PdCall.GetEvictLeaders -> Some "evictions"
        | PdCall.GetRegionCount -> Some "regions"
        | _ -> None

    /// A good answer of PD to a question: the request, the question, the reply.
    let private answer happening (memory: Memory) =
        match happening with
        | PdAnswered(request, Done reply) when reply.Status = 200 ->
            Map.tryFind request memory.Calls
            |> Option.bind question
            |> Option.map (fun about -> request, about, reply)
        | _ -> None

    let private noted kind object (memory: Memory) =
        match kind, Json.stringAt [ "metadata"; "name" ] object with
        | Some kind, Some name -> {
            memory with
                Objects = Map.add (struct (kind, name)) object memory.Objects
          }
        | _ -> memory

    /// What a happening says of objects and of PD.
    let private heard happening (memory: Memory) =
        match happening with
        | Listed(request, Done page) ->
            (memory, page.Items)
            ||> List.fold (fun memory item -> noted (Map.tryFind request memory.Kinds) item memory)
        | Watched(request, (Added object | Modified object)) ->
            noted (Map.tryFind request memory.Kinds) object memory
        | _ ->
            match answer happening memory with
            | Some(_, about, reply) -> { memory with Answers = Map.add about reply memory.Answers }
            | None -> memory

    let private asked effect (memory: Memory) =
        match effect with
        | List(request, kind, _, _, _)
        | Watch(request, kind, _, _, _) -> { memory with Kinds = Map.add request kind memory.Kinds }
        | Read(request, object) -> { memory with Kinds = Map.add request object.Kind memory.Kinds }
        | Write(request, write) -> {
            memory with
                Kinds = Map.add request (Write.object write).Kind memory.Kinds
          }
        | CallPd(request, _, call) -> { memory with Calls = Map.add request call memory.Calls }
        | CloseWatch _
        | WakeAt _
        | Log _
        | Exit _ -> memory

    let private requestOf happening =
        match happening with
        | Listed(request, _)
        | Watched(request, _)
        | WatchEnded(request, _)
        | HasRead(request, _)
        | Wrote(request, _)
        | PdAnswered(request, _) -> Some request
        | Started
        | Woke
        | StopRequested -> None

    /// The answer to a write that was kept back.
    let private asWritten happening (memory: Memory) =
        match happening with
        | HasRead(request, outcome) when Set.contains request memory.KeptBack ->
            let answer =
                match outcome with
                | Done object -> object
                | Refused _
                | Unknown _ -> Json.empty

            Wrote(request, Done answer)
        | happening -> happening

    let rec private around (warp: Warp) (memory: Memory) (program: Program) : Program = {
        new Program() with
            member _.Step input =
                let memory = { memory with Now = input.At }

                match requestOf input.Happening with
                | Some request when Set.contains request memory.Added ->
                    struct (around warp memory program, [])
                | _ ->
                    let happening = asWritten input.Happening memory

                    match warp.Hear memory happening with
                    | struct (memory, None) -> struct (around warp (heard happening memory) program, [])
                    | struct (memory, Some told) ->
                        let memory = heard happening memory
                        let struct (program, effects) = program.Step { input with Happening = told }

                        let struct (memory, effects) =
                            (struct (memory, []), effects)
                            ||> List.fold (fun (struct (memory, before)) effect ->
                                let struct (memory, instead) = warp.Do (asked effect memory) effect
                                struct (memory, before @ instead))

                        struct (around warp memory program, effects)

            member _.Believes = program.Believes

            // the rest is what was heard last, as in the operator's own memory
            member _.Remembers = memory.Kept |> Map.map (fun _ (since, _) -> since) |> box
    }

    /// An operator with this fault from its start on.
    let on (warp: Warp) (program: Program) : Program = around warp Memory.empty program

    // ---- what it hears

    let hearing (change: Memory -> Happening -> Happening option) : Warp = {
        none with
            Hear = fun memory happening -> struct (memory, change memory happening)
    }

    /// Objects of a kind look otherwise, wherever they are heard of.
    let seeing (kind: Kind) (change: Memory -> Json -> Json) : Warp =
        hearing (fun memory happening ->
            let change = change memory
            // The items of a list do not say of what kind they are.
            let isOf request = Map.tryFind request memory.Kinds = Some kind

            match happening with
            | Listed(request, Done page) when isOf request ->
                Some(Listed(request, Done { page with Items = page.Items |> List.map change }))
            | Watched(request, Added object) when isOf request ->
                Some(Watched(request, Added(change object)))
            | Watched(request, Modified object) when isOf request ->
                Some(Watched(request, Modified(change object)))
            | HasRead(request, Done object) when isOf request -> Some(HasRead(request, Done(change object)))
            | Wrote(request, Done object) when isOf request -> Some(Wrote(request, Done(change object)))
            | happening -> Some happening)

    /// No word of what `unheard` names.
    let deaf (unheard: Memory -> Happening -> bool) : Warp =
        hearing (fun memory happening -> if unheard memory happening then None else Some happening)

    /// No word of objects of a kind, of the sort that `unheard` names.
    let deafTo (kind: Kind) (unheard: WatchEvent -> bool) : Warp =
        deaf (fun memory happening ->
            match happening with
            | Watched(request, event) -> Map.tryFind request memory.Kinds = Some kind && unheard event
            | _ -> false)

    /// PD's answer to a question is kept, and told again for so many milliseconds.
    let keeping (about: string) (milliseconds: int64) : Warp = {
        none with
            Hear =
                fun memory happening ->
                    match answer happening memory with
                    | Some(request, asked, reply) when asked = about ->
                        match Map.tryFind about memory.Kept, memory.Now with
                        | Some(Instant at, kept), Instant now when now - at < milliseconds ->
                            struct (memory, Some(PdAnswered(request, Done kept)))
                        | _ ->
                            let kept = Map.add about (memory.Now, reply) memory.Kept
                            struct ({ memory with Kept = kept }, Some happening)
                    | _ -> struct (memory, Some happening)
    }

    /// PD's answers to a question read otherwise.
    let hearingPd (about: string) (change: Memory -> PdReply -> PdReply) : Warp =
        hearing (fun memory happening ->
            match answer happening memory with
            | Some(request, asked, reply) when asked = about ->
                Some(PdAnswered(request, Done(change memory reply)))
            | _ -> Some happening)

    // ---- what it does

    let doing (change: Memory -> Effect -> struct (Memory * Effect list)) : Warp = { none with Do = change }

    /// Other writes instead of one: with none, nothing is written, and the operator believes that it was; the first bears
    /// the operator's own request.
    let writing (change: Memory -> Write -> Write list) : Warp =
        doing (fun memory effect ->
            match effect with
            | Write(request, write) ->
                match change memory write with
                | [] ->
                    let memory = { memory with KeptBack = Set.add request memory.KeptBack }
                    struct (memory, [ Read(request, Write.object write) ])
                | first :: others ->
                    (struct (memory, [ Write(request, first) ]), others)
                    ||> List.fold (fun (struct (memory, before)) write ->
                        let struct (memory, request) = Memory.added memory
                        struct (memory, before @ [ Write(request, write) ]))
            | effect -> struct (memory, [ effect ]))

    /// Other calls to PD instead of one; with none, PD is asked for its members, and the operator takes that for success.
    let calling (change: Memory -> PdCall -> PdCall list) : Warp =
        doing (fun memory effect ->
            match effect with
            | CallPd(request, endpoints, call) ->
                match change memory call with
                | [] -> struct (memory, [ CallPd(request, endpoints, PdCall.GetMembers) ])
                | first :: others ->
                    (struct (memory, [ CallPd(request, endpoints, first) ]), others)
                    ||> List.fold (fun (struct (memory, before)) call ->
                        let struct (memory, request) = Memory.added memory
                        struct (memory, before @ [ CallPd(request, endpoints, call) ]))
            | effect -> struct (memory, [ effect ]))
