module Tikv.Core.Tests.Operator.QueueTests

open System
open NUnit.Framework
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words

let private at milliseconds = Instant milliseconds
let private work name = Work.Reconcile { Kind = Kind.PD; Namespace = "default"; Name = name }
let private a, b = work "a", work "b"

/// All that is handed out until then, in order; each is finished at once.
let rec private drain now queue =
    match Queue.take now queue with
    | None -> []
    | Some(work, queue) -> work :: drain now (Queue.finished work queue)

[<Test>]
let ``work asked for twice is handed out once`` () =
    Queue.empty
    |> Queue.add (at 1L) a
    |> Queue.add (at 2L) a
    |> drain (at 9L)
    |> shouldBe [ a ]

[<Test>]
let ``the earliest time that was asked for wins`` () =
    let queue =
        Queue.empty
        |> Queue.add (at 50L) a
        |> Queue.add (at 10L) a
        |> Queue.add (at 70L) a

    Queue.wakeAt queue |> shouldBe (ValueSome(at 10L))
    drain (at 9L) queue |> shouldBe []
    drain (at 10L) queue |> shouldBe [ a ]

[<Test>]
let ``work is handed out in the order of its time, then of its arrival`` () =
    Queue.empty
    |> Queue.add (at 5L) b
    |> Queue.add (at 5L) a
    |> Queue.add (at 1L) (work "c")
    |> drain (at 5L)
    |> shouldBe [ work "c"; b; a ]

let private taken queue =
    match Queue.take (at 100_000L) queue with
    | Some(_, queue) -> queue
    | None -> failwith "nothing was due"

[<Test>]
let ``work in hand is not handed out again before it is finished`` () =
    let inHand =
        Queue.empty
        |> Queue.add (at 1L) a
        |> taken
        |> Queue.add (at 5L) a
        |> Queue.add (at 3L) a

    Queue.take (at 9L) inHand |> shouldBe None
    Queue.wakeAt inHand |> shouldBe ValueNone
    let finished = Queue.finished a inHand
    Queue.wakeAt finished |> shouldBe (ValueSome(at 3L))
    drain (at 9L) finished |> shouldBe [ a ]

[<Test>]
let ``work that is finished and was not asked for again is done`` () =
    Queue.empty
    |> Queue.add (at 1L) a
    |> taken
    |> Queue.finished a
    |> drain (at 9L)
    |> shouldBe []

[<Test>]
let ``failures in a row back off from 0.1 s, doubling, to 60 s, until one succeeds`` () =
    let due queue =
        match Queue.wakeAt queue with
        | ValueSome(Instant at) -> at
        | ValueNone -> -1L

    let rec fail times queue =
        if times = 0 then
            []
        else
            let queue = queue |> taken |> Queue.putOff (at 9L) a |> Queue.finished a
            (due queue - 9L) :: fail (times - 1) (Queue.add (at 1L) a queue)

    let start = Queue.empty |> Queue.add (at 1L) a

    fail 5 start |> shouldBe [ 100L; 200L; 400L; 800L; 1600L ]

    let recovered =
        start
        |> taken
        |> Queue.putOff (at 9L) a
        |> Queue.finished a
        |> Queue.succeeded a
        |> Queue.add (at 1L) a

    fail 1 recovered |> shouldBe [ 100L ]

[<Test>]
let ``what happens meanwhile cuts a back-off to five seconds at the least, and a shorter one not at all`` () =
    let putOffTimes times =
        (Queue.add (at 1L) a Queue.empty, [ 1..times ])
        ||> List.fold (fun queue _ -> queue |> taken |> Queue.finished a |> Queue.putOff (at 9L) a)

    let due queue = Queue.wakeAt queue

    due (putOffTimes 8) |> shouldBe (ValueSome(at 12_809L))
    putOffTimes 8 |> Queue.add (at 10L) a |> due |> shouldBe (ValueSome(at 5_009L))
    putOffTimes 3 |> Queue.add (at 10L) a |> due |> shouldBe (ValueSome(at 409L))

    putOffTimes 8
    |> Queue.succeeded a
    |> Queue.add (at 10L) a
    |> due
    |> shouldBe (ValueSome(at 10L))

[<Test>]
let ``what happened while work was in hand does not cut its back-off either`` () =
    Queue.empty
    |> Queue.add (at 1L) a
    |> taken
    |> Queue.add (at 5L) a
    |> Queue.finished a
    |> Queue.putOff (at 9L) a
    |> Queue.wakeAt
    |> shouldBe (ValueSome(at 109L))

[<Property>]
let ``a back-off is never below 0.1 s nor above 60 s`` (failures: byte) =
    let span = Queue.backOff (int failures)
    span >= TimeSpan.FromMilliseconds 100L && span <= TimeSpan.FromSeconds 60L

[<Property>]
let ``all that was asked for is handed out, once each and in order`` (asked: (byte * byte) list) =
    let queue =
        asked
        |> List.fold
            (fun queue (name, time) -> Queue.add (at (int64 time)) (work (string name)) queue)
            Queue.empty

    let earliest =
        asked
        |> List.groupBy fst
        |> List.map (fun (name, times) -> work (string name), times |> List.map snd |> List.min)
        |> Map.ofList

    let out = drain (at 1_000L) queue
    let times = out |> List.map (fun work -> earliest[work])

    Set.ofList out = Set.ofSeq earliest.Keys
    && out.Length = earliest.Count
    && times = List.sort times
