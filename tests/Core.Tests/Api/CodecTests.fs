module Tikv.Core.Tests.Api.CodecTests

open System
open NUnit.Framework
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

let private returns (record: 'Record) =
    let written = Codec.encode record
    let read = Codec.decode<'Record> [ "spec" ] (ok (Json.parse (Json.print written)))
    read = Ok record && Json.print (Codec.encode (sound read)) = Json.print written

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a Cluster that is written and read is the same`` (spec: ClusterSpec) (status: ClusterStatus) =
    returns spec && returns status

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a PDGroup that is written and read is the same`` (spec: PDGroupSpec) (status: PDGroupStatus) =
    returns spec && returns status

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a TiKVGroup that is written and read is the same`` (spec: TiKVGroupSpec) (status: TiKVGroupStatus) =
    returns spec && returns status

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a PD that is written and read is the same`` (spec: PDSpec) (status: PDStatus) =
    returns spec && returns status

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a TiKV that is written and read is the same`` (spec: TiKVSpec) (status: TiKVStatus) =
    returns spec && returns status

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``metadata that is written and read is the same`` (meta: Meta) =
    let texts = [ meta.DeletionTimestamp ] |> List.choose id
    let written = Json.object [ "metadata", Meta.encode meta ]
    List.contains "" texts || Meta.decode written = meta

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``any JSON is read as an object or refused with problems that name a field`` (tree: Json) =
    let named result =
        match result with
        | Ok _ -> true
        | Error problems ->
            not (List.isEmpty problems)
            && problems |> List.forall (fun problem -> problem.Field.StartsWith "spec")

    named (Codec.cluster tree)
    && named (Codec.pdGroup (Json.object [ "spec", tree ]))
    && named (Codec.tikv (Json.object [ "spec", tree ]))

[<Test>]
let ``fields outside of the template have their defaults when they are absent`` () =
    let group = (sound (Codec.tikvGroup Samples.tikvGroup)).Spec

    (group.Group.MinReadySeconds, group.Group.MaxUnavailable, group.Group.VolumeReclaimPolicy)
    |> shouldBe (5, 1, ReclaimPolicy.Retain)

    group.Group.Failover
    |> shouldBe {
        Enabled = false
        DownAfter = TimeSpan.FromMinutes 30.0
        MaxReplacements = 3
        RemoveFailed = false
    }

    group.Eviction
    |> shouldBe {
        EvictLeaderTimeout = TimeSpan.FromMinutes 5.0
        EvictLeaderPolicy = EvictLeaderPolicy.Proceed
        MinReadyForLeaderSeconds = 0
    }

[<Test>]
let ``a template holds what was given and nothing else`` () =
    let group = (sound (Codec.pdGroup Samples.pdGroup)).Spec

    Json.print (Codec.encode group.Template)
    |> shouldBe """{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}"""

[<Test>]
let ``an id of PD above 2^53 is exact`` () =
    let status = (sound (Codec.tikv Samples.tikv)).Status
    status.Id |> shouldBe (Some(StoreId 18446744073709551615UL))
    (status.State, status.Leaders) |> shouldBe (Some StoreState.Serving, Some 12)

[<Test>]
let ``a quantity is written as it was given`` () =
    let given = Samples.pd |> Samples.having "spec.resources" """{"cpu":2,"memory":"1.50Gi"}"""
    let spec = (sound (Codec.pd given)).Spec

    Json.print (Codec.encode spec.Template.Component.Resources)
    |> shouldBe """{"cpu":"2","memory":"1.50Gi"}"""

[<Test>]
let ``a duration is written without the zeros that people leave out`` () =
    for given, written in
        [ "30m", "30m"; "90s", "1m30s"; "60m", "1h"; "1h0m5s", "1h0m5s"; "0", "0s"; "1.5s", "1.5s" ] do
        let group =
            Samples.tikvGroup
            |> Samples.having "spec.evictLeaderTimeout" $"\"%s{given}\""
            |> Codec.tikvGroup
            |> sound

        Codec.encodeSpec group.Spec
        |> Json.stringAt [ "evictLeaderTimeout" ]
        |> shouldBe (Some written)

[<Test>]
let ``what is not understood is told with field, value and what is allowed`` () =
    let given =
        Samples.tikvGroup
        |> Samples.having "spec.replicas" "\"three\""
        |> Samples.having "spec.volumeReclaimPolicy" "\"Keep\""
        |> Samples.having "spec.failover" """{"downAfter":"soon"}"""
        |> Samples.having "spec.template.spec.volumes" """[{"name":"data","storage":"much"}]"""
        |> Samples.without "spec.cluster"

    match Codec.tikvGroup given with
    | Ok _ -> Assert.Fail "it was read"
    | Error problems ->
        problems
        |> List.map Problem.text
        |> shouldBe [
            "spec.cluster is missing: it must be given"
            "spec.replicas is \"three\": it must be a whole number"
            "spec.volumeReclaimPolicy is \"Keep\": it must be Retain or Delete"
            "spec.failover.downAfter is \"soon\": it must be a duration, such as 90s, 30m or 1h30m"
            "spec.template.spec.volumes[0].storage is \"much\": it must be a quantity, such as 500m, 4, 1.5Gi or 100G"
        ]

[<Test>]
let ``the status of an object is read even when its spec cannot be`` () =
    let given = Samples.tikv |> Samples.having "spec" """{"index":"x"}"""

    (sound (Codec.decodeStatus<TiKVStatus> given)).Leaders |> shouldBe (Some 12)

[<Test>]
let ``a new object has no status`` () =
    let group = sound (Codec.pdGroup Samples.pdGroup)
    let body = Codec.encodeNew Kind.PDGroup group.Meta group.Spec
    Json.tryField "status" body |> shouldBe None
    sound (Codec.pdGroup body) |> shouldBe group
