module Tikv.Core.Tests.Instance.BuildTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private claim observed =
    let volume, name = Seen.wantedClaims observed |> List.head
    CreateClaim(name, Manifest.claim observed volume name)

let private pod observed = ok (Rules.podBody observed)
let private config observed = Manifest.configMap observed (ok (Manifest.configFile observed))

let private withClaims (observed: Observed) = { observed with Claims = (built observed).Claims }
let private withConfig (observed: Observed) = { observed with Config = Some(configOf observed) }
let private newcomer = barePd 1 |> withPdRole (fun (spec, status) -> spec, { status with Id = None })

/// Before the first bootstrap.
let private first = newcomer |> withoutClusterId |> unasked

[<Test>]
let ``an instance that is as desired is left alone`` () =
    for observed in [ pd; pdLeader; tikv ] do
        decide observed |> shouldBe settled

[<Test>]
let ``the finalizer stands before anything else`` () =
    { bareTikv 2 with Meta = { (bareTikv 2).Meta with Finalizers = [] } }
    |> decide
    |> shouldBe (act [ AddFinalizer ])

[<Test>]
let ``claims come first, then the ConfigMap, then the Pod`` () =
    let observed = bareTikv 2
    decide observed |> shouldBe (act [ claim observed ])
    decide (withClaims observed) |> shouldBe (act [ CreateConfig(config observed) ])

    decide (observed |> withClaims |> withConfig)
    |> shouldBe (act [ CreatePod(pod observed) ])

[<Test>]
let ``the Pods of the first bootstrap wait until all initial members exist`` () =
    { (first |> withClaims |> withConfig) with Siblings = Set [ "basic-pd-1" ] }
    |> decide
    |> shouldBe (wait [ SiblingsMissing [ "basic-pd-0"; "basic-pd-2" ] ])

[<Test>]
let ``the first Pod of PD bootstraps while no cluster id is recorded`` () =
    first
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (act [ CreateBootstrapPod(pod first, bootstrapGrounds first) ])

[<Test>]
let ``a Pod of PD joins once a cluster id is recorded`` () =
    newcomer
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (act [ CreatePod(pod newcomer) ])

[<Test>]
let ``a Pod of PD that has been a member is made again though PD is silent`` () =
    let member' = barePd 1

    member'
    |> silent
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (act [ CreatePod(pod member') ])

/// The others have bootstrapped; PD lists this member of `initial-cluster`, and has never seen it (P 2).
let private late =
    match newcomer.Pd with
    | PdView.Answered facts ->
        let unseen (one: MemberFact) = if one.Name = "basic-pd-1" then { one with ClientUrls = [] } else one
        { newcomer with Pd = PdView.Answered { facts with Members = facts.Members |> List.map unseen } }
    | _ -> newcomer

/// Found by the simulator: the reply to the creation of one Pod was lost, the other two recorded the cluster's id
/// meanwhile, and the third was told to join, which PD refuses as a duplicate for ever (P 24).
[<Test>]
let ``a member of the first bootstrap that starts late completes it`` () =
    Lint.instance late [ CreateBootstrapPod(pod late, bootstrapGrounds late) ]
    |> shouldBe []

    late
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (act [ CreateBootstrapPod(pod late, bootstrapGrounds late) ])

[<Test>]
let ``whether a late member has started before is not known while PD is silent`` () =
    let silentPd = newcomer |> withClaims |> silent
    silentPd |> decide |> shouldBe (wait [ Seen.pdReason silentPd ])
    let configured = { silentPd with Config = Some(configOf late) }
    configured |> decide |> shouldBe (wait [ Seen.pdReason silentPd ])

[<Test>]
let ``a member that has been one never bootstraps again`` () =
    let again = barePd 1 |> withoutClusterId |> unasked

    again |> withClaims |> withConfig |> decide |> shouldBe (wait [ PdNotAsked ])

[<Test>]
let ``a member without initial members waits for a cluster that it can join`` () =
    let joiner =
        first
        |> withPdRole (fun (spec, status) -> { spec with InitialCluster = [] }, status)

    joiner |> withClaims |> withConfig |> decide |> shouldBe (wait [ PdNotAsked ])

[<Test>]
let ``the first Pod of TiKV waits for the first answer of PD`` () =
    bareTikv 2
    |> withoutClusterId
    |> unasked
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (wait [ PdNotAsked ])

[<Test>]
let ``a Pod of TiKV never waits for PD once a cluster id is recorded`` () =
    let observed = bareTikv 2 |> silent

    observed
    |> withClaims
    |> withConfig
    |> decide
    |> shouldBe (act [ CreatePod(pod observed) ])

[<Test>]
let ``a store whose Pod is gone starts again once PD has been asked, whether it answered or not`` () =
    let gone = withoutPod tikv
    gone |> unasked |> decide |> shouldBe (wait [ PdNotAsked ])

    for asked in [ gone; silent gone ] do
        asked |> decide |> shouldBe (act [ CreatePod(pod asked) ])

[<Test>]
let ``TiKV without any PD group waits for one`` () =
    { bareTikv 2 with PdUrls = [] } |> decide |> shouldBe (wait [ PdAbsent ])

[<Test>]
let ``a changed configuration is written to the ConfigMap`` () =
    let observed =
        tikv
        |> withTemplate (fun template -> { template with Config = Some "log.level = 'warn'" })

    let seen = (configOf tikv).Meta

    decide observed |> shouldBe (act [ UpdateConfig(seen, config observed) ])

[<Test>]
let ``a key that somebody added to the ConfigMap is taken away`` () =
    let strange = { configOf tikv with Data = (configOf tikv).Data |> Map.add "other" "x" }

    { tikv with Config = Some strange }
    |> decide
    |> shouldBe (act [ UpdateConfig(strange.Meta, config tikv) ])

[<Test>]
let ``a configuration that is not TOML is told with its place, and nothing is done`` () =
    let observed = tikv |> withTemplate (fun template -> { template with Config = Some "a = " })

    match decide observed with
    | { Actions = []; Waiting = [ InvalidSpec problem ] } ->
        Assert.That(problem, Does.StartWith "spec.config is not TOML: ")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an overlay that cannot be merged is told, and nothing is done`` () =
    let observed =
        bareTikv 2
        |> withTemplate (fun template -> {
            template with
                Overlay =
                    Some {
                        Pod =
                            Some {
                                Metadata = { Labels = Map.empty; Annotations = Map.empty }
                                Spec = Some(json """{"containers":[{"image":"without-a-name"}]}""")
                            }
                        VolumeClaims = []
                    }
        })

    match observed |> withClaims |> withConfig |> decide with
    | { Actions = []; Waiting = [ InvalidSpec problem ] } ->
        Assert.That(problem, Does.StartWith "spec.overlay.pod.spec cannot be merged: ")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``objects of others under our names are left alone`` () =
    decide (foreignPod tikv) |> shouldBe (wait [ NotOurs("Pod", "basic-tikv-2") ])
    let stolen = { configOf tikv with Meta = { (configOf tikv).Meta with OwnerReferences = [] } }

    { tikv with Config = Some stolen }
    |> decide
    |> shouldBe (wait [ NotOurs("ConfigMap", "basic-tikv-2") ])

    let name = "data-basic-tikv-2"
    let strange = { claimOf name with Meta = { (claimOf name).Meta with Labels = Map.empty } }

    { tikv with Claims = Map [ name, strange ] }
    |> decide
    |> shouldBe (wait [ NotOurs("PersistentVolumeClaim", name) ])

[<Test>]
let ``a Pod of others is never restarted, suspended or waited for with the disruption`` () =
    for observed in [ tikv |> outdated; tikv |> suspended; pd |> outdated |> broken ] do
        match decide (foreignPod observed) with
        | { Actions = []; Waiting = [ NotOurs("Pod", _) ] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a claim that is being deleted is waited for`` () =
    let name = "data-basic-tikv-2"
    let ending = { claimOf name with Meta = { (claimOf name).Meta with DeletionTimestamp = Some(ago 1) } }

    { bareTikv 2 with Claims = Map [ name, ending ] }
    |> decide
    |> shouldBe (wait [ ClaimTerminating name ])

[<Test>]
let ``an instance of a paused cluster is left alone, deletion included`` () =
    for observed in [ bareTikv 2; barePd 1; outdated tikv; deleting tikv; deleting pd ] do
        decide (paused observed) |> shouldBe (wait [ ClusterPaused ])

[<Test>]
let ``a suspended instance loses its Pod and nothing else`` () =
    let observed = suspended tikv

    decide observed
    |> shouldBe (act [ RemovePod(podMeta observed, "Suspended", suspendedGrounds observed) ])

    decide (terminating observed) |> shouldBe (wait [ PodTerminating ])
    decide (withoutPod observed) |> shouldBe (wait [ ClusterSuspended ])

[<Test>]
let ``an instance without its Cluster is not built up`` () =
    for observed in [ bareTikv 2; barePd 1; outdated tikv ] do
        { observed with Cluster = None }
        |> decide
        |> shouldBe (wait [ ClusterAbsent "basic" ])

[<Test>]
let ``a deleted Pod comes back with the same identity`` () =
    for observed in [ pd; tikv ] do
        decide (withoutPod observed) |> shouldBe (act [ CreatePod(pod observed) ])

[<Test>]
let ``a Pod that has ended for good is replaced`` () =
    for phase in [ "Failed"; "Succeeded" ] do
        let observed = tikv |> withPod (fun pod -> { pod with Phase = phase; Ready = false })

        decide observed
        |> shouldBe (act [ RemovePod(podMeta observed, $"Pod%s{phase}", brokenGrounds observed) ])

[<Test>]
let ``why a Pod does not serve is told`` () =
    let table: ((PodView -> PodView) * Reason) list = [
        (fun pod -> { pod with Unschedulable = "0/3 nodes"; Phase = "Pending"; Ready = false }),
        PodPending "0/3 nodes"
        (fun pod -> { pod with Phase = "Pending"; Ready = false }),
        PodPending "its containers are being started"
        (fun pod -> { pod with Ready = false }), PodNotReady "its readiness probe has not succeeded yet"
        (fun pod -> {
            pod with
                Ready = false
                Problem = Some { Reason = "CrashLoopBackOff"; Message = "back-off" }
        }),
        PodNotReady "CrashLoopBackOff: back-off"
        (fun pod -> { pod with Ready = false; Problem = Some { Reason = "Error"; Message = "" } }),
        PodNotReady "Error"
        (fun pod -> { pod with Running = false; Meta = { pod.Meta with DeletionTimestamp = Some(ago 1) } }),
        PodTerminating
    ]

    for change, reason in table do
        decide (withPod change tikv) |> shouldBe (wait [ reason ])

[<Test>]
let ``a member is one when the others list it, and healthy when they say so`` () =
    let unknown =
        pd
        |> withFacts (fun facts -> { facts with Members = [ memberFact 0; memberFact 2 ] })

    decide unknown |> shouldBe (wait [ MemberNotJoined ])
    let halfJoined = pd |> withMember 1 (fun one -> { one with Name = ""; Healthy = false })
    decide halfJoined |> shouldBe (wait [ MemberNotJoined ])
    decide (unhealthy 1 pd) |> shouldBe (wait [ MemberUnhealthy ])
    decide (silent pd) |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``a store is as desired when PD counts it and hears from it`` () =
    decide (
        withStores [ 0; 1 ] tikv
        |> withTikvRole (fun (spec, status) -> spec, { status with Id = None })
    )
    |> shouldBe (wait [ StoreNotRegistered ])

    decide (down 2 tikv) |> shouldBe (wait [ StoreNotServing "Down" ])
    decide (silent tikv) |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``what another cluster says at PD's address is no answer`` () =
    let stranger = withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })

    let problem = "another cluster (id 9) answers at its address; the id of this one is 7400000000000000001"

    for observed in [ pd; tikv; outdated tikv; deleting tikv; deleting pd ] do
        decide (stranger observed) |> shouldBe (wait [ PdSilent problem ])

[<Test>]
let ``a store is known by its recorded id, and by its address only before there is one`` () =
    let moved = tikv |> withStore 2 (fun store -> { store with Address = "elsewhere:20160" })
    decide moved |> shouldBe settled

    tikv
    |> withTikvRole (fun (spec, status) -> spec, { status with Id = None })
    |> decide
    |> shouldBe settled

[<Test>]
let ``the tombstone of one that had the name before is not the store of a new instance`` () =
    let newcomer =
        tikv
        |> withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })
        |> tombstone 2

    decide newcomer |> shouldBe (wait [ StoreNotRegistered ])

    match Codec.decode<TiKVStatus> [ "status" ] (Report.status newcomer (decide newcomer) |> snd) with
    | Ok status -> (status.Id, status.State) |> shouldBe (None, None)
    | Error problems -> Assert.Fail $"%A{problems}"

[<Test>]
let ``a store that took the place of a tombstone is the instance's store`` () =
    tikv
    |> tombstone 2
    |> withFacts (fun facts -> { facts with Stores = facts.Stores @ [ { store 2 with Id = StoreId 9UL } ] })
    |> decide
    |> shouldBe settled
