module Tikv.Core.Tests.Instance.DrainTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

[<Test>]
let ``a store whose node is cordoned moves as it is restarted: claim, eviction, Pod`` () =
    let observed = onNode cordoned tikv

    decide observed
    |> shouldBe (act [ TakeDisruption(clusterMeta observed, "NodeDrain") ])

    decide (holding observed)
    |> shouldBe (act [ MarkEviction firstMark; Action.EvictLeaders(storeId 2) ])

    decide (observed |> holding |> marked 1 |> evicting 2)
    |> shouldBe (wait [ LeadersRemain 5 ])

    let empty = observed |> holding |> marked 1 |> evicting 2 |> withLeaders 2 0

    decide empty
    |> shouldBe (act [ RestartPod(podMeta observed, "NodeDrain", restartGrounds empty) ])

[<Test>]
let ``a member of PD whose node is cordoned moves with a quorum beside it, the leader after another leads``
    ()
    =
    let follower = pd |> onNode cordoned |> holding

    decide follower
    |> shouldBe (act [ RestartPod(podMeta pd, "NodeDrain", restartGrounds follower) ])

    decide (pdLeader |> onNode cordoned |> holding)
    |> shouldBe (act [ transferTo "basic-pd-1" pdLeader ])

    decide (pd |> onNode cordoned |> holding |> unhealthy 2)
    |> shouldBe (wait [ QuorumAtRisk(2, 3) ])

[<Test>]
let ``one instance moves at a time`` () =
    decide (tikv |> onNode cordoned |> heldByOther)
    |> shouldBe (wait [ DisruptionHeldBy("basic-tikv-0", "RollingUpdate") ])

[<Test>]
let ``nothing moves in an outage, or while PD is silent`` () =
    decide (tikv |> onNode cordoned |> down 0 |> down 1)
    |> shouldBe (wait [ StoresSilent(2, 4) ])

    decide (tikv |> onNode cordoned |> silent)
    |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``a process that does not run moves at once`` () =
    let observed = tikv |> onNode cordoned |> broken

    decide observed
    |> shouldBe (act [ RemovePod(podMeta observed, "NodeDrain", brokenGrounds observed) ])

[<Test>]
let ``autoscalers mark nodes by taints`` () =
    for taint in [ "ToBeDeletedByClusterAutoscaler"; "karpenter.sh/disrupted" ] do
        tikv
        |> onNode { node with Taints = [ taint, "NoSchedule" ] }
        |> Drain.wanted
        |> shouldBe true

    tikv
    |> onNode { node with Taints = [ "example.com/dedicated", "NoSchedule" ] }
    |> Drain.wanted
    |> shouldBe false

[<Test>]
let ``an instance stays where its group says Hold, or its Pod tolerates the cordon`` () =
    for policy in [ DrainPolicy.Hold; DrainPolicy.Unmanaged ] do
        tikv
        |> onNode cordoned
        |> withSettings (fun settings -> { settings with Drain = policy })
        |> decide
        |> shouldBe settled

    let tolerating text =
        withTemplate (fun template -> {
            template with
                Overlay =
                    Some {
                        Pod =
                            Some {
                                Metadata = { Labels = Map.empty; Annotations = Map.empty }
                                Spec = Some(json text)
                            }
                        VolumeClaims = []
                    }
        })

    for text in
        [
            """{"tolerations":[{"operator":"Exists"}]}"""
            """{"tolerations":[{"key":"node.kubernetes.io/unschedulable","operator":"Exists"}]}"""
        ] do
        tikv |> onNode cordoned |> tolerating text |> Drain.wanted |> shouldBe false

    tikv
    |> onNode cordoned
    |> tolerating """{"tolerations":[{"key":"example.com/dedicated","operator":"Exists"}]}"""
    |> Drain.wanted
    |> shouldBe true

[<Test>]
let ``an uncordoned node ends the move, and leaders come back`` () =
    decide (tikv |> onNode node |> holding |> marked 10 |> evicting 2)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

[<Test>]
let ``an instance whose volume is on a cordoned node says which`` () =
    let waiting =
        tikv
        |> withPod (fun pod -> {
            pod with
                Phase = "Pending"
                Ready = false
                Running = false
                Node = ""
                Unschedulable = "0/6 nodes are available"
        })

    let on view = { waiting with VolumeNodes = Map [ "node-1", Sighting.Known view ] }

    (decide (on cordoned)).Waiting
    |> List.contains (NodeLeft "node-1")
    |> shouldBe true

    (decide (on node)).Waiting
    |> List.contains (NodeLeft "node-1")
    |> shouldBe false

let private beside (others: NodeView list) observed = {
    onNode cordoned observed with
        Nodes = others |> List.map (fun one -> one.Meta.Name, one) |> Map.ofList
}

[<Test>]
let ``an instance moves only where another node is seen that would take it, and says so else`` () =
    for others in
        [
            []
            [ cordoned ]
            [ cordoned; { refuge with Unschedulable = true } ]
            [ cordoned; { refuge with Ready = false } ]
            [ cordoned; { refuge with Taints = [ "node-role.kubernetes.io/control-plane", "NoSchedule" ] } ]
        ] do
        decide (tikv |> beside others) |> shouldBe (wait [ NowhereToMove "node-1" ])
        decide (pd |> beside others) |> shouldBe (wait [ NowhereToMove "node-1" ])

    for others in
        [
            [ cordoned; refuge ]
            [ cordoned; { refuge with Taints = [ "example.com/old", "PreferNoSchedule" ] } ]
        ] do
        tikv |> beside others |> Drain.wanted |> shouldBe true

[<Test>]
let ``an instance that does not run is not moved to nowhere either`` () =
    tikv |> broken |> beside [ cordoned ] |> Drain.wanted |> shouldBe false

[<Test>]
let ``what has nowhere to go gives the disruption back`` () =
    let observed = tikv |> beside [ cordoned ] |> holding

    (decide observed).Actions
    |> shouldBe [ ReleaseDisruption(clusterMeta observed) ]

[<Test>]
let ``a store on a disk of its node stays on it, and says so`` () =
    let observed = { onNode cordoned tikv with VolumeNodes = Map [ "node-1", Sighting.Known cordoned ] }

    decide observed |> shouldBe (wait [ TiedToNode "node-1" ])
