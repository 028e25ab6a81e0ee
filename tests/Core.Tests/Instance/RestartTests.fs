module Tikv.Core.Tests.Instance.RestartTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private restarted observed =
    act [ RestartPod(podMeta observed, "TemplateChanged", restartGrounds observed) ]

let private taken observed = act [ TakeDisruption(clusterMeta observed, "RollingUpdate") ]
let private old = outdated tikv

let private lastReadyWith revision =
    withTikvRole (fun (spec, status) ->
        spec, { status with Instance = { status.Instance with CurrentRevision = Some revision } })

/// The mark of ours whose entry was seen to be gone that many seconds ago.
let private ended seconds = withMark (fun mark -> { mark with Ended = Some(ago seconds) })

/// A store whose leaders have moved away: the mark, the entry, the count.
let private evicted observed = observed |> marked 10 |> evicting 2 |> withLeaders 2 0

// ---- both

[<Test>]
let ``a broken process is replaced at once, without the disruption and without PD`` () =
    for observed in [ old; outdated pd; silent old; silent (outdated pd); heldByOther old ] do
        let observed = broken observed

        decide observed
        |> shouldBe (act [ RemovePod(podMeta observed, "TemplateChanged", brokenGrounds observed) ])

[<Test>]
let ``a process that is as wanted is not replaced though it is broken`` () =
    decide (broken tikv)
    |> shouldBe (wait [ PodNotReady "CrashLoopBackOff: back-off" ])

[<Test>]
let ``a healthy process is taken down only after the disruption was taken`` () =
    for observed in [ old; outdated pd ] do
        decide observed |> shouldBe (taken observed)

[<Test>]
let ``while another holds the disruption, nobody else takes it`` () =
    for observed in [ old; outdated pd ] do
        decide (heldByOther observed)
        |> shouldBe (wait [ DisruptionHeldBy("basic-tikv-0", "RollingUpdate") ])

[<Test>]
let ``a disruption of another life of the same name is not ours`` () =
    old
    |> withDisruption { disruptionOf old with Uid = Uid "an earlier life" }
    |> decide
    |> shouldBe (wait [ DisruptionHeldBy("basic-tikv-2", "RollingUpdate") ])

[<Test>]
let ``while PD is silent, no healthy process is taken down`` () =
    for observed in [ old; outdated pd; holding old; holding (outdated pd); holding (evicted old) ] do
        decide (silent observed) |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``the disruption is given back once the instance is as desired`` () =
    for observed in [ holding pd; holding tikv ] do
        decide observed |> shouldBe (act [ ReleaseDisruption(clusterMeta observed) ])

[<Test>]
let ``the disruption is kept while the instance does not serve again`` () =
    decide (holding tikv |> down 2) |> shouldBe (wait [ StoreNotServing "Down" ])
    decide (holding pd |> unhealthy 1) |> shouldBe (wait [ MemberUnhealthy ])

    decide (holding tikv |> withPod (fun pod -> { pod with Ready = false }))
    |> shouldBe (Decision.wait [ PodNotReady "its readiness probe has not succeeded yet" ])

// ---- PD

[<Test>]
let ``a member is restarted while the others are a quorum`` () =
    let observed = holding (outdated pd)
    decide observed |> shouldBe (restarted observed)

[<Test>]
let ``a member is not restarted while the others are no quorum`` () =
    decide (holding (outdated pd) |> unhealthy 2)
    |> shouldBe (wait [ QuorumAtRisk(2, 3) ])

[<Test>]
let ``a member that PD alone calls unhealthy may be restarted while the others are a quorum`` () =
    let observed = holding (outdated pd) |> unhealthy 1
    decide observed |> shouldBe (restarted observed)

[<Test>]
let ``PD's leader hands over to the healthy member of the first name before it is restarted`` () =
    let observed = holding (outdated pdLeader)
    decide observed |> shouldBe (act [ transferTo "basic-pd-1" observed ])
    let two = withMembers 2 observed
    decide two |> shouldBe (act [ transferTo "basic-pd-1" two ])

/// PD calls it healthy for some seconds more. Found by the swarm of seed 2968.
[<Test>]
let ``while the Pod of another member is being stopped, none is restarted, though PD calls it healthy`` () =
    let three = { holding (outdated pd) with Stopping = Set [ "basic-pd-2" ] }
    decide three |> shouldBe (wait [ QuorumAtRisk(2, 3) ])

    let five = withFacts (fun facts -> { facts with Members = List.init 5 memberFact }) three
    decide five |> shouldBe (wait [ MembersUnhealthy [ "basic-pd-2" ] ])

[<Test>]
let ``while another member is not healthy, none is restarted`` () =
    let five = withFacts (fun facts -> { facts with Members = List.init 5 memberFact })

    decide (holding (outdated pd) |> five |> unhealthy 2)
    |> shouldBe (wait [ MembersUnhealthy [ "basic-pd-2" ] ])

[<Test>]
let ``a single member is restarted: its pause was chosen with its number`` () =
    let observed = holding (outdated pdLeader) |> withMembers 1
    decide observed |> shouldBe (restarted observed)

// ---- TiKV

[<Test>]
let ``while the Pod of another store is being stopped, or was just made, none is restarted, though PD calls it Up``
    ()
    =
    let beside = { holding old with Stopping = Set [ "basic-tikv-1" ] }
    decide beside |> shouldBe (wait [ StoreStops "basic-tikv-1" ])

    decide { holding old with JustMade = Set [ "basic-tikv-1" ] }
    |> shouldBe (wait [ StoreStarts "basic-tikv-1" ])

    let empty = beside |> withStore 1 (fun store -> { store with Regions = 0; Leaders = 0 })

    decide empty
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

[<Test>]
let ``while the peers of another store catch up after its start, none is restarted, whoever holds the disruption``
    ()
    =
    let pending peers = withStore 1 (fun store -> { store with PendingPeers = peers })
    let lagging = old |> startedAgo 300 1 |> pending 2
    let waits = wait [ StoreLags((store 1).Address, 2) ]
    decide (holding lagging) |> shouldBe waits
    decide lagging |> shouldBe waits

    // the leaders of its regions have not all told PD yet
    decide (holding old |> startedAgo 59 1)
    |> shouldBe (wait [ StoreLags((store 1).Address, 0) ])

    // whatever ails it may be the store that is to be restarted
    let restarts = act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ]
    decide (holding lagging |> startedAgo 1800 1) |> shouldBe restarts
    decide (holding (pending 0 lagging)) |> shouldBe restarts

[<Test>]
let ``what serves is not restarted while a PodDisruptionBudget of somebody else refuses; what does not serve is``
    ()
    =
    let refused observed = { observed with Refusing = [ "mine" ] }

    for observed in [ old; outdated pd ] do
        decide (refused observed) |> shouldBe (wait [ BudgetRefuses "mine" ])
        decide (refused (holding observed)) |> shouldBe (wait [ BudgetRefuses "mine" ])

    let broken = old |> withPod (fun pod -> { pod with Running = false; Ready = false })
    decide (refused broken) |> shouldBe (decide broken)

[<Test>]
let ``leaders are marked as being moved away before PD is asked to`` () =
    decide (holding old)
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

[<Test>]
let ``whoever asks PD again to move leaders away writes down until when the first request may still be carried out``
    ()
    =
    let mark = { firstMark with Since = ago 1; Until = Some(ago -720) }

    decide (holding old |> begun 1)
    |> shouldBe (act [ MarkEviction mark; Action.EvictLeaders(storeId 2) ])

    let until seconds =
        holding old
        |> begun 1
        |> withMark (fun mark -> { mark with Until = Some(ago -seconds) })

    decide (until 660) |> shouldBe (act [ Action.EvictLeaders(storeId 2) ])

    decide (until 659)
    |> shouldBe (act [ MarkEviction mark; Action.EvictLeaders(storeId 2) ])

[<Test>]
let ``the mark says when PD had heard from the store as its entry was first seen`` () =
    let mark = { firstMark with Since = ago 10; HeardAt = Some(ago 0) }

    decide (holding old |> begun 10 |> evicting 2)
    |> shouldBe (act [ MarkEviction mark ])

[<Test>]
let ``no leaders count only by a heartbeat later than the entry`` () =
    decide (holding old |> marked 0 |> evicting 2 |> withLeaders 2 0)
    |> shouldBe (wait [ LeadersUnconfirmed ])

[<Test>]
let ``an entry that PD has lost is made again, and leaders are counted afresh`` () =
    let lost = holding old |> marked 200 |> withLeaders 2 0

    decide lost
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

[<Test>]
let ``while PD knows few leaders, as after its start, nothing is taken down`` () =
    for observed in [ holding old |> evicted; holding (outdated pd) ] do
        match decide (cold observed) with
        | { Actions = []; Waiting = [ LeadersUnknown _ ] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an entry of somebody else is taken as it is, and no mark is made`` () =
    let foreign = justHolding old |> evicting 2
    decide foreign |> shouldBe (wait [ LeadersRemain 5 ])
    let gone = foreign |> withLeaders 2 0
    decide gone |> shouldBe (restarted gone)

[<Test>]
let ``a jump of one clock cuts no wait short`` () =
    let late = holding old |> marked 300 |> evicting 2

    decide { late with Clock = clock.AddSeconds 600. } |> shouldBe (restarted late)

    holding old
    |> marked 10
    |> evicting 2
    |> fun observed -> { observed with Clock = clock.AddSeconds 600. }
    |> decide
    |> shouldBe (wait [ LeadersRemain 5 ])

    // before PD's clock is known
    holding old
    |> begun 10
    |> evicting 2
    |> fun observed -> { observed with Clock = clock.AddSeconds 600. }
    |> decide
    |> fun decision -> decision.Actions |> List.exists _.IsRestartPod |> shouldBe false

[<Test>]
let ``nobody has waited for leaders who has not asked for them to move`` () =
    let late = { holding old with Clock = clock.AddSeconds 600. }
    (decide late).Actions |> List.exists _.IsRestartPod |> shouldBe false

    (decide late).Actions
    |> List.contains (EvictLeaders(storeId 2))
    |> shouldBe true

[<Test>]
let ``a Pod that does not say what it was started with is not restarted for that`` () =
    let mute observed =
        observed
        |> withPod (fun pod -> { pod with Meta = { pod.Meta with Annotations = Map.empty } })

    decide (mute tikv) |> shouldBe settled
    decide (mute pd) |> shouldBe settled

    // but for another template than the one that it was ready with
    let other = mute tikv |> lastReadyWith "older"
    decide other |> shouldBe (taken other)

[<Test>]
let ``a restart waits until the leaders have moved away`` () =
    decide (holding old |> marked 10 |> evicting 2)
    |> shouldBe (wait [ LeadersRemain 5 ])

    let gone = holding old |> evicted
    decide gone |> shouldBe (restarted gone)

[<Test>]
let ``after its deadline a restart proceeds, or holds, as the policy says`` () =
    let late = holding old |> marked 300 |> evicting 2
    decide late |> shouldBe (restarted late)

    decide (holding old |> marked 299 |> evicting 2)
    |> shouldBe (wait [ LeadersRemain 5 ])

    late
    |> withEviction (fun eviction -> { eviction with EvictLeaderPolicy = EvictLeaderPolicy.Hold })
    |> decide
    |> shouldBe (wait [ LeadersRemain 5 ])

[<Test>]
let ``without time to wait, leaders are not moved away`` () =
    let observed =
        holding old
        |> withEviction (fun eviction -> { eviction with EvictLeaderTimeout = TimeSpan.Zero })

    decide observed |> shouldBe (restarted observed)

[<Test>]
let ``leaders are not moved away when there is nowhere to move them to`` () =
    let single = holding old |> withStores [ 2 ]
    decide single |> shouldBe (restarted single)
    let unreplicated = holding old |> withFacts (fun facts -> { facts with MaxReplicas = 1 })
    decide unreplicated |> shouldBe (restarted unreplicated)
    let others = holding old |> evicting 0 |> evicting 1 |> evicting 3
    decide others |> shouldBe (restarted others)

[<Test>]
let ``in an outage nothing is taken down`` () =
    let outage = holding old |> evicted |> down 0 |> down 1
    decide outage |> shouldBe (wait [ StoresSilent(2, 4) ])

[<Test>]
let ``while another store that holds regions is silent, none is restarted`` () =
    for state in [ "Down"; "Disconnected" ] do
        let silent regions =
            holding old
            |> evicted
            |> withStore 0 (fun store -> { store with StateName = state; Regions = regions })

        decide (silent 1) |> shouldBe (wait [ StoresSilent(1, 4) ])
        decide (silent 0) |> shouldBe (restarted (silent 0))

[<Test>]
let ``tombstones and stores of other engines are no part of an outage`` () =
    let observed =
        holding old
        |> evicted
        |> tombstone 1
        |> withFacts (fun facts -> {
            facts with
                Stores =
                    facts.Stores
                    @ [
                        for index in 5..8 do
                            { store index with StateName = "Down"; Labels = Map [ "engine", "tiflash" ] }
                    ]
        })

    decide observed |> shouldBe (restarted observed)

[<Test>]
let ``a process that never registered is restarted without moving leaders`` () =
    let newcomer = old |> withTikvRole (fun (spec, status) -> spec, { status with Id = None })

    // A tombstone of its address is that of another who had its name before.
    for observed in [ newcomer |> withStores [ 0; 1 ]; newcomer |> tombstone 2 ] do
        let decision = decide observed
        Lint.instance observed decision.Actions |> shouldBe []

        match decision with
        | { Actions = [ RestartPod(_, _, Evidence.Unneeded _) ] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an eviction of ours ends when the store serves again: the entry first, then the mark`` () =
    let observed = holding tikv |> marked 60 |> evicting 2
    decide observed |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (holding tikv |> marked 60)
    |> shouldBe (
        act [ MarkEviction { firstMark with Since = ago 60; HeardAt = Some(ago 60); Ended = Some(ago 0) } ]
    )

    decide (holding tikv |> marked 60 |> ended 1)
    |> shouldBe (act [ UnmarkEviction ])

[<Test>]
let ``an entry that appears after ours has ended is somebody else's`` () =
    decide (tikv |> marked 60 |> ended 1 |> evicting 2)
    |> shouldBe (act [ UnmarkEviction ])

    let again = justHolding old |> marked 60 |> ended 1 |> evicting 2
    decide again |> shouldBe (wait [ LeadersRemain 5 ])

[<Test>]
let ``a store is restarted anew with a mark of its own`` () =
    decide (holding old |> marked 60 |> ended 1)
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

    decide (holding old |> begun 60 |> ended 1)
    |> shouldBe (
        act [ MarkEviction { firstMark with Until = Some(ago -600) }; Action.EvictLeaders(storeId 2) ]
    )

[<Test>]
let ``while a request without an answer may still make an entry, the mark stays and the disruption does not``
    ()
    =
    let unsettled = tikv |> begun 60 |> ended 1

    decide (holding unsettled)
    |> shouldBe (act [ ReleaseDisruption(clusterMeta unsettled) ])

    decide unsettled |> shouldBe (wait [ EvictionUnsettled ])

    decide (unsettled |> evicting 2)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (tikv |> begun 720 |> ended 1) |> shouldBe (act [ UnmarkEviction ])

    let again =
        tikv
        |> marked 200
        |> ended 1
        |> withMark (fun mark -> { mark with Until = Some(ago -1) })

    decide again |> shouldBe (wait [ EvictionUnsettled ])

    decide { again with Clock = clock.AddSeconds 60. }
    |> shouldBe (act [ UnmarkEviction ])

[<Test>]
let ``an eviction that was taken back in doubt is over: leaders are waited for anew`` () =
    // ZR4: the deadline of the first eviction would have let the store go with its leaders
    let takenBack = tikv |> begun 400
    let over = { firstMark with Since = ago 400; Ended = Some(ago 0) }

    match decide (holding takenBack) with
    | { Actions = MarkEviction mark :: _ } -> mark |> shouldBe over
    | other -> Assert.Fail $"%A{other}"

    match decide (holding old |> begun 400 |> ended 1) with
    | { Actions = [ MarkEviction { Ended = None; Until = Some _ }; Action.EvictLeaders _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``facts of PD from before the last moment of a request settle nothing`` () =
    { (tikv |> begun 720 |> ended 1) with At = Instant.add (TimeSpan.FromMinutes 2L) tikv.At }
    |> decide
    |> shouldBe (wait [ EvictionUnsettled ])

[<Test>]
let ``the entry of a store whose disk was lost since is taken out of PD too`` () =
    let other =
        holding tikv
        |> evicting 3
        |> marked 60
        |> withMark (fun mark -> { mark with Store = Some(storeId 3) })

    decide other |> shouldBe (act [ StopEvictingLeaders(storeId 3) ])

[<Test>]
let ``leaders come back only after the store was ready for long enough`` () =
    let patient =
        tikv
        |> marked 60
        |> evicting 2
        |> withEviction (fun eviction -> { eviction with MinReadyForLeaderSeconds = 30 })

    patient
    |> withPod (fun pod -> { pod with ReadySince = ago 29 })
    |> decide
    |> shouldBe (wait [ LeadersReturnSoon ])

    patient
    |> withPod (fun pod -> { pod with ReadySince = ago 30 })
    |> decide
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

[<Test>]
let ``an eviction of others is left alone`` () = decide (evicting 2 tikv) |> shouldBe settled

[<Test>]
let ``the disruption is kept until the eviction has ended`` () =
    decide (holding tikv |> marked 60 |> silent)
    |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``an eviction does not outlast a process that never comes up again`` () =
    let down = holding tikv |> evicting 2 |> withPod (fun pod -> { pod with Ready = false })

    decide (marked 899 down)
    |> shouldBe (wait [ PodNotReady "its readiness probe has not succeeded yet" ])

    decide (marked 900 down)
    |> shouldBe {
        Actions = [ StopEvictingLeaders(storeId 2) ]
        Waiting = [ PodNotReady "its readiness probe has not succeeded yet" ]
    }

[<Test>]
let ``when several stores stop at once the leaders stay where they are`` () =
    let one = { terminating tikv with Stopping = Set [ "basic-tikv-2" ] }
    let several = { one with Stopping = Set [ "basic-tikv-1"; "basic-tikv-2" ] }

    (decide one).Actions
    |> List.exists (fun action -> action.IsMarkEviction)
    |> shouldBe true

    (decide several).Actions |> shouldBe []

[<Test>]
let ``leaders move away from a Pod that somebody else stops, while it still runs`` () =
    let drained = terminating tikv

    decide drained
    |> shouldBe {
        Actions = [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ]
        Waiting = [ PodTerminating ]
    }

    decide (drained |> marked 10 |> evicting 2)
    |> shouldBe (wait [ PodTerminating; LeadersRemain 5 ])

    decide (drained |> marked 10 |> evicting 2 |> withLeaders 2 0)
    |> shouldBe (wait [ PodTerminating ])

// ---- a store is back

[<Test>]
let ``the disruption is kept until the store's peers have caught up, by a heartbeat of its regions`` () =
    let pending count =
        holding tikv
        |> withStore 2 (fun store -> { store with PendingPeers = count; Regions = 200 })

    decide (pending 3) |> shouldBe (wait [ PeersCatchUp 3 ])
    decide (pending 2) |> shouldBe (act [ ReleaseDisruption(clusterMeta tikv) ])
    decide (holding tikv |> startedAgo 59 2) |> shouldBe (wait [ PeersCatchUp 0 ])

    decide (holding tikv |> startedAgo 60 2)
    |> shouldBe (act [ ReleaseDisruption(clusterMeta tikv) ])

[<Test>]
let ``two thirds of the leaders come back, unless they were few or it takes too long`` () =
    let back before leaders uptime =
        holding tikv
        |> marked 100
        |> ended 90
        |> withMark (fun mark -> { mark with Leaders = Some before })
        |> withLeaders 2 leaders
        |> startedAgo uptime 2

    decide (back 600 399 100) |> shouldBe (wait [ LeadersComeBack(399, 600) ])

    for enough in [ back 600 400 100; back 600 0 400; back 199 0 100 ] do
        decide enough |> shouldBe (act [ UnmarkEviction ])

// ---- what nobody counts on

[<Test>]
let ``a process that neither Kubernetes nor PD counts on is restarted without the disruption`` () =
    let unready = withPod (fun pod -> { pod with Ready = false })

    for observed in [ old |> down 2 |> unready; outdated pd |> unhealthy 1 |> unready ] do
        match decide (heldByOther observed) with
        | { Actions = [ RestartPod(_, _, Evidence.Unneeded _) ]; Waiting = [] } -> ()
        | other -> Assert.Fail $"%A{other}"

        match decide (silent observed) with
        | { Actions = []; Waiting = [ PdSilent _ ] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a store that somebody else has PD remove is taken back before it is restarted`` () =
    decide (old |> holding |> evicted |> removing 2)
    |> shouldBe (act [ RestoreStore(storeId 2) ])

[<Test>]
let ``a store that PD does not hear, and whose Pod is ready, is kept from leading before its restart`` () =
    let silent = old |> holding |> withLeaders 2 0 |> down 2

    decide silent
    |> shouldBe (act [ MarkEviction { firstMark with Leaders = Some 0 }; Action.EvictLeaders(storeId 2) ])

[<Test>]
let ``a restart that is not wanted any more is fenced off before leaders come back and the disruption is given back``
    ()
    =
    let taken = justHolding tikv |> marked 60 |> evicting 2
    let since = ago 5

    decide taken |> shouldBe (act [ SparePod(podMeta taken, since) ])

    decide (spared taken) |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (spared (justHolding tikv))
    |> shouldBe (act [ ReleaseDisruption(clusterMeta taken) ])

    let member' = justHolding pd
    decide member' |> shouldBe (act [ SparePod(podMeta member', since) ])

    decide (spared member')
    |> shouldBe (act [ ReleaseDisruption(clusterMeta member') ])
