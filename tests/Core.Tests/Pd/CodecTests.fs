module Tikv.Core.Tests.Pd.CodecTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Core.Tests.Pd

let private shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(actual, Is.EqualTo<'Value> expected)

let private failed result =
    match result with
    | Ok _ -> None
    | Error error -> Some error

let private decodes (exchanges: Recordings.Recorded list) (decode: PdReply -> Result<'Value, PdError>) =
    let wrong =
        exchanges
        |> List.filter (fun one -> one.Reply.Status = 200)
        |> List.choose (fun one ->
            failed (decode one.Reply)
            |> Option.map (fun error -> one.File, one.Case, PdError.text error))

    Assert.That(exchanges, Is.Not.Empty)
    Assert.That(wrong, Is.Empty)

let private isIn paths path = List.contains path paths

[<Test>]
let ``every recorded list of members is read`` () =
    decodes (Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/members" ])) PdCodec.members

[<Test>]
let ``every recorded health is read`` () =
    decodes (Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/health"; "/pd/health" ])) PdCodec.health

[<Test>]
let ``every recorded list of stores is read`` () =
    decodes
        (Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/stores"; "/pd/api/v1/stores/check" ]))
        PdCodec.stores

[<Test>]
let ``every recorded store is read`` () =
    decodes
        (Recordings.ofRoute "GET" (fun path ->
            path.StartsWith "/pd/api/v1/store/" && not (path.EndsWith "limit")))
        PdCodec.store

[<Test>]
let ``every recorded cluster is read`` () =
    decodes (Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/cluster" ])) PdCodec.cluster

[<Test>]
let ``every recorded replication config is read`` () =
    decodes (Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/config/replicate" ])) PdCodec.replication

[<Test>]
let ``every recorded list of evict-leader stores is read, the missing one too`` () =
    let exchanges =
        Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/scheduler-config/evict-leader-scheduler/list" ])
        |> List.filter (fun one -> one.Reply.Status <> 406)

    Assert.That(
        exchanges |> List.map (fun one -> PdCodec.evictLeaders one.Reply),
        Has.All.Matches(fun (result: Result<EvictLeaders, PdError>) -> Result.isOk result)
    )

    decodes exchanges PdCodec.evictLeaders

[<Test>]
let ``what was read is printed so that it reads the same`` () =
    let again encode body = { Status = 200; Body = PdBody.Json(encode body) }

    let same decode encode (one: Recordings.Recorded) =
        match decode one.Reply with
        | Ok value -> decode (again encode value) |> shouldBe (Ok value)
        | Error _ -> ()

    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/members" ])
    |> List.iter (same PdCodec.members PdEncode.members)

    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/health" ])
    |> List.iter (same PdCodec.health PdEncode.health)

    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/stores" ])
    |> List.iter (same PdCodec.stores PdEncode.stores)

    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/config/replicate" ])
    |> List.iter (same PdCodec.replication PdEncode.replication)

/// Every value of `printed` stands in `real` at the same place, and every key of `real` that is not excused in `printed`.
let rec private differences excused path (real: Json) (printed: Json) =
    match real, printed with
    | Json.Object one, Json.Object other ->
        let keys =
            List.map fst (one @ other)
            |> List.distinct
            |> List.filter (fun key -> not (List.contains key excused))

        keys
        |> List.collect (fun key ->
            match Json.tryField key real, Json.tryField key printed with
            | Some a, Some b -> differences excused $"%s{path}.%s{key}" a b
            | a, b -> [ $"%s{path}.%s{key}: %A{a} against %A{b}" ])
    | Json.Array one, Json.Array other when List.length one = List.length other ->
        List.map2 (differences excused path) one other |> List.concat
    | one, other ->
        if one = other then [] else [ $"%s{path}: %s{Json.print one} against %s{Json.print other}" ]

let private isPrintedAsPdDoes excused decode encode (one: Recordings.Recorded) =
    match decode one.Reply, one.Reply.Body with
    | Ok value, PdBody.Json real -> Assert.That(differences excused one.Case real (encode value), Is.Empty)
    | other -> Assert.Fail $"%s{one.Case}: %A{other}"

[<Test>]
let ``members and health are printed as PD prints them, but for path and hash of the binary`` () =
    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/members" ])
    |> List.filter (fun one -> one.Reply.Status = 200)
    |> List.iter (isPrintedAsPdDoes [ "deploy_path"; "git_hash" ] PdCodec.members PdEncode.members)

    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/health" ])
    |> List.iter (isPrintedAsPdDoes [] PdCodec.health PdEncode.health)

[<Test>]
let ``a store is printed as PD prints it, but for weights, exact use of the disk and short durations`` () =
    Recordings.ofRoute "GET" (fun path -> path.StartsWith "/pd/api/v1/store/")
    |> List.filter (fun one -> one.Reply.Status = 200)
    |> List.iter (
        isPrintedAsPdDoes
            [
                "deploy_path"
                "git_hash"
                "used_size"
                "uptime"
                "labels" // of another order
                "leader_weight"
                "leader_score"
                "leader_size"
                "region_weight"
                "region_score"
                "learner_count"
            ]
            PdCodec.store
            PdEncode.store
    )

[<Test>]
let ``an uptime is printed as Go does`` () =
    let uptime case =
        match (Recordings.reply case).Body with
        | PdBody.Json json -> Json.stringAt [ "status"; "uptime" ] json
        | PdBody.Text _ -> None

    let printed case =
        PdCodec.store (Recordings.reply case)
        |> Result.map (PdEncode.store >> Json.stringAt [ "status"; "uptime" ])

    for case in [ "follower-store"; "failed-store-Up"; "never-heartbeat-store-9002" ] do
        printed case |> shouldBe (Ok(uptime case))

[<Test>]
let ``the replication config is printed as PD prints it`` () =
    Recordings.ofRoute "GET" (isIn [ "/pd/api/v1/config/replicate" ])
    |> List.filter (fun one -> one.Reply.Status = 200)
    |> List.iter (isPrintedAsPdDoes [] PdCodec.replication PdEncode.replication)

[<TestCase("1TiB", 1099511627776L)>]
[<TestCase("1021GiB", 1096290402304L)>]
[<TestCase("3.5GiB", 3758096384L)>]
[<TestCase("0B", 0L)>]
[<TestCase("512KiB", 524288L)>]
let ``a size is read and printed as PD writes it`` (text: string, bytes: int64) =
    PdSize.tryParse text |> shouldBe (Some bytes)
    PdSize.print bytes |> shouldBe text

[<Test>]
let ``a size keeps four significant digits`` () =
    PdSize.tryParse "3.094GiB"
    |> Option.map PdSize.print
    |> shouldBe (Some "3.094GiB")

    PdSize.print 1_610_612_737L |> shouldBe "1.5GiB"
    PdSize.tryParse "many" |> shouldBe None
