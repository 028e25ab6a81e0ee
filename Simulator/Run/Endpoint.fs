/// Calls of PD over the network of the cluster: which Pod an address leads to, and what is heard from it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Endpoint

open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.World

/// Milliseconds after which a client takes a silent member for lost and asks the next (the adapter's deadline).
let private patience = 10_000L

/// Milliseconds until a name that does not exist is known not to.
let private lookup = 2L

let private pods (endpoint: PdEndpoint) (world: World) : Pod list =
    let key = View.key endpoint.Namespace endpoint.Name

    if endpoint.IsPod then
        match World.tryPod key world with
        | ValueSome pod when pod.Ip <> "" -> [ pod ]
        | _ -> []
    else
        match Map.tryFind key world.Services with
        | Some service ->
            match Endpoints.addresses service world |> fst with
            | [] -> []
            | pods -> [ List.item (int (world.Now % int64 (List.length pods))) pods ] // a Service leads to one of them
        | None -> []

let private body (request: PdRequest) =
    match request.Body with
    | Some json -> Tikv.Core.Json.print json
    | None -> ""

/// What became of the call of somebody at a place, and how many milliseconds that took.
let ask
    (from: string)
    (endpoints: PdEndpoint list)
    (call: PdCall)
    (world: World)
    : struct (World * Outcome<PdReply> * int64) =
    let request = PdCodec.request call

    let rec tryPods (pods: Pod list) spent (world: World) =
        match pods with
        | [] -> struct (world, ValueNone, spent)
        | pod :: others when not (Network.passes from pod.Name world.Pd) ->
            tryPods others (spent + patience) world
        | pod :: others ->
            let struct (world, answer) = Processes.askPd pod request.Method request.Path (body request) world

            match answer with
            | _ when not (Network.passes pod.Name from world.Pd) -> tryPods others (spent + patience) world
            | PdAnswer.Replied(reply, after) when after <= patience ->
                struct (world, ValueSome reply, spent + after)
            | PdAnswer.Replied _
            | PdAnswer.Silent -> tryPods others (spent + patience) world
            | PdAnswer.Refused -> tryPods others (spent + lookup) world

    let rec tryEndpoints endpoints spent world =
        match endpoints with
        | [] -> struct (world, Unknown "no endpoint of PD answered", spent)
        | endpoint :: others ->
            let reached = pods endpoint world |> List.filter (fun pod -> Tls.agree endpoint pod world)
            let struct (world, reply, spent) = tryPods reached (spent + lookup) world

            match reply with
            | ValueSome reply -> struct (world, Done reply, spent)
            | ValueNone -> tryEndpoints others spent world

    tryEndpoints endpoints 0L world
