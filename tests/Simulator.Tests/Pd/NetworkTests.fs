/// Partitions, slow disks and clocks (V B7), what a new leader of PD knows (V P14, P31), and places of peers (V P32).
module Tikv.Simulator.Tests.Pd.NetworkTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

let private both pairs =
    pairs
    |> List.collect (fun (one, other) -> [ struct (one, other); struct (other, one) ])
    |> Set.ofList

let private cutAt now pairs world = PdWorld.setCuts now (both pairs) world
let private members = Given.three
let private three regions = stores 3 regions
let private now = afterwards
let private unavailable world = PdWorld.unavailableRegions (cluster world) world

let private storeAt name world =
    (group world).Cluster.Stores.Values
    |> Seq.find (fun store -> store.Address = $"%s{name}:20160")

let private stateAt at name world = Stores.stateName timings at (group world).Cluster (storeAt name world)

let private leadersOf name world = Regions.leaders (storeAt name world).Id (group world).Cluster.Regions

[<Test>]
let ``P57: a store cut off from PD is Disconnected, later Down, and serves all the same`` () =
    let pds = [ "pd-0"; "pd-1"; "pd-2" ] |> List.map (fun pd -> "tikv-0", pd)
    let world = three 30
    let before = leadersOf "tikv-0" world
    let cut = cutAt now pds world
    let later = now + seconds 30.0
    let world = PdWorld.advance later cut
    stateAt later "tikv-0" world |> shouldBe "Disconnected"
    unavailable world |> shouldBe 0
    leadersOf "tikv-0" world |> shouldBe before
    let muchLater = now + seconds 1900.0
    stateAt muchLater "tikv-0" (PdWorld.advance muchLater world) |> shouldBe "Down"
    let healed = PdWorld.setCuts muchLater Set.empty (PdWorld.advance muchLater world)
    let end' = muchLater + seconds 11.0
    stateAt end' "tikv-0" (PdWorld.advance end' healed) |> shouldBe "Up"

[<Test>]
let ``P57: a store cut off from the others loses its leaders, and the rest stays available`` () =
    let world =
        three 30
        |> cutAt now [ "tikv-0", "tikv-1"; "tikv-0", "tikv-2" ]
        |> PdWorld.advance (now + seconds 30.0)

    leadersOf "tikv-0" world |> shouldBe 0
    unavailable world |> shouldBe 0
    stateAt (now + seconds 30.0) "tikv-0" world |> shouldBe "Up"

[<Test>]
let ``P57: stores that cannot reach each other are all Up, and no region is available`` () =
    let world =
        three 30
        |> cutAt now [ "tikv-0", "tikv-1"; "tikv-0", "tikv-2"; "tikv-1", "tikv-2" ]
        |> PdWorld.advance (now + seconds 60.0)

    unavailable world |> shouldBe 30

    [ for name in tikvNames 3 -> stateAt (now + seconds 60.0) name world ]
    |> shouldBe [ "Up"; "Up"; "Up" ]

    let healed =
        PdWorld.setCuts (now + seconds 60.0) Set.empty world
        |> PdWorld.advance (now + seconds 90.0)

    unavailable healed |> shouldBe 0
    Regions.leaderless (group healed).Cluster.Regions |> shouldBe false

[<Test>]
let ``P57: a leader of PD cut off from the others leads until its lease ends, and then another does`` () =
    let leader = leaderName threeMembers |> Option.get
    let others = members |> List.filter (fun name -> name <> leader)
    let at = seconds 20.0
    let cut = cutAt at (others |> List.map (fun other -> leader, other)) threeMembers
    leaderName (PdWorld.advance (at + seconds 4.0) cut) |> shouldBe (Some leader)
    let world = PdWorld.advance (at + seconds 15.0) cut
    Assert.That(leaderName world, Is.Not.EqualTo(Some leader))
    Assert.That((leaderName world).IsSome)

    status (at + seconds 15.0) leader "GET" "/pd/api/v1/members" world
    |> shouldBe 500

    status (at + seconds 15.0) others.Head "GET" "/pd/api/v1/members" world
    |> shouldBe 200

[<Test>]
let ``B9: a member that is cut off counts as not connected, so that a living one may not be removed`` () =
    let leader = leaderName threeMembers |> Option.get
    let others = members |> List.filter (fun name -> name <> leader)
    let at = seconds 20.0

    let world =
        cutAt at [ leader, others[0]; others[1], others[0] ] threeMembers
        |> PdWorld.advance (at + seconds 6.0)

    status (at + seconds 6.0) leader "DELETE" $"/pd/api/v1/members/name/%s{others[1]}" world
    |> shouldBe 500

    status (at + seconds 6.0) leader "DELETE" $"/pd/api/v1/members/name/%s{others[0]}" world
    |> shouldBe 200

[<Test>]
let ``P58: a store whose disk is slow is Disconnected again and again`` () =
    let world = three 30 |> PdWorld.setSlow now "tikv-1" true

    let states =
        [ for second in 1..70 -> stateAt (now + seconds (float second)) "tikv-1" world ]
        |> List.fold
            (fun states state -> if List.tryHead states = Some state then states else state :: states)
            []
        |> List.rev

    states |> shouldBe [ "Up"; "Disconnected"; "Up"; "Disconnected"; "Up" ]

[<Test>]
let ``P60: when the clock of PD's leader jumps half an hour ahead, every store is Down until its next heartbeat``
    ()
    =
    let world = three 30
    let leader = leaderName world |> Option.get
    let jumped = PdWorld.jumpClock now leader (seconds 1801.0) world
    let states at = [ for name in tikvNames 3 -> stateAt at name jumped ]
    states now |> shouldBe [ "Down"; "Down"; "Down" ]
    states (now + seconds 11.0) |> shouldBe [ "Up"; "Up"; "Up" ]

[<Test>]
let ``P14: a new leader of PD tells of the leaders that it remembers, until the regions have reported`` () =
    let world = three 30
    let store = storeAt "tikv-0" world
    let before = leadersOf "tikv-0" world
    let pd = leaderName world |> Option.get
    let other = members |> List.find (fun name -> name <> pd)

    // PD's leader dies, and while there is none a store dies too: its regions elect without PD
    let world =
        world
        |> PdWorld.stopMember now PdStop.Kill pd
        |> PdWorld.stopStore (now + seconds 0.1) PdStop.Kill "tikv-0"
        |> PdWorld.advance (now + seconds 20.0)

    leadersOf "tikv-0" world |> shouldBe 0
    let (StoreId id) = store.Id
    (readStore (now + seconds 20.0) other id world).Leaders |> shouldBe before

    let later = now + seconds 90.0
    (readStore later other id (PdWorld.advance later world)).Leaders |> shouldBe 0

[<Test>]
let ``P31: schedulers rest for five minutes where a tenth of the regions cannot report`` () =
    let world = three 30
    let pd = leaderName world |> Option.get

    let world =
        world
        |> PdWorld.stopStore now PdStop.Kill "tikv-0"
        |> PdWorld.stopStore now PdStop.Kill "tikv-1"
        |> PdWorld.stopMember (now + seconds 1.0) PdStop.Kill pd
        |> PdWorld.advance (now + seconds 20.0)

    let cold = (group world).Cluster.ColdUntil
    Assert.That(cold - now, Is.GreaterThan(seconds 300.0))

let private inZones zones =
    (threeMembers, List.indexed zones)
    ||> List.fold (fun world (index, zone) ->
        let start = { tikv $"tikv-%d{index}" None with Labels = Map.ofList [ "zone", zone ] }
        PdWorld.startStore (seconds 20.0) start world)
    |> PdWorld.advance (seconds 60.0)

let private located isolation world =
    let body = $"""{{"location-labels": "zone", "isolation-level": "%s{isolation}"}}"""
    ask (seconds 60.0) "pd-0" "POST" "/pd/api/v1/config" body world |> fst

[<Test>]
let ``P32: peers go to different zones where location labels say so`` () =
    let world =
        inZones [ "a"; "a"; "a"; "b"; "c" ]
        |> located ""
        |> fun world -> PdWorld.split (seconds 60.0) (cluster world) 29 world
        |> PdWorld.advance (seconds 7200.0)

    let zones (one: RegionClass) =
        one.Voters
        |> List.map (fun id -> (group world).Cluster.Stores[id].Labels["zone"])
        |> List.distinct
        |> List.length

    Assert.That((group world).Cluster.Regions.Keys |> Seq.forall (fun one -> zones one = 3))

[<Test>]
let ``P32: with an isolation level a region has rather too few peers than two in one zone`` () =
    let world = inZones [ "a"; "a"; "b" ] |> located "zone" |> PdWorld.advance (seconds 600.0)

    // what had three peers before is left as it is, for nothing better can be had
    let fresh =
        inZones [ "a"; "a"; "b"; "c" ]
        |> located "zone"
        |> PdWorld.advance (seconds 600.0)

    PdWorld.regionCount (cluster world) world |> shouldBe 1

    let zones (world: PdWorld) =
        (group world).Cluster.Regions.Keys
        |> Seq.exactlyOne
        |> _.Voters
        |> List.map (fun id -> (group world).Cluster.Stores[id].Labels["zone"])
        |> List.sort

    zones fresh |> shouldBe [ "a"; "b"; "c" ]
