module Tikv.Core.Tests.Group.ReplacementTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

/// The storage class of a volume is not the one that the template of the instance says.
let private otherClass index = withInstance index (fun one -> { one with OtherClass = Some true })
let private marked index = annotated Annotations.replaced "true" index

[<Test>]
let ``one at a time is replaced, the highest index first`` () =
    let due = tikv |> otherClass 0 |> otherClass 2
    decide due |> shouldBe (act [ Replace(metaOf 2 due) ])

    let begun = due |> marked 2

    decide begun
    |> shouldBe { Actions = create [] [ 3 ] begun; Waiting = [ Replacing "basic-tikv-2" ] }

[<Test>]
let ``none is replaced while one does not serve`` () =
    decide (tikv |> otherClass 0 |> notReady 2)
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-2" ] ])

[<Test>]
let ``one whose template is not the group's yet gets that first: it may be as wanted then`` () =
    let observed = tikv |> otherClass 2 |> oldSettings 2
    decide observed |> shouldBe (act [ update 2 observed ])

[<Test>]
let ``one that is as wanted again stays, and no successor is made for it any more`` () =
    let observed = tikv |> marked 2
    decide observed |> shouldBe (act [ CancelReplacement(metaOf 2 observed) ])

    let begun = tikv |> marked 2 |> withSurplus [ 3 ]

    decide begun
    |> shouldBe (act [ takeOffline 3 begun; CancelReplacement(metaOf 2 begun) ])
