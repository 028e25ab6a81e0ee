namespace Tikv.Simulator.World

/// A delay in milliseconds of virtual time, drawn evenly from least to most.
[<Struct>]
type Delay = { Least: int64; Most: int64 }

[<RequireQualifiedAccess>]
module Delay =
    let none = { Least = 0L; Most = 0L }
    let exactly milliseconds = { Least = milliseconds; Most = milliseconds }
    let between least most = { Least = least; Most = most }

/// How long the machines take. All in milliseconds of virtual time.
type Timings = {
    /// From a Pod that may be scheduled to its binding.
    Schedule: Delay
    /// Until a Pod that fitted nowhere is tried again though nothing changed (kube-scheduler: 5 min).
    ScheduleAgain: int64
    /// Until a kubelet or controller takes note of a change.
    Notice: Delay
    /// Pulling an image that the node does not have.
    PullImage: Delay
    /// From image and volumes at hand to a running process.
    StartContainer: Delay
    /// Until the kubelet looks again for a volume, claim or ConfigMap that was missing.
    MountAgain: int64
    /// Making a volume for a claim.
    Provision: Delay
    /// Enlarging a volume.
    Expand: Delay
    /// From SIGTERM to the end of a process that is neither PD nor TiKV.
    StopProcess: Delay
    /// First back-off after a crash; it doubles up to the longest (kubelet: 10 s, 300 s).
    CrashBackOff: int64
    CrashBackOffMost: int64
    /// A run as long as this forgets former crashes (kubelet: 10 min).
    CrashForgotten: int64
    CollectGarbage: Delay
    Endpoints: Delay
    /// Silence of a kubelet until its node is NotReady (node-monitor-grace-period: 50 s).
    NodeGrace: int64
    /// Until the Pods of a node that is NotReady are deleted (default toleration: 300 s).
    NodeEviction: int64
    /// A look at Pods bound to nodes that exist no more (pod garbage collector: 20 s, quarantine 40 s).
    OrphanedPods: int64
    /// Between looks of the pod garbage collector at nodes out of service (20 s).
    CollectPods: int64
    /// Until a volume is detached by force from a node that is not ready (maxWaitForUnmountDuration: 6 min).
    ForcedDetach: int64
    /// Between attempts of `kubectl drain` at a Pod that may not be evicted yet (5 s).
    DrainAgain: int64
    /// First back-off after an image could not be pulled; it doubles up to the longest for crashes (kubelet: 10 s).
    PullBackOff: int64
}

[<RequireQualifiedAccess>]
module Timings =
    /// As on an ordinary cluster with a registry nearby.
    let realistic = {
        Schedule = Delay.between 5L 50L
        ScheduleAgain = 300_000L
        Notice = Delay.between 5L 60L
        PullImage = Delay.between 2_000L 6_000L
        StartContainer = Delay.between 400L 1_200L
        MountAgain = 2_000L
        Provision = Delay.between 800L 2_500L
        Expand = Delay.between 5_000L 15_000L
        StopProcess = Delay.between 100L 500L
        CrashBackOff = 10_000L
        CrashBackOffMost = 300_000L
        CrashForgotten = 600_000L
        CollectGarbage = Delay.between 200L 2_000L
        Endpoints = Delay.between 20L 200L
        NodeGrace = 50_000L
        NodeEviction = 300_000L
        OrphanedPods = 60_000L
        CollectPods = 20_000L
        ForcedDetach = 360_000L
        DrainAgain = 5_000L
        PullBackOff = 10_000L
    }

    /// Short waits, for tests and for impatient users; the limits that Kubernetes documents stay.
    let quick = {
        realistic with
            Schedule = Delay.exactly 1L
            Notice = Delay.exactly 1L
            PullImage = Delay.exactly 20L
            StartContainer = Delay.exactly 20L
            MountAgain = 100L
            Provision = Delay.exactly 10L
            Expand = Delay.exactly 50L
            StopProcess = Delay.exactly 10L
            CollectGarbage = Delay.exactly 10L
            Endpoints = Delay.exactly 5L
    }
