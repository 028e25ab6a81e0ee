/// Worlds to start from, and short words for what tests do with them.
module Tikv.Simulator.Tests.Pd.Given

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

let shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(actual, Is.EqualTo<'Value> expected)

let epoch = 1_795_246_155_000L
let timings = PdTimings.defaults
let seconds (count: float) = int64 (count * 1000.0)
let empty = PdWorld.create timings 7UL epoch

let peerUrl name = $"http://%s{name}:2380"
let clientUrl name = $"http://%s{name}:2379"

let pd name start disk : PdMemberStart = {
    Process = name
    Name = name
    PeerUrl = peerUrl name
    ClientUrl = clientUrl name
    Version = "v8.5.7"
    Start = start
    Disk = disk
}

let initial names = PdStart.InitialCluster(names |> List.map (fun name -> name, peerUrl name))
let three = [ "pd-0"; "pd-1"; "pd-2" ]
let startOf names name = pd name (initial names) None

let startAll now names (started: string list) world =
    (world, started)
    ||> List.fold (fun world name -> PdWorld.startMember now (startOf names name) world)

/// A member with the disk of its last life.
let restart now name start world =
    PdWorld.startMember now (pd name start (PdWorld.memberDisk name world)) world

/// Three members that have had a leader for a while.
let threeMembers = empty |> startAll 0L three three |> PdWorld.advance (seconds 20.0)

let tikv name disk : TikvStart = {
    Process = name
    PdUrls = three |> List.map clientUrl
    Address = $"%s{name}:20160"
    StatusAddress = $"%s{name}:20180"
    Version = "8.5.7"
    Labels = Map.empty
    Capacity = 1_099_511_627_776L
    Disk = disk
}

let tikvNames count = [ for index in 0 .. count - 1 -> $"tikv-%d{index}" ]

let cluster world = PdWorld.clusterIds world |> List.exactlyOne

/// `count` stores that have been up for ten minutes, with so many regions, each of three voters.
let stores count regions =
    let world =
        (threeMembers, tikvNames count)
        ||> List.fold (fun world name -> PdWorld.startStore (seconds 20.0) (tikv name None) world)
        |> PdWorld.advance (seconds 60.0)

    world
    |> PdWorld.split (seconds 60.0) (cluster world) (regions - 1)
    |> PdWorld.advance (seconds 660.0)

/// The time at which `stores` ends.
let afterwards = seconds 660.0

let group world = world.Groups |> Map.toList |> List.exactlyOne |> snd
let leaderName world = group world |> Views.leader |> Option.map _.Name

/// Status, body and delay of an answer.
let ask now name verb path body world =
    match PdServer.handle world now name verb path body with
    | world, PdAnswer.Replied(reply, delay) -> world, (reply.Status, reply.Body, delay)
    | _, other -> failwith $"%s{name} %s{verb} %s{path}: %A{other}"

let status now name verb path world =
    let _, (status, _, _) = ask now name verb path "" world
    status

/// Does a call of the operator, through a member.
let call now name (call: PdCall) world =
    let request = PdCodec.request call
    let body = request.Body |> Option.map Json.print |> Option.defaultValue ""
    let world, answer = PdServer.handle world now name request.Method request.Path body

    match answer with
    | PdAnswer.Replied(reply, _) -> world, reply
    | other -> failwith $"%A{call}: %A{other}"

let readStore now name id world =
    match call now name (PdCall.GetStore(StoreId id)) world |> snd |> PdCodec.store with
    | Ok store -> store
    | Error error -> failwith (PdError.text error)

/// Writes, and expects success.
let write now name asked world =
    let world, reply = call now name asked world

    match PdCodec.written asked reply with
    | Ok() -> world
    | Error error -> failwith (PdError.text error)

/// The first time from `now` on, looked for at every event, at which the test holds.
let rec until (limit: int64) (holds: PdWorld -> bool) now world =
    if holds world then
        now
    else
        match PdWorld.nextEvent world with
        | Some next when next <= limit -> until limit holds next (PdWorld.advance next world)
        | other -> failwith $"not before %d{limit}: %A{other}"
