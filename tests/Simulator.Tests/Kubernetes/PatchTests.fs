module Tikv.Simulator.Tests.Kubernetes.PatchTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private merged target patch = Patches.merge (json target) (json patch)

/// The examples of RFC 7386, appendix A.
[<TestCase("{'a':'b'}", "{'a':'c'}", "{'a':'c'}")>]
[<TestCase("{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}")>]
[<TestCase("{'a':'b'}", "{'a':null}", "{}")>]
[<TestCase("{'a':['b']}", "{'a':'c'}", "{'a':'c'}")>]
[<TestCase("{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}")>]
[<TestCase("{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}")>]
[<TestCase("{'a':'foo'}", "null", "null")>]
[<TestCase("{'e':null}", "{'a':1}", "{'e':null,'a':1}")>]
[<TestCase("[1,2]", "{'a':'b','c':null}", "{'a':'b'}")>]
[<TestCase("{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}")>]
let ``K13 a merge patch follows RFC 7386`` (target: string) (patch: string) (expected: string) =
    merged target patch |> shouldBe (json expected)

/// Examples of RFC 6902, appendix A.
[<TestCase("{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux'}]", "{'baz':'qux','foo':'bar'}")>]
[<TestCase("{'foo':['bar','baz']}",
           "[{'op':'add','path':'/foo/1','value':'qux'}]",
           "{'foo':['bar','qux','baz']}")>]
[<TestCase("{'foo':['bar','qux','baz']}", "[{'op':'remove','path':'/foo/1'}]", "{'foo':['bar','baz']}")>]
[<TestCase("{'foo':{'bar':1},'qux':{}}",
           "[{'op':'move','from':'/foo/bar','path':'/qux/t'}]",
           "{'foo':{},'qux':{'t':1}}")>]
[<TestCase("{'foo':['a']}", "[{'op':'add','path':'/foo/-','value':['b']}]", "{'foo':['a',['b']]}")>]
[<TestCase("{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10}]", "{'/':9,'~1':10}")>]
let ``K13 a JSON patch follows RFC 6902`` (target: string) (patch: string) (expected: string) =
    Patches.jsonPatch (json target) (Json.asItems (json patch) |> Option.defaultValue [])
    |> shouldBe (Ok(json expected))

[<TestCase "[{'op':'test','path':'/spec/size','value':9}]">]
[<TestCase "[{'op':'remove','path':'/spec/nope'}]">]
[<TestCase "[{'op':'replace','path':'/spec/nope/x','value':1}]">]
let ``K13 a JSON patch that does not fit changes nothing`` (patch: string) =
    withWidget
    |> refused
        422
        "the server rejected our request due to an error in our request"
        (Requests.patch JsonPatch widgets place "w" (json patch))

[<Test>]
let ``K13 a JSON patch can test the uid it was decided on`` () =
    let uid = Meta.uid (read "w" withWidget)

    let steps (uid: string) =
        json (
            "[{'op':'test','path':'/metadata/uid','value':'"
            + uid
            + "'},{'op':'replace','path':'/spec/size','value':4}]"
        )

    withWidget
    |> code (Requests.patch JsonPatch widgets place "w" (steps uid))
    |> shouldBe 200

    withWidget
    |> code (Requests.patch JsonPatch widgets place "w" (steps "x"))
    |> shouldBe 422

[<Test>]
let ``K13 custom resources take no strategic merge patch`` () =
    withWidget
    |> refused
        415
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        (Requests.patch StrategicMergePatch widgets place "w" (json "{'spec':{'size':4}}"))

[<Test>]
let ``a patch may not change the uid`` () =
    withWidget
    |> refused
        422
        "Widget.example.com \"w\" is invalid: metadata.uid: Invalid value: \"x\": field is immutable"
        (patch "w" "{'metadata':{'uid':'x'}}")

let private strategic target patch = Patches.strategicMerge (json target) (json patch)

[<Test>]
let ``K13 a strategic merge patch merges containers by name`` () =
    strategic
        "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}]}}"
        "{'spec':{'containers':[{'name':'b','image':'z'},{'name':'c','image':'w'}]}}"
    |> shouldBe (
        json
            "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'z'},{'name':'c','image':'w'}]}}"
    )

[<Test>]
let ``K13 a strategic merge patch deletes, replaces and reorders by its directives`` () =
    strategic
        "{'spec':{'volumes':[{'name':'a'},{'name':'b'}]}}"
        "{'spec':{'volumes':[{'name':'a','$patch':'delete'}]}}"
    |> shouldBe (json "{'spec':{'volumes':[{'name':'b'}]}}")

    strategic "{'a':{'b':1}}" "{'a':{'$patch':'replace','c':2}}"
    |> shouldBe (json "{'a':{'c':2}}")

    strategic
        "{'metadata':{'finalizers':['a','b']}}"
        "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a'],'finalizers':['c']}}"
    |> shouldBe (json "{'metadata':{'finalizers':['b','c']}}")

    strategic
        "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}"
        "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}],'containers':[{'name':'a','image':'x'}]}}"
    |> shouldBe (json "{'spec':{'containers':[{'name':'b'},{'name':'a','image':'x'}]}}")

[<Test>]
let ``K13 a strategic merge patch replaces lists without a key`` () =
    strategic
        "{'spec':{'containers':[{'name':'a','args':['x','y']}]}}"
        "{'spec':{'containers':[{'name':'a','args':['z']}]}}"
    |> shouldBe (json "{'spec':{'containers':[{'name':'a','args':['z']}]}}")
