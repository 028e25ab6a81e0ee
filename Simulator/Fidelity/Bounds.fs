/// How far L1 and L2 may be apart. ADR 0013 says why each is safe.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Bounds

open Tikv.Simulator.Pd

/// How long a region may be without leader in L2 though a majority of it lives: L1 has it at one time for all.
let election (settings: SingleSettings) = settings.ElectionMost

/// One snapshot of the largest region there is, and what goes with a move.
let move (settings: SingleSettings) =
    settings.SnapshotStart
    + settings.SnapshotPerMiB * 160L
    + settings.Applying
    + 5L * settings.Change

/// By how much a store whose peers all need snapshots may be behind longer in L2 than in L1: in so many rounds.
let catchUp (settings: SingleSettings) regions =
    let rounds = 1 + (regions - 1) / max 1 settings.Snapshots
    int64 rounds * 2L * move settings

/// Bounds of the time in L2 for what takes so long in L1: a store that is emptied into others,
/// without misfortune. L1 moves the first peer after one tick of `store limit`, L2 at once, as many as go in a second; L2
/// then needs a snapshot for the last one, and may find the only target that a region has at its limit.
let drain (settings: SingleSettings) storeLimit (inL1: int64) =
    let tick = 60_000L / int64 storeLimit
    inL1 - 2L * tick - 1_000L, 2L * inL1 + 2L * tick + 2L * move settings

/// Bounds of the time in L2 for evicting so many leaders: both at 150 a second, L1 in larger batches. A region that PD has told
/// to move a peer is not evicted from until it has.
let eviction (settings: SingleSettings) leaders (inL1: int64) =
    let batches = 1 + leaders / settings.EvictionBatch
    inL1 - PdTimings.defaults.LeaderTick, inL1 + int64 batches * settings.EvictionTick + move settings
