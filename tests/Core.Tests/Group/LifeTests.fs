module Tikv.Core.Tests.Group.LifeTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

module One = Tikv.Core.Tests.Instance.Given

let private body (observed: Observed) name =
    Manifest.services observed
    |> List.find (fun (one, _) -> one = name)
    |> fun (name, spec) -> Manifest.service observed name spec

[<Test>]
let ``the finalizer stands before anything else`` () =
    { bareTikv with Meta = { bareTikv.Meta with Finalizers = [] } }
    |> decide
    |> shouldBe (act [ AddFinalizer ])

[<Test>]
let ``the Services stand before the instances`` () =
    decide bareTikv
    |> shouldBe (act [ CreateService("basic-tikv-peer", body bareTikv "basic-tikv-peer") ])

    decide barePd
    |> shouldBe (
        act [
            CreateService("basic-pd-peer", body barePd "basic-pd-peer")
            CreateService("basic-pd", body barePd "basic-pd")
        ]
    )

[<Test>]
let ``the headless Service names every Pod of the group, ready or not`` () =
    Manifest.services pd
    |> shouldBe [
        "basic-pd-peer",
        json
            """{"clusterIP":"None","publishNotReadyAddresses":true,
                "selector":{"tikv.org/group":"basic-pd","tikv.org/component":"pd"},
                "ports":[{"name":"client","port":2379,"protocol":"TCP","targetPort":"client"},
                         {"name":"peer","port":2380,"protocol":"TCP","targetPort":"peer"}]}"""
        "basic-pd",
        json
            """{"selector":{"tikv.org/group":"basic-pd","tikv.org/component":"pd"},
                "ports":[{"name":"client","port":2379,"protocol":"TCP","targetPort":"client"}],
                "type":"ClusterIP",
                "loadBalancerSourceRanges":null,"loadBalancerClass":null,"externalTrafficPolicy":null}"""
    ]

    Manifest.services tikv
    |> shouldBe [
        "basic-tikv-peer",
        json
            """{"clusterIP":"None","publishNotReadyAddresses":true,
                "selector":{"tikv.org/group":"basic-tikv","tikv.org/component":"tikv"},
                "ports":[{"name":"client","port":20160,"protocol":"TCP","targetPort":"client"},
                         {"name":"status","port":20180,"protocol":"TCP","targetPort":"status"}]}"""
    ]

let private withService change (observed: Observed) = {
    observed with
        Services = observed.Services |> Map.change "basic-tikv-peer" (Option.map change)
}

[<Test>]
let ``what others added to a Service stays`` () =
    let defaulted =
        tikv
        |> withService (fun service -> {
            service with
                Spec =
                    service.Spec
                    |> Json.withField "ipFamilies" (Json.strings [ "IPv4" ])
                    |> Json.withField "sessionAffinity" (Json.string "None")
        })

    decide defaulted |> shouldBe settled

[<Test>]
let ``what is ours of a Service is put right`` () =
    let spoilt =
        withService
            (fun service -> { service with Spec = Json.withField "selector" Json.empty service.Spec })
            tikv

    let spec = Manifest.services tikv |> List.head |> snd

    decide spoilt
    |> shouldBe (
        act [ UpdateService(spoilt.Services["basic-tikv-peer"].Meta, spec, body tikv "basic-tikv-peer") ]
    )

[<Test>]
let ``a Service of others under our name is left alone`` () =
    tikv
    |> withService (fun service -> { service with Meta = { service.Meta with OwnerReferences = [] } })
    |> decide
    |> shouldBe (wait [ NotOurs("Service", "basic-tikv-peer") ])

[<Test>]
let ``a group of a paused cluster is left alone, deletion included`` () =
    for observed in [ bareTikv; barePd; deleting tikv; replicas 5 tikv ] do
        decide (paused observed) |> shouldBe (wait [ ClusterPaused ])

[<Test>]
let ``a suspended group changes nothing`` () =
    decide (suspended (replicas 5 tikv)) |> shouldBe (wait [ ClusterSuspended ])

[<Test>]
let ``a group without its Cluster is not built up`` () =
    { bareTikv with Cluster = None }
    |> decide
    |> shouldBe (wait [ ClusterAbsent "basic" ])

[<Test>]
let ``a group goes after the last of its instances, its Services before it`` () =
    let observed = tikv |> deleting |> withCluster deletingCluster

    decide observed |> shouldBe (act [ for index in 0..2 -> delete index observed ])

    decide (observed |> ending 0 |> ending 1 |> ending 2)
    |> shouldBe (wait [ for index in 0..2 -> ScalingIn $"basic-tikv-%d{index}" ])

    let empty = { observed with Instances = Map.empty }

    decide empty
    |> shouldBe (act [ RemoveService empty.Services["basic-tikv-peer"].Meta ])

    decide { empty with Services = Map.empty }
    |> shouldBe (act [ removeFinalizer empty ])

[<Test>]
let ``the stores of a group that is deleted while the cluster lives leave one by one before their instances go``
    ()
    =
    let observed = deleting tikv
    decide observed |> shouldBe (act [ takeOffline 2 observed ])
    decide (observed |> offline 2) |> shouldBe (wait [ ScalingIn "basic-tikv-2" ])

    let gone = observed |> removed 2
    decide gone |> shouldBe (act [ delete 2 gone ])

    let newcomer = observed |> unregistered 0
    decide newcomer |> shouldBe (act [ delete 0 newcomer ])

[<Test>]
let ``why a store of a group that is deleted cannot leave is told with its name`` () =
    tikv
    |> deleting
    |> offline 2
    |> waits ("MinReplicasAfter", "2 living stores would remain, and 3 are needed for all replicas") 2
    |> decide
    |> shouldBe (
        wait [
            InstanceBlocked(
                "basic-tikv-2",
                "MinReplicasAfter",
                "2 living stores would remain, and 3 are needed for all replicas"
            )
        ]
    )

[<Test>]
let ``the last PD group of a cluster stays until the Cluster is deleted`` () =
    decide (deleting pd) |> shouldBe (wait [ LastPdGroup ])

    let ended = pd |> deleting |> withCluster deletingCluster

    decide ended |> shouldBe (act [ for index in 0..2 -> delete index ended ])

    let never = pd |> deleting |> withoutClusterId

    decide never |> shouldBe (act [ for index in 0..2 -> delete index never ])

[<Test>]
let ``the members of a PD group that is deleted beside another leave one by one, the leader last`` () =
    let observed = {
        (pd |> deleting |> leads 2) with
            PdGroups = [ pdGroup "another-pd" (Some "v8.5.2"); pdGroup "basic-pd" (Some "v8.5.2") ]
    }

    decide observed |> shouldBe (act [ delete 1 observed ])
    decide (observed |> ending 1) |> shouldBe (wait [ ScalingIn "basic-pd-1" ])

    let last = observed |> withoutInstance 0 |> withoutInstance 1
    decide last |> shouldBe (act [ delete 2 last ])

[<Test>]
let ``a group that is being deleted goes without its Cluster`` () =
    let last = { deleting tikv with Instances = Map.empty; Services = Map.empty; Cluster = None }
    decide last |> shouldBe (act [ removeFinalizer last ])

[<Test>]
let ``an instance is made with the group's template, its own identity and our finalizer`` () =
    let body = Manifest.instance tikv [] (1, Map [ "zone", "z1" ])

    body
    |> Json.setPath [ "metadata"; "annotations" ] None
    |> Json.setPath [ "metadata"; "labels"; Labels.revision ] None
    |> shouldBe (
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKV",
                "metadata":{"name":"basic-tikv-1","namespace":"default",
                  "labels":{"app.kubernetes.io/name":"tikv-cluster","app.kubernetes.io/instance":"basic",
                    "app.kubernetes.io/component":"tikv","app.kubernetes.io/managed-by":"tikv-operator",
                    "tikv.org/cluster":"basic","tikv.org/group":"basic-tikv","tikv.org/component":"tikv",
                    "tikv.org/instance":"basic-tikv-1"},
                  "finalizers":["tikv.org/finalizer"],
                  "ownerReferences":[{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKVGroup","name":"basic-tikv",
                    "uid":"basic-tikv-uid","controller":true,"blockOwnerDeletion":true}]},
                "spec":{"cluster":{"name":"basic"},"subdomain":"basic-tikv-peer","index":1,"topology":{"zone":"z1"},
                  "volumeReclaimPolicy":"Retain","drain":"Move","evictLeaderTimeout":"5m","evictLeaderPolicy":"Proceed",
                  "minReadyForLeaderSeconds":0,"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}"""
    )

[<Test>]
let ``an instance as it is made is no outdated one`` () =
    let read = Codec.tikv (Manifest.instance tikv [] (1, Map.empty))

    match read, tikv.Role with
    | Ok object, TiKV(spec, _) -> Shared.ofTikv object.Meta object.Spec |> shouldBe (Shared.ofTikvGroup spec)
    | other -> Assert.Fail $"%A{other}"

    match Codec.pd (Manifest.instance pd [ "basic-pd-0" ] (1, Map.empty)), pd.Role with
    | Ok object, PD(spec, _) -> Shared.ofPd object.Meta object.Spec |> shouldBe (Shared.ofPdGroup spec)
    | other -> Assert.Fail $"%A{other}"

// ---- status

let private said observed : GroupStatus =
    match
        Report.status observed (decide observed)
        |> snd
        |> Codec.decode<GroupStatus> [ "status" ]
    with
    | Ok status -> status
    | Error problems -> failwith $"%A{problems}"

let private condition name (status: GroupStatus) = Condition.status name status.Conditions

[<Test>]
let ``a group tells how many of its instances are ready and have its revision`` () =
    let status = said (tikv |> notReady 0 |> outdated 1)

    (status.Replicas, status.ReadyReplicas, status.UpdatedReplicas, status.Selector)
    |> shouldBe (3, 2, 2, "tikv.org/group=basic-tikv")

[<Test>]
let ``currentRevision becomes updateRevision when all instances have been ready with it for minReadySeconds``
    ()
    =
    let upgrading = tikv |> version "v8.5.3"
    let before, now = Shared.revision tikv, Shared.revision upgrading
    let at revision shared = withInstance shared (fun one -> { one with Current = Some revision })

    let updated index (observed: Observed) = observed |> withInstance index (fun _ -> instance observed index)

    let told (observed: Observed) =
        let status = said observed

        status.CurrentRevision,
        status.UpdateRevision,
        status.CurrentReplicas,
        status.UpdatedReplicas,
        status.Version

    told upgrading |> shouldBe (Some before, Some now, 3, 0, Some "v8.5.2")

    let half = upgrading |> updated 2 |> updated 1 |> unproven 1 |> at before 1
    told half |> shouldBe (Some before, Some now, 2, 1, Some "v8.5.2")

    let all = upgrading |> updated 0 |> updated 1 |> updated 2

    told (all |> readySince 1 0)
    |> shouldBe (Some before, Some now, 0, 3, Some "v8.5.2")

    told all |> shouldBe (Some now, Some now, 3, 3, Some "v8.5.3")

[<Test>]
let ``a group says whether PD keeps its quorum when a domain is lost`` () =
    let told observed =
        (said observed).Conditions
        |> Condition.tryFind ConditionType.TopologySafe
        |> Option.map (fun condition -> condition.Status, condition.Reason)

    let safe, unsafe = ConditionStatus.True, ConditionStatus.False
    told (pd |> zoned [ "a"; "b"; "c" ]) |> shouldBe (Some(safe, "Satisfied"))
    told (pd |> zoned [ "a"; "b"; "a" ]) |> shouldBe (Some(unsafe, "ZoneImbalance"))
    told pd |> shouldBe (Some(safe, "Satisfied"))

    let sameNode = pd |> withInstance 1 (fun one -> { one with Domain = Some "node-0" })
    told sameNode |> shouldBe (Some(unsafe, "ZoneImbalance"))

    told (pd |> withInstance 1 (fun one -> { one with Domain = None }))
    |> shouldBe None

    told (pd |> replicas 1 |> withoutInstance 1 |> withoutInstance 2)
    |> shouldBe None

    told tikv |> shouldBe None

[<Test>]
let ``a group is Ready when every wanted instance is, and Synced when each has the template`` () =
    (said tikv |> condition ConditionType.Ready, said tikv |> condition ConditionType.Synced)
    |> shouldBe (ConditionStatus.True, ConditionStatus.True)

    let rolling = said (outdated 1 tikv)

    (condition ConditionType.Ready rolling, condition ConditionType.Synced rolling)
    |> shouldBe (ConditionStatus.True, ConditionStatus.False)

    said (notReady 1 tikv)
    |> condition ConditionType.Ready
    |> shouldBe ConditionStatus.False

/// The group was Ready; the instance is being restarted on purpose.
let private restarting index (observed: Observed) =
    let observed =
        observed
        |> withStatus (fun status -> { status with Conditions = (said observed).Conditions })
        |> notReady index

    observed
    |> withCluster (fun cluster -> {
        cluster with
            Status = {
                cluster.Status with
                    Disruption =
                        Some {
                            One.disruptionOf One.tikv with
                                Name = observed.Instances[index].Meta.Name
                                Uid = observed.Instances[index].Meta.Uid
                        }
            }
    })

[<Test>]
let ``a group stays Ready while one of its instances is restarted on purpose, and says Rolling; not while it is paused``
    ()
    =
    let told observed =
        let status = said observed
        condition ConditionType.Ready status, condition ConditionType.Synced status, status.Summary

    let rolls = Some Summary.Rolling

    for observed in [ tikv; tikv |> outdated 0 ] do
        told (observed |> restarting 1)
        |> shouldBe (ConditionStatus.True, ConditionStatus.False, rolls)

    told (tikv |> restarting 1 |> notReady 0)
    |> shouldBe (ConditionStatus.False, ConditionStatus.False, rolls)

    said (tikv |> restarting 1 |> paused)
    |> condition ConditionType.Ready
    |> shouldBe ConditionStatus.False

    told (tikv |> notReady 1)
    |> shouldBe (ConditionStatus.False, ConditionStatus.False, Some Summary.Degraded)

[<Test>]
let ``a group that has reached what is wanted says so in one write`` () =
    for group in [ pd; tikv ] do
        let observed =
            { group with Instances = Map.empty; Budget = Sighting.Absent }
            |> replicas 0
            |> version "v8.5.3"

        let first = said observed
        first.Summary |> shouldBe (Some Summary.Healthy)

        (said (observed |> withStatus (fun _ -> first))).Summary
        |> shouldBe first.Summary

[<Test>]
let ``a restart that takes longer than ten minutes, or that nothing but a person can end, leaves the group unready``
    ()
    =
    let away since stalled =
        tikv
        |> restarting 1
        |> withInstance 1 (fun one -> { one with Unready = Some since; Stalled = stalled })
        |> said
        |> condition ConditionType.Ready

    away (One.ago 599) false |> shouldBe ConditionStatus.True
    away (One.ago 600) false |> shouldBe ConditionStatus.False
    away (One.ago 1) true |> shouldBe ConditionStatus.False

[<Test>]
let ``a group that was not Ready does not become so by a restart`` () =
    tikv
    |> restarting 1
    |> withStatus (fun status -> { status with Conditions = [] })
    |> said
    |> condition ConditionType.Ready
    |> shouldBe ConditionStatus.False

[<Test>]
let ``a group that was not Ready does not become so by an instance's word alone, while its Pod does not run``
    ()
    =
    let word = tikv |> withInstance 1 (fun one -> { one with Broken = true })
    let isReady group = group |> said |> condition ConditionType.Ready
    let anew group = group |> withStatus (fun status -> { status with Conditions = [] })

    isReady (anew tikv) |> shouldBe ConditionStatus.True
    isReady (anew word) |> shouldBe ConditionStatus.False

    isReady (word |> withStatus (fun _ -> said tikv))
    |> shouldBe ConditionStatus.True

[<Test>]
let ``a group tells its version only when all its instances have reached it`` () =
    (said tikv).Version |> shouldBe (Some "v8.5.2")

    (said (tikv |> version "v8.5.3" |> outdated 1)).Version
    |> shouldBe (Some "v8.5.2")
