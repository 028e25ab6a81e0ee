/// Stores of one failure domain that are taken down together (maxUnavailable).
module Tikv.Core.Tests.Instance.SharingTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private domain: DisruptionDomain = { Label = "zone"; Value = "c" }

/// Store 2 stands in zone c, as 5 does; two may be down at a time.
let private old = outdated tikv |> zoned |> atOnce 2

let private joinedBy (observed: Observed) (held: Disruption) = {
    held with
        Domain = Some domain
        Others =
            held.Others
            @ [ { Kind = Component.TiKV; Name = observed.Meta.Name; Uid = observed.Meta.Uid; Since = ago 0 } ]
}

let private holder index = {
    disruptionOf old with
        Name = $"basic-tikv-%d{index}"
        Uid = Uid $"basic-tikv-%d{index}-uid"
}

let private heldBy index = withDisruption (holder index)

/// Another one of the zone holds the disruption, and this one has joined it.
let private joined = old |> withDisruption (joinedBy old (holder 5))

/// The same, with this one first.
let private first =
    let other: DisruptionHolder = {
        Kind = Component.TiKV
        Name = "basic-tikv-5"
        Uid = Uid "basic-tikv-5-uid"
        Since = ago 0
    }

    old
    |> withDisruption { disruptionOf old with Domain = Some domain; Others = [ other ] }

let private evicted observed = observed |> marked 10 |> evicting 2 |> withLeaders 2 0
let private alone why = wait [ DisruptionHeldBy("basic-tikv-5", "RollingUpdate"); TakenAlone why ]

[<Test>]
let ``the disruption of another store of the same failure domain is joined, up to maxUnavailable`` () =
    decide (old |> heldBy 5)
    |> shouldBe (act [ JoinDisruption(clusterMeta old, joinedBy old (holder 5)) ])

    decide (old |> heldBy 5 |> down 5)
    |> shouldBe (act [ JoinDisruption(clusterMeta old, joinedBy old (holder 5)) ])

    decide (old |> atOnce 1 |> heldBy 5)
    |> shouldBe (wait [ DisruptionHeldBy("basic-tikv-5", "RollingUpdate") ])

    decide (
        old
        |> withDisruption (joinedBy { tikv with Meta = meta "basic-tikv-8" "8" } (holder 5))
    )
    |> shouldBe (wait [ DisruptionHeldBy("basic-tikv-5", "RollingUpdate") ])

[<Test>]
let ``the disruption of a store of another failure domain is not joined`` () =
    decide (old |> heldBy 4)
    |> shouldBe (
        wait [
            DisruptionHeldBy("basic-tikv-4", "RollingUpdate")
            TakenAlone(Alone.OtherValue((store 4).Address, "zone"))
        ]
    )

[<Test>]
let ``a disruption of another group, another component or another kind is not joined`` () =
    let refused (held: Disruption) =
        decide (old |> withDisruption held)
        |> shouldBe (wait [ DisruptionHeldBy(held.Name, held.Reason) ])

    refused { holder 5 with Name = "other-tikv-5" }
    refused { holder 5 with Kind = Component.PD }
    refused { holder 5 with Reason = "Removal" }
    refused { holder 5 with Reason = "NodeDrain" }

[<Test>]
let ``what is not known of the topology, or is in trouble elsewhere, has stores taken down one at a time``
    ()
    =
    let address index = (store index).Address
    let with' change = old |> heldBy 5 |> change |> decide

    with' (withFacts (fun facts -> { facts with IsolationLevel = "" }))
    |> shouldBe (alone Alone.NoIsolation)

    with' (withFacts (fun facts -> { facts with LocationLabels = [ "rack" ] }))
    |> shouldBe (alone Alone.NoIsolation)

    with' (withFacts (fun facts -> { facts with MaxReplicas = 2 }))
    |> shouldBe (alone (Alone.FewReplicas 2))

    with' (withStore 3 (fun store -> { store with Labels = Map.empty }))
    |> shouldBe (alone (Alone.Unlabelled(address 3, "zone")))

    with' (withFacts (fun facts -> { facts with MaxReplicas = 5 }))
    |> shouldBe (alone (Alone.FewValues("zone", 2, 4)))

    with' (withStore 3 (fun store -> { store with Regions = 99 }))
    |> shouldBe (alone (Alone.Crowded("zone", "a")))

    with' (removing 3) |> shouldBe (alone (Alone.Leaving(address 3)))
    with' (down 3) |> shouldBe (alone (Alone.Silent(address 3)))
    with' (evicting 3) |> shouldBe (alone (Alone.Evicted(address 3)))

    with' (withStore 3 (fun store -> { store with PendingPeers = 1 }))
    |> shouldBe (alone (Alone.Lagging(address 3)))

    with' (withStores [ 0; 1; 2; 3; 4 ] >> zones)
    |> shouldBe (alone (Alone.StoreUnknown "basic-tikv-5"))

[<Test>]
let ``one of the same domain that fails by itself is no partner`` () =
    let eight = old |> withStores [ 0..8 ] |> zones |> atOnce 3

    decide (eight |> heldBy 5 |> down 8)
    |> shouldBe (alone (Alone.Silent (store 8).Address))

[<Test>]
let ``a store is restarted while those that it shares the disruption with are down`` () =
    for observed in [ joined; first ] do
        let ready = observed |> down 5 |> evicted

        decide ready
        |> shouldBe (act [ RestartPod(podMeta ready, "TemplateChanged", restartGrounds ready) ])

[<Test>]
let ``when another store fails meanwhile, who joined gives the disruption up, and the first one waits`` () =
    let trouble = Alone.Silent (store 3).Address

    decide (first |> evicted |> down 3) |> shouldBe (wait [ TakenAlone trouble ])

    decide (joined |> evicted |> down 3)
    |> shouldBe (act [ SparePod(podMeta joined, ago 0) ])

    let joined = spared joined

    decide (joined |> evicted |> down 3)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (joined |> marked 10 |> down 3) |> shouldBe (act [ UnmarkEviction ])

    decide (joined |> down 3)
    |> shouldBe (act [ LeaveDisruption(clusterMeta joined, holder 5) ])

[<Test>]
let ``who is as desired again gives back its own part, and the next one stands first`` () =
    let current (observed: Observed) = { observed with Pod = tikv.Pod }
    let rest = { holder 5 with Since = ago 0 }

    decide (current first)
    |> shouldBe (act [ LeaveDisruption(clusterMeta first, rest) ])

    decide (spared (current joined))
    |> shouldBe (act [ LeaveDisruption(clusterMeta joined, holder 5) ])

// ---- the linter does not take the rules' word

let private refused (why: string) action observed =
    Assert.That(Lint.instance observed [ action ], Has.Some.Contains why)

[<Test>]
let ``the laws of a shared disruption stand without the rules`` () =
    let held = old |> heldBy 5
    let join = JoinDisruption(clusterMeta old, joinedBy old (holder 5))
    Lint.instance held [ join ] |> shouldBe []

    refused "maxUnavailable" join (atOnce 1 held)
    refused "failure domain" join (held |> withFacts (fun facts -> { facts with IsolationLevel = "" }))

    refused
        "failure domain"
        join
        (held |> withStore 2 (fun store -> { store with Labels = Map [ "zone", "b" ] }))

    refused "as it was taken" join (old |> heldBy 4)
    refused "law 3" join old
    refused "law 3" (JoinDisruption(clusterMeta old, holder 5)) held
    refused "law 3" (LeaveDisruption(clusterMeta old, disruptionOf old)) joined

    Lint.instance joined [ LeaveDisruption(clusterMeta old, holder 5) ]
    |> shouldBe []

    let ready = joined |> down 5 |> evicted
    let restart = RestartPod(podMeta ready, "x", restartGrounds ready)
    Lint.instance ready [ restart ] |> shouldBe []
    refused "I17" restart (ready |> down 3)
    refused "I15" restart (ready |> withStore 5 (fun store -> { store with Labels = Map [ "zone", "a" ] }))

// ---- whatever the topology

type private Topology = {
    LabelsOf: (string * string) list list
    Location: string list
    Isolation: string
    Down: Set<int>
    EvictingOf: Set<int>
    Replicas: int
    RegionsOf: int list
    Holder: int
    AtOnce: int
}

let private topologies =
    let value = Gen.elements [ "a"; "b"; "c"; "c"; "c" ]

    let labels =
        Gen.frequency [
            8, Gen.map (fun zone -> [ "zone", zone ]) value
            1, Gen.constant []
            2, Gen.map2 (fun zone rack -> [ "zone", zone; "rack", rack ]) value value
        ]

    let some = Gen.frequency [ 3, Gen.constant []; 1, Gen.listOf (Gen.choose (0, 5)) ]

    gen {
        // One in two is sound, but for what else may be wrong with it.
        let! sound = Gen.elements [ true; false ]
        let! any = Gen.listOfLength 6 labels
        let! location = Gen.elements [ [ "zone" ]; [ "zone" ]; [ "zone"; "rack" ]; [] ]
        let! isolation = Gen.elements [ "zone"; "zone"; "rack"; "" ]
        let! down = some
        let! evicting = some
        let! replicas = Gen.elements [ 1; 2; 3; 3; 3; 5 ]
        let! regions = Gen.listOfLength 6 (Gen.elements [ 1; 2; 5; 15 ])
        let! holder = Gen.elements [ 0; 1; 3; 4; 5 ]
        let! atOnce = Gen.choose (1, 3)

        return {
            LabelsOf =
                if sound then List.init 6 (fun index -> [ "zone", [ "a"; "b"; "c" ][index % 3] ]) else any
            Location = location
            Isolation = isolation
            Down = Set.ofList down
            EvictingOf = Set.ofList evicting
            Replicas = replicas
            RegionsOf = regions
            Holder = holder
            AtOnce = atOnce
        }
    }

let private look topology =
    old
    |> atOnce topology.AtOnce
    |> heldBy topology.Holder
    |> withFacts (fun facts -> {
        facts with
            Stores =
                List.init 6 (fun index -> {
                    store index with
                        Labels = Map.ofList topology.LabelsOf[index]
                        Regions = topology.RegionsOf[index]
                        StateName = if Set.contains index topology.Down then "Down" else "Up"
                })
            Evicting = topology.EvictingOf |> Set.map storeId
            LocationLabels = topology.Location
            IsolationLevel = topology.Isolation
            MaxReplicas = topology.Replicas
    })

let private joins (decision: Decision<Action, Reason>) = decision.Actions |> List.exists _.IsJoinDisruption

[<Test>]
let ``whatever the topology, two stores of different domains are never both taken down, and the unknown means one``
    ()
    =
    let looks = topologies |> Gen.sampleWithSize 10 4000 |> List.ofArray
    let decided = looks |> List.map (fun topology -> topology, decide (look topology))

    for topology, decision in decided do
        let zone index = topology.LabelsOf[index] |> List.tryFind (fst >> (=) "zone") |> Option.map snd
        let others = [ 0; 1; 3; 4; 5 ] |> List.filter (fun index -> index <> topology.Holder)

        if joins decision then
            Assert.That(topology.AtOnce, Is.GreaterThan 1)
            Assert.That(topology.Location, Does.Contain topology.Isolation)
            Assert.That(zone 2, Is.Not.EqualTo None)
            Assert.That(zone topology.Holder, Is.EqualTo(zone 2))
            Assert.That(topology.Replicas, Is.GreaterThan 2)
            Assert.That(others |> List.filter (fun one -> Set.contains one topology.Down), Is.Empty)
            Assert.That(others |> List.filter (fun one -> Set.contains one topology.EvictingOf), Is.Empty)
        else
            let restarts = decision.Actions |> List.filter _.IsRestartPod
            Assert.That(restarts |> List.forall (fun _ -> Set.contains 2 topology.Down), Is.True)

    Assert.That(decided |> List.filter (snd >> joins) |> List.length, Is.GreaterThan 20)
