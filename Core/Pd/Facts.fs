namespace Tikv.Core.Pd

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

/// What PD said of one cluster in one round of questions.
type PdFacts = {
    /// When the questions were sent: what is decided on them is at least that old.
    AskedAt: Instant
    ClusterId: ClusterId
    Members: MemberFact list
    /// Every store, tombstones too; empty while TiKV has not bootstrapped the cluster.
    Stores: Store list
    /// Stores with an evict-leader entry, ours or not.
    Evicting: Set<StoreId>
    MaxReplicas: int
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
    let facts view =
        match view with
        | PdView.Answered facts -> Some facts
        | PdView.Unasked
        | PdView.Silent _ -> None
