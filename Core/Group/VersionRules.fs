/// Which version may follow which.
module Tikv.Core.Group.VersionRules

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd

let private parse text = SemVer.parse text |> Result.toOption

/// PD compares stores with the cluster by major and minor alone: patches may go back and forth (PD, `versioninfo`).
let private line (version: SemVer) = SemVer.major version, SemVer.minor version

let private stores (observed: Observed) =
    PdView.facts observed.Pd
    |> Option.map (fun facts ->
        facts.Stores
        |> List.filter (fun store -> store.NodeState <> NodeState.Removed)
        |> List.choose (fun store -> parse store.Version))

/// The version below which PD accepts no store is that of its oldest one; it is kept by PD, so while PD is silent the
/// version that the group has reached stands for it.
let private floor (observed: Observed) =
    match stores observed with
    | Some [] -> None
    | Some versions -> Some(List.min versions)
    | None -> (Manifest.status observed).Version |> Option.bind parse

let private isOrdered (observed: Observed) =
    observed.Cluster
    |> Option.forall (fun cluster -> cluster.Spec.UpgradePolicy = UpgradePolicy.Default)

/// TiKV follows PD. A group that has no version yet needs no more than the same minor version, also of a PD that is being
/// made beside it.
let private behindPd (observed: Observed) wanted =
    let isNew = (Manifest.status observed).Version.IsNone

    let reached (group: PdGroupView) =
        match group.Reached with
        | Some version -> parse version
        | None when isNew -> parse group.Wanted
        | None -> None

    observed.PdGroups
    |> List.exists (fun group ->
        match reached group with
        | Some version when isNew -> line version < line wanted
        | Some version -> version < wanted
        | None -> true)

/// Why the wanted version must wait, or must not be; settled when nothing is against it:
/// 1. no group goes beneath the version of the cluster (V I35);
/// 2. PD is upgraded before TiKV, and goes back after it (V I33), unless the Cluster says otherwise.
let path (observed: Observed) : Decision<Action, Reason> =
    let text = Manifest.version observed

    match parse text, (Manifest.status observed).Version with
    | None, _ -> Decision.settled
    | Some _, Some reached when reached = text -> Decision.settled
    | Some wanted, _ ->
        let newest = stores observed |> Option.defaultValue [] |> List.sortDescending |> List.tryHead

        match floor observed, observed.Role, newest with
        | Some floor, _, _ when line wanted < line floor -> Decision.wait [ Downgrade(text, floor.Text) ]
        | _, PD _, Some newest when isOrdered observed && line wanted < line newest ->
            Decision.wait [ StoresAreNewer(text, newest.Text) ]
        | _, TiKV _, _ when isOrdered observed && behindPd observed wanted ->
            Decision.wait [ PdUpgradesFirst text ]
        | _ -> Decision.settled
