namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Simulator.World
open Tikv.Simulator.Run

/// What takes longer or shorter on one site than on another.
[<RequireQualifiedAccess>]
type Tempo =
    | [<About "Until a Pod is bound to a node, and until kubelets and controllers take note of a change.">] Notice
    | [<About "Pulling an image.">] Images
    | [<About "From image and volumes at hand to a running process.">] Containers
    | [<About "Making and enlarging volumes.">] Volumes
    | [<About "Silence of a kubelet until its node is not ready.">] NodeGrace
    | [<About "Back-off after crashes, the first and the longest.">] CrashBackOff
    | [<About "Requests of operators and their answers.">] Requests
    | [<About "Watches of operators.">] Watches
    | [<About "From the death of an operator to its next start.">] OperatorStarts
    | [<About "Starts, joins and stops of PD.">] PdProcesses
    | [<About "Until PD has another leader, for whatever reason it lost one.">] PdLeaders
    | [<About "From the start of a TiKV to its first heartbeat.">] StoreStarts
    | [<About "Until the peers of a restarted store have caught up.">] CatchUp
    | [<About "Until regions whose leader crashed have another.">] Elections
    | [<About "Moving leaders off a store: 200 per cent move half as many at a time.">] LeaderMoves
    | [<About "Moving peers off a store: 200 per cent move half as many a minute.">] PeerMoves

/// So many per cent of its usual time.
type Pace = {
    [<About "What it is about.">]
    Of: Tempo
    [<About "So many per cent of its usual time.">]
    Takes: int
}

[<RequireQualifiedAccess>]
type TaintEffect =
    | [<About("Pods that do not tolerate it are not put there.", Word = "NoSchedule")>] NoSchedule
    | [<About("Pods that do not tolerate it are put there if nowhere else.", Word = "PreferNoSchedule")>] PreferNoSchedule
    | [<About("Pods that do not tolerate it are not put there, and those that are there have to go.",
              Word = "NoExecute")>] NoExecute

/// A taint of a node.
type GivenTaint = {
    [<About "Its key, such as dedicated.">]
    Key: string
    [<About "Its value.">]
    Value: string
    [<About "What it does to Pods that do not tolerate it.">]
    Effect: TaintEffect
}

/// A machine of the cluster that a scenario begins with.
type GivenNode = {
    [<About "Its name, as Kubernetes has it.">]
    Name: string
    [<About "The zone that it is in: its label topology.kubernetes.io/zone.">]
    Zone: string
    [<About "Pods that come to stand on it while the cluster comes up, where they fit there.">]
    Runs: string list
    [<About "What there is for Pods, such as 16 or 7900m.">]
    Cpu: string
    [<About "What there is for Pods, such as 64Gi.">]
    Memory: string
    [<About "Its taints, from the beginning on; the Pods of `runs` come to stand there whatever they tolerate.">]
    Taints: GivenTaint list
}

/// How closely regions are modelled.
[<RequireQualifiedAccess>]
type Level =
    | [<About "By class: those that have the same voters and the same leader. Fast.">] L1
    | [<About "One by one, with learners, snapshots, operators and limits.">] L2

[<RequireQualifiedAccess>]
module Level =
    let tryParse (text: string) : Level option =
        [ Level.L1; Level.L2 ] |> List.tryFind (fun level -> string level = text)

/// The cluster that a scenario begins with: settled, healthy, and left alone for a while.
type Given = {
    [<About "What names and chances are drawn from.">]
    Seed: uint64
    [<About "Members of PD.">]
    Pd: int
    [<About "Stores.">]
    Tikv: int
    [<About "Nodes in each of the three zones a, b and c: node-a1, node-a2, and so on.">]
    NodesPerZone: int
    [<About "The nodes by name, in place of those of three zones.">]
    Nodes: GivenNode list
    [<About "Regions that PD has.">]
    Regions: int
    [<About "Replicas of each region.">]
    MaxReplicas: int
    [<About "The labels by which PD tells how far apart stores are, the widest first; without them, as the manifests have it.">]
    LocationLabels: string list
    [<About "The label whose values replicas of a region may not share; without it, as the manifests have it.">]
    IsolationLevel: string
    [<About "How many operators run, with a lease between them; 1 has none.">]
    Operators: int
    [<About "A StorageClass of the simulator: standard (network disks), offline (those grow when a Pod starts) or local.">]
    StorageClass: string
    [<About "VolumeAttributesClasses that there are, each a tier of that name; the driver has none named impossible. With none the API server does not serve them.">]
    VolumeAttributes: string list
    [<About "Merge patches to the manifests of the example, one after another.">]
    Manifests: (string * Json) list
    [<About "Manifests of further groups, applied after those of the example.">]
    Groups: Json list
    [<About "Secrets that are there before the manifests are applied.">]
    Certificates: Certificate list
    [<About "What takes longer or shorter than usual, from the beginning of the scenario on.">]
    Pace: Pace list
    [<About "How closely regions are modelled, from the beginning of the scenario on.">]
    Fidelity: Level
}

/// One thing that happens: when, counted from the beginning of the scenario, and what.
type Step = {
    [<About("When it happens.", Spliced = true)>]
    When: Trigger
    [<About("What happens.", Word = "do")>]
    What: Misfortune
}

/// A named scenario.
type Story = {
    [<About "Its name, such as T01.">]
    Id: string
    [<About "One sentence: what it shows.">]
    Shows: string
    [<About "What a reader should know beside that.">]
    Why: string option
    [<About "Issues, pull requests, and other places that it comes from.">]
    Sources: string list
    [<About "Why it does not pass yet; none when it does.">]
    Pending: string option
    [<About "The cluster that it begins with.">]
    Given: Given
    [<About "What happens.">]
    Steps: Step list
    [<About "What is expected, beside every property that must hold in any run.">]
    Expect: Check list
    [<About "How long nothing may be written before what is expected must hold and the run ends.">]
    Quiet: int64
    [<About "The time from the beginning after which it is stuck.">]
    Limit: int64
    [<About "How long it is left alone for afterwards: in that time nothing may be written.">]
    Rest: int64
    [<About "Whether a step whose time never comes fails the run.">]
    MustStrike: bool
    [<About "Whether the last of what PD does by itself is waited for before the rest.">]
    Calm: bool
    [<About "Steps in place of its own, with which the same cluster must end alike.">]
    EndsLike: Step list option
}

[<RequireQualifiedAccess>]
module Given =
    let node: GivenNode = { Name = ""; Zone = ""; Runs = []; Cpu = "16"; Memory = "64Gi"; Taints = [] }
    let taint: GivenTaint = { Key = ""; Value = ""; Effect = TaintEffect.NoSchedule }

    /// The default of verification D: 3 PD and 4 TiKV, three replicas, 200 regions.
    let ordinary: Given = {
        Seed = 1UL
        Pd = 3
        Tikv = 4
        NodesPerZone = 2
        Nodes = []
        Regions = 200
        MaxReplicas = 3
        LocationLabels = []
        IsolationLevel = ""
        Operators = 1
        StorageClass = "standard"
        VolumeAttributes = []
        Manifests = []
        Groups = []
        Certificates = []
        Pace = []
        Fidelity = Level.L1
    }

[<AutoOpen>]
module Story =
    let milliseconds (value: int) = int64 value
    let seconds (value: int) = 1_000L * int64 value
    let minutes (value: int) = 60_000L * int64 value
    let hours (value: int) = 3_600_000L * int64 value

    /// A scenario: its id, its sentence, where it comes from, the cluster it begins with, what happens, what is expected.
    let scenario id shows sources (given: Given) (steps: Step list) (expect: Check list) : Story = {
        Id = id
        Shows = shows
        Why = None
        Sources = sources
        Pending = None
        Given = given
        Steps = steps
        Expect = expect
        Quiet = minutes 3
        Limit = hours 3
        Rest = minutes 20
        MustStrike = true
        Calm = false
        EndsLike = None
    }
