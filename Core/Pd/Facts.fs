namespace Tikv.Core.Pd

open System
open Tikv.Core

/// One member of PD, with what its siblings say of it.
type MemberFact = {
    Id: MemberId
    /// Empty for a member that was added and has never started (P 24).
    Name: string
    PeerUrls: string list
    ClientUrls: string list
    Healthy: bool
    IsLeader: bool
}

[<RequireQualifiedAccess>]
module MemberFact =
    /// Its name, or where it listens while it has none.
    let describe one = if one.Name = "" then String.concat ", " one.PeerUrls else one.Name

[<RequireQualifiedAccess>]
module Address =
    /// The name of the Pod behind `host:port`, or behind a URL: the first label of the host, whatever form its DNS name has.
    let pod (address: string) =
        let start =
            match address.IndexOf("://", StringComparison.Ordinal) with
            | -1 -> 0
            | index -> index + 3

        address.Substring(start).Split('.', ':', '/')[0]

/// What PD said of one cluster in one round of questions.
type PdFacts = {
    /// When the questions were sent: what is decided on them is at least that old.
    AskedAt: Instant
    ClusterId: ClusterId
    /// In the order of their ids: how PD lists them is chance.
    Members: MemberFact list
    /// Every store, tombstones too, in the order of their ids; empty while TiKV has not bootstrapped the cluster.
    Stores: Store list
    /// Stores with an evict-leader entry, ours or not.
    Evicting: Set<StoreId>
    MaxReplicas: int
    /// The label whose values replicas of a region may not share; empty for none.
    IsolationLevel: string
    /// Regions, whether PD has heard of their leaders or not. A PD that has just started has read the regions from its
    /// disk, and learns of the leaders within a region heartbeat (V P14, P31).
    Regions: int
    /// The labels by which PD tells how far apart stores are, the widest first; empty when it does not.
    LocationLabels: string list
}

/// What is known of PD. Not knowing is never the same as knowing that there is nothing.
[<RequireQualifiedAccess>]
type PdView =
    /// It was not asked: no member has run yet.
    | Unasked
    /// It was asked, and there was no answer to count on: no endpoint, no leader, no quorum.
    | Silent of Problem: string
    | Answered of Facts: PdFacts

[<RequireQualifiedAccess>]
module PdView =
    /// PD is silent for a moment whenever its leader changes, and then has not heard from the stores yet; what served before
    /// does not count as unknown for that (U 6.1: Ready does not flap during a roll). A store or member that fails meanwhile is
    /// told by its Pod.
    let shortSilence = TimeSpan.FromSeconds 30L

    let isShort silentFor = silentFor |> Option.exists (fun span -> span < shortSilence)

    let facts view =
        match view with
        | PdView.Answered facts -> Some facts
        | PdView.Unasked
        | PdView.Silent _ -> None

    /// Those of the cluster with that id; none while no id is recorded.
    let factsOf (id: ClusterId option) view =
        facts view |> Option.filter (fun facts -> Some facts.ClusterId = id)
