module Tikv.Core.Tests.Instance.DiagnosisTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

// ---- what the scheduler says

[<Test>]
let ``the scheduler's message is read as what keeps a Pod from each node`` () =
    let table = [
        "0/3 nodes are available: 3 Insufficient cpu.", [ Obstacle.Cpu ]
        "0/4 nodes are available: 1 Insufficient memory, 3 node(s) had volume node affinity conflict. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
        [ Obstacle.Memory; Obstacle.VolumeAffinity ]
        "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 node(s) were unschedulable.",
        [ Obstacle.Cordoned; Obstacle.Taint "node.kubernetes.io/unreachable" ]
        "0/2 nodes are available: 2 node(s) had taint {dedicated: db}, that the pod didn't tolerate.",
        [ Obstacle.Taint "dedicated" ]
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
        [ Obstacle.NodeLabels ]
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.", [ Obstacle.AntiAffinity ]
        "0/6 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 5 node(s) had volume node affinity conflict.",
        [ Obstacle.VolumeNodeTaken ]
        "0/3 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 1 node(s) were unschedulable, 1 node(s) had volume node affinity conflict.",
        [ Obstacle.VolumeAffinity; Obstacle.Cordoned; Obstacle.AntiAffinity ]
        "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
        [ Obstacle.Spread ]
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        [ Obstacle.ClaimUnbound ]
        "0/3 nodes are available: persistentvolumeclaim \"data-basic-tikv-2\" not found.",
        [ Obstacle.ClaimMissing ]
        "0/3 nodes are available: persistentvolumeclaim \"data-basic-tikv-2\" is being deleted.",
        [ Obstacle.ClaimEnding ]
        "0/3 nodes are available: 3 node(s) exceed max volume count.", [ Obstacle.VolumeLimit ]
        "no nodes available to schedule pods", [ Obstacle.NoNodes ]
        "0/1 nodes are available: 1 something new.", []
    ]

    for message, obstacles in table do
        Obstacle.parse message |> shouldBe obstacles

[<Test>]
let ``what preemption could not do either is no obstacle of its own`` () =
    Obstacle.parse
        "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Insufficient memory."
    |> shouldBe [ Obstacle.Cpu ]

let private pending message =
    withPod (fun pod -> {
        pod with
            Phase = "Pending"
            Ready = false
            Running = false
            Node = ""
            Unschedulable = message
    })

[<Test>]
let ``a pending Pod says every reason that the scheduler gives`` () =
    decide (
        tikv
        |> pending "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory."
    )
    |> shouldBe (wait [ NoNodeFits Obstacle.Cpu; NoNodeFits Obstacle.Memory ])

let private claimName = "data-basic-tikv-2"

let private withClaim change (observed: Observed) = {
    observed with
        Claims = observed.Claims |> Map.change claimName (Option.map change)
}

[<Test>]
let ``a claim of a storage class that does not exist says so`` () =
    let observed =
        tikv
        |> pending "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
        |> withClaim (fun claim -> { claim with Phase = "Pending"; StorageClass = Some "fast" })

    decide { observed with StorageClasses = Map [ claimName, Sighting.Absent ] }
    |> shouldBe (wait [ StorageClassMissing(claimName, "fast"); NoNodeFits Obstacle.ClaimUnbound ])

    decide { observed with StorageClasses = Map [ claimName, Sighting.Unknown ] }
    |> shouldBe (wait [ NoNodeFits Obstacle.ClaimUnbound ])

// ---- volumes and nodes

let private node: NodeView = {
    Meta = meta "node-1" "node-uid"
    Ready = true
    ReadySince = ago 600
    Unschedulable = false
    Taints = []
}

let private onLocalVolume sighting (observed: Observed) = {
    observed with
        Volumes =
            Map [
                claimName,
                Sighting.Known {
                    Meta = meta "pv-1" "pv-uid"
                    Phase = "Bound"
                    ReclaimPolicy = "Delete"
                    Nodes = [ "node-1" ]
                    ClaimUid = Uid $"%s{claimName}-uid"
                }
            ]
        VolumeNodes = Map [ "node-1", sighting ]
}

let private conflict = "0/3 nodes are available: 3 node(s) had volume node affinity conflict."

[<Test>]
let ``a Pod whose local volume went with its node says that the volume is lost`` () =
    match (decide (tikv |> pending conflict |> onLocalVolume Sighting.Absent)).Waiting with
    | [ VolumeLost(claim, why); NoNodeFits Obstacle.VolumeAffinity ] ->
        claim |> shouldBe claimName
        Assert.That(why, Does.Contain "node-1")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a Pod whose local volume is on a node that is not ready waits for the node`` () =
    decide (
        tikv
        |> pending conflict
        |> onLocalVolume (Sighting.Known { node with Ready = false })
    )
    |> shouldBe (wait [ NodeNotReady "node-1"; NoNodeFits Obstacle.VolumeAffinity ])

[<Test>]
let ``what the operator may not see of nodes is no evidence that they are gone`` () =
    decide (tikv |> pending conflict |> onLocalVolume Sighting.Unknown)
    |> shouldBe (wait [ NoNodeFits Obstacle.VolumeAffinity ])

let private notReady = withPod (fun pod -> { pod with Ready = false; Running = false })

[<Test>]
let ``a Pod on a node that is not ready says so first`` () =
    let observed = { notReady tikv with Node = Sighting.Known { node with Ready = false } }

    decide observed
    |> shouldBe (wait [ NodeNotReady "node-1"; PodNotReady "its readiness probe has not succeeded yet" ])

    decide { observed with Node = Sighting.Absent }
    |> shouldBe (wait [ NodeGone "node-1"; PodNotReady "its readiness probe has not succeeded yet" ])

// ---- why a process ended

let private ended reason code message : ContainerEnd = { Reason = reason; ExitCode = code; Message = message }

let private fatal said =
    "[2026/03/01 12:00:00.000 +00:00] [INFO] [lib.rs:79] [\"Welcome to TiKV\"]\n"
    + $"[2026/03/01 12:00:01.000 +00:00] [FATAL] [server.rs:1036] [\"%s{said}\"]\n"

[<Test>]
let ``the last lines of a process tell why it ended`` () =
    let table = [
        ended "OOMKilled" 137 "", Death.OutOfMemory
        ended "Error" 137 "", Death.Killed
        ended
            "Error"
            1
            (fatal
                "the maximum number of open file descriptors is too small, got 1024, expect greater or equal to 82920"),
        Death.FileDescriptors
        ended "Error" 1 (fatal "IO error: No space left on device (os error 28)"), Death.DiskFull
        ended
            "Error"
            1
            (fatal
                "failed to start node: StoreTombstone(\\\"type: STORE_TOMBSTONE message: \\\\\\\"store is tombstone\\\\\\\"\\\")"),
        Death.Tombstone
        ended
            "Error"
            1
            (fatal
                "failed to start node: Grpc(RpcFailure(RpcStatus { code: 2-UNKNOWN, message: duplicated store address: id:12 address:x, already registered by id:3 address:x })"),
        Death.DuplicateStore(Some(StoreId 3UL))
        ended
            "Error"
            1
            "[2026/03/01 12:00:01.000 +00:00] [FATAL] [main.go:264] [\"join meet error\"] [error=\"missing data or join a duplicated pd\"]",
        Death.DuplicateMember
        ended
            "Error"
            1
            "[2026/03/01 12:00:01.000 +00:00] [FATAL] [main.go:264] [\"join meet error\"] [error=\"there is a member 4 that has not joined successfully\"]",
        Death.JoinBlocked
        ended
            "Error"
            1
            (fatal "IO error: While appending to file: /var/lib/tikv: Input/output error (os error 5)"),
        Death.DiskFails
            "[\"IO error: While appending to file: /var/lib/tikv: Input/output error (os error 5)\"]"
        ended "Error" 1 (fatal "PD cluster failed to respond"), Death.PdNotReached
        ended "Error" 2 "", Death.Other(2, "")
        ended "Error" 1 "something\nquite new\n", Death.Other(1, "quite new")
    ]

    for words, death in table do
        Death.diagnose words |> shouldBe death

[<Test>]
let ``data of another cluster is told with both ids`` () =
    match
        Death.diagnose (
            ended
                "Error"
                1
                (fatal
                    "cluster ID mismatch, local 1 != remote 2, you are trying to connect to another cluster")
        )
    with
    | Death.AnotherCluster line -> Assert.That(line, Does.Contain "local 1 != remote 2")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a warning before the end is not what a process died of`` () =
    ended
        "Error"
        1
        ("[2026/03/01 12:00:00.000 +00:00] [WARN] [x.rs:1] [\"Too many open files\"]\n"
         + fatal "cluster ID mismatch, local 1 != remote 2")
    |> Death.diagnose
    |> _.IsAnotherCluster
    |> shouldBe true

[<Test>]
let ``the time of a line is no part of why, so that a crash loop is told once`` () =
    let at (time: string) =
        Death.diagnose (ended "Error" 1 $"[2026/03/01 %s{time} +00:00] [FATAL] [a.rs:1] [\"it broke\"]")

    at "12:00:00.000" |> shouldBe (at "12:10:00.000")

[<Test>]
let ``a crash loop says why the process ended, not how long Kubernetes waits`` () =
    let observed =
        tikv
        |> withPod (fun pod -> {
            pod with
                Ready = false
                Running = false
                Problem = Some { Reason = "CrashLoopBackOff"; Message = "back-off 5m0s" }
                LastEnd = Some(ended "OOMKilled" 137 "")
        })

    decide observed |> shouldBe (wait [ ProcessEnded Death.OutOfMemory ])

[<Test>]
let ``an image that cannot be pulled is told without how often it was tried`` () =
    let observed =
        tikv
        |> withPod (fun pod -> {
            pod with
                Phase = "Pending"
                Ready = false
                Running = false
                Problem = Some { Reason = "ImagePullBackOff"; Message = "Back-off (back-off 40s)" }
        })

    match (decide observed).Waiting with
    | [ ImageUnavailable message ] ->
        Assert.That(message, Does.StartWith "ImagePullBackOff (")
        Assert.That(message, Does.Not.Contain "40s")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a container that cannot be made says what is missing`` () =
    let observed =
        tikv
        |> withPod (fun pod -> {
            pod with
                Phase = "Pending"
                Ready = false
                Running = false
                Problem = Some { Reason = "CreateContainerConfigError"; Message = "secret \"x\" not found" }
        })

    decide observed
    |> shouldBe (wait [ ContainerConfigInvalid "CreateContainerConfigError: secret \"x\" not found" ])

// ---- what the API server refuses

[<Test>]
let ``a Pod that the quota forbids has a reason of its own`` () =
    let message = "pods \"basic-tikv-2\" is forbidden: exceeded quota: compute, requested: cpu=4"
    Diagnosis.refused ("CreatePod", message) |> shouldBe (QuotaExceeded message)

    Diagnosis.refused ("CreatePod", "no")
    |> shouldBe (StepRefused("CreatePod", "no"))

// ---- the kubelet's words

let private podJson state lastState =
    $$$"""
{"metadata": {"name": "basic-tikv-2"}, "status": {"phase": "Running", "containerStatuses": [
  {"name": "tikv", "restartCount": 3, "state": {{{state}}}, "lastState": {{{lastState}}}}]}}"""
    |> json
    |> View.pod "tikv"

[<Test>]
let ``how a container ended is read before its next start, and after it`` () =
    let oom = """{"terminated": {"exitCode": 137, "reason": "OOMKilled"}}"""
    let waiting = """{"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}"""
    (podJson oom "{}").LastEnd |> shouldBe (Some(ended "OOMKilled" 137 ""))
    (podJson waiting oom).LastEnd |> shouldBe (Some(ended "OOMKilled" 137 ""))
    (podJson """{"running": {}}""" "{}").LastEnd |> shouldBe None

[<Test>]
let ``a Pod asks for the last lines of a process that failed`` () =
    for observed in [ pd; tikv ] do
        let body = ok (Manifest.pod observed "r" Map.empty)

        Json.itemsAt [ "spec"; "containers" ] body
        |> List.map (Json.stringAt [ "terminationMessagePolicy" ])
        |> shouldBe [ Some "FallbackToLogsOnError" ]
