/// `kubectl drain`: cordon, then evict Pod by Pod, again and again where a budget refuses (V K47, K48).
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Drains

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "kubectl-drain"

let cordon (on: bool) (node: string) (world: World) : World =
    World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.nodes
            None
            node
            (Json.object [
                "spec", Json.object [ "unschedulable", (if on then Json.Bool true else Json.Null) ]
            ]))
        world

let private eviction (pod: Pod) : Request =
    let body =
        Json.object [
            "apiVersion", Json.String "policy/v1"
            "kind", Json.String "Eviction"
            "metadata", Json.object [ "name", Json.String pod.Name; "namespace", Json.String pod.Namespace ]
        ]

    {
        Requests.make Builtins.pods (Some pod.Namespace) (Some pod.Name) Verb.Create body with
            Subresource = Some "eviction"
    }

/// Begins a drain; it goes on until the node is empty, or somebody stops it.
let start (node: string) (world: World) : World =
    world
    |> cordon true node
    |> World.troubled (fun troubles -> { troubles with Drains = Set.add node troubles.Drains })
    |> World.at world.Now (Work.Drain node)

/// The drain is given up; the node stays cordoned.
let stop (node: string) (world: World) : World =
    World.troubled (fun troubles -> { troubles with Drains = Set.remove node troubles.Drains }) world

/// One attempt at every Pod that is still there.
let sync (node: string) (world: World) : World =
    if not (Set.contains node world.Troubles.Drains) then
        world
    else
        match world.Pods.Values |> Seq.filter (fun pod -> pod.Node = node) |> List.ofSeq with
        | [] -> stop node world |> World.note $"drained %s{node}"
        | pods ->
            (world, pods |> List.filter _.Deleting.IsNone)
            ||> List.fold (fun world pod ->
                let struct (world, response) = World.request manager (eviction pod) world

                let world =
                    if response.Code < 300 then
                        { world with Blamed = Map.add pod.Uid manager world.Blamed }
                    else
                        world

                World.note $"drain of %s{node}: evict %s{pod.Name} -> %d{response.Code}" world)
            |> World.at (world.Now + world.Timings.DrainAgain) (Work.Drain node)
