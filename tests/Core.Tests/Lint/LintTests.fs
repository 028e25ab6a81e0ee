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
    | RemoveMember(_, calm, quorum) -> fun id -> RemoveMember(id, calm, quorum)
    | other -> failwith $"%A{other}"

let private transfer = transferTo "basic-pd-1" pdLeader
let private ended = removeFinalizer (tikv |> deleting |> tombstone 2)

[<Test>]
let ``a paused cluster is left alone`` () = refused "paused" [ AddFinalizer ] (paused tikv)

[<Test>]
let ``one step with a risk is taken at a time`` () =
    refused "one step" [ leaveStore (storeId 2); transfer ] tikv

[<Test>]
let ``a healthy process is taken down only by the holder of the disruption, and with facts of PD`` () =
    for observed in [ tikv; pd ] do
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
let ``PD's leader is restarted only after another leads`` () =
    refused "leader" (restart pdLeader) (holding pdLeader)
    allowed (restart pdLeader) (holding pdLeader |> withMembers 1)

[<Test>]
let ``PD keeps a quorum without the member that is restarted`` () =
    refused "quorum" (restart pd) (holding pd |> unhealthy 2)
    allowed (restart pd) (holding pd |> withMembers 2)

[<Test>]
let ``in an outage nothing is taken down`` () =
    refused "law 6" (restart tikv) (holding tikv |> down 0 |> down 1)
    allowed (restart tikv) (holding tikv |> down 0)

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
    allowed leave tikv
    refused "I05" leave (down 0 tikv)
    refused "I05" leave (removing 0 tikv)
    refused "I05" leave (withStores [ 0; 1; 3 ] tikv)
    refused "law 5" leave (silent tikv)

[<Test>]
let ``a member is removed only while the others have a quorum`` () =
    let leave = [ leaveMember (memberId 1) ]
    allowed leave pd
    allowed leave (withMembers 2 pd)
    refused "B9" leave (unhealthy 2 pd)
    refused "B9" [ leaveMember (MemberId 9UL) ] pd
    refused "B9" [ leaveMember (memberId 0) ] (withMembers 1 pdLeader)
    refused "law 5" leave (silent pd)

[<Test>]
let ``data goes only when nothing depends on it and the policy says so`` () =
    let gone = tikv |> deleting |> tombstone 2 |> reclaimed |> withoutPod
    let claim = [ removeClaim (claimOf "data").Meta gone ]
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
    allowed evict (marked 1 tikv)
    refused "law 9" evict tikv
    refused "PD has no" evict pd

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

    for action in
        [
            Group.UpdateInstance(foreign, Json.empty)
            Group.TakeOffline foreign
            Group.KeepOnline foreign
            Group.DeleteInstance foreign
        ] do
        refusedGroup "somebody else" [ action ] group

    refusedGroup "one instance leaves" [ Group.TakeOffline(meta 0); Group.TakeOffline(meta 1) ] group
    refusedGroup "last" [ Group.RemoveFinalizer ] (GroupGiven.deleting group)
    refusedGroup "last" [ Group.RemoveFinalizer ] { group with Instances = Map.empty }
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
