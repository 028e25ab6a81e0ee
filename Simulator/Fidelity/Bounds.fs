/// How far L1 and L2 may be apart. ADR 0013 says why each is safe.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Bounds

open Tikv.Simulator.Pd

/// How long a region may be without leader in L2 though a majority of it lives: L1 has it at one time for all.
let election (settings: SingleSettings) = settings.ElectionMost

/// One snapshot of the largest region there is, and what goes with a move.
let move (settings: SingleSettings) =
    settings.SnapshotStart + settings.SnapshotPerMiB * 160L + settings.Applying + 5L * settings.Change

/// By how much a store whose peers all need snapshots may be behind longer in L2 than in L1: in so many rounds.
let catchUp (settings: SingleSettings) regions =
    let rounds = 1 + (regions - 1) / max 1 settings.Snapshots
    int64 rounds * 2L * move settings

/// Bounds of the time in L2 for what takes so long in L1: a store with so many peers that is emptied into so many others,
/// without misfortune. L1 lets each target have one peer a tick, the first after one tick. L2 lets each have its first at
/// once; it may fill targets unevenly, and lets a store that is down (and not removed) lose only one peer a tick, whatever
/// the number of targets.
let drain (settings: SingleSettings) storeLimit targets isRemoved (inL1: int64) =
    let tick = 60_000L / int64 storeLimit
    let slower = if isRemoved then 2L else 1L + int64 targets
    inL1 - 2L * tick - move settings, slower * inL1 + 2L * tick + 2L * move settings
