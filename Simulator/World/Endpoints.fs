/// The endpoints controller: keeps for each Service with a selector the addresses of its Pods.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Endpoints

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private key = Builtins.key "" "v1" "endpoints"
let private manager = "endpoint-controller"

let selects (service: Service) (pod: Pod) =
    not (Map.isEmpty service.Selector)
    && pod.Namespace = service.Namespace
    && service.Selector
       |> Map.forall (fun name value ->
           match pod.Labels.TryGetValue name with
           | true, found -> found = value
           | _ -> false)

let private address (service: Service) (pod: Pod) =
    Json.present [
        "ip", Some(Json.String pod.Ip)
        "hostname",
        (if pod.Spec.Hostname <> "" && pod.Spec.Subdomain = service.Name then
             Some(Json.String pod.Spec.Hostname)
         else
             None)
        "nodeName", Some(Json.String pod.Node)
        "targetRef",
        Some(
            Json.object [
                "kind", Json.String "Pod"
                "namespace", Json.String pod.Namespace
                "name", Json.String pod.Name
                "uid", Json.String pod.Uid
            ]
        )
    ]

/// Pods with an address, split into those that get traffic and those that do not.
let addresses (service: Service) (world: World) : Pod list * Pod list =
    let isEndpoint (pod: Pod) =
        pod.Ip <> ""
        && pod.Phase <> "Succeeded"
        && pod.Phase <> "Failed"
        && selects service pod

    ([], world.Pods)
    ||> Map.fold (fun found _ pod -> if isEndpoint pod then pod :: found else found)
    |> List.rev
    |> List.partition (fun pod -> service.PublishNotReady || pod.Ready && pod.Deleting.IsNone)

let private subsets (service: Service) world =
    match addresses service world with
    | [], [] -> Json.Array []
    | ready, others ->
        let list pods =
            match pods with
            | [] -> None
            | pods -> Some(Json.Array(pods |> List.map (address service)))

        Json.array [
            Json.present [
                "addresses", list ready
                "notReadyAddresses", list others
                "ports",
                Some(
                    service.Ports
                    |> List.map (fun (name, _, target) ->
                        Json.present [
                            "name", (if name = "" then None else Some(Json.String name))
                            "port", Some(Json.int target)
                            "protocol", Some(Json.String "TCP")
                        ])
                    |> Json.Array
                )
            ]
        ]

/// Looks at one Service.
let sync (serviceKey: string) (world: World) : World =
    match Map.tryFind serviceKey world.Services with
    | Some service when not (Map.isEmpty service.Selector) ->
        let wanted = subsets service world

        match ApiServer.tryGet key (Some service.Namespace) service.Name world.Server with
        | Some endpoints when
            (Json.tryField "subsets" endpoints |> Option.defaultValue (Json.Array [])) = wanted
            ->
            world
        | Some endpoints ->
            World.send
                manager
                (Requests.update key (Some service.Namespace) (Json.withField "subsets" wanted endpoints))
                world
        | None ->
            World.send
                manager
                (Requests.create
                    key
                    (Some service.Namespace)
                    (Json.object [
                        "apiVersion", Json.String "v1"
                        "kind", Json.String "Endpoints"
                        "metadata", Json.object [ "name", Json.String service.Name ]
                        "subsets", wanted
                    ]))
                world
    | Some _ -> world
    | None ->
        match serviceKey.Split '/' with
        | [| ``namespace``; name |] when (ApiServer.tryGet key (Some ``namespace``) name world.Server).IsSome ->
            World.send manager (Requests.delete Requests.deleteOptions key (Some ``namespace``) name) world
        | _ -> world
