module Tikv.Core.Tests.Group.ScaleTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

// ---- which instances there are

[<Test>]
let ``a group that is as desired is left alone`` () =
    decide pd |> shouldBe settled
    decide tikv |> shouldBe settled

[<TestCase(3, "", "0 1 2")>]
[<TestCase(0, "", "")>]
[<TestCase(3, "1", "0 2 3")>]
[<TestCase(3, "0 2 4", "1 3 5")>]
[<TestCase(1, "0 1 2 9", "3")>]
let ``the lowest indexes are wanted, without those that are to be left out``
    count
    (out: string)
    (wanted: string)
    =
    let numbers (text: string) =
        text.Split(' ', System.StringSplitOptions.RemoveEmptyEntries)
        |> Array.map int
        |> List.ofArray

    tikv
    |> replicas count
    |> without (numbers out)
    |> fun observed -> (Plan.ofGroup { observed with Instances = Map.empty }).New
    |> shouldBe (numbers wanted)

// ---- out

[<Test>]
let ``missing stores are made all at once`` () =
    let observed = replicas 5 tikv
    decide observed |> shouldBe (act (create [] [ 3; 4 ] observed))

[<Test>]
let ``an instance that cannot be read is named, and is not taken for missing`` () =
    let waiting = InstancesUnreadable [ "basic-tikv-1" ]
    decide (tikv |> unreadable 1) |> shouldBe (wait [ waiting ])

    // nor does another one take its place
    let observed = tikv |> withoutInstance 0 |> unreadable 1

    decide observed
    |> shouldBe { Actions = create [] [ 0 ] observed; Waiting = [ waiting ] }

    decide (pd |> unreadable 1)
    |> shouldBe (wait [ InstancesUnreadable [ "basic-pd-1" ] ])

[<Test>]
let ``missing stores are made though others are not ready`` () =
    let observed = tikv |> replicas 4 |> notReady 0
    (decide observed).Actions |> shouldBe (create [] [ 3 ] observed)

[<Test>]
let ``the members of the first bootstrap are made all at once, and know each other`` () =
    let observed = { (pd |> notBootstrapped |> withoutClusterId) with Instances = Map.empty }

    decide observed
    |> shouldBe (act (create [ "basic-pd-0"; "basic-pd-1"; "basic-pd-2" ] [ 0; 1; 2 ] observed))

[<Test>]
let ``once the cluster has an id, PD is bootstrapped for ever`` () =
    decide (notBootstrapped pd) |> shouldBe (act [ MarkBootstrapped ])

[<Test>]
let ``members that are added later join, one after another`` () =
    let observed = replicas 5 pd
    decide observed |> shouldBe (act (create [] [ 3 ] observed))

    decide (observed |> withSurplus [ 3 ] |> notReady 3)
    |> shouldBe (wait [ InstancesNotReady [ "basic-pd-3" ] ])

    let next = withSurplus [ 3 ] observed
    decide next |> shouldBe (act (create [] [ 4 ] next))

[<Test>]
let ``a second PD group waits until the first has bootstrapped`` () =
    let second = {
        (pd |> notBootstrapped |> withoutClusterId) with
            Instances = Map.empty
            PdGroups = [ pdGroup "basic-pd" None; pdGroup "another-pd" None ]
    }

    decide second |> shouldBe (wait [ OtherGroupBootstraps "another-pd" ])

[<Test>]
let ``another store takes the place of one that is being deleted while that one still leaves`` () =
    let observed = ending 1 tikv

    decide observed
    |> shouldBe { Actions = create [] [ 3 ] observed; Waiting = [ ScalingIn "basic-tikv-1" ] }

    let gone = withoutInstance 1 tikv
    decide gone |> shouldBe (act (create [] [ 1 ] gone))

[<Test>]
let ``another member takes the place of one that is being deleted when that one is gone`` () =
    decide (ending 1 pd)
    |> shouldBe (wait [ ScalingIn "basic-pd-1"; InstanceTerminating "basic-pd-1" ])

    let gone = withoutInstance 1 pd
    decide gone |> shouldBe (act (create [] [ 1 ] gone))

[<Test>]
let ``the successor of the only member of PD is made before that leaves`` () =
    let observed = pd |> replicas 1 |> withoutInstance 1 |> withoutInstance 2 |> ending 0

    (decide observed).Actions
    |> List.map (fun action ->
        match action with
        | CreateInstance(name, _) -> name
        | other -> $"%A{other}")
    |> shouldBe [ "basic-pd-1" ]

[<Test>]
let ``a new instance does not start on the volumes of one that has left`` () =
    let observed = tikv |> replicas 5 |> retained [ 3; 5 ]
    decide observed |> shouldBe (act (create [] [ 4; 6 ] observed))

[<Test>]
let ``a store that PD has let go is replaced though nobody asked it to leave`` () =
    let observed = tikv |> withInstance 1 (fun one -> { one with Removed = true })

    decide observed
    |> shouldBe (act (delete 1 observed :: create [] [ 3 ] observed))

// ---- in

[<Test>]
let ``a store is asked to leave before its instance is deleted`` () =
    let observed = replicas 2 tikv
    decide observed |> shouldBe (act [ takeOffline 2 observed ])

    decide (observed |> offline 2) |> shouldBe (wait [ ScalingIn "basic-tikv-2" ])

    let gone = observed |> removed 2
    decide gone |> shouldBe (act [ delete 2 gone ])

    decide (gone |> ending 2) |> shouldBe (wait [ ScalingIn "basic-tikv-2" ])

[<Test>]
let ``a member is deleted, and leaves by itself`` () =
    let observed = replicas 1 pd
    decide observed |> shouldBe (act [ delete 2 observed ])
    decide (observed |> ending 2) |> shouldBe (wait [ ScalingIn "basic-pd-2" ])

[<Test>]
let ``those that never registered go first, then those that are not ready, then the highest index`` () =
    let observed = tikv |> withSurplus [ 3; 4; 5 ]
    decide observed |> shouldBe (act [ takeOffline 5 observed ])
    let sick = notReady 4 observed
    (decide sick).Actions |> shouldBe [ takeOffline 4 sick ]
    let newcomer = sick |> unregistered 3 |> notReady 3
    (decide newcomer).Actions |> shouldBe [ delete 3 newcomer ]

[<Test>]
let ``the indexes to be left out go, and others make up the number`` () =
    let observed = tikv |> without [ 1 ]

    decide observed
    |> shouldBe (act (takeOffline 1 observed :: create [] [ 3 ] observed))

[<Test>]
let ``a member to be left out goes only when another has made up the number`` () =
    let observed = pd |> without [ 1 ]
    decide observed |> shouldBe (act (create [] [ 3 ] observed))

    decide (observed |> withSurplus [ 3 ] |> notReady 3)
    |> shouldBe (wait [ InstancesNotReady [ "basic-pd-3" ] ])

    let joined = withSurplus [ 3 ] observed
    decide joined |> shouldBe (act [ delete 1 joined ])

[<Test>]
let ``a member that is broken goes though none can be added beside it`` () =
    let observed = pd |> without [ 1 ] |> notReady 1

    decide observed
    |> shouldBe { Actions = [ delete 1 observed ]; Waiting = [ InstancesNotReady [ "basic-pd-1" ] ] }

[<Test>]
let ``a store that was to leave and now stays is kept`` () =
    let observed = offline 2 tikv
    decide observed |> shouldBe (act [ KeepOnline(metaOf 2 observed) ])

[<Test>]
let ``surplus stores leave one at a time`` () =
    decide (tikv |> withSurplus [ 3; 4 ] |> offline 3)
    |> shouldBe (wait [ ScalingIn "basic-tikv-3" ])

[<Test>]
let ``one store of a cluster leaves at a time, also of several groups`` () =
    { replicas 2 tikv with LeavingElsewhere = [ "other-tikv-0" ] }
    |> decide
    |> shouldBe (wait [ OtherGroupScalesIn "other-tikv-0" ])

[<Test>]
let ``one that never registered goes also when it was told to leave PD`` () =
    let observed = tikv |> withSurplus [ 3 ] |> unregistered 3 |> offline 3
    decide observed |> shouldBe (act [ delete 3 observed ])

[<Test>]
let ``those that never registered go, then those that fail, then by priority, wherever they stand`` () =
    let observed = replicas 2 tikv |> priority 0 1
    decide observed |> shouldBe (act [ takeOffline 1 observed ])
    let sick = notReady 0 observed
    (decide sick).Actions |> shouldBe [ takeOffline 0 sick ]
    let newcomer = sick |> unregistered 2
    (decide newcomer).Actions |> shouldBe [ delete 2 newcomer ]

[<Test>]
let ``who was asked to leave goes on leaving though another one fails`` () =
    let observed = replicas 2 tikv |> offline 1 |> notReady 2
    decide observed |> shouldBe (wait [ ScalingIn "basic-tikv-1" ])

[<Test>]
let ``of those that leave, the one of the lowest priority number is called back, else the lowest index`` () =
    let leaving = tikv |> withSurplus [ 3; 4 ] |> offline 3 |> offline 4 |> replicas 4

    decide leaving
    |> shouldBe { Actions = [ KeepOnline(metaOf 3 leaving) ]; Waiting = [] }

    let chosen = leaving |> priority 0 4
    decide chosen |> shouldBe (act [ KeepOnline(metaOf 4 chosen) ])

[<Test>]
let ``a store that was let go already is not called back`` () =
    let observed = tikv |> replicas 3 |> removed 2

    decide observed
    |> shouldBe (act (delete 2 observed :: create [] [ 3 ] observed))

[<Test>]
let ``the leader of PD is not the one that goes`` () =
    let observed = pd |> replicas 2 |> leads 2
    decide observed |> shouldBe (act [ delete 1 observed ])

[<Test>]
let ``a member that nobody can judge is not removed`` () =
    decide (pd |> replicas 2 |> unknown 0 |> unknown 1 |> unknown 2)
    |> shouldBe (wait [ InstancesNotReady [ "basic-pd-0"; "basic-pd-1" ] ])

[<Test>]
let ``why an instance refuses to leave is told by its group`` () =
    let why = "StoresTooFew", "x"

    tikv
    |> replicas 2
    |> offline 2
    |> waits ("MinReplicasAfter", "2 living stores would remain, and 3 are needed for all replicas") 2
    |> decide
    |> _.Waiting
    |> List.map (fun reason -> Reason.code reason, Reason.text reason)
    |> shouldBe [
        "MinReplicasAfter", "basic-tikv-2: 2 living stores would remain, and 3 are needed for all replicas"
    ]

    (tikv |> replicas 2 |> offline 2 |> waits why 2 |> decide).Waiting
    |> shouldBe [ ScalingIn "basic-tikv-2" ]

// ---- topology (T 6.2)

let private spread (weights: int list) =
    withSettings (fun settings -> {
        settings with
            SchedulePolicies = [
                {
                    Type = SchedulePolicyType.EvenlySpread
                    EvenlySpread =
                        Some {
                            Topologies =
                                weights
                                |> List.mapi (fun zone weight -> {
                                    TopologyShare.Topology = Map [ "zone", string zone ]
                                    Weight = weight
                                })
                        }
                }
            ]
    })

let private zones topologies =
    topologies
    |> List.map (fun (topology: Map<string, string>) -> topology["zone"])
    |> String.concat ""

/// Weights, the zones of the instances that exist, and those of the next ones.
[<TestCase("1 1 1", "", "012012")>]
[<TestCase("1 1 1", "0", "12012")>]
[<TestCase("1 1 1", "01", "2012")>]
[<TestCase("1 1 1", "22", "0101012")>]
[<TestCase("5 1 1", "", "0120000")>]
[<TestCase("5 1 1", "0120000", "0102000")>]
[<TestCase("65535 1 1", "", "012000")>]
let ``each topology gets its share of the instances, and one before any weight counts``
    (weights: string)
    (present: string)
    (next: string)
    =
    let observed = bareTikv |> spread (weights.Split ' ' |> Array.map int |> List.ofArray)

    let instances =
        present
        |> Seq.mapi (fun index zone ->
            index, { instance observed index with Topology = Map [ "zone", string zone ] })
        |> Map.ofSeq

    Spread.next (Manifest.settings observed) (instances |> Map.toList |> List.map snd) next.Length
    |> zones
    |> shouldBe next

[<Test>]
let ``instances that leave do not count in the spread`` () =
    let observed: Observed = spread [ 1; 1 ] bareTikv
    let zone text (one: InstanceView) = { one with Topology = Map [ "zone", text ] }

    let instances = Map [ 0, zone "0" (instance observed 0); 1, zone "1" (instance observed 1) ]

    let observed = { observed with Instances = instances }

    let next (observed: Observed) =
        Spread.next (Manifest.settings observed) (Plan.ofGroup observed).Staying 1
        |> zones

    observed |> replicas 1 |> offline 1 |> next |> shouldBe "1"
    observed |> ending 1 |> next |> shouldBe "1"

[<Test>]
let ``instances that are made together are spread too`` () =
    let observed = { (spread [ 1; 1; 1 ] tikv) with Instances = Map.empty }

    (decide observed).Actions
    |> List.map (fun action ->
        match action with
        | CreateInstance(name, body) -> name, Json.mapAt [ "spec"; "topology" ] body
        | _ -> "", Map.empty)
    |> shouldBe [ for zone in 0..2 -> $"basic-tikv-%d{zone}", Map [ "zone", string zone ] ]

/// Weights, the zones of the instances by index, the indexes that fail, and those that go of them, in turn.
[<TestCase("1 1 1", "001122", "", 2, "5 3")>]
[<TestCase("1 1 1", "001122", "4 5", 2, "5 3")>]
[<TestCase("1 1 1", "0120", "", 1, "3")>]
[<TestCase("1 1 1", "0122", "0", 1, "3")>]
[<TestCase("2 1", "00011", "", 2, "4 2")>]
[<TestCase("1 1", "0901", "", 1, "1")>]
[<TestCase("1 1", "0011", "0", 1, "0")>]
let ``zones stay as even as possible, and none is left for its failure alone``
    (weights: string)
    (present: string)
    (fail: string)
    count
    (gone: string)
    =
    let numbers (text: string) =
        text.Split(' ', System.StringSplitOptions.RemoveEmptyEntries)
        |> Array.map int
        |> List.ofArray

    let built = bareTikv |> spread (numbers weights) |> replicas present.Length |> built

    let observed =
        (built |> zoned (present |> Seq.map string |> List.ofSeq), numbers fail)
        ||> List.fold (fun observed index -> notReady index observed)

    (Plan.ofGroup (replicas (present.Length - count) observed)).Leaving
    |> List.map (_.Index >> string)
    |> String.concat " "
    |> shouldBe gone
