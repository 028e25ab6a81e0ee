module Tikv.Simulator.Tests.Pd.MembershipTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

/// `count` members, of which the last `down` are not connected and the last `unnamed` were never started.
let private members count unnamed = [
    for index in 1..count ->
        {
            Id = MemberId(uint64 index)
            Name = if index > count - unnamed then "" else $"pd-%d{index}"
            PeerUrl = ""
            ClientUrls = []
            Priority = 0
            Version = ""
        }
]

let private connection count down (MemberId id) =
    if int id > count - down then Connection.Down else Connection.Connected

[<TestCase(1, 0, 0, true, false, false)>]
[<TestCase(2, 0, 0, true, false, true)>]
[<TestCase(3, 0, 0, true, false, true)>]
[<TestCase(3, 1, 0, false, true, false)>]
[<TestCase(3, 1, 1, false, true, false)>]
[<TestCase(4, 0, 0, true, false, true)>]
[<TestCase(4, 1, 0, false, true, true)>]
[<TestCase(5, 0, 0, true, false, true)>]
[<TestCase(5, 1, 0, false, true, true)>]
[<TestCase(5, 2, 0, false, true, false)>]
let ``membership changes are refused as etcd refuses them``
    (n: int, d: int, u: int, add: bool, dead: bool, live: bool)
    =
    let self = MemberId 1UL
    let members, connection = members n u, connection n d
    let ok = Result.isOk
    ok (Membership.mayAdd self connection members) |> shouldBe add

    if d > 0 then
        ok (Membership.mayRemove self connection (MemberId(uint64 n)) members)
        |> shouldBe dead

    let living = if n - d > 1 then MemberId 2UL else self
    ok (Membership.mayRemove self connection living members) |> shouldBe live

[<TestCase(2, 1)>]
[<TestCase(3, 2)>]
[<TestCase(4, 2)>]
[<TestCase(5, 3)>]
let ``without quorum every change is lost`` (n: int, d: int) =
    let names = [ for index in 0 .. n - 1 -> $"pd-%d{index}" ]
    let now = seconds 20.0
    let world = empty |> startAll 0L names names |> PdWorld.advance now
    let leader = (leaderName world).Value
    let dead = names |> List.filter (fun name -> name <> leader) |> List.truncate d

    let world =
        (world, dead)
        ||> List.fold (fun world name -> PdWorld.stopMember now PdStop.Kill name world)

    let path = $"/pd/api/v1/members/name/%s{List.head dead}"

    // as long as the lease lasts etcd is asked in vain, later there is no leader to ask
    let _, (status, body, delay) = ask now leader "DELETE" path "" world
    (status, delay) |> shouldBe (500, 10_000L)
    Assert.That(PdBody.message body, Does.Contain "context deadline exceeded")
    let later = now + 10_000L
    let _, (status, _, delay) = ask later leader "DELETE" path "" world
    (status, delay) |> shouldBe (503, 3_000L)
    Map.count (group world).Members |> shouldBe n

let private t0 = seconds 20.0

let private idOf name world =
    ((group world).Members
     |> Map.toList
     |> List.find (fun (_, one) -> one.Name = name))
    |> fst

[<Test>]
let ``with one of three dead, only the dead one can be removed`` () =
    let world = PdWorld.stopMember t0 PdStop.Kill "pd-2" threeMembers
    let removal name = call t0 "pd-0" (PdCall.RemoveMember(idOf name world)) world

    for name in [ "pd-0"; "pd-1" ] do
        match removal name |> snd |> PdError.ofReply with
        | PdError.UnhealthyCluster _ -> ()
        | other -> Assert.Fail $"%A{other}"

    (removal "pd-2" |> snd).Status |> shouldBe 200

[<Test>]
let ``a removed member goes on answering as if nothing had happened`` () =
    let world = write t0 "pd-0" (PdCall.RemoveMember(idOf "pd-2" threeMembers)) threeMembers
    status t0 "pd-2" "GET" "/pd/api/v1/health" world |> shouldBe 200
    status t0 "pd-2" "GET" "/pd/api/v2/ready" world |> shouldBe 200
    status t0 "pd-2" "GET" "/pd/api/v1/members" world |> shouldBe 200

    match call t0 "pd-2" PdCall.GetMembers world |> snd |> PdCodec.members with
    | Ok members -> members.Members |> List.map _.Name |> List.sort |> shouldBe [ "pd-0"; "pd-1" ]
    | Error error -> Assert.Fail(PdError.text error)

[<Test>]
let ``a removed leader finds no leader`` () =
    let leader = (leaderName threeMembers).Value
    let world = write t0 leader (PdCall.RemoveMember(idOf leader threeMembers)) threeMembers
    status (t0 + 30_000L) leader "GET" "/pd/api/v1/stores" world |> shouldBe 503
    status (t0 + 30_000L) leader "GET" "/pd/api/v1/health" world |> shouldBe 200

[<Test>]
let ``a removed member that is restarted with its data hangs`` () =
    let world =
        threeMembers
        |> write t0 "pd-0" (PdCall.RemoveMember(idOf "pd-2" threeMembers))
        |> PdWorld.stopMember t0 PdStop.Kill "pd-2"
        |> restart t0 "pd-2" (PdStart.Join [ clientUrl "pd-0" ])
        |> PdWorld.advance (seconds 4000.0)

    PdWorld.memberState "pd-2" world |> shouldBe (Some ProcessState.Hanging)

[<Test>]
let ``a removed member joins again with an empty data directory`` () =
    let now = t0 + 10_000L

    let world =
        threeMembers
        |> write t0 "pd-0" (PdCall.RemoveMember(idOf "pd-2" threeMembers))
        |> PdWorld.stopMember t0 PdStop.Kill "pd-2"
        |> PdWorld.startMember now (pd "pd-2" (PdStart.Join [ clientUrl "pd-0" ]) None)
        |> PdWorld.advance (now + 1000L)

    PdWorld.memberState "pd-2" world |> shouldBe (Some ProcessState.Running)
    Assert.That((idOf "pd-2" world = idOf "pd-2" threeMembers), Is.False)

let private exitOf (start: PdMemberStart) world =
    let world = world |> PdWorld.startMember t0 start |> PdWorld.advance (t0 + 20_000L)

    match PdWorld.memberState start.Process world with
    | Some(ProcessState.Exited(code, message)) -> code, message
    | other -> failwith $"%A{other}"

let private joiner name url = pd name (PdStart.Join [ url ]) None

[<Test>]
let ``a member that lost its data cannot join under its name`` () =
    threeMembers
    |> PdWorld.stopMember t0 PdStop.Kill "pd-2"
    |> exitOf (joiner "pd-2" (clientUrl "pd-0"))
    |> shouldBe (1, "missing data or join a duplicated pd")

[<Test>]
let ``a member cannot join itself`` () =
    threeMembers
    |> exitOf (joiner "pd-9" (clientUrl "pd-9"))
    |> shouldBe (1, "join self is forbidden")

[<Test>]
let ``a join where nobody listens fails`` () =
    let code, message = threeMembers |> exitOf (joiner "pd-9" "http://nowhere:2379")
    code |> shouldBe 1
    Assert.That(message, Does.Contain "ErrEtcdMemberList")

[<Test>]
let ``a join is refused while a member is down`` () =
    threeMembers
    |> PdWorld.stopMember t0 PdStop.Kill "pd-2"
    |> PdWorld.advance (t0 + 15_000L)
    |> PdWorld.startMember (t0 + 15_000L) (joiner "pd-3" (clientUrl "pd-0"))
    |> PdWorld.advance (t0 + 16_000L)
    |> PdWorld.memberState "pd-3"
    |> shouldBe (Some(ProcessState.Exited(1, "etcdserver: unhealthy cluster")))

[<Test>]
let ``data of another cluster comes up as that cluster, whatever it should join`` () =
    let other = empty |> startAll 0L [ "pd-9" ] [ "pd-9" ] |> PdWorld.advance t0

    let both =
        threeMembers
        |> startAll t0 [ "pd-9" ] [ "pd-9" ]
        |> PdWorld.advance (t0 + 10_000L)

    List.length (PdWorld.clusterIds both) |> shouldBe 2
    PdWorld.clusterIds both |> List.distinct |> List.length |> shouldBe 2
    PdWorld.clusterIds other |> List.length |> shouldBe 1

    let world =
        both
        |> PdWorld.stopMember (t0 + 10_000L) PdStop.Kill "pd-9"
        |> restart (t0 + 10_000L) "pd-9" (PdStart.Join [ clientUrl "pd-0" ])
        |> PdWorld.advance (t0 + 20_000L)

    PdWorld.memberState "pd-9" world |> shouldBe (Some ProcessState.Running)

    let clusterSeenBy name =
        match call (t0 + 20_000L) name PdCall.GetCluster world |> snd |> PdCodec.cluster with
        | Ok cluster -> cluster.Id
        | Error error -> failwith (PdError.text error)

    Assert.That((clusterSeenBy "pd-9" = clusterSeenBy "pd-0"), Is.False)

[<Test>]
let ``a start with initial cluster and no data is a second bootstrap`` () =
    let world =
        (threeMembers, three)
        ||> List.fold (fun world name -> PdWorld.stopMember t0 PdStop.Kill name world)
        |> startAll t0 three three
        |> PdWorld.advance (t0 + 10_000L)

    PdWorld.clusterIds world |> List.distinct |> List.length |> shouldBe 2

[<Test>]
let ``a joiner that dies between add and start leaves a member without name, which blocks others and can be removed by id``
    ()
    =
    let now = t0 + 70L

    let world =
        threeMembers
        |> PdWorld.startMember t0 (joiner "pd-3" (clientUrl "pd-0"))
        |> PdWorld.advance now
        |> PdWorld.stopMember now PdStop.Kill "pd-3"

    let half =
        (group world).Members
        |> Map.toList
        |> List.filter (fun (_, one) -> one.Name = "")

    List.length half |> shouldBe 1

    let blocked =
        world
        |> PdWorld.startMember now (joiner "pd-4" (clientUrl "pd-0"))
        |> PdWorld.advance (now + 1000L)

    match PdWorld.memberState "pd-4" blocked with
    | Some(ProcessState.Exited(1, message)) ->
        Assert.That(message, Does.Contain "has not joined successfully")
    | other -> Assert.Fail $"%A{other}"

    let resumed =
        world
        |> PdWorld.startMember now (joiner "pd-3" (clientUrl "pd-0"))
        |> PdWorld.advance (now + 1000L)

    PdWorld.memberState "pd-3" resumed |> shouldBe (Some ProcessState.Running)

    let _, reply = call now "pd-0" (PdCall.RemoveMember(fst half.Head)) world
    reply.Status |> shouldBe 200

[<Test>]
let ``the first leader alone is not ready until TiKV comes`` () =
    let leader = (leaderName threeMembers).Value

    for name in three do
        status t0 name "GET" "/pd/api/v2/ready" threeMembers
        |> shouldBe (if name = leader then 500 else 200)

    let moved =
        ask t0 leader "POST" "/pd/api/v1/leader/resign" "" threeMembers
        |> fst
        |> PdWorld.advance (t0 + 1000L)

    for name in three do
        status (t0 + 1000L) name "GET" "/pd/api/v2/ready" moved |> shouldBe 200
