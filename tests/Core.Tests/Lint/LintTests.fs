module Tikv.Core.Tests.Lint.LintTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

module GroupGiven = Tikv.Core.Tests.Group.Given
module ClusterGiven = Tikv.Core.Tests.Cluster.Given

let private law actions observed = Lint.instance observed actions

/// Such a decision is never made by our rules; the laws stand without them.
let private refused (why: string) actions observed =
    match law actions observed with
    | [] -> Assert.Fail $"no law forbids %A{actions}"
    | laws -> Assert.That(laws, Has.Some.Contains why)

let private allowed actions observed = law actions observed |> shouldBe []

// Evidence of a world in which all is well: the linter does not take its word.
let private restarts = restartGrounds (holding tikv |> evicting 2 |> marked 1 |> withLeaders 2 0)
let private broken' = brokenGrounds (broken tikv)
let private restart observed = [ RestartPod(podMeta observed, "x", restarts) ]
let private remove observed = [ RemovePod(podMeta observed, "x", broken') ]

let private leaveStore =
    match removeStore (deleting tikv |> evicting 2 |> marked 1 |> withLeaders 2 0) with
    | RemoveStore(_, calm, enough, gone) -> fun id -> RemoveStore(id, calm, enough, gone)
    | other -> failwith $"%A{other}"

let private leaveMember =
    match removeMember (deleting pd) with
    | RemoveMember(_, calm, quorum, unwanted) -> fun id -> RemoveMember(id, calm, quorum, unwanted)
    | other -> failwith $"%A{other}"

let private transfer = transferTo "basic-pd-1" pdLeader
let private ended = removeFinalizer (tikv |> deleting |> tombstone 2)

[<Test>]
let ``a store below max-replicas is removed only while people leave that to PD`` () =
    let few = deleting tikv |> withStores [ 0; 1; 2 ]
    let until time = { few with Overrides = $"all-stores-up@2999-01-01, min-replicas-after@%s{time}" }
    refused "V I05" [ leaveStore (storeId 2) ] few
    refused "V I05" [ leaveStore (storeId 2) ] (until "2001-01-01T00:00Z")
    refused "V I05" [ leaveStore (storeId 2) ] (until "never")
    allowed [ leaveStore (storeId 2) ] (until "2999-01-01T00:00Z")
    refused "V I06" [ leaveStore (storeId 2) ] (until "2999-01-01T00:00Z" |> removing 0)

[<Test>]
let ``a paused cluster is left alone`` () = refused "paused" [ AddFinalizer ] (paused tikv)

[<Test>]
let ``one step with a risk is taken at a time`` () =
    refused "one step" [ leaveStore (storeId 2); transfer ] (holding (deleting tikv))

[<Test>]
let ``a healthy process is taken down only by the holder of the disruption, and with facts of PD`` () =
    for observed in [ tikv |> marked 1 |> evicting 2; pd ] do
        allowed (restart observed) (holding observed)
        refused "law 3" (restart observed) observed
        refused "law 3" (restart observed) (heldByOther observed)
        refused "law 5" (restart observed) (silent (holding observed))

        refused
            "law 5"
            (restart observed)
            (holding observed
             |> withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL }))

[<Test>]
let ``a Pod of another owner or life is neither restarted nor removed`` () =
    let observed = holding tikv
    refused "owner" (restart observed) (foreignPod observed)
    refused "owner" (remove observed) (foreignPod observed)
    let earlier = { podMeta observed with Uid = Uid "earlier" }
    refused "life" [ RestartPod(earlier, "x", restarts) ] observed
    refused "life" [ RemovePod(earlier, "x", broken') ] observed
    refused "life" (remove observed) (withoutPod observed)

[<Test>]
let ``what nobody counts on is restarted without the disruption, but not in a freeze`` () =
    let out = tikv |> down 2 |> withPod (fun pod -> { pod with Ready = false })
    allowed (restart out) out
    refused "law 3" (restart tikv) (down 2 tikv)
    refused "law 6" (restart out) (out |> down 0)
    refused "law 5" (restart out) (silent out)

[<Test>]
let ``PD's leader is restarted only after another leads`` () =
    refused "leader" (restart pdLeader) (holding pdLeader)
    allowed (restart pdLeader) (holding pdLeader |> withMembers 1)

[<Test>]
let ``PD keeps a quorum without the member that is restarted, and all others are healthy`` () =
    refused "quorum" (restart pd) (holding pd |> unhealthy 2)
    allowed (restart pd) (holding pd |> withMembers 2)
    let five = withFacts (fun facts -> { facts with Members = List.init 5 memberFact })
    allowed (restart pd) (holding pd |> five)
    refused "I21" (restart pd) (holding pd |> five |> unhealthy 2)

[<Test>]
let ``a member that has no name yet is the instance's own by its id`` () =
    let unnamed = withMember 1 (fun one -> { one with Name = ""; Healthy = false })
    allowed (restart pd) (holding pd |> unnamed)

[<Test>]
let ``nothing that serves is taken down in a freeze`` () =
    let ready = holding tikv |> marked 1 |> evicting 2

    for freeze in [ down 0 >> down 1; unhealthy 0 >> unhealthy 2; cold ] do
        refused "law 6" (restart ready) (freeze ready)
        refused "law 6" [ leaveStore (storeId 2) ] (freeze (deleting tikv))
        refused "law 6" [ leaveMember (memberId 1) ] (freeze (deleting pd))

[<Test>]
let ``no store is restarted while another one that holds regions is silent`` () =
    let ready = holding tikv |> marked 1 |> evicting 2
    refused "I17" (restart ready) (down 0 ready)

    allowed
        (restart ready)
        (ready
         |> withStore 0 (fun store -> { store with StateName = "Down"; Regions = 0 }))

[<Test>]
let ``a store is restarted only after its leaders were asked to move away, if they could`` () =
    refused "I18" (restart tikv) (holding tikv)
    allowed (restart tikv) (holding tikv |> withLeaders 2 0)
    allowed (restart tikv) (holding tikv |> withFacts (fun facts -> { facts with MaxReplicas = 1 }))
    allowed (restart tikv) (holding tikv |> withStores [ 1; 2 ])

[<Test>]
let ``a Pod is removed only when it does not run, or PD has let its instance go`` () =
    refused "let it go" (remove tikv) tikv
    refused "let it go" (remove tikv) (deleting tikv)
    refused "let it go" (remove pd) (deleting pd)
    allowed (remove tikv) (broken tikv)
    allowed (remove tikv) (suspended tikv)
    allowed (remove tikv) (tikv |> deleting |> tombstone 2)
    allowed (remove tikv) (tikv |> deleting |> endingCluster |> silent)

    refused
        "let it go"
        (remove tikv)
        (tikv
         |> deleting
         |> tombstone 2
         |> withStore 2 (fun store -> { store with Regions = 1 }))

[<Test>]
let ``PD is bootstrapped once`` () =
    let never = pd |> withPdRole (fun (spec, status) -> spec, { status with Id = None })
    let first = [ CreateBootstrapPod(Json.empty, bootstrapGrounds (withoutClusterId never)) ]
    allowed first (withoutClusterId never)
    refused "law 7" first never
    refused "law 7" first (withoutClusterId pd)
    refused "law 7" first (withoutClusterId tikv)

    refused
        "law 7"
        first
        (withoutClusterId never
         |> withPdRole (fun (spec, status) -> { spec with InitialCluster = [] }, status))

[<Test>]
let ``a store is removed only while enough living ones remain`` () =
    let leave = [ leaveStore (storeId 2) ]
    let tikv = deleting tikv
    allowed leave tikv
    refused "I05" leave (down 0 tikv)
    refused "I05" leave (evicting 0 tikv)
    refused "I05" leave (withStore 0 (fun store -> { store with Labels = Map [ "engine", "tiflash" ] }) tikv)
    refused "law 5" leave (silent tikv)

[<Test>]
let ``a store is removed only by its own instance, when that is to leave, and one at a time`` () =
    let five = withStores [ 0; 1; 2; 3; 4 ]
    refused "I04" [ leaveStore (storeId 2) ] (five tikv)
    allowed [ leaveStore (storeId 2) ] (five (offline tikv))
    refused "law 9" [ leaveStore (storeId 3) ] (five (offline tikv))
    refused "I06" [ leaveStore (storeId 2) ] (five (offline tikv) |> removing 0)

[<Test>]
let ``a member is removed only while the others have a quorum`` () =
    let leave = [ leaveMember (memberId 1) ]
    refused "law 9" leave pd
    let pd, pdLeader = deleting pd, deleting pdLeader
    allowed leave pd
    allowed leave (withMembers 2 pd)
    refused "B9" leave (unhealthy 2 pd)
    let five = withFacts (fun facts -> { facts with Members = List.init 5 memberFact })
    refused "I21" leave (pd |> five |> unhealthy 2)
    allowed leave (pd |> five |> unhealthy 1 |> unhealthy 2)
    refused "B9" [ leaveMember (MemberId 9UL) ] pd
    refused "B9" [ leaveMember (memberId 0) ] (withMembers 1 pdLeader)
    refused "law 5" leave (silent pd)

[<Test>]
let ``data goes only when nothing depends on it and the policy says so`` () =
    let gone = tikv |> deleting |> tombstone 2 |> reclaimed |> withoutPod
    let claim = [ removeClaim (claimOf "data-basic-tikv-2").Meta gone ]
    allowed claim gone
    refused "law 7" claim (tikv |> tombstone 2 |> reclaimed |> withoutPod)
    refused "law 7" claim (tikv |> deleting |> tombstone 2 |> reclaimed)
    refused "law 7" claim (tikv |> deleting |> tombstone 2 |> withoutPod)
    refused "law 7" claim (tikv |> deleting |> removing 2 |> reclaimed |> withoutPod)
    refused "law 7" claim (tikv |> deleting |> withStores [ 0; 1 ] |> reclaimed |> withoutPod)
    refused "law 7" claim (silent gone)
    refused "law 7" claim (pd |> deleting |> reclaimed |> withoutPod)

    let ends = silent tikv |> deleting |> endingCluster |> withoutPod
    refused "law 7" claim ends

    allowed
        claim
        (ends
         |> withClusterSpec (fun spec -> { spec with DeletionPolicy = ReclaimPolicy.Delete }))

[<Test>]
let ``leaders are evicted only after our mark`` () =
    let evict = [ Action.EvictLeaders(storeId 2) ]
    allowed evict (holding (begun 1 tikv))
    allowed evict (begun 1 (deleting tikv))
    allowed evict (begun 1 (terminating tikv))
    refused "I28" evict (begun 1 tikv)
    refused "law 9" evict (holding tikv)
    allowed (MarkEviction firstMark :: evict) (holding tikv)
    refused "I30" (MarkEviction firstMark :: evict) (holding tikv |> evicting 2)
    refused "another store" [ Action.EvictLeaders(storeId 3) ] (holding (begun 1 tikv))
    refused "law 9" evict pd

[<Test>]
let ``an eviction of somebody else is not ended`` () =
    allowed [ StopEvictingLeaders(storeId 2) ] (marked 1 tikv)
    refused "I30" [ StopEvictingLeaders(storeId 2) ] tikv
    refused "I30" [ StopEvictingLeaders(storeId 3) ] (marked 1 tikv)

    tikv
    |> marked 1
    |> withMark (fun mark -> { mark with Ended = Some(ago 0) })
    |> refused "I30" [ StopEvictingLeaders(storeId 2) ]

[<Test>]
let ``PD's leader moves to a healthy member, and only for the holder of the disruption`` () =
    allowed [ transfer ] (holding pdLeader)
    refused "law 3" [ transfer ] pdLeader
    refused "healthy" [ transfer ] (holding pdLeader |> unhealthy 1)
    refused "healthy" [ transfer ] (holding pdLeader |> silent)

[<Test>]
let ``the finalizer goes last`` () =
    allowed [ ended ] (tikv |> deleting |> withoutPod)
    refused "last" [ ended ] (deleting tikv)
    refused "last" [ ended ] (withoutPod tikv)

// ---- groups

let private refusedGroup (why: string) actions observed =
    match Lint.group observed actions with
    | [] -> Assert.Fail $"no law forbids %A{actions}"
    | laws -> Assert.That(laws, Has.Some.Contains why)

[<Test>]
let ``a group touches no instance of another, takes away one at a time, and goes last`` () =
    let group = GroupGiven.tikv
    let meta index = GroupGiven.metaOf index group
    let foreign = { meta 0 with OwnerReferences = [] }
    let asked = group |> GroupGiven.deleting |> GroupGiven.abandoned

    // The evidence is that of other looks.
    let offline index = GroupGiven.takeOffline index group
    let deleted = GroupGiven.delete 0 (group |> GroupGiven.unregistered 0)
    let ended = GroupGiven.removeFinalizer (GroupGiven.deleting group)

    let ofForeign action =
        match action with
        | Group.TakeOffline(_, evidence) -> Group.TakeOffline(foreign, evidence)
        | Group.DeleteInstance(_, evidence) -> Group.DeleteInstance(foreign, evidence)
        | Group.AbandonInstance(_, evidence) -> Group.AbandonInstance(foreign, evidence)
        | other -> other

    for action in
        [
            Group.UpdateInstance(foreign, Json.empty)
            Group.KeepOnline foreign
            ofForeign (offline 0)
            ofForeign deleted
            ofForeign (GroupGiven.abandon 0 asked)
        ] do
        refusedGroup "somebody else" [ action ] group

    refusedGroup "one instance leaves" [ offline 0; offline 1 ] group
    refusedGroup "one store leaves" [ offline 0 ] (group |> GroupGiven.offline 1)
    refusedGroup "one store leaves" [ offline 0 ] { group with LeavingElsewhere = [ "more-tikv-0" ] }
    refusedGroup "leaves PD before" [ deleted ] group
    refusedGroup "user gives" [ GroupGiven.abandon 0 asked ] group
    refusedGroup "last" [ ended ] (GroupGiven.deleting group)
    refusedGroup "last" [ ended ] { group with Instances = Map.empty }

    let members = GroupGiven.pd
    refusedGroup "one member leaves" [ GroupGiven.delete 0 members ] (members |> GroupGiven.ending 1)
    refusedGroup "paused" [ Group.AddFinalizer ] (GroupGiven.paused group)

// ---- clusters

let private refusedCluster (why: string) actions observed =
    match Lint.cluster observed actions with
    | [] -> Assert.Fail $"no law forbids %A{actions}"
    | laws -> Assert.That(laws, Has.Some.Contains why)

[<Test>]
let ``a cluster id is never replaced, TiKV goes before PD, and the Cluster goes last`` () =
    let basic = ClusterGiven.basic
    let pdGroup = GroupGiven.pd.Meta
    refusedCluster "law 7" [ Cluster.RecordId(ClusterId 9UL, None) ] basic
    refusedCluster "with its Cluster" [ Cluster.DeleteGroup(Kind.TiKVGroup, GroupGiven.tikv.Meta) ] basic
    refusedCluster "before PD" [ Cluster.DeleteGroup(Kind.PDGroup, pdGroup) ] (ClusterGiven.deleting basic)
    refusedCluster "last" [ Cluster.RemoveFinalizer ] (ClusterGiven.deleting basic)
    refusedCluster "paused" [ Cluster.AddFinalizer ] (ClusterGiven.paused basic)
