module Tikv.Core.Tests.Operator.CacheTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words

let private pod (name: string) (uid: string) (version: int) =
    json
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"default","uid":"{{{uid}}}","resourceVersion":"{{{version}}}"},
              "status":{"phase":"Running"}}"""

let private ref' name : ObjectRef = { Kind = Kind.Pod; Namespace = "default"; Name = name }

let private told json cache =
    match Cache.present Kind.Pod json cache with
    | Some(_, cache) -> cache
    | None -> cache

let private wrote json cache = Cache.written Kind.Pod json cache |> snd
let private gone json cache = Cache.gone Kind.Pod json cache |> snd

let private version name cache =
    Cache.meta (ref' name) cache
    |> Option.map (fun meta ->
        let (ResourceVersion version) = meta.ResourceVersion
        version)

[<Test>]
let ``events older than our own write are passed over until it comes`` () =
    let cache = Cache.empty |> told (pod "a" "u" 1) |> wrote (pod "a" "u" 5)
    version "a" cache |> shouldBe (Some "5")
    let cache = cache |> told (pod "a" "u" 2) |> told (pod "a" "u" 3)
    version "a" cache |> shouldBe (Some "5")
    let cache = cache |> told (pod "a" "u" 5) |> told (pod "a" "u" 6)
    version "a" cache |> shouldBe (Some "6")

[<Test>]
let ``the late answer to a write does not undo what the watch has told since`` () =
    let cache =
        Cache.empty
        |> told (pod "a" "u" 1)
        |> told (pod "a" "u" 2)
        |> told (pod "a" "u" 3)
        |> wrote (pod "a" "u" 2)

    version "a" cache |> shouldBe (Some "3")
    version "a" (told (pod "a" "u" 4) cache) |> shouldBe (Some "4")

[<Test>]
let ``the late answer to a read does not undo a write of ours`` () =
    let cache =
        Cache.empty
        |> told (pod "a" "u" 1)
        |> wrote (pod "a" "u" 2)
        |> wrote (pod "a" "u" 1)

    version "a" cache |> shouldBe (Some "2")

[<Test>]
let ``the answer that the watch has told already is awaited no more`` () =
    Cache.empty
    |> told (pod "a" "u" 1)
    |> wrote (pod "a" "u" 1)
    |> told (pod "a" "u" 2)
    |> version "a"
    |> shouldBe (Some "2")

[<Test>]
let ``the late answer to a write does not bring back a life that has ended`` () =
    Cache.empty
    |> told (pod "a" "u" 1)
    |> gone (pod "a" "u" 3)
    |> wrote (pod "a" "u" 2)
    |> version "a"
    |> shouldBe None

[<Test>]
let ``the end of an earlier life is no end of the present one`` () =
    Cache.empty
    |> wrote (pod "a" "second" 5)
    |> gone (pod "a" "first" 4)
    |> version "a"
    |> shouldBe (Some "5")

[<Test>]
let ``a list replaces all that was known of its kind, and tells what changed and what vanished`` () =
    let cache = Cache.empty |> told (pod "a" "u" 1) |> wrote (pod "b" "v" 2)

    let objects, cache =
        Cache.everything Kind.Pod None (ResourceVersion "5") [ pod "b" "v" 3; pod "c" "w" 4 ] cache

    (version "a" cache, version "b" cache, version "c" cache)
    |> shouldBe (None, Some "3", Some "4")

    Set.ofList objects |> shouldBe (Set [ ref' "a"; ref' "b"; ref' "c" ])
    version "b" (told (pod "b" "v" 6) cache) |> shouldBe (Some "6")

[<Test>]
let ``a list that was under way while we wrote takes back nothing that we wrote`` () =
    let _, cache =
        Cache.empty
        |> told (pod "a" "u" 1)
        |> wrote (pod "a" "u" 6)
        |> wrote (pod "b" "v" 7)
        |> Cache.everything Kind.Pod None (ResourceVersion "5") [ pod "a" "u" 1; pod "c" "w" 4 ]

    (version "a" cache, version "b" cache, version "c" cache)
    |> shouldBe (Some "6", Some "7", Some "4")

    version "a" (told (pod "a" "u" 3) cache) |> shouldBe (Some "6")

[<Test>]
let ``a list that is older than the end of an object does not bring it back`` () =
    let _, cache =
        Cache.empty
        |> told (pod "a" "u" 1)
        |> gone (pod "a" "u" 6)
        |> Cache.everything Kind.Pod None (ResourceVersion "5") [ pod "a" "u" 1 ]

    version "a" cache |> shouldBe None

[<Test>]
let ``a list of one namespace leaves the others alone`` () =
    let other = Json.setPath [ "metadata"; "namespace" ] (Some(Json.string "other")) (pod "a" "u" 1)

    let _, cache =
        Cache.empty
        |> told other
        |> Cache.everything Kind.Pod (Some "default") (ResourceVersion "5") []

    Cache.meta { ref' "a" with Namespace = "other" } cache
    |> Option.isSome
    |> shouldBe true

[<Test>]
let ``a Pod whose deletion was accepted counts as ending before the watch says so`` () =
    let cache = Cache.empty |> told (pod "a" "u" 1)

    Cache.ending (ref' "a") (Uid "u") cache
    |> Cache.meta (ref' "a")
    |> Option.map Meta.isDeleting
    |> shouldBe (Some true)

    Cache.ending (ref' "a") (Uid "an earlier life") cache
    |> Cache.meta (ref' "a")
    |> Option.map Meta.isDeleting
    |> shouldBe (Some false)
