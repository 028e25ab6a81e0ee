namespace Tikv.Simulator.Fidelity

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

/// What befalls the stores of a cluster, or is asked of its PD. Stores and members by their index.
[<RequireQualifiedAccess>]
type Deed =
    | Kill of Tikv: int
    | Terminate of Tikv: int
    /// With its old disk, if it has one; a new store otherwise.
    | Start of Tikv: int
    | KillPd of Member: int
    | StartPd of Member: int
    | Resign
    | Evict of Tikv: int
    | StopEvicting of Tikv: int
    | Remove of Tikv: int
    | Restore of Tikv: int
    | ForgetTombstones
    | Replicas of Count: int
    /// Peers a minute that each store may gain, and lose.
    | StoreLimit of Rate: int
    /// max-store-down-time.
    | DownAfter of Seconds: int
    /// A limit of PD's schedulers, by its name.
    | Limit of Name: string * Count: int
    | Split of Count: int
    /// Two stores do not hear each other any more.
    | Part of One: int * Other: int
    | Heal
    | Slow of Tikv: int * IsSlow: bool
    | Pass of Seconds: int

/// A cluster of three PD members, and what happens to it.
type History = { Stores: int; Regions: int; Deeds: Deed list }

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module History =

    let private members = [ "pd-0"; "pd-1"; "pd-2" ]
    let private nameOf index = $"tikv-%d{index}"

    let private pd name disk : PdMemberStart = {
        Process = name
        Name = name
        PeerUrl = $"http://%s{name}:2380"
        ClientUrl = $"http://%s{name}:2379"
        Version = "v8.5.7"
        Start = PdStart.InitialCluster(members |> List.map (fun name -> name, $"http://%s{name}:2380"))
        Disk = disk
    }

    let private tikv name disk : TikvStart = {
        Process = name
        PdUrls = members |> List.map (fun name -> $"http://%s{name}:2379")
        Address = $"%s{name}:20160"
        StatusAddress = $"%s{name}:20180"
        Version = "8.5.7"
        Labels = Map.empty
        Capacity = 1_099_511_627_776L
        Disk = disk
    }

    /// When `start` ends.
    let begins = 900_000L

    /// Stores that have been up for long, their regions spread over them: by class, as yet.
    let start (history: History) : PdWorld =
        let empty = PdWorld.create PdTimings.defaults 7UL 1_767_225_600_000L

        let world =
            (empty, members)
            ||> List.fold (fun world name -> PdWorld.startMember 0L (pd name None) world)
            |> PdWorld.advance 20_000L

        let world =
            (world, [ 0 .. history.Stores - 1 ])
            ||> List.fold (fun world index ->
                let name = nameOf index in PdWorld.startStore 20_000L (tikv name None) world)
            |> PdWorld.advance 60_000L

        world
        |> PdWorld.split 60_000L (PdWorld.clusterIds world |> List.exactlyOne) (max 0 (history.Regions - 1))
        |> PdWorld.advance begins

    let group (world: PdWorld) = world.Groups |> Map.toList |> List.exactlyOne |> snd

    let storeOf index (world: PdWorld) = PdWorld.storeDisk (nameOf index) world |> Option.map _.Store

    let private hasEnded state =
        match state with
        | None
        | Some(ProcessState.Exited _) -> true
        | Some _ -> false

    /// The answer of the first member that gives one; 0 when none does.
    let private ask now verb path body (world: PdWorld) =
        ((world, 0), members)
        ||> List.fold (fun (world, status) name ->
            if status <> 0 || PdWorld.memberState name world <> Some ProcessState.Running then
                world, status
            else
                match PdServer.handle world now name verb path body with
                | world, PdAnswer.Replied(reply, _) -> world, reply.Status
                | world, _ -> world, 0)

    let private number index world =
        match storeOf index world with
        | Some(StoreId id) -> id
        | None -> 0UL

    let private config key (value: string) = "POST", "/pd/api/v1/config", $"""{{"%s{key}": %s{value}}}"""

    let private request deed world =
        let store index = $"/pd/api/v1/store/%d{number index world}"

        match deed with
        | Deed.Resign -> Some("POST", "/pd/api/v1/leader/resign", "")
        | Deed.Evict index ->
            let body = $"""{{"name": "evict-leader-scheduler", "store_id": %d{number index world}}}"""
            Some("POST", "/pd/api/v1/schedulers", body)
        | Deed.StopEvicting index ->
            Some("DELETE", $"/pd/api/v1/schedulers/evict-leader-scheduler-%d{number index world}", "")
        | Deed.Remove index -> Some("DELETE", store index, "")
        | Deed.Restore index -> Some("POST", store index + "/state?state=Up", "")
        | Deed.ForgetTombstones -> Some("DELETE", "/pd/api/v1/stores/remove-tombstone", "")
        | Deed.Replicas count -> Some(config "replication.max-replicas" (string count))
        | Deed.StoreLimit rate -> Some("POST", "/pd/api/v1/stores/limit", $"""{{"rate": %d{rate}}}""")
        | Deed.DownAfter seconds -> Some(config "schedule.max-store-down-time" $"\"%d{seconds}s\"")
        | Deed.Limit(name, count) -> Some(config $"schedule.%s{name}" (string count))
        | _ -> None

    /// When a deed is done that begins now.
    let ends now deed =
        match deed with
        | Deed.Pass seconds -> now + 1000L * int64 seconds
        | _ -> now

    /// What a deed makes of a world, and what PD says to it: 0 when it was not asked.
    let perform now deed (world: PdWorld) : PdWorld * int =
        let done' world = world, 0

        match deed with
        | Deed.Kill index -> done' (PdWorld.stopStore now PdStop.Kill (nameOf index) world)
        | Deed.Terminate index -> done' (PdWorld.stopStore now PdStop.Graceful (nameOf index) world)
        | Deed.Start index ->
            let name = nameOf index

            done' (
                if hasEnded (PdWorld.storeState name world) then
                    PdWorld.startStore now (tikv name (PdWorld.storeDisk name world)) world
                else
                    world
            )
        | Deed.KillPd index -> done' (PdWorld.stopMember now PdStop.Kill $"pd-%d{index}" world)
        | Deed.StartPd index ->
            let name = $"pd-%d{index}"

            done' (
                if hasEnded (PdWorld.memberState name world) then
                    PdWorld.startMember now (pd name (PdWorld.memberDisk name world)) world
                else
                    world
            )
        | Deed.Split count ->
            done' (PdWorld.split now (PdWorld.clusterIds world |> List.exactlyOne) count world)
        | Deed.Part(one, other) ->
            let ways = set [ struct (nameOf one, nameOf other); struct (nameOf other, nameOf one) ]
            done' (if one = other then world else PdWorld.setCuts now (Set.union ways world.Cuts) world)
        | Deed.Heal -> done' (PdWorld.setCuts now Set.empty world)
        | Deed.Slow(index, isSlow) -> done' (PdWorld.setSlow now (nameOf index) isSlow world)
        | Deed.Pass _ -> done' (PdWorld.advance (ends now deed) world)
        | Deed.Resign
        | Deed.Evict _
        | Deed.StopEvicting _
        | Deed.Remove _
        | Deed.Restore _
        | Deed.ForgetTombstones
        | Deed.Replicas _
        | Deed.StoreLimit _
        | Deed.DownAfter _
        | Deed.Limit _ ->
            match request deed world with
            | Some(verb, path, body) -> ask now verb path body world
            | None -> done' world

    /// All is made well again: processes run, stores hear each other, nothing is evicted.
    let calm (world: PdWorld) = [
        Deed.Heal
        for index in 0..2 do
            Deed.StartPd index
        Deed.Pass 120
        for index in world.Tikvs.Keys |> Seq.map (fun name -> int (name.Substring 5)) |> Seq.sort do
            Deed.Slow(index, false)
            Deed.Start index
            Deed.StopEvicting index
    ]
