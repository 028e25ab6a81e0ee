/// What PD and TiKV write as their last line when they die by themselves: the form of their logs, around what was wrong.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.LastWords

open System
open System.Globalization

let private line (world: World) level (where: string) (fields: string) =
    let at =
        (World.clock world).UtcDateTime.ToString("yyyy/MM/dd HH:mm:ss.fff", CultureInfo.InvariantCulture)

    $"[%s{at} +00:00] [%s{level}] [%s{where}] %s{fields}"

let private quoted (text: string) = "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""

let private has (part: string) (text: string) = text.Contains(part, StringComparison.Ordinal)

/// PD wraps what it dies of into one of two messages.
let pd (world: World) (problem: string) =
    let meet =
        if has "join" problem || has "has not joined" problem then
            "join meet error"
        else
            "run server failed"

    line world "FATAL" "main.go:264" $"[%s{quoted meet}] [error=%s{quoted problem}] [stack=\"main.start\"]"

/// TiKV's PD client tells refusals of a registration apart by their kind.
let tikv (world: World) (problem: string) =
    let said =
        if has "is tombstone" problem then
            let message = quoted ("type: STORE_TOMBSTONE message: " + quoted problem)
            $"failed to start node: StoreTombstone(%s{message})"
        elif
            has "duplicated store address" problem
            || has "version should compatible" problem
        then
            $"failed to start node: Grpc(RpcFailure(RpcStatus {{ code: 2-UNKNOWN, message: %s{quoted problem}, details: [] }}))"
        else
            problem

    line world "FATAL" "server.rs:1036" $"[%s{quoted said}]"

/// Every write to a full disk fails.
let noSpace directory =
    $"IO error: No space left on device While appending to file: %s{directory}: No space left on device (os error 28)"

let inputOutput directory =
    $"IO error: While appending to file: %s{directory}: Input/output error (os error 5)"

/// TiKV wants room for `max-open-files` of its two engines (40,960 each) and a thousand more.
let filesNeeded = 82_920

/// Below that TiKV warns, and dies when it opens its files.
let tooManyFiles (limit: int) directory =
    $"the maximum number of open file descriptors is too small, got %d{limit}, expect greater or equal to %d{filesNeeded}: IO error: While open a file for random read: %s{directory}: Too many open files (os error 24)"

/// Another process of the same machine holds the lock of the data (RocksDB's LOCK file, flock of etcd's bbolt).
let lockHeld directory =
    $"IO error: While lock file: %s{directory}/LOCK: Resource temporarily unavailable (os error 11)"
