module Tikv.Core.Tests.Operator.ReflectorTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words

let private request number = RequestId number
let private at (seconds: float) = Instant(int64 (seconds * 1000.0))
let private version text = ResourceVersion text

let private pod name =
    json $$$"""{"metadata":{"name":"{{{name}}}","namespace":"default","resourceVersion":"9"}}"""

let private page items next : Outcome<ListPage> =
    Done { Items = items; ResourceVersion = version "7"; Continue = next }

let private refused code : ApiError = {
    Code = code
    Reason = ""
    Message = "no"
    Causes = []
    RetryAfter = None
}

let private listing = Reflector.start (request 1L) Kind.Pod None |> fst

/// It watches from version 7 on, since 0 s, by request 2.
let private watching =
    let reflector, _, _ = Reflector.listed (at 0.0) (request 2L) (request 1L) (page [] None) listing
    reflector

let private from (effects: Effect list) =
    effects
    |> List.map (fun effect ->
        match effect with
        | Effect.Watch(_, _, _, ResourceVersion version, _) -> $"watch from %s{version}"
        | Effect.List(_, _, _, None, None) -> "list"
        | Effect.List(_, _, _, None, Some token) -> $"list on %s{token}"
        | Effect.CloseWatch _ -> "close"
        | other -> $"%A{other}")

let private pauses (reflector: Reflector) =
    match reflector.Phase with
    | ReflectorPhase.Pausing(Instant until, from) -> Some(until, from)
    | ReflectorPhase.Listing _
    | ReflectorPhase.Watching _ -> None

[<Test>]
let ``a list is read page by page, and is told as a whole`` () =
    let reflector, effects, learnt =
        Reflector.listed (at 0.0) (request 2L) (request 1L) (page [ pod "a" ] (Some "t")) listing

    (from effects, learnt, reflector.Synced)
    |> shouldBe ([ "list on t" ], [], false)

    let reflector, effects, learnt =
        Reflector.listed (at 0.0) (request 3L) (request 2L) (page [ pod "b" ] None) reflector

    (from effects, learnt, reflector.Synced)
    |> shouldBe ([ "watch from 7" ], [ Learnt.Everything(ResourceVersion "7", [ pod "a"; pod "b" ]) ], true)

[<Test>]
let ``a list that fails is begun again from its first page, after a pause`` () =
    let paging, _, _ =
        Reflector.listed (at 0.0) (request 2L) (request 1L) (page [ pod "a" ] (Some "t")) listing

    for outcome in [ Refused(refused 410); Refused(refused 500); Unknown "broken" ] do
        let reflector, effects, learnt = Reflector.listed (at 1.0) (request 3L) (request 2L) outcome paging
        (effects, learnt, pauses reflector) |> shouldBe ([], [], Some(1800L, None))
        let _, effects = Reflector.wake (at 1.8) (request 4L) reflector
        from effects |> shouldBe [ "list" ]

[<Test>]
let ``pauses grow from 0.8 s to 30 s`` () =
    let rec fail times (reflector: Reflector) =
        if times = 0 then
            []
        else
            let failed, _, _ =
                Reflector.listed (at 0.0) (request 9L) (request 1L) (Unknown "broken") reflector

            (pauses failed |> Option.map fst)
            :: fail (times - 1) { failed with Phase = ReflectorPhase.Listing(request 1L, []) }

    fail 8 listing
    |> shouldBe ([ 800L; 1600L; 3200L; 6400L; 12800L; 25600L; 30000L; 30000L ] |> List.map Some)

[<Test>]
let ``the answer to another request changes nothing`` () =
    let reflector, effects, learnt =
        Reflector.listed (at 0.0) (request 3L) (request 99L) (page [ pod "a" ] None) listing

    (reflector, effects, learnt) |> shouldBe (listing, [], [])

    Reflector.watched (at 0.0) (request 99L) (Added(pod "a")) watching
    |> shouldBe (watching, [], [])

[<Test>]
let ``objects and bookmarks move the position of a watch`` () =
    let move event = Reflector.watched (at 5.0) (request 2L) event watching
    let _, _, learnt = move (Added(pod "a"))
    learnt |> shouldBe [ Learnt.Present(pod "a") ]
    let _, _, learnt = move (Deleted(pod "a"))
    learnt |> shouldBe [ Learnt.Gone(pod "a") ]

    for event, position in
        [ Added(pod "a"), "9"; Modified(pod "a"), "9"; Deleted(pod "a"), "9"; Bookmark(version "12"), "12" ] do
        let reflector, _, _ = move event
        let _, effects = Reflector.watchEnded (at 9.0) (request 3L) (request 2L) WatchEnd.Closed reflector
        from effects |> shouldBe [ $"watch from %s{position}" ]

[<Test>]
let ``history that is lost is listed anew, whether the watch is refused or told so`` () =
    let _, effects =
        Reflector.watchEnded (at 0.1) (request 3L) (request 2L) (WatchEnd.Refused(refused 410)) watching

    from effects |> shouldBe [ "list" ]

    let reflector, effects, learnt = Reflector.watched (at 9.0) (request 2L) (Failed(refused 410)) watching

    (from effects, learnt, pauses reflector)
    |> shouldBe ([ "close" ], [], Some(9800L, None))

[<Test>]
let ``another error in the stream goes on from where it was`` () =
    let reflector, effects, _ = Reflector.watched (at 9.0) (request 2L) (Failed(refused 500)) watching

    (from effects, pauses reflector)
    |> shouldBe ([ "close" ], Some(9800L, Some(version "7")))

    let _, effects = Reflector.wake (at 9.8) (request 3L) reflector
    from effects |> shouldBe [ "watch from 7" ]

[<Test>]
let ``a watch that ends in the ordinary way goes on at once`` () =
    let _, effects = Reflector.watchEnded (at 1.0) (request 3L) (request 2L) WatchEnd.Closed watching
    from effects |> shouldBe [ "watch from 7" ]

[<Test>]
let ``a watch that ends too soon, breaks or is refused pauses first`` () =
    let ended seconds ending = Reflector.watchEnded (at seconds) (request 3L) (request 2L) ending watching

    for seconds, ending in
        [
            0.9, WatchEnd.Closed
            60.0, WatchEnd.Broken "reset"
            60.0, WatchEnd.Refused(refused 429)
            60.0, WatchEnd.Refused(refused 403)
        ] do
        let reflector, effects = ended seconds ending
        let (Instant now) = at seconds

        (effects, pauses reflector)
        |> shouldBe ([], Some(now + 800L, Some(version "7")))

[<Test>]
let ``a reflector is woken when its pause is over, and not before`` () =
    let reflector, _ = Reflector.watchEnded (at 0.5) (request 3L) (request 2L) WatchEnd.Closed watching

    Reflector.wakeAt reflector |> shouldBe (ValueSome(at 1.3))
    Reflector.wake (at 1.2) (request 4L) reflector |> shouldBe (reflector, [])

[<Test>]
let ``watches are spread between 5 and 10 minutes`` () =
    let timeouts =
        [ 1L .. 500L ]
        |> List.collect (fun number ->
            let _, effects, _ =
                Reflector.listed (at 0.0) (request number) (request 1L) (page [] None) listing

            effects)
        |> List.choose (fun effect ->
            match effect with
            | Effect.Watch(_, _, _, _, timeout) -> Some timeout
            | _ -> None)

    Assert.That(timeouts |> List.min, Is.GreaterThanOrEqualTo(TimeSpan.FromMinutes 5L))
    Assert.That(timeouts |> List.max, Is.LessThan(TimeSpan.FromMinutes 10L))
    Assert.That(timeouts |> List.distinct |> List.length, Is.GreaterThan 250)
