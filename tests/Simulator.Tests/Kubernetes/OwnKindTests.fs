/// The CustomResourceDefinitions of the operator, on this server.
module Tikv.Simulator.Tests.Kubernetes.OwnKindTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private key plural : ResourceKey = { Group = "core.tikv.org"; Version = "v1alpha1"; Plural = plural }
let private define definition = Requests.create Builtins.customResourceDefinitions None definition

let private server =
    (ApiServer.start 1, Crd.all)
    ||> List.fold (fun server (_, definition) -> server |> after (define definition))

let private cluster (name: string) (spec: string) =
    json (
        "{'apiVersion':'core.tikv.org/v1alpha1','kind':'Cluster','metadata':{'name':'"
        + name
        + "'},'spec':"
        + spec
        + "}"
    )

let private group (spec: string) =
    json (
        "{'apiVersion':'core.tikv.org/v1alpha1','kind':'PDGroup','metadata':{'name':'basic-pd'},'spec':"
        + spec
        + "}"
    )

let private basic =
    "{'cluster':{'name':'basic'},'replicas':3,'template':{'spec':{'version':'v8.5.2','volumes':[{'name':'data','storage':'1Gi'}]}}}"

[<Test>]
let ``every rule of the operator's definitions is understood`` () =
    for _, definition in Crd.all do
        let struct (_, response) = ApiServer.start 1 |> run (define definition)
        (response.Code, response.Warnings) |> shouldBe (201, [])

[<Test>]
let ``a cluster and a group are created as they are written`` () =
    let made =
        server
        |> after (Requests.create (key "clusters") place (cluster "basic" "{}"))
        |> after (Requests.create (key "pdgroups") place (group basic))

    let found = ApiServer.tryGet (key "pdgroups") place "basic-pd" made |> Option.get

    (textAt [ "metadata"; "name" ] found, numberAt [ "spec"; "replicas" ] found)
    |> shouldBe ("basic-pd", 3L)

[<Test>]
let ``a name that is too long for the instances is refused`` () =
    let name = String.replicate 60 "x"
    let longest = Crd.longestName Tikv.Core.Kubernetes.Kind.Cluster

    server
    |> refused
        422
        $"Cluster.core.tikv.org \"%s{name}\" is invalid: <nil>: Invalid value: \"object\": the name must have no more than %d{longest} characters"
        (Requests.create (key "clusters") place (cluster name "{}"))

[<Test>]
let ``the cluster of a group never changes, and the replicas of PD only once it is bootstrapped`` () =
    let made = server |> after (Requests.create (key "pdgroups") place (group basic))
    let patched (body: string) = Requests.patch MergePatch (key "pdgroups") place "basic-pd" (json body)
    made |> code (patched "{'spec':{'cluster':{'name':'other'}}}") |> shouldBe 422
    made |> code (patched "{'spec':{'replicas':5}}") |> shouldBe 422
    let bootstrapped = made |> after (patched "{'spec':{'bootstrapped':true}}")
    bootstrapped |> code (patched "{'spec':{'replicas':5}}") |> shouldBe 200
    bootstrapped |> code (patched "{'spec':{'replicas':-1}}") |> shouldBe 422

[<Test>]
let ``a group without a volume named data is refused`` () =
    server
    |> code (
        Requests.create (key "pdgroups") place (group (basic.Replace("'name':'data'", "'name':'other'")))
    )
    |> shouldBe 422
