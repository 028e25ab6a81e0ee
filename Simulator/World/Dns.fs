/// Names of Pods and Services, as the cluster's DNS server answers.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Dns

open System

/// The first labels of a name of this cluster: `a.b` of `a.b.svc`, `a.b.svc.cluster.local`.
let private labels (host: string) =
    let host = host.TrimEnd '.'

    let host =
        if host.EndsWith(".cluster.local", StringComparison.Ordinal) then
            host.Substring(0, host.Length - 14)
        else
            host

    let host =
        if host.EndsWith(".svc", StringComparison.Ordinal) then host.Substring(0, host.Length - 4) else host

    host.Split '.'

/// The Pods that a name or address stands for; none when it does not resolve. `from` is the namespace of who asks: a
/// short name is looked for there.
let resolve (from: string) (host: string) (world: World) : Pod list =
    let service ``namespace`` name =
        match Map.tryFind (View.key ``namespace`` name) world.Services with
        | Some service -> Endpoints.addresses service world |> fst
        | None -> []

    let inService ``namespace`` name hostname =
        match Map.tryFind (View.key ``namespace`` name) world.Services with
        | Some service when service.Headless ->
            Endpoints.addresses service world
            |> fst
            |> List.filter (fun pod -> pod.Spec.Hostname = hostname && pod.Spec.Subdomain = name)
        | _ -> []

    match world.Pods.Values |> Seq.tryFind (fun pod -> pod.Ip <> "" && pod.Ip = host) with
    | Some pod -> [ pod ]
    | None ->
        match labels host with
        | [| name |] -> service from name
        | [| first; second |] ->
            match service second first with
            | [] -> inService from second first
            | pods -> pods
        | [| hostname; name; ``namespace`` |] -> inService ``namespace`` name hostname
        | _ -> []
