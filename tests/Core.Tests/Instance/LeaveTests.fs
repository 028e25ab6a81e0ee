module Tikv.Core.Tests.Instance.LeaveTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private removedPod observed = act [ RemovePod(podMeta observed, "Removed", leftGrounds observed) ]
let private withoutConfig (observed: Observed) = { observed with Config = None }
let private withoutClaims (observed: Observed) = { observed with Claims = Map.empty }

/// Each step of a teardown, as it is decided after the one before has been carried out.
let private teardown observed = [
    decide observed
    decide (withoutPod observed)
    decide (observed |> withoutPod |> withoutConfig)
    decide (observed |> withoutPod |> withoutConfig |> withoutClaims)
]

let private configMeta (observed: Observed) = (configOf observed).Meta
let private claimMeta (observed: Observed) = (built observed).Claims[$"data-%s{observed.Meta.Name}"].Meta

/// That nobody starts from its data again is written on the claim that stays.
let private retired id (observed: Observed) =
    act [ DescribeClaim(claimMeta observed, Map.empty, Map [ Annotations.removed, Some id ]) ]

// ---- TiKV

let private leaving = deleting tikv

[<Test>]
let ``a store leaves in two steps: its leaders move away, then PD is asked to remove it`` () =
    decide leaving |> shouldBe (act [ TakeDisruption(clusterMeta tikv, "Removal") ])

    decide (holding leaving)
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

    decide (leaving |> holding |> marked 1 |> evicting 2)
    |> shouldBe (wait [ LeadersRemain 5 ])

    let evicted = leaving |> holding |> marked 1 |> evicting 2 |> withLeaders 2 0
    decide evicted |> shouldBe (act [ removeStore evicted ])

[<Test>]
let ``its process runs on until PD calls the store Removed`` () =
    decide (leaving |> removing 2) |> shouldBe (wait [ RegionsRemain 15 ])

[<Test>]
let ``a store that leaves without its instance being deleted takes the same steps, and keeps its Pod`` () =
    let observed = offline tikv

    decide observed
    |> shouldBe (act [ TakeDisruption(clusterMeta tikv, "Removal") ])

    decide (observed |> removing 2) |> shouldBe (wait [ RegionsRemain 15 ])

    for gone in [ tombstone 2; tombstone 2 >> withoutPod; tombstone 2 >> terminating ] do
        decide (gone observed) |> shouldBe settled

    match decide (observed |> removing 2 |> withoutPod) with
    | { Actions = [ CreatePod _ ]; Waiting = [ RegionsRemain 15 ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``no store leaves a suspended cluster`` () =
    let observed = offline tikv |> suspended |> marked 10 |> evicting 2

    decide observed
    |> shouldBe (act [ RemovePod(podMeta observed, "Suspended", suspendedGrounds observed) ])

    decide (withoutPod observed)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    let ended = offline tikv |> suspended |> withoutPod
    decide (marked 10 ended) |> shouldBe (act [ UnmarkEviction ])
    decide ended |> shouldBe (wait [ ClusterSuspended ])

[<Test>]
let ``a store stays while too few living ones would remain`` () =
    decide (leaving |> withStores [ 0; 1; 2 ])
    |> shouldBe (wait [ StoresTooFew(2, 3) ])

    for spoil in [ down 0; removing 0; tombstone 0 ] do
        decide (leaving |> spoil) |> shouldBe (wait [ StoresTooFew(2, 3) ])

[<Test>]
let ``a store whose Pod is being stopped or does not run is not counted on, whatever PD still says`` () =
    for before in [ id; down 2 >> withoutPod ] do
        decide ({ before leaving with Stopping = Set [ "basic-tikv-0" ] })
        |> shouldBe (wait [ StoresTooFew(2, 3) ])

[<Test>]
let ``where people leave it to PD how many stores are enough, PD is asked before any leader moves`` () =
    let few = leaving |> withStores [ 0; 1; 2 ]
    let until time = { few with Overrides = $"min-replicas-after@%s{time}" }

    match decide (until "2999-01-01T00:00Z") with
    | { Actions = [ RemoveStore(id, _, _, gone) ]; Waiting = [] } ->
        id |> shouldBe (storeId 2)

        PdView.facts few.Pd
        |> Option.bind (Evidence.staysAnyway (store 2))
        |> shouldBe (Some gone)
    | other -> Assert.Fail $"%A{other}"

    let begun = until "2999-01-01T00:00Z" |> holding |> marked 1 |> evicting 2
    decide begun |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    for refused in [ until "2001-01-01T00:00Z"; until ""; { few with Overrides = "min-replicas-after" } ] do
        decide refused |> shouldBe (wait [ StoresTooFew(2, 3) ])

[<Test>]
let ``a store that PD would let go moves its leaders away first, also where people override max-replicas``
    ()
    =
    let silent = withStore 0 (fun store -> { store with StateName = "Down"; Regions = 0; Leaders = 0 })

    let observed = {
        silent leaving with
            Overrides = "all-stores-up@2999-01-01T00:00Z, min-replicas-after@2999-01-01T00:00Z"
    }

    decide observed
    |> shouldBe (act [ TakeDisruption(clusterMeta tikv, "Removal") ])

[<Test>]
let ``a store that PD hears does not leave while another one that holds regions is silent`` () =
    let observed = leaving |> withStores [ 0..4 ] |> down 0
    decide observed |> shouldBe (wait [ StoresSilent(1, 5) ])

    decide (observed |> withStore 0 (fun store -> { store with Regions = 0; Leaders = 0 }))
    |> shouldBe (act [ TakeDisruption(clusterMeta tikv, "Removal") ])

[<Test>]
let ``a store that leaves right after its restart gives the disruption back when its peers have caught up``
    ()
    =
    let observed = leaving |> removing 2 |> holding

    decide (observed |> startedAgo 59 2)
    |> shouldBe (wait [ RegionsRemain 15; PeersCatchUp 0 ])

    decide (observed |> startedAgo 60 2)
    |> shouldBe { Actions = [ ReleaseDisruption(clusterMeta tikv) ]; Waiting = [ RegionsRemain 15 ] }

[<Test>]
let ``a store that was to leave and now stays is taken back`` () =
    decide (removing 2 tikv) |> shouldBe (act [ RestoreStore(storeId 2) ])

[<Test>]
let ``while PD is silent, no store leaves and nothing of it is taken down`` () =
    decide (silent leaving) |> shouldBe (wait [ PdSilent "no leader" ])
    decide (silent (offline tikv)) |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``a store that is missing in PD's list has not left for that`` () =
    decide (leaving |> withStores [ 0; 1; 3 ])
    |> shouldBe (wait [ StoreNotRegistered ])

[<Test>]
let ``a store that was seen Removed has left, though PD has forgotten its tombstone`` () =
    let observed =
        leaving
        |> withStores [ 0; 1; 3 ]
        |> withTikvRole (fun (spec, status) -> spec, { status with State = Some StoreState.Removed })

    decide observed |> shouldBe (removedPod observed)

[<Test>]
let ``an instance that never registered is taken down at once`` () =
    let observed =
        leaving
        |> withStores [ 0; 1; 3 ]
        |> withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })

    decide observed |> shouldBe (removedPod observed)

[<Test>]
let ``what is left of a store goes in order, and its claims stay by default`` () =
    let observed = leaving |> tombstone 2

    teardown observed
    |> shouldBe [
        removedPod observed
        act [ RemoveConfig(configMeta observed) ]
        retired "3" observed
        act [ removeFinalizer observed ]
    ]

[<Test>]
let ``its claims go too when the policy says so`` () =
    let observed = leaving |> tombstone 2 |> reclaimed

    teardown observed
    |> shouldBe [
        removedPod observed
        act [ RemoveConfig(configMeta observed) ]
        act [ removeClaim (claimMeta observed) observed ]
        act [ removeFinalizer observed ]
    ]

[<Test>]
let ``the mark of an eviction goes before the instance`` () =
    decide (leaving |> tombstone 2 |> marked 60 |> evicting 2)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (leaving |> tombstone 2 |> marked 60)
    |> shouldBe (act [ UnmarkEviction ])

[<Test>]
let ``a Pod that is being stopped is waited for`` () =
    decide (leaving |> tombstone 2 |> terminating)
    |> shouldBe (wait [ PodTerminating ])

[<Test>]
let ``claims that somebody else's Pod may be using stay`` () =
    decide (leaving |> tombstone 2 |> reclaimed |> foreignPod |> withoutConfig)
    |> shouldBe (wait [ NotOurs("Pod", "basic-tikv-2") ])

[<Test>]
let ``claims of others stay`` () =
    let name = "data-basic-tikv-2"
    let strange = { claimOf name with Meta = { (claimOf name).Meta with Labels = Map.empty } }

    let observed = {
        (leaving |> tombstone 2 |> reclaimed |> withoutPod |> withoutConfig) with
            Claims = Map [ name, strange ]
    }

    decide observed |> shouldBe (act [ removeFinalizer observed ])

[<Test>]
let ``a claim that is being deleted is waited for before the finalizer goes`` () =
    let name = "data-basic-tikv-2"
    let ending = { claimOf name with Meta = { (claimOf name).Meta with DeletionTimestamp = Some(ago 1) } }

    {
        (leaving |> tombstone 2 |> reclaimed |> withoutPod |> withoutConfig) with
            Claims = Map [ name, ending ]
    }
    |> decide
    |> shouldBe (wait [ ClaimTerminating name ])

[<Test>]
let ``an instance on its way out gives the disruption back while its process serves`` () =
    for observed in [ leaving |> removing 2; offline tikv |> removing 2 ] do
        decide (holding observed)
        |> shouldBe {
            Actions = [ ReleaseDisruption(clusterMeta (holding observed)) ]
            Waiting = [ RegionsRemain 15 ]
        }

    decide (
        leaving
        |> removing 2
        |> holding
        |> withPod (fun pod -> { pod with Ready = false })
    )
    |> shouldBe (wait [ RegionsRemain 15 ])

[<Test>]
let ``a store that PD does not hear from leaves without the disruption: there is nothing to be disrupted``
    ()
    =
    let dead = heldByOther leaving |> withStores [ 0; 1; 2; 3; 4 ] |> down 2 |> withLeaders 2 0
    decide dead |> shouldBe (act [ removeStore dead ])

[<Test>]
let ``one store leaves at a time, over all groups`` () =
    holding leaving
    |> withStores [ 0; 1; 2; 3; 4 ]
    |> removing 0
    |> decide
    |> shouldBe {
        Actions = [ ReleaseDisruption(clusterMeta leaving) ]
        Waiting = [ OtherStoreLeaves (store 0).Address ]
    }

[<Test>]
let ``stores of others and of other engines are no place for replicas`` () =
    let spoil change = leaving |> withStore 0 change
    let strange = spoil (fun store -> { store with Address = "elsewhere:20160" })
    let tiflash = spoil (fun store -> { store with Labels = Map [ "engine", "tiflash" ] })

    for observed in [ strange; tiflash ] do
        decide observed |> shouldBe (wait [ StoresTooFew(2, 3) ])

[<Test>]
let ``the only store of a zone stays while replicas need the zone`` () =
    let zones =
        withFacts (fun facts -> {
            facts with
                IsolationLevel = "zone"
                Stores =
                    facts.Stores
                    |> List.mapi (fun index one -> {
                        one with
                            Labels = Map [ "zone", List.item index [ "a"; "b"; "c"; "a" ] ]
                    })
        })

    decide (zones leaving) |> shouldBe (wait [ DomainsTooFew("zone", 2, 3) ])

[<Test>]
let ``a tombstone on which PD knows regions is none yet`` () =
    leaving
    |> tombstone 2
    |> withStore 2 (fun store -> { store with Regions = 1 })
    |> decide
    |> shouldBe (wait [ RegionsRemain 1 ])

// ---- PD

[<Test>]
let ``a member leaves by its id, before its Pod goes`` () =
    let leaving = deleting pd

    decide leaving |> shouldBe (act [ TakeDisruption(clusterMeta pd, "Removal") ])

    decide (holding leaving) |> shouldBe (act [ removeMember (holding leaving) ])

[<Test>]
let ``a leader hands over before it leaves`` () =
    decide (holding (deleting pdLeader))
    |> shouldBe (act [ transferTo "basic-pd-1" (deleting pdLeader) ])

[<Test>]
let ``a leader stays as long as no other member can lead, for none has a name`` () =
    let nameless index = withMember index (fun one -> { one with Name = "" })

    decide (holding (deleting pdLeader) |> nameless 1 |> nameless 2)
    |> shouldBe (wait [ PdLeaderHere ])

[<Test>]
let ``no member leaves while another one is being stopped, though PD calls it healthy`` () =
    let observed = { holding (deleting pdLeader) with Stopping = Set [ "basic-pd-1"; "basic-pd-2" ] }
    let decided = decide observed
    Assert.That(decided.Waiting, Is.EqualTo(box [ MembersUnhealthy [ "basic-pd-1"; "basic-pd-2" ] ]))
    Assert.That(decided.Actions |> List.filter _.IsTransferPdLeader, Is.Empty)
    Assert.That(decided.Actions |> List.filter _.IsRemoveMember, Is.Empty)

[<Test>]
let ``a half-joined member, which has no name, is removed by its id`` () =
    let halfJoined = deleting pd |> withMember 1 (fun one -> { one with Name = ""; Healthy = false })
    decide halfJoined |> shouldBe (act [ removeMember halfJoined ])

/// Members, which of them are unhealthy, whether member 1 may leave, and else who stands in the way; "" is the quorum.
[<TestCase(1, "", false, "")>]
[<TestCase(2, "", true, "")>]
[<TestCase(2, "1", false, "")>]
[<TestCase(3, "", true, "")>]
[<TestCase(3, "1", true, "")>]
[<TestCase(3, "2", false, "")>]
[<TestCase(3, "12", false, "")>]
[<TestCase(4, "", true, "")>]
[<TestCase(4, "1", true, "")>]
[<TestCase(4, "2", false, "basic-pd-2")>]
[<TestCase(4, "12", false, "")>]
[<TestCase(5, "", true, "")>]
[<TestCase(5, "1", true, "")>]
[<TestCase(5, "2", false, "basic-pd-2")>]
[<TestCase(5, "12", true, "")>]
[<TestCase(5, "23", false, "")>]
let ``a member leaves only while there is a quorum with it and without it, the dead ones first``
    members
    (ill: string)
    leaves
    inTheWay
    =
    let self = if members = 1 then 0 else 1

    let observed =
        deleting (built (barePd self))
        |> (if leaves && not (ill.Contains(string self)) then holding else id)
        |> withFacts (fun facts -> { facts with Members = List.init members memberFact })
        |> fun observed ->
            ill
            |> Seq.fold (fun observed index -> unhealthy (int index - int '0') observed) observed

    let healthy = members - ill.Length

    decide observed
    |> shouldBe (
        match leaves, inTheWay with
        | true, _ -> act [ removeMember observed ]
        | false, "" -> wait [ QuorumAtRisk(healthy, members) ]
        | false, other -> wait [ MembersUnhealthy [ other ] ]
    )

[<Test>]
let ``while PD is silent, no member leaves and nothing of it is taken down`` () =
    decide (silent (deleting pd)) |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``while PD is silent, a member that is to leave is started again: it may be the one that PD lacks`` () =
    match decide (pd |> deleting |> silent |> withoutPod) with
    | { Actions = [ CreatePod _ ]; Waiting = [ PdSilent "no leader" ] } -> ()
    | other -> Assert.Fail $"%A{other}"

    match decide (pd |> deleting |> withoutPod) with
    | { Actions = [ CreatePod _ ] } -> Assert.Fail "it is not needed"
    | _ -> ()

[<Test>]
let ``what is left of a member goes in order once PD does not list it`` () =
    let observed =
        deleting pd
        |> withFacts (fun facts -> { facts with Members = [ memberFact 0; memberFact 2 ] })

    teardown observed
    |> shouldBe [
        removedPod observed
        act [ RemoveConfig(configMeta observed) ]
        retired "1001" observed
        act [ removeFinalizer observed ]
    ]

    teardown (reclaimed observed)
    |> List.item 2
    |> shouldBe (act [ removeClaim (claimMeta observed) (reclaimed observed) ])

[<Test>]
let ``what never ran goes without PD while there is no cluster that could list it`` () =
    let never =
        withPdRole (fun (spec, status) -> spec, { status with Id = None })
        >> withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })
        >> unasked
        >> deleting

    for observed in [ never (barePd 1); never (bareTikv 2) ] do
        let nowhere = withoutClusterId observed
        decide nowhere |> shouldBe (act [ removeFinalizer nowhere ])

        decide observed |> shouldBe (wait [ PdNotAsked ])

// ---- with the whole cluster

[<Test>]
let ``with its whole cluster an instance goes without PD, and its claims by the Cluster's policy`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> deleting |> endingCluster |> silent

        teardown observed
        |> shouldBe [
            removedPod observed
            act [ RemoveConfig(configMeta observed) ]
            act [ removeFinalizer observed ]
            act [ removeFinalizer observed ]
        ]

        let reclaimed =
            observed
            |> withClusterSpec (fun spec -> { spec with DeletionPolicy = ReclaimPolicy.Delete })

        teardown reclaimed
        |> List.item 2
        |> shouldBe (act [ removeClaim (claimMeta observed) reclaimed ])

[<Test>]
let ``claims stay when nobody can say what is to become of them`` () =
    let observed = { reclaimed (deleting tikv) with Cluster = None }

    teardown observed |> List.item 2 |> shouldBe (act [ removeFinalizer observed ])
