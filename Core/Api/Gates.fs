namespace Tikv.Core.Api

open System
open Tikv.Core

/// What must hold before a disruptive step. The name is the same in status, events, metrics, logs and documentation.
[<RequireQualifiedAccess>]
module Gate =
    let PdReachable = "pd-reachable"
    let PdQuorumAfter = "pd-quorum-after"
    let PdLeaderMoved = "pd-leader-moved"
    let AllStoresUp = "all-stores-up"
    let NoOtherDisruption = "no-other-disruption"
    let RegionQuorumAfter = "region-quorum-after"
    let LeadersEvicted = "leaders-evicted"
    let RegionsDrained = "regions-drained"
    let MinReplicasAfter = "min-replicas-after"
    let DiskHeadroomAfter = "disk-headroom-after"
    let TopologySpreadAfter = "topology-spread-after"
    let VersionPath = "version-path"
    let OneAtATime = "one-at-a-time"
    let SoakTime = "soak-time"
    let PdbAllows = "pdb-allows"
    let WindowOpen = "window-open"
    let Approval = "approval"
    let CertValid = "cert-valid"
    let CacheFresh = "cache-fresh"

    let all = [
        PdReachable
        PdQuorumAfter
        PdLeaderMoved
        AllStoresUp
        NoOtherDisruption
        RegionQuorumAfter
        LeadersEvicted
        RegionsDrained
        MinReplicasAfter
        DiskHeadroomAfter
        TopologySpreadAfter
        VersionPath
        OneAtATime
        SoakTime
        PdbAllows
        WindowOpen
        Approval
        CertValid
        CacheFresh
    ]

    let private codes = all |> List.map (fun gate -> gate, gate.Replace("-", ""))

    /// The gate that a reason's code names: `NoOtherDisruption` is `no-other-disruption`.
    let tryOfCode (code: string) =
        codes
        |> List.tryFind (fun (_, own) -> String.Equals(own, code, StringComparison.OrdinalIgnoreCase))
        |> Option.map fst

    /// Gates that the annotation `tikv.org/override-gates` can override: what they hold up, PD judges as well.
    let overridable = set [ MinReplicasAfter ]

    /// The gates that such an annotation overrides now. Each has a time at which that ends, such as
    /// `min-replicas-after@2026-01-02T15:00Z`; commas stand between several. Without a time it overrides nothing.
    let overridden (clock: DateTimeOffset) (annotation: string) =
        let one (entry: string) =
            match entry.Split('@', 2, StringSplitOptions.TrimEntries) with
            | [| gate; until |] when Set.contains gate overridable ->
                Timestamp.tryParse until
                |> Option.filter (fun until -> clock < until)
                |> Option.map (fun _ -> gate)
            | _ -> None

        annotation.Split ',' |> Seq.choose one |> Set.ofSeq

    /// Gates that no annotation overrides without words that accept the loss of data.
    let guardsData gate = gate = RegionQuorumAfter || gate = PdQuorumAfter
