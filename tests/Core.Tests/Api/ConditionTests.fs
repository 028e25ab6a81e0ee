module Tikv.Core.Tests.Api.ConditionTests

open System
open NUnit.Framework
open Tikv.Core.Api
open Tikv.Core.Tests.Words

let private at (minute: int) = DateTimeOffset(2026, 1, 2, 3, minute, 5, 678, TimeSpan.FromHours 1.0)

let private first =
    []
    |> Condition.set (at 1) 1L ConditionType.Ready ConditionStatus.False ConditionReason.PodNotReady "no"
    |> Condition.set (at 1) 1L ConditionType.Synced ConditionStatus.True ConditionReason.AllUpToDate "yes"

[<Test>]
let ``the time of a transition is in whole seconds of UTC`` () =
    first
    |> List.map _.LastTransitionTime
    |> shouldBe [ "2026-01-02T02:01:05Z"; "2026-01-02T02:01:05Z" ]

[<Test>]
let ``a condition that keeps its status keeps the time of its transition`` () =
    let next =
        first
        |> Condition.set
            (at 9)
            2L
            ConditionType.Ready
            ConditionStatus.False
            ConditionReason.PodPending
            "still no"

    next[0]
    |> shouldBe { first[0] with ObservedGeneration = 2L; Reason = "PodPending"; Message = "still no" }

[<Test>]
let ``a time of transition that is still to come is taken for now`` () =
    let ahead =
        []
        |> Condition.set (at 49) 1L ConditionType.Ready ConditionStatus.True ConditionReason.Ready "serving"

    let next =
        ahead
        |> Condition.set (at 9) 1L ConditionType.Ready ConditionStatus.True ConditionReason.Ready "serving"

    next |> List.map _.LastTransitionTime |> shouldBe [ "2026-01-02T02:09:05Z" ]

[<Test>]
let ``a condition that changes its status stays at its place with a new time`` () =
    let next =
        first
        |> Condition.set (at 9) 1L ConditionType.Ready ConditionStatus.True ConditionReason.Ready "serving"

    next |> List.map _.Type |> shouldBe [ "Ready"; "Synced" ]
    next[0].LastTransitionTime |> shouldBe "2026-01-02T02:09:05Z"
    next[1] |> shouldBe first[1]

[<Test>]
let ``a condition without a message says its reason`` () =
    []
    |> Condition.set (at 1) 1L ConditionType.Ready ConditionStatus.True ConditionReason.Ready ""
    |> List.map _.Message
    |> shouldBe [ "Ready" ]

[<Test>]
let ``a condition that is not there is unknown`` () =
    Condition.status ConditionType.Stalled first |> shouldBe ConditionStatus.Unknown

    first
    |> Condition.remove ConditionType.Ready
    |> List.map _.Type
    |> shouldBe [ "Synced" ]

[<Test>]
let ``names of conditions and gates are given once`` () =
    ConditionType.all |> shouldBe (List.distinct ConditionType.all)
    Gate.all |> shouldBe (List.distinct Gate.all)
