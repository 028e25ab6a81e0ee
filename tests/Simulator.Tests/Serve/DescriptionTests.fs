/// What the server says of itself: discovery and OpenAPI.
module Tikv.Simulator.Tests.Serve.DescriptionTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Serve

let private names path json = Json.itemsAt path json |> List.choose (Json.stringAt [ "name" ])

[<Test>]
let ``a custom resource is discovered with its short names, categories and subresources`` () =
    let found =
        Discovery.resources "example.com" "v1" server
        |> Option.map (Json.itemsAt [ "resources" ])
        |> Option.defaultValue []

    found
    |> List.map (fun resource -> Json.stringAt [ "name" ] resource, Json.stringAt [ "kind" ] resource)
    |> shouldBe [
        Some "gadgets", Some "Gadget"
        Some "gadgets/status", Some "Gadget"
        Some "gadgets/scale", Some "Scale"
    ]

    (Json.itemsAt [ "shortNames" ] found[0], Json.itemsAt [ "categories" ] found[0])
    |> shouldBe ([ Json.String "gd" ], [ Json.String "toys" ])

[<Test>]
let ``a scale subresource is of the group autoscaling`` () =
    let scale =
        Discovery.resources "example.com" "v1" server
        |> Option.map (Json.itemsAt [ "resources" ] >> List.last)

    scale
    |> Option.bind (Json.stringAt [ "group" ])
    |> shouldBe (Some "autoscaling")

[<Test>]
let ``aggregated discovery tells the same resources as the plain one`` () =
    let plain = [
        for group, versions in ApiGroups.ofServer server do
            for version, _ in versions do
                match Discovery.resources group version server with
                | Some list ->
                    yield! names [ "resources" ] list |> List.map (fun name -> group, version, name)
                | None -> ()
    ]

    let text path json = Json.stringAt path json |> Option.defaultValue ""

    let aggregated = [
        for core in [ true; false ] do
            for group in Discovery.aggregated "v2" core server |> Json.itemsAt [ "items" ] do
                for version in Json.itemsAt [ "versions" ] group do
                    for resource in Json.itemsAt [ "resources" ] version do
                        let name = text [ "resource" ] resource
                        let place = text [ "metadata"; "name" ] group, text [ "version" ] version
                        fst place, snd place, name

                        for sub in Json.itemsAt [ "subresources" ] resource do
                            fst place, snd place, $"""%s{name}/%s{text [ "subresource" ] sub}"""
    ]

    aggregated |> shouldBe plain

[<Test>]
let ``built-in groups come before custom ones`` () =
    let custom = ApiGroups.ofServer server |> List.map fst
    (List.head custom, List.last custom) |> shouldBe ("", "example.com")

let private schemas group version =
    OpenApi.v3 group version server
    |> Option.map (Json.membersAt [ "components"; "schemas" ])
    |> Option.defaultValue []
    |> Map.ofList

[<Test>]
let ``a custom resource's document has its schema, its kind and a described head`` () =
    let gadget = (schemas "example.com" "v1")["com.example.v1.Gadget"]

    Json.stringAt [ "properties"; "spec"; "properties"; "size"; "description" ] gadget
    |> shouldBe (Some "How big.")

    Json.itemsAt [ "x-kubernetes-group-version-kind" ] gadget
    |> shouldBe [ parsed """{"group":"example.com","version":"v1","kind":"Gadget"}""" ]

    Json.stringAt [ "properties"; "metadata"; "description" ] gadget
    |> Option.isSome
    |> shouldBe true

let rec private references json = [
    match json with
    | Json.Object members ->
        for key, value in members do
            match key, value with
            | "$ref", Json.String target -> target
            | _ -> yield! references value
    | Json.Array items ->
        for item in items do
            yield! references item
    | _ -> ()
]

[<Test>]
let ``every reference of every document leads somewhere`` () =
    let dangling = [
        for group, versions in ApiGroups.ofServer server do
            for version, _ in versions do
                let known = schemas group version

                for document in OpenApi.v3 group version server |> Option.toList do
                    for target in references document do
                        if not (Map.containsKey (target.Replace("#/components/schemas/", "")) known) then
                            group, target
    ]

    dangling |> List.distinct |> shouldBe []

[<Test>]
let ``every patch says that the server validates fields and takes dry runs`` () =
    let patch =
        OpenApi.v3 "example.com" "v1" server
        |> Option.bind (
            Json.tryPath [ "paths"; "/apis/example.com/v1/namespaces/{namespace}/gadgets/{name}"; "patch" ]
        )
        |> Option.defaultValue Json.Null

    names [ "parameters" ] patch
    |> shouldBe [ "dryRun"; "fieldManager"; "fieldValidation" ]

[<Test>]
let ``the fingerprint of a document changes with its content alone`` () =
    let url path api = OpenApi.v3Index api |> Json.stringAt [ "paths"; path; "serverRelativeURL" ]

    let changed = serverOf "Another."

    url "apis/example.com/v1" changed = url "apis/example.com/v1" server
    |> shouldBe false

    url "api/v1" changed |> shouldBe (url "api/v1" server)
