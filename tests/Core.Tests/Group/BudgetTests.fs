module Tikv.Core.Tests.Group.BudgetTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

let private absent (observed: Observed) = { observed with Budget = Sighting.Absent }

let private needed observed = Budget.wanted observed |> Option.bind (Json.intAt [ "minAvailable" ])

[<Test>]
let ``a group has a PodDisruptionBudget that lets no healthy Pod be evicted`` () =
    match decide (absent tikv) with
    | { Actions = [ CreateBudget body ]; Waiting = [] } ->
        Json.tryField "spec" body
        |> shouldBe (
            Some(
                json
                    """{"minAvailable":3,
                        "selector":{"matchLabels":{"tikv.org/component":"tikv","tikv.org/group":"basic-tikv"}},
                        "unhealthyPodEvictionPolicy":"AlwaysAllow"}"""
            )
        )

        Json.stringAt [ "metadata"; "name" ] body |> shouldBe (Some "basic-tikv")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``it counts the instances that there are, when they are more than wanted`` () =
    needed (replicas 5 tikv) |> shouldBe (Some 5)
    needed (replicas 2 tikv) |> shouldBe (Some 3)
    needed (withSurplus [ 3 ] tikv) |> shouldBe (Some 4)

[<Test>]
let ``in a suspended cluster it holds nobody up`` () = needed (suspended tikv) |> shouldBe (Some 0)

[<Test>]
let ``a budget that says what it should is left alone, also where the server drops a field`` () =
    decide (withBudget id tikv) |> shouldBe settled

    tikv
    |> withBudget (fun budget -> {
        budget with
            Spec = Json.withoutField "unhealthyPodEvictionPolicy" budget.Spec
    })
    |> decide
    |> shouldBe settled

[<Test>]
let ``a budget that says something else is put right`` () =
    let spoilt =
        tikv
        |> withBudget (fun budget -> {
            budget with
                Spec =
                    budget.Spec
                    |> Json.withoutField "minAvailable"
                    |> Json.withField "maxUnavailable" (Json.int 1)
        })

    match decide spoilt, Budget.wanted tikv with
    | { Actions = [ UpdateBudget(_, spec) ]; Waiting = [] }, Some wanted -> spec |> shouldBe wanted
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a group whose drains are unmanaged has none`` () =
    let unmanaged = withSettings (fun settings -> { settings with Drain = DrainPolicy.Unmanaged })

    match (tikv |> withBudget id |> unmanaged |> decide).Actions with
    | actions when actions |> List.exists _.IsRemoveBudget -> ()
    | other -> Assert.Fail $"%A{other}"

    (tikv |> absent |> unmanaged |> decide).Actions
    |> List.exists _.IsCreateBudget
    |> shouldBe false

[<Test>]
let ``a budget of others is left alone and told, and holds nothing else up`` () =
    let foreign =
        withBudget (fun budget -> { budget with Meta = { budget.Meta with OwnerReferences = [] } })

    decide (foreign tikv) |> shouldBe (wait [ ForeignBudget "basic-tikv" ])

    (tikv |> withoutInstance 1 |> foreign |> decide).Actions
    |> List.exists _.IsCreateInstance
    |> shouldBe true

[<Test>]
let ``where the server has no budgets, a group does without`` () =
    decide { tikv with Budget = Sighting.Unknown } |> shouldBe settled

[<Test>]
let ``a second budget for the group's Pods is named, and holds nothing else up`` () =
    let second = { tikv with OtherBudgets = [ "mine" ] } |> withBudget id

    decide second |> shouldBe (wait [ SecondBudget "mine" ])

    (second |> withoutInstance 1 |> decide).Actions
    |> List.exists _.IsCreateInstance
    |> shouldBe true

[<Test>]
let ``a group whose drains are unmanaged may have any budget of others`` () =
    { tikv with OtherBudgets = [ "mine" ] }
    |> absent
    |> withSettings (fun settings -> { settings with Drain = DrainPolicy.Unmanaged })
    |> decide
    |> _.Waiting
    |> shouldBe []
