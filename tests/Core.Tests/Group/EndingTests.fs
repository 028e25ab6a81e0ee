module Tikv.Core.Tests.Group.EndingTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

[<Test>]
let ``a group that is given up tells each of its instances first`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> deleting |> abandoned

        decide observed
        |> shouldBe (act [ for index in 0..2 -> abandon index observed ])

        let told = told observed
        decide told |> shouldBe (act [ for index in 0..2 -> delete index told ])
        Lint.group told (decide told).Actions |> shouldBe []

[<Test>]
let ``a group goes after the last of its instances, its Services and its budget before it`` () =
    let observed = { deleting tikv with Instances = Map.empty }

    decide observed
    |> shouldBe (act [ RemoveService observed.Services["basic-tikv-peer"].Meta ])

    let withBudget = withBudget id observed

    match withBudget.Budget with
    | Sighting.Known budget ->
        decide withBudget
        |> shouldBe (
            act [ RemoveBudget budget.Meta; RemoveService observed.Services["basic-tikv-peer"].Meta ]
        )
    | other -> Assert.Fail $"%A{other}"

    decide { observed with Services = Map.empty }
    |> shouldBe (act [ removeFinalizer observed ])

[<Test>]
let ``a group waits for an instance that it cannot read as for any other`` () =
    let observed = { deleting tikv with Instances = Map.empty; Unreadable = Set [ 1 ] }

    decide observed |> shouldBe (wait [ InstancesUnreadable [ "basic-tikv-1" ] ])
