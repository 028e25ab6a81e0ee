namespace Tikv.Core.Tests.Instance

open FsCheck
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests
open Tikv.Core.Tests.Instance

/// Any look at an instance that the world can show: what is desired with any subset of what is not.
type Looks =
    /// Each of these may have happened, in this order.
    static member private Changes: (string * (Observed -> Observed)) list = [
        "no cluster id", Given.withoutClusterId
        "no facts of TiKV", Given.withFacts (fun facts -> { facts with Stores = [] })
        "the instance was never registered",
        Given.withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })
        >> Given.withPdRole (fun (spec, status) -> spec, { status with Id = None })
        "the store was seen Removed",
        Given.withTikvRole (fun (spec, status) -> spec, { status with State = Some Api.StoreState.Removed })
        "no initial members",
        Given.withPdRole (fun (spec, status) -> { spec with InitialCluster = [] }, status)
        "no siblings", (fun observed -> { observed with Siblings = Set.empty })
        "one member", Given.withMembers 1
        "two members", Given.withMembers 2
        "member 0 is ill", Given.unhealthy 0
        "member 1 is ill", Given.unhealthy 1
        "member 2 is ill", Given.unhealthy 2
        "member 1 leads",
        Given.withMember 0 (fun one -> { one with IsLeader = false })
        >> Given.withMember 1 (fun one -> { one with IsLeader = true })
        "member 1 has only half joined",
        Given.withMember 1 (fun one -> { one with Name = ""; Healthy = false })
        "member 1 is not listed",
        Given.withFacts (fun facts -> {
            facts with
                Members = facts.Members |> List.filter (fun one -> one.Id <> Given.memberId 1)
        })
        "three stores", Given.withFacts (fun facts -> { facts with Stores = List.truncate 3 facts.Stores })
        "six stores in zones", Given.zoned
        "two at a time", Given.atOnce 2
        "store 5 is down", Given.down 5
        "store 0 is down", Given.down 0
        "store 1 is down", Given.down 1
        "store 2 is down", Given.down 2
        "store 2 has no leaders", Given.withLeaders 2 0
        "store 2 leaves", Given.removing 2
        "store 2 has left", Given.tombstone 2
        "store 3 leaves", Given.removing 3
        "store 2 is evicted", Given.evicting 2
        "store 2 is not listed",
        Given.withFacts (fun facts -> {
            facts with
                Stores = facts.Stores |> List.filter (fun one -> one.Id <> Given.storeId 2)
        })
        "single replicas", Given.withFacts (fun facts -> { facts with MaxReplicas = 1 })
        "another cluster answers", Given.withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })
        "it evicts since 10 s", Given.marked 10
        "its entry was not seen yet", Given.withMark (fun mark -> { mark with HeardAt = None })
        "its entry has ended", Given.withMark (fun mark -> { mark with Ended = Some(Given.ago 5) })
        "PD was asked twice", Given.withMark (fun mark -> { mark with Until = Some(Given.ago -60) })
        "its entry is of another store",
        Given.withMark (fun mark -> { mark with Store = Some(Given.storeId 3) })
        "it had many leaders", Given.withMark (fun mark -> { mark with Leaders = Some 900 })
        "store 2 has just started", Given.startedAgo 10 2
        "store 2 lags", Given.withStore 2 (fun store -> { store with PendingPeers = 9 })
        "store 2 is isolated", Given.withStore 2 (fun store -> { store with Labels = Map [ "zone", "c" ] })
        "replicas want zones", Given.withFacts (fun facts -> { facts with IsolationLevel = "zone" })
        "PD is cold", Given.cold
        "the disk was lost", Given.lostDisk
        "it evicts since 10 min", Given.marked 600
        "it holds",
        Given.withEviction (fun eviction -> { eviction with EvictLeaderPolicy = EvictLeaderPolicy.Hold })
        "it does not evict",
        Given.withEviction (fun eviction -> { eviction with EvictLeaderTimeout = System.TimeSpan.Zero })
        "it is offline", Given.offline
        "claims go", Given.reclaimed
        "it holds the disruption", Given.holding
        "another holds it", Given.heldByOther
        "another of its zone holds it", Given.heldByFive []
        "it holds it with another", (fun observed -> Given.heldByFive [ Given.asOther observed ] observed)
        "bad TOML", Given.withTemplate (fun template -> { template with Config = Some "a = " })
        "new configuration",
        Given.withTemplate (fun template -> { template with Config = Some "log.level = 'warn'" })
        "outdated", Given.outdated
        "broken", Given.broken
        "not ready", Given.withPod (fun pod -> { pod with Ready = false })
        "pending", Given.withPod (fun pod -> { pod with Phase = "Pending"; Ready = false; Running = false })
        "failed", Given.withPod (fun pod -> { pod with Phase = "Failed"; Ready = false; Running = false })
        "the Pod is stopped", Given.terminating
        "the Pod is another's", Given.foreignPod
        "no Pod", Given.withoutPod
        "no ConfigMap", (fun observed -> { observed with Config = None })
        "no claims", (fun observed -> { observed with Claims = Map.empty })
        "the claims are others'",
        (fun observed -> {
            observed with
                Claims =
                    observed.Claims
                    |> Map.map (fun _ claim -> { claim with Meta = { claim.Meta with Labels = Map.empty } })
        })
        "the claims end",
        (fun observed -> {
            observed with
                Claims =
                    observed.Claims
                    |> Map.map (fun _ claim -> {
                        claim with
                            Meta = { claim.Meta with DeletionTimestamp = Some(Given.ago 1) }
                    })
        })
        "no PD group", (fun observed -> { observed with PdUrls = [] })
        "no finalizer", (fun observed -> { observed with Meta = { observed.Meta with Finalizers = [] } })
        "it is deleted", Given.deleting
        "the cluster ends", Given.endingCluster
        "data goes with the cluster",
        Given.withClusterSpec (fun spec -> { spec with DeletionPolicy = ReclaimPolicy.Delete })
        "its node is cordoned", Given.onNode Given.cordoned
        "its stores have stopped", Given.storesStopped
        "it is given up", Given.abandoned
        "suspended", Given.suspended
        "the Cluster cannot be read",
        (fun observed -> { observed with Cluster = None; ClusterUnreadable = true })
        "paused", Given.paused
        "no Cluster", (fun observed -> { observed with Cluster = None })
        "PD is silent", Given.silent
        "PD was not asked", Given.unasked
    ]

    static member private Starts = [
        "a member", Given.pd
        "the leader", Given.pdLeader
        "a store", Given.tikv
        "a store", Given.tikv
    ]

    static member Look() : Arbitrary<Look<Observed>> = Look.any 9 Looks.Starts Looks.Changes
    static member Named start happened = Look.named Looks.Starts Looks.Changes start happened
