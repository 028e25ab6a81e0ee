/// Rolls of several stores of one failure domain at a time (maxUnavailable).
module Tikv.Core.Tests.Group.TogetherTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

module One = Tikv.Core.Tests.Instance.Given

let private withFacts change (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts -> { observed with Pd = PdView.Answered(change facts) }
    | PdView.Silent _
    | PdView.Unasked -> observed

let private atOnce count = withSettings (fun settings -> { settings with MaxUnavailable = count })

/// Six stores: 0 and 3 in zone a, 1 and 4 in b, 2 and 5 in c.
let private six =
    built (bareTikv |> replicas 6)
    |> fun observed -> {
        observed with
            Pd = PdView.Answered((One.tikv |> One.zoned |> Tikv.Core.Instance.Seen.facts).Value)
    }

let private all indexes observed =
    (observed, indexes)
    ||> List.fold (fun observed index -> outdated index observed)

let private old = six |> atOnce 2 |> all [ 0..5 ]

let private updates indexes observed = act (indexes |> List.map (fun index -> update index observed))

let private alone indexes why observed : Decision<Action, Reason> = {
    updates indexes observed with
        Waiting = [ TakenAlone why ]
}

[<Test>]
let ``up to maxUnavailable outdated stores of one failure domain are brought to the template at once`` () =
    decide old |> shouldBe (updates [ 5; 2 ] old)
    let one = atOnce 1 old
    decide one |> shouldBe (updates [ 5 ] one)
    let more = atOnce 5 old
    decide more |> shouldBe (updates [ 5; 2 ] more)

[<Test>]
let ``the next failure domain has its turn when all of the former are back`` () =
    let left = six |> atOnce 2 |> all [ 0; 1; 3; 4 ]

    decide (left |> notReady 2)
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-2" ] ])

    decide (left |> unsettled 5)
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-5" ] ])

    decide (left |> readySince 2 5)
    |> shouldBe (wait [ InstanceSoaking("basic-tikv-5", TimeSpan.FromSeconds 3L) ])

    decide left |> shouldBe (updates [ 4; 1 ] left)

[<Test>]
let ``one more of the failure domain where one is at it joins it`` () =
    let observed = six |> atOnce 2 |> all [ 0; 1; 2; 3; 4 ] |> unproven 5
    decide observed |> shouldBe (updates [ 2 ] observed)

[<Test>]
let ``one at a time, and why, while the topology is not known or another store is in trouble`` () =
    let with' change expected =
        let observed = change old
        decide observed |> shouldBe (expected observed)

    with' (withFacts (fun facts -> { facts with IsolationLevel = "" })) (alone [ 5 ] Alone.NoIsolation)
    with' (fun observed -> { observed with Pd = PdView.Silent "no leader" }) (alone [ 5 ] Alone.PdUnknown)
    with' (withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })) (alone [ 5 ] Alone.PdUnknown)

    with'
        (withFacts (fun facts -> {
            facts with
                Stores = facts.Stores |> List.filter (fun one -> one.Id <> One.storeId 2)
        }))
        (alone [ 5 ] (Alone.StoreUnknown "basic-tikv-2"))

    with'
        (withFacts (fun facts -> { facts with Evicting = Set [ One.storeId 1 ] }))
        (alone [ 5 ] (Alone.Evicted (One.store 1).Address))

    let half =
        six
        |> atOnce 2
        |> all [ 0; 1; 2; 3; 4 ]
        |> unproven 5
        |> withFacts (fun facts -> { facts with IsolationLevel = "" })

    decide half
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-5" ]; TakenAlone Alone.NoIsolation ])

[<Test>]
let ``members of PD go one at a time, whatever is asked for`` () =
    let observed = pd |> atOnce 3 |> outdated 0 |> outdated 1 |> outdated 2
    decide observed |> shouldBe (updates [ 2 ] observed)
