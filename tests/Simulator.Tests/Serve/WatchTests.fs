module Tikv.Simulator.Tests.Serve.WatchTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Serve

let private request: WatchRequest = {
    Resource = Builtins.configMaps
    Namespace = Some "default"
    LabelSelector = ""
    FieldSelector = ""
    ResourceVersion = ""
    Timeout = None
    Bookmarks = false
    SendInitialEvents = false
}

let private plain (_: ResourceType) _ object = object

let private form request api =
    match Watches.form request plain api with
    | Ok form -> form
    | Error refusal -> failwith (Json.print refusal.Body)

let private create name color api =
    let body =
        parsed
            $"""{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"default","labels":{{"color":"{color}"}}}}}}"""

    let struct (api, _) =
        ApiServer.handle noon (Requests.create Builtins.configMaps (Some "default") body) api

    api

let private told lines =
    match lines with
    | Ok lines ->
        lines
        |> List.map (fun line ->
            Json.stringAt [ "type" ] line |> Option.defaultValue "",
            Json.stringAt [ "object"; "metadata"; "name" ] line |> Option.defaultValue "")
    | Error line -> [ "last: " + (Json.stringAt [ "type" ] line |> Option.defaultValue ""), "" ]

let private started = server |> create "a" "red" |> create "b" "blue"

[<TestCase("")>]
[<TestCase("0")>]
let ``a watch from nowhere begins with the present objects`` (version: string) =
    let form = form { request with ResourceVersion = version } started

    Watches.opening form noon started
    |> told
    |> shouldBe [ "ADDED", "a"; "ADDED", "b" ]

[<Test>]
let ``a watch from a revision tells what came after`` () =
    let form = form { request with ResourceVersion = string started.Revision } started
    let later = started |> create "c" "red"
    Watches.opening form noon later |> told |> shouldBe [ "ADDED", "c" ]

[<Test>]
let ``the initial objects end with a bookmark for who asked for them`` () =
    let form = form { request with SendInitialEvents = true; Bookmarks = true } started

    Watches.opening form noon started
    |> told
    |> shouldBe [ "ADDED", "a"; "ADDED", "b"; "BOOKMARK", "" ]

[<Test>]
let ``a watch tells only what its selector selects`` () =
    let form = form { request with LabelSelector = "color=red" } started
    Watches.opening form noon started |> told |> shouldBe [ "ADDED", "a" ]

[<Test>]
let ``a watch from a forgotten revision ends with an error that says so`` () =
    let api = ApiServer.compact started.Revision started

    match Watches.opening (form { request with ResourceVersion = "1" } api) noon api with
    | Error line ->
        (Json.stringAt [ "type" ] line, Json.intAt [ "object"; "code" ] line)
        |> shouldBe (Some "ERROR", Some 410)
    | Ok lines -> failwith $"%A{lines}"

[<TestCase("7x", 400)>]
[<TestCase("-1", 400)>]
[<TestCase("999999", 504)>]
let ``a watch from a revision that cannot be is refused`` (version: string, code: int) =
    match Watches.form { request with ResourceVersion = version } plain started with
    | Error refusal -> refusal.Code |> shouldBe code
    | Ok _ -> failwith "it was not refused"

[<Test>]
let ``a table watch tells rows`` () =
    let presented resource = Answering.presentation Representation.Table IncludeObject.Metadata resource

    match Watches.form request presented started with
    | Error refusal -> failwith (Json.print refusal.Body)
    | Ok form ->
        match Watches.opening form noon started with
        | Ok(first :: _) ->
            (Json.stringAt [ "object"; "kind" ] first, Json.itemsAt [ "object"; "rows" ] first |> List.length)
            |> shouldBe (Some "Table", 1)
        | other -> failwith $"%A{other}"

[<Test>]
let ``bookmarks come each minute, and two seconds before the end`` () =
    let next limit passed =
        Watches.nextBookmark (TimeSpan.FromSeconds(float limit)) (TimeSpan.FromSeconds(float passed))
        |> Option.map _.TotalSeconds

    [ next 1800 0; next 1800 60; next 90 60; next 4 0; next 4 2; next 1 0 ]
    |> shouldBe [ Some 60.0; Some 120.0; Some 88.0; Some 2.0; None; None ]

let private delete name api =
    let struct (api, _) =
        ApiServer.handle
            noon
            (Requests.delete Requests.deleteOptions Builtins.configMaps (Some "default") name)
            api

    api

[<Test>]
let ``a watch of one object tells its deletion and its next life as two events`` () =
    let form =
        form
            { request with FieldSelector = "metadata.name=a"; ResourceVersion = string started.Revision }
            started

    let between = started |> create "c" "red" |> delete "a"
    let later = between |> create "a" "red" |> delete "b"

    Watches.opening form noon later
    |> told
    |> shouldBe [ "DELETED", "a"; "ADDED", "a" ]

    Watches.since form noon between.Revision later
    |> told
    |> shouldBe [ "ADDED", "a" ]
