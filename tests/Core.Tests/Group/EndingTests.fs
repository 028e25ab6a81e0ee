module Tikv.Core.Tests.Group.EndingTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

let private delete indexes observed = act [ for index in indexes -> DeleteInstance(metaOf index observed) ]

let private another name ready (observed: Observed) = {
    observed with
        Siblings =
            { Kind = Kind.PDGroup; Name = name; Deleting = false; ReadyReplicas = ready }
            :: observed.Siblings
}

[<Test>]
let ``with the whole cluster all instances go at once`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> deleting |> endingCluster
        decide observed |> shouldBe (delete [ 0..2 ] observed)

    let orphan = { deleting tikv with Cluster = None }
    decide orphan |> shouldBe (delete [ 0..2 ] orphan)

[<Test>]
let ``while its cluster lives, the next store is asked to go when PD has begun to let the one before go`` () =
    let observed = deleting tikv
    decide observed |> shouldBe (delete [ 2 ] observed)

    decide (ending 2 observed)
    |> shouldBe (wait [ InstancesRemain [ "basic-tikv-0"; "basic-tikv-1"; "basic-tikv-2" ] ])

    decide (leaving 2 observed) |> shouldBe (delete [ 1 ] observed)

    decide (observed |> leaving 0 |> leaving 1 |> leaving 2)
    |> shouldBe (wait [ InstancesRemain [ "basic-tikv-0"; "basic-tikv-1"; "basic-tikv-2" ] ])

[<Test>]
let ``a store that never registered, and one that is not ready, go first`` () =
    let observed = deleting tikv |> unregistered 1
    decide observed |> shouldBe (delete [ 1 ] observed)
    let observed = deleting tikv |> notReady 0
    decide observed |> shouldBe (delete [ 0 ] observed)

[<Test>]
let ``the last PD group of a cluster that lives stays`` () =
    decide (deleting pd) |> shouldBe (wait [ LastPdGroup ])
    decide (deleting pd |> another "new-pd" 0) |> shouldBe (wait [ LastPdGroup ])

    let observed = deleting pd |> another "new-pd" 3
    decide observed |> shouldBe (delete [ 2 ] observed)

    decide (ending 2 observed)
    |> shouldBe (wait [ InstancesRemain [ "basic-pd-0"; "basic-pd-1"; "basic-pd-2" ] ])

[<Test>]
let ``a group that is given up tells each of its instances first`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> deleting |> abandoned

        decide observed
        |> shouldBe (act [ for index in 0..2 -> AbandonInstance(metaOf index observed) ])

        let told =
            [ 0..2 ]
            |> List.fold
                (fun observed index ->
                    observed
                    |> withInstance index (fun one -> {
                        one with
                            Meta = {
                                one.Meta with
                                    Annotations = Map.add Annotations.abandon "true" one.Meta.Annotations
                            }
                    }))
                observed

        decide told |> shouldBe (delete [ 2 ] told)

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
    |> shouldBe (act [ RemoveFinalizer ])
