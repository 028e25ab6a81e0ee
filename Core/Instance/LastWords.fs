namespace Tikv.Core.Instance

open System
open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Core.Kubernetes

/// Why a process of PD or TiKV ended, as far as it can be told.
[<RequireQualifiedAccess>]
type Death =
    | OutOfMemory
    /// By SIGKILL, and Kubernetes does not say why.
    | Killed
    | FileDescriptors
    | DiskFull
    | DiskFails of Line: string
    /// TiKV: its data is of another cluster than the one that PD is.
    | AnotherCluster of Line: string
    /// TiKV: PD calls its store Removed.
    | Tombstone
    /// TiKV: its data directory is empty, and PD keeps its address for the store that it was.
    | DuplicateStore of Holder: StoreId option
    /// PD: its data directory is empty, and a member of its name is listed.
    | DuplicateMember
    /// PD: another member has only half joined.
    | JoinBlocked
    | VersionRefused of Line: string
    | BadConfig of Line: string
    | PdNotReached
    | Other of ExitCode: int * Line: string

/// Reading of the last lines that a container wrote before it ended (`terminationMessagePolicy: FallbackToLogsOnError`:
/// at most 80 lines, 2 KiB).
[<RequireQualifiedAccess>]
module Death =

    /// What processes say, as PD and TiKV 5 to 8 print it; the first that fits.
    let private phrases: (string list * (string -> Death)) list = [
        [
            "too many open files"
            "maximum number of open file descriptors is too small"
            "open files limit"
        ],
        (fun _ -> Death.FileDescriptors)
        [ "no space left on device"; "os error 28"; "disk full" ], (fun _ -> Death.DiskFull)
        [ "cluster id mismatch"; "clusteridmismatch"; "mismatch cluster id" ], Death.AnotherCluster
        [ "store_tombstone"; "storetombstone"; "is tombstone"; "store has been removed" ],
        (fun _ -> Death.Tombstone)
        [ "missing data or join a duplicated pd" ], (fun _ -> Death.DuplicateMember)
        [ "that has not joined successfully"; "unhealthy cluster" ], (fun _ -> Death.JoinBlocked)
        [ "version should compatible"; "incompatible version"; "incompatible with cluster version" ],
        Death.VersionRefused
        [
            "parse cmd flags error"
            "invalid auto generated configuration"
            "invalid configuration"
            "failed to load config"
            "load config error"
            "toml parse error"
            "unknown configuration"
            "undefined item"
        ],
        Death.BadConfig
        [ "input/output error"; "os error 5)"; "read-only file system"; "os error 30"; "corruption:" ],
        Death.DiskFails
        [
            "pd cluster failed to respond"
            "failed to connect to pd"
            "cannot connect to pd"
            "connect to pd"
        ],
        (fun _ -> Death.PdNotReached)
    ]

    let private has (text: string) (part: string) = text.Contains(part, StringComparison.OrdinalIgnoreCase)

    /// Time, level and place in the source of a line of PD's and TiKV's logs.
    let private header = Regex @"^\s*\[\d{4}/[^\]]*\]\s*\[[A-Z]+\]\s*(\[[^\[\]""]*\]\s*)?"

    let private longestLine = 240

    let private plain (line: string) =
        let said = header.Replace(line, "").Trim()
        let said = if said = "" then line.Trim() else said
        if said.Length > longestLine then said.Substring(0, longestLine) + "..." else said

    let private holder = Regex(@"already registered by id:\s*(\d+)", RegexOptions.IgnoreCase)

    let private ofLine (line: string) =
        if has line "duplicated store address" then
            let found = holder.Match line

            Some(
                Death.DuplicateStore(
                    if found.Success then Some(StoreId(UInt64.Parse found.Groups[1].Value)) else None
                )
            )
        else
            phrases
            |> List.tryFind (fun (texts, _) -> texts |> List.exists (has line))
            |> Option.map (fun (_, death) -> death (plain line))

    /// Warnings that came before are not what it died of.
    let private isFatal (line: string) = has line "fatal" || has line "panic"

    let diagnose (ended: ContainerEnd) : Death =
        let lines =
            ended.Message.Split '\n'
            |> List.ofArray
            |> List.filter (fun line -> line.Trim() <> "")
            |> List.rev

        let telling =
            match lines |> List.filter isFatal with
            | [] -> lines
            | fatal -> fatal

        if ended.Reason = "OOMKilled" then
            Death.OutOfMemory
        else
            match telling |> List.tryPick ofLine with
            | Some death -> death
            | None when ended.ExitCode = 137 -> Death.Killed
            | None ->
                Death.Other(
                    ended.ExitCode,
                    telling |> List.tryHead |> Option.map plain |> Option.defaultValue ""
                )

    /// What it is, and what a person can do.
    let text death =
        match death with
        | Death.OutOfMemory ->
            "its process was killed for lack of memory; raise template.spec.resources.memory, or lower the block cache"
        | Death.Killed -> "its process was killed (137); see the events of the Pod and of its node"
        | Death.FileDescriptors ->
            "the limit of open files is too low; raise LimitNOFILE of the container runtime on its node to 1048576"
        | Death.DiskFull ->
            "its disk is full; raise the volume's storage, or add instances so that data can move away"
        | Death.DiskFails line ->
            $"its disk fails (%s{line}); if it does not recover, delete the instance to have it made anew elsewhere"
        | Death.AnotherCluster line ->
            $"its data is of another cluster, and is left untouched (%s{line}); give it the right volume, or delete the instance"
        | Death.Tombstone ->
            "PD has removed its store: its data cannot come back; delete the instance to have it made anew"
        | Death.DuplicateStore(Some(StoreId id)) ->
            $"its disk is empty, and its address belongs to store %d{id}: mount the old disk, or delete the instance to have it made anew"
        | Death.DuplicateStore None ->
            "its disk is empty, and its address belongs to another store: mount the old disk, or delete the instance to have it made anew"
        | Death.DuplicateMember ->
            "its disk is empty, and PD lists a member of its name: mount the old disk, or delete the instance to have it made anew"
        | Death.JoinBlocked -> "it cannot join PD while another member has only half joined or is ill"
        | Death.VersionRefused line -> $"PD refuses its version (%s{line}); the cluster is newer"
        | Death.BadConfig line -> $"its configuration is refused: %s{line}"
        | Death.PdNotReached -> "it has not reached PD; it tries again"
        | Death.Other(code, "") ->
            $"its process ended with exit code %d{code}; see its log (kubectl logs --previous)"
        | Death.Other(code, line) -> $"its process ended with exit code %d{code}: %s{line}"

    /// CamelCase, stable.
    let code death =
        match death with
        | Death.OutOfMemory -> "OutOfMemory"
        | Death.Killed -> "Killed"
        | Death.FileDescriptors -> "FileDescriptorLimit"
        | Death.DiskFull -> "DiskFull"
        | Death.DiskFails _ -> "DiskFails"
        | Death.AnotherCluster _ -> "WrongClusterId"
        | Death.Tombstone -> "StoreTombstone"
        | Death.DuplicateStore _ -> "DuplicateStore"
        | Death.DuplicateMember -> "DuplicateMember"
        | Death.JoinBlocked -> "JoinBlocked"
        | Death.VersionRefused _ -> "VersionRefused"
        | Death.BadConfig _ -> "BadConfig"
        | Death.PdNotReached -> "PDUnreachable"
        | Death.Other _ -> "CrashLoop"
