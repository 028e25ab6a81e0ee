/// What is sent to PD: once, and on facts newer than the last answer.
module Tikv.Core.Tests.Operator.PdWriteTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Operator.Scripted

let private restartAll world =
    world
    |> edit Kind.TiKVGroup "basic-tikv" "spec.template.spec.config" "\"log.level = 'warn'\""

let private eviction effect =
    match effect with
    | Effect.CallPd(_, _, (PdCall.EvictLeaders store as call))
    | Effect.CallPd(_, _, (PdCall.StopEvictingLeaders store as call)) -> Some(store, call)
    | _ -> None

let private isRequest effect =
    match eviction effect with
    | Some(_, PdCall.EvictLeaders _) -> true
    | _ -> false

/// What became of the first request to move leaders away.
let private firstRequest fate =
    fun (world: World) effect ->
        let before = world.Sent |> List.filter (snd >> isRequest) |> List.length
        if isRequest effect && before = 1 then fate else Fate.Ordinary

let private marks world =
    world.Objects
    |> Map.toList
    |> List.choose (fun (_, json) -> Json.tryPath [ "status"; "evicting" ] json)

[<Test>]
let ``PD is asked once to move the leaders of each store away, and once to let them come back`` () =
    let calls =
        scripted (fun _ _ -> Fate.Ordinary)
        |> restartAll
        |> until 600.0
        |> sent
        |> List.choose eviction

    calls
    |> shouldBe (
        calls
        |> List.map fst
        |> List.distinct
        |> List.collect (fun store -> [
            store, PdCall.EvictLeaders store
            store, PdCall.StopEvictingLeaders store
        ])
    )

    calls.Length |> shouldBe 6

[<Test>]
let ``after a change of PD its object is looked at on facts that are newer`` () =
    // PD's answers to the questions that follow the first request are held back.
    let world =
        scripted (fun world effect ->
            match effect with
            | Effect.CallPd(_, _, PdCall.GetEvictLeaders) when world.Sent |> List.exists (snd >> isRequest) ->
                Fate.Held
            | _ -> Fate.Ordinary)
        |> restartAll
        |> until 69.0

    world |> sent |> List.filter isRequest |> List.length |> shouldBe 1
    world.Held.IsEmpty |> shouldBe false

    let store = world |> sent |> List.pick eviction |> fst
    let after = world |> release |> until 600.0
    after.Evicting |> shouldBe Set.empty

    sent after
    |> List.filter (eviction >> Option.exists (fun (one, _) -> one = store))
    |> List.length
    |> shouldBe 2

[<Test>]
let ``what builds up waits no longer than ten seconds for PD to answer after a change`` () =
    let world =
        scripted (fun world effect ->
            match effect with
            | Effect.CallPd _ when not (isRequest effect) && world.Sent |> List.exists (snd >> isRequest) ->
                Fate.Held
            | _ -> Fate.Ordinary)
        |> restartAll
        |> until 69.0
        |> deletePod "basic-tikv-2"

    names Kind.Pod (world |> until 72.0)
    |> List.contains "basic-tikv-2"
    |> shouldBe true

[<Test>]
let ``a request to move leaders away whose answer is lost leaves nothing behind`` () =
    for fate in [ Fate.AnswerLost; Fate.RequestLost ] do
        let world = scripted (firstRequest fate) |> restartAll |> until 900.0
        world.Evicting |> shouldBe Set.empty
        marks world |> shouldBe []

[<Test>]
let ``a request to move leaders away that is carried out long after it was given up is taken back`` () =
    let world = scripted (firstRequest Fate.RequestLost) |> restartAll |> until 155.0
    let store = world |> sent |> List.pick eviction |> fst
    Set.contains store world.Evicting |> shouldBe false

    let late = { world with Evicting = Set.add store world.Evicting } |> until 900.0
    late.Evicting |> shouldBe Set.empty
    marks late |> shouldBe []

[<Test>]
let ``an entry that an administrator makes once ours has ended stays`` () =
    let world = scripted (fun _ _ -> Fate.Ordinary) |> restartAll |> until 600.0
    let store = world |> sent |> List.pick eviction |> fst
    let foreign = { world with Evicting = Set.add store world.Evicting } |> until 900.0
    foreign.Evicting |> shouldBe (Set [ store ])
