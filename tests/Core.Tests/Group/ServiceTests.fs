module Tikv.Core.Tests.Group.ServiceTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Operator
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

let private withService change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD({ spec with Service = change spec.Service }, status) }
    | TiKV _ -> observed

let private ofType kind = withService (fun service -> { service with Type = kind })

let private actually (text: string) (observed: Observed) : Observed = {
    observed with
        Services =
            observed.Services
            |> Map.change "basic-pd" (Option.map (fun service -> { service with Spec = json text }))
}

/// The patch that is sent, when there is one.
let private patch (observed: Observed) =
    match decide observed with
    | { Actions = [ UpdateService _ as action ]; Waiting = _ } ->
        match (Steps.ofGroup Cache.empty observed action).Request with
        | Steps.ToKubernetes(Patch(_, false, body)) -> Some body
        | _ -> None
    | _ -> None

let private nodePort =
    """{"type":"NodePort","clusterIP":"10.96.0.7","sessionAffinity":"None","externalTrafficPolicy":"Cluster",
        "selector":{"tikv.org/component":"pd","tikv.org/group":"basic-pd"},
        "ports":[{"name":"client","port":2379,"protocol":"TCP","targetPort":"client","nodePort":31234}]}"""

[<Test>]
let ``the node port that the server chose stays`` () =
    pd
    |> ofType ServiceType.NodePort
    |> actually nodePort
    |> decide
    |> shouldBe settled

[<Test>]
let ``a change of the type keeps what the server and others have put there`` () =
    let balanced = pd |> ofType ServiceType.LoadBalancer |> actually nodePort

    match patch balanced with
    | Some body ->
        Json.stringAt [ "spec"; "type" ] body |> shouldBe (Some "LoadBalancer")

        Json.itemsAt [ "spec"; "ports" ] body
        |> List.map (Json.intAt [ "nodePort" ])
        |> shouldBe [ Some 31234 ]

        Json.tryPath [ "spec"; "clusterIP" ] body |> shouldBe None
    | None -> Assert.Fail "nothing is sent"

[<Test>]
let ``a Service that goes back inside gives its node port back`` () =
    match patch (actually nodePort pd) with
    | Some body ->
        Json.stringAt [ "spec"; "type" ] body |> shouldBe (Some "ClusterIP")

        Json.membersAt [ "spec" ] body
        |> List.contains ("externalTrafficPolicy", Json.Null)
        |> shouldBe true

        Json.itemsAt [ "spec"; "ports" ] body
        |> List.map (Json.intAt [ "nodePort" ])
        |> shouldBe [ None ]
    | None -> Assert.Fail "nothing is sent"

[<Test>]
let ``a node port that is asked for is set`` () =
    let asked =
        pd
        |> withService (fun service -> { service with Type = ServiceType.NodePort; NodePort = Some 30079 })
        |> actually nodePort

    match patch asked with
    | Some body ->
        Json.itemsAt [ "spec"; "ports" ] body
        |> List.map (Json.intAt [ "nodePort" ])
        |> shouldBe [ Some 30079 ]
    | None -> Assert.Fail "nothing is sent"

[<Test>]
let ``source ranges and the class are for load balancers only`` () =
    let asked kind =
        pd
        |> withService (fun service -> {
            service with
                Type = kind
                LoadBalancerSourceRanges = [ "10.0.0.0/8" ]
                LoadBalancerClass = Some "example.com/lb"
        })
        |> Manifest.services
        |> List.find (fun (name, _) -> name = "basic-pd")
        |> snd

    let given field spec = Json.tryField field spec

    asked ServiceType.LoadBalancer
    |> given "loadBalancerSourceRanges"
    |> shouldBe (Some(Json.strings [ "10.0.0.0/8" ]))

    asked ServiceType.LoadBalancer
    |> given "loadBalancerClass"
    |> shouldBe (Some(Json.string "example.com/lb"))

    for kind in [ ServiceType.ClusterIP; ServiceType.NodePort ] do
        for field in [ "loadBalancerSourceRanges"; "loadBalancerClass" ] do
            asked kind |> given field |> shouldBe (Some Json.Null)

let private annotated given = withService (fun service -> { service with Annotations = Map given })

let private bearing annotations (observed: Observed) : Observed = {
    observed with
        Services =
            observed.Services
            |> Map.change
                "basic-pd"
                (Option.map (fun service -> {
                    service with
                        Meta = { service.Meta with Annotations = Map annotations }
                }))
}

[<Test>]
let ``annotations are added, those of others stay, and only ours are taken away`` () =
    let foreign = "cloud.example.com/id", "42"
    let wanted = pd |> annotated [ "example.com/a", "1" ] |> bearing [ foreign ]

    match patch wanted with
    | Some body ->
        Json.mapAt [ "metadata"; "annotations" ] body
        |> shouldBe (Map [ "example.com/a", "1"; Annotations.writtenKeys, "example.com/a" ])
    | None -> Assert.Fail "nothing is sent"

    let ours = [ foreign; "example.com/a", "1"; Annotations.writtenKeys, "example.com/a" ]

    pd
    |> annotated [ "example.com/a", "1" ]
    |> bearing ours
    |> decide
    |> shouldBe settled

    match patch (bearing ours pd) with
    | Some body ->
        Json.tryPath [ "metadata"; "annotations" ] body
        |> shouldBe (Some(Json.object [ Annotations.writtenKeys, Json.Null; "example.com/a", Json.Null ]))
    | None -> Assert.Fail "nothing is sent"

    pd |> bearing [ foreign ] |> decide |> shouldBe settled

[<Test>]
let ``PD is found before it is ready where its ready API is asked`` () =
    pd
    |> withClusterSpec (fun spec -> { spec with FeatureGates = [ { Name = Feature.UsePDReadyAPI } ] })
    |> Manifest.services
    |> List.find (fun (name, _) -> name = "basic-pd")
    |> snd
    |> Json.tryField "publishNotReadyAddresses"
    |> shouldBe (Some(Json.bool true))
