module Tikv.Core.Tests.Operator.VerdictTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Operator.Scripted

[<Test>]
let ``a decision that breaks a law is looked at again, though nothing it waits for has a time`` () =
    let seconds = TimeSpan.FromSeconds: float -> TimeSpan
    Verdict.recheck [] [ ValueNone; ValueNone ] |> shouldBe ValueNone

    Verdict.recheck [ "law 3" ] [ ValueNone ] |> shouldBe (ValueSome(seconds 30.0))

    Verdict.recheck [ "law 3" ] [ ValueSome(seconds 60.0); ValueSome(seconds 5.0) ]
    |> shouldBe (ValueSome(seconds 5.0))

let private named kind name : ObjectRef = { Kind = kind; Namespace = "default"; Name = name }

let private reasons (object: ObjectRef) world =
    world.Objects[object]
    |> Json.itemsAt [ "status"; "conditions" ]
    |> List.choose (Json.stringAt [ "reason" ])

[<Test>]
let ``while the group of PD cannot be read, Pods of TiKV and of PD are made again`` () =
    let unreadable =
        scripted (fun _ _ -> Fate.Ordinary)
        |> edit Kind.PDGroup "basic-pd" "spec.template.spec.config" "\"name = 'other'\""
        |> until 90.0

    let pods =
        unreadable.Objects.Keys
        |> Seq.filter (fun one -> one.Kind = Kind.Pod)
        |> Set.ofSeq

    reasons (named Kind.PDGroup "basic-pd") unreadable
    |> List.contains "InvalidSpec"
    |> shouldBe true

    reasons (named Kind.Cluster "basic") unreadable
    |> List.contains "GroupUnreadable"
    |> shouldBe true

    for pod in [ "basic-tikv-1"; "basic-pd-2" ] do
        let world = unreadable |> deletePod pod |> until 180.0

        world.Objects.Keys
        |> Seq.filter (fun one -> one.Kind = Kind.Pod)
        |> Set.ofSeq
        |> shouldBe pods

        Map.tryFind "unsafe" world.State.Totals |> shouldBe None

[<Test>]
let ``where PD is does not change when its group cannot be read`` () =
    let config world = world.Objects[named Kind.ConfigMap "basic-tikv-1"] |> Json.tryField "data"

    let before = scripted (fun _ _ -> Fate.Ordinary)

    before
    |> edit Kind.PDGroup "basic-pd" "spec.template.spec.config" "\"name = 'other'\""
    |> until 180.0
    |> config
    |> shouldBe (config before)
