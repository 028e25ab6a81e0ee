namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Simulator.World
open Tikv.Simulator.Run

/// The cluster that a scenario begins with: settled, healthy, and left alone for a while.
type Given = {
    Seed: uint64
    Pd: int
    Tikv: int
    /// In each of the three zones a, b and c.
    NodesPerZone: int
    Regions: int
    MaxReplicas: int
    /// How many operators run, with a lease between them; 1 has none.
    Operators: int
    /// A StorageClass of the simulator: `standard` (network disks) or `local`.
    StorageClass: string
    /// VolumeAttributesClasses that there are; with none the API server does not serve them.
    VolumeAttributes: string list
    /// Merge patches to the manifests of the example, by kind and name (`TiKVGroup/basic-tikv`).
    Manifests: (string * Json) list
    /// Secrets that are there before the manifests are applied.
    Secrets: Json list
}

/// One thing that happens: when, counted from the beginning of the scenario, and what.
type Step = { When: Trigger; What: Misfortune }

/// A named scenario.
type Story = {
    /// Such as `T01` (verification D), `S27` (tidb-operator-v2 7.2), `F10` (tikv-operator-legacy 7.3).
    Id: string
    /// One sentence: what it shows.
    Shows: string
    /// Issues, pull requests, and other places that it comes from.
    Sources: string list
    Given: Given
    Steps: Step list
    Expect: Check list
    /// Milliseconds without a write for which what is expected must hold before the run ends.
    Quiet: int64
    /// Milliseconds from the beginning after which it is stuck.
    Limit: int64
    /// Milliseconds that it is left alone for afterwards, without a write.
    Rest: int64
    /// Why it does not pass yet; none when it does.
    Pending: string option
}

[<RequireQualifiedAccess>]
module Given =
    /// The default of verification D: 3 PD and 4 TiKV, three replicas, 200 regions.
    let ordinary: Given = {
        Seed = 1UL
        Pd = 3
        Tikv = 4
        NodesPerZone = 2
        Regions = 200
        MaxReplicas = 3
        Operators = 1
        StorageClass = "standard"
        VolumeAttributes = []
        Manifests = []
        Secrets = []
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
        Sources = sources
        Given = given
        Steps = steps
        Expect = expect
        Quiet = minutes 3
        Limit = hours 3
        Rest = minutes 20
        Pending = None
    }

    /// It does not pass yet, for that reason.
    let pending why (story: Story) : Story = { story with Pending = Some why }
