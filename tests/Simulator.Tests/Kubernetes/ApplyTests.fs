/// Server-side apply: vectors checked against kube-apiserver, where it has the list types of the schema.
module Tikv.Simulator.Tests.Kubernetes.ApplyTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private applyWith force manager (spec: string) = {
    Requests.patch (ServerSideApply force) widgets place "s" (widget "s" spec) with
        FieldManager = manager
}

let private apply = applyWith false
let private spec server = read "s" server |> Json.tryField "spec" |> Option.defaultValue Json.Null

let private managers server =
    ManagedFields.read (read "s" server)
    |> List.map (fun manager -> manager.Name + ":" + manager.Operation, FieldSets.toJson manager.Owned)

let private owned (manager: string) server =
    managers server
    |> List.tryFind (fun (name, _) -> name.StartsWith(manager + ":", System.StringComparison.Ordinal))
    |> Option.map snd

let private byA =
    server
    |> after (apply "a" "{'size':2,'tags':[{'k':'x','v':'1'},{'k':'z'}],'many':['q'],'uniq':['m','n']}")

[<Test>]
let ``K14 an apply to nothing creates, and the manager owns what it applied`` () =
    owned "a" byA
    |> shouldBe (
        Some(
            Json.object [
                "f:spec",
                Json.object [
                    "f:many", Json.empty
                    "f:size", Json.empty
                    "f:tags",
                    Json.object [
                        "k:{\"k\":\"x\"}", json "{'.':{},'f:k':{},'f:v':{}}"
                        "k:{\"k\":\"z\"}", json "{'.':{},'f:k':{}}"
                    ]
                    "f:uniq", Json.object [ "v:\"m\"", Json.empty; "v:\"n\"", Json.empty ]
                ]
            ]
        )
    )

[<Test>]
let ``K14 an apply to nothing that names a uid is a conflict`` () =
    server
    |> refused
        409
        "Operation cannot be fulfilled on widgets.example.com \"s\": uid mismatch: the provided object specified uid x, and no existing object was found"
        { apply "a" "{'size':2}" with Body = widget "s" "{'size':2}" |> Meta.setText "uid" "x" }

[<Test>]
let ``K14 a field that another manager owns is a conflict, told per field`` () =
    byA
    |> refused 409 "Apply failed with 1 conflict: conflict with \"a\": .spec.size" (apply "b" "{'size':3}")

    byA
    |> refused
        409
        "Apply failed with 3 conflicts: conflicts with \"a\":\n- .spec.many\n- .spec.size\n- .spec.tags[k=\"x\"].v"
        (apply "b" "{'size':3,'many':['r'],'tags':[{'k':'x','v':'2'},{'k':'y'}]}")

    byA
    |> causes (apply "b" "{'size':3}")
    |> shouldBe [ "FieldManagerConflict", ".spec.size", "conflict with \"a\"" ]

[<Test>]
let ``K14 an equal value is shared, and stays when one of its owners leaves it out`` () =
    let shared = byA |> after (apply "b" "{'size':2,'tags':[{'k':'y'}]}")

    owned "b" shared
    |> Option.bind (Json.tryPath [ "f:spec"; "f:size" ])
    |> shouldBe (Some Json.empty)

    let left = shared |> after (apply "a" "{'mode':'slow'}")
    spec left |> shouldBe (json "{'size':2,'mode':'slow','tags':[{'k':'y'}]}")

[<Test>]
let ``K14 by force the manager takes the field over`` () =
    let forced = byA |> after (applyWith true "b" "{'size':5}")
    numberAt [ "size" ] (spec forced) |> shouldBe 5L

    owned "a" forced
    |> Option.bind (Json.tryPath [ "f:spec"; "f:size" ])
    |> shouldBe None

    forced
    |> refused 409 "Apply failed with 1 conflict: conflict with \"b\": .spec.size" (apply "a" "{'size':2}")

[<Test>]
let ``K14 what a manager no longer applies goes, if nobody else owns it`` () =
    byA
    |> after (apply "a" "{'size':2}")
    |> spec
    |> shouldBe (json "{'mode':'fast','size':2}")

    byA
    |> after (apply "a" "{'size':2,'tags':[{'k':'z'}]}")
    |> spec
    |> shouldBe (json "{'mode':'fast','size':2,'tags':[{'k':'z'}]}")

[<Test>]
let ``K14 the same apply again changes nothing`` () =
    let again =
        byA
        |> after (apply "a" "{'size':2,'tags':[{'k':'x','v':'1'},{'k':'z'}],'many':['q'],'uniq':['m','n']}")

    again.Revision |> shouldBe byA.Revision

[<Test>]
let ``K14 an update takes fields over, and says so in the conflict`` () =
    let updated = byA |> after { patch "s" "{'spec':{'size':4}}" with FieldManager = "edit" }
    owned "edit" updated |> shouldBe (Some(json "{'f:spec':{'f:size':{}}}"))

    updated
    |> refused
        409
        "Apply failed with 1 conflict: conflict with \"edit\" using example.com/v1: .spec.size"
        (apply "a" "{'size':2,'many':['q'],'uniq':['m','n'],'tags':[{'k':'x','v':'1'},{'k':'z'}]}")

[<Test>]
let ``K14 a status write is owned apart, by its subresource`` () =
    let told =
        byA
        |> after { (patch "s" "{'status':{'phase':'Up'}}" |> Requests.onStatus) with FieldManager = "op" }

    let manager =
        ManagedFields.read (read "s" told)
        |> List.find (fun manager -> manager.Name = "op")

    (manager.Operation, manager.Subresource) |> shouldBe ("Update", "status")

    FieldSets.toJson manager.Owned
    |> shouldBe (json "{'f:status':{'.':{},'f:phase':{}}}")

[<Test>]
let ``K14 a creator owns what it sent and what was defaulted for it`` () =
    let made = server |> after (create (widget "s" "{'size':3}"))

    owned "simulator" made
    |> shouldBe (Some(json "{'f:spec':{'.':{},'f:mode':{},'f:size':{}}}"))

[<Test>]
let ``K14 a set merges by value, and an atomic list is replaced`` () =
    let two = byA |> after (apply "b" "{'size':2,'uniq':['n','o']}")
    spec two |> Json.tryField "uniq" |> shouldBe (Some(json "['m','n','o']"))

    byA
    |> refused
        409
        "Apply failed with 1 conflict: conflict with \"a\": .spec.many"
        (apply "b" "{'size':2,'many':['r']}")

[<Test>]
let ``K14 items of a map list have their keys`` () =
    Assert.That(
        byA |> message (apply "a" "{'size':2,'tags':[{'v':'1'}]}"),
        Does.EndWith
            ".spec.tags: element 0: associative list with keys has an element that omits key field \"k\" (and doesn't have default value)"
    )

[<Test>]
let ``K14 an apply needs a manager, a version and no managedFields`` () =
    server
    |> refused
        422
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
        (apply "" "{'size':2}")

    server
    |> refused
        400
        "Incorrect version specified in apply patch. Specified patch version: , expected: example.com/v1"
        { apply "a" "{}" with Body = json "{'metadata':{'name':'s'}}" }

    byA
    |> refused 400 "metadata.managedFields must be nil" {
        apply "a" "{'size':2}" with
            Body =
                Json.setPath
                    [ "metadata"; "managedFields" ]
                    (Some(json "[{'manager':'x'}]"))
                    (widget "s" "{'size':2}")
    }

[<Test>]
let ``K14 containers of a pod merge by name`` () =
    let applied manager (spec: string) =
        let body = json ("{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p'},'spec':" + spec + "}")
        { Requests.patch (ServerSideApply false) Builtins.pods place "p" body with FieldManager = manager }

    let made = server |> after (applied "a" "{'containers':[{'name':'c','image':'x:1'}]}")

    made
    |> refused
        409
        "Apply failed with 1 conflict: conflict with \"a\": .spec.containers[name=\"c\"].image"
        (applied "b" "{'containers':[{'name':'c','image':'y:1'}]}")

    (made |> after (applied "a" "{'containers':[{'name':'c','image':'x:1'}]}")).Revision
    |> shouldBe made.Revision

[<Test>]
let ``without bookkeeping there are no managedFields and no conflicts`` () =
    let bare = ApiServer.tracksFields false server |> after (apply "a" "{'size':2}")
    Json.tryPath [ "metadata"; "managedFields" ] (read "s" bare) |> shouldBe None
    bare |> code (apply "b" "{'size':3}") |> shouldBe 200
