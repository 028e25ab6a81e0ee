/// The cache hears of an object from two sides: by its watch, and by the answers to what is read and written.
module Tikv.Core.Tests.Operator.LateAnswerTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator

/// A Service that is ours, as it was at one version.
let private service (version: string) =
    Json.object [
        "apiVersion", Json.string "v1"
        "kind", Json.string "Service"
        "metadata",
        Json.object [
            "name", Json.string "basic-pd"
            "namespace", Json.string "default"
            "uid", Json.string "u1"
            "resourceVersion", Json.string version
            "labels", Json.object [ Labels.managedBy, Json.string Labels.manager ]
        ]
    ]

let private object: ObjectRef = { Kind = Kind.Service; Namespace = "default"; Name = "basic-pd" }

let private versionIn cache =
    Cache.meta object cache
    |> Option.map (fun meta ->
        let (ResourceVersion version) = meta.ResourceVersion
        version)

let private told version cache =
    match Cache.present Kind.Service (service version) cache with
    | Some(_, cache) -> cache
    | None -> cache

let private written version cache = Cache.written Kind.Service (service version) cache |> snd

[<Test>]
let ``the answer to a write is newer than what the watch told before it`` () =
    let cache = Cache.empty |> told "5" |> written "7"
    Assert.That(versionIn cache, Is.EqualTo(Some "7"))

[<Test>]
let ``what the watch still tells of before our write is passed over`` () =
    let cache = Cache.empty |> told "5" |> written "7" |> told "6"
    Assert.That(versionIn cache, Is.EqualTo(Some "7"))

[<Test>]
let ``an answer that comes later than the watch's news does not hide them`` () =
    let cache = Cache.empty |> told "9" |> written "7"
    Assert.That(versionIn cache, Is.EqualTo(Some "9"))

[<Test>]
let ``after a late answer the watch is believed as before`` () =
    let cache = Cache.empty |> told "9" |> written "7" |> told "10"
    Assert.That(versionIn cache, Is.EqualTo(Some "10"))

[<Test>]
let ``versions are compared as numbers`` () =
    let cache = Cache.empty |> told "10" |> written "9"
    Assert.That(versionIn cache, Is.EqualTo(Some "10"))

[<Test>]
let ``a watch that skips our version is believed from a later one on`` () =
    let cache = Cache.empty |> told "5" |> written "7" |> told "8"
    Assert.That(versionIn cache, Is.EqualTo(Some "8"))
