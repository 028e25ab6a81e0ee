/// A server with one custom resource, and short words for requests to it.
module Tikv.Simulator.Tests.Kubernetes.Cluster

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes

let noon = DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero)

let json (text: string) =
    match Json.parse (text.Replace('\'', '"')) with
    | Ok json -> json
    | Error problem -> failwith problem

let widgets: ResourceKey = { Group = "example.com"; Version = "v1"; Plural = "widgets" }

let specSchema =
    """{'type':'object','required':['size'],'properties':{
        'size':{'type':'integer','minimum':1,'maximum':9},
        'mode':{'type':'string','default':'fast','enum':['fast','slow']},
        'name':{'type':'string','pattern':'^[a-z]+$','maxLength':5},
        'many':{'type':'array','maxItems':2,'minItems':1,'items':{'type':'string'}},
        'uniq':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}},
        'ios':{'x-kubernetes-int-or-string':true},
        'free':{'type':'object','x-kubernetes-preserve-unknown-fields':true},
        'map':{'type':'object','maxProperties':1,'additionalProperties':{'type':'integer'}},
        'flag':{'type':'boolean'},
        'fmt':{'type':'string','format':'date-time'},
        'tags':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['k'],
                'items':{'type':'object','required':['k'],'properties':{'k':{'type':'string'},'v':{'type':'string'}}}}}}"""

let definitionOf (spec: string) =
    json (
        """{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'widgets.example.com'},
        'spec':{'group':'example.com','scope':'Namespaced','names':{'plural':'widgets','kind':'Widget','shortNames':['wd']},
        'versions':[{'name':'v1','served':true,'storage':true,
        'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.size','statusReplicasPath':'.status.ready'}},
        'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':SPEC,
        'status':{'type':'object','properties':{'phase':{'type':'string'},'ready':{'type':'integer'}}}}}}}]}}"""
            .Replace("SPEC", spec)
    )

let definition = definitionOf specSchema

let run (request: Request) server = ApiServer.handle noon request server

/// Carries out a request that must succeed.
let must (request: Request) server =
    let struct (server, response) = run request server

    if response.Code >= 300 then
        failwith (Json.printIndented response.Body)

    struct (server, response.Body)

let after request server =
    let struct (server, _) = must request server
    server

let defined definition =
    ApiServer.start 1
    |> after (Requests.create Builtins.customResourceDefinitions None definition)

let server = defined definition
let place = Some "default"

let widget (name: string) (spec: string) =
    json (
        "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'"
        + name
        + "'},'spec':"
        + spec
        + "}"
    )

let create body = Requests.create widgets place body
let get name = Requests.get widgets place name
let update body = Requests.update widgets place body
let patch name (body: string) = Requests.patch MergePatch widgets place name (json body)
let delete name = Requests.delete Requests.deleteOptions widgets place name

let read name server =
    match ApiServer.tryGet widgets place name server with
    | Some found -> found
    | None -> failwith $"no widget %s{name}"

/// A server with the widget `w` of size 3.
let withWidget = server |> after (create (widget "w" "{'size':3}"))

let configMap (name: string) (data: string) =
    json (
        "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'"
        + name
        + "'},'data':"
        + data
        + "}"
    )

let pod (name: string) =
    json (
        "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'"
        + name
        + "','labels':{'app':'x'}},'spec':{'containers':[{'name':'c','image':'x:1'}]}}"
    )

let bind (name: string) = {
    Requests.make Builtins.pods place (Some name) Verb.Create (json "{'target':{'kind':'Node','name':'n1'}}") with
        Subresource = Some "binding"
}

let evict (name: string) = {
    Requests.make Builtins.pods place (Some name) Verb.Create (json ("{'metadata':{'name':'" + name + "'}}")) with
        Subresource = Some "eviction"
}

let code request server =
    let struct (_, response) = run request server
    response.Code

let message request server =
    let struct (_, response) = run request server
    Json.stringAt [ "message" ] response.Body |> Option.defaultValue ""

let causes request server =
    let struct (_, response) = run request server

    Json.itemsAt [ "details"; "causes" ] response.Body
    |> List.map (fun cause ->
        let text field = Json.stringAt [ field ] cause |> Option.defaultValue ""
        text "reason", text "field", text "message")

/// Asserts code and message of a refusal.
let refused (expected: int) (words: string) request server =
    let struct (changed, response) = run request server
    let found = Json.stringAt [ "message" ] response.Body |> Option.defaultValue ""
    Assert.That((response.Code, found), Is.EqualTo((expected, words)))
    Assert.That(changed.Revision, Is.EqualTo(server.Revision), "a refused request changes nothing")

let shouldBe (expected: 'T) (found: 'T) = Assert.That(box found, Is.EqualTo(box expected))
let textAt path object = Json.stringAt path object |> Option.defaultValue ""
let numberAt path object = Json.int64At path object |> Option.defaultValue -1L

let changes key revision server =
    match ApiServer.changesAfter key None revision server with
    | Ok changes -> changes
    | Error() -> failwith "expired"

/// What happened to a resource after a revision, as type and name.
let told key revision server =
    changes key revision server
    |> List.map (fun change -> $"%A{change.Type} %s{Meta.name change.Object}")
