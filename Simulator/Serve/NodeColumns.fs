/// The columns of `kubectl get nodes`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.NodeColumns

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private text = Column.text
let private wide = Column.wide

let private nodeStatus node =
    let ready =
        Json.itemsAt [ "status"; "conditions" ] node
        |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some "Ready")
        |> Option.bind (Json.stringAt [ "status" ])

    let word =
        match ready with
        | Some "True" -> "Ready"
        | Some _ -> "NotReady"
        | None -> "Unknown"

    match Json.boolAt [ "spec"; "unschedulable" ] node with
    | Some true -> word + ",SchedulingDisabled"
    | _ -> word

let private roles node =
    let prefix = "node-role.kubernetes.io/"

    Meta.labels node
    |> Map.toList
    |> List.choose (fun (key, _) ->
        if key.StartsWith(prefix, StringComparison.Ordinal) then Some(key.Substring prefix.Length) else None)
    |> Column.joined

let private address kind node =
    Json.itemsAt [ "status"; "addresses" ] node
    |> List.tryFind (fun address -> Json.stringAt [ "type" ] address = Some kind)
    |> Option.bind (Json.stringAt [ "address" ])
    |> Option.defaultValue Column.none

let private info field = Column.orElse "<unknown>" [ "status"; "nodeInfo"; field ]

let all = [
    Column.name
    text "Status" "Whether its kubelet reports it ready." nodeStatus
    text "Roles" "Its roles, by label." roles
    Column.age
    text "Version" "Version of its kubelet." (Column.orElse "" [ "status"; "nodeInfo"; "kubeletVersion" ])
    text "Internal-IP" "Its address in the cluster." (address "InternalIP") |> wide
    text "External-IP" "Its address outside." (address "ExternalIP") |> wide
    text "OS-Image" "Its operating system." (info "osImage") |> wide
    text "Kernel-Version" "Its kernel." (info "kernelVersion") |> wide
    text "Container-Runtime" "What runs its containers." (info "containerRuntimeVersion")
    |> wide
]
