/// The Leases of kubelets. A simulation does without: what their silence means follows from `SilentSince`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Heartbeats

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// Milliseconds between renewals (kubelet: a quarter of the Lease's 40 s).
let each = 10_000L

/// Every kubelet that reaches the API server renews its Lease, or makes it.
let renew (world: World) : World =
    let at = Meta.time (World.clock world)
    let space = "kube-node-lease"

    (world, world.Machines)
    ||> Map.fold (fun world name machine ->
        if machine.SilentSince.IsSome || not (Map.containsKey name world.Nodes) then
            world
        else
            match ApiServer.tryGet Builtins.leases (Some space) name world.Server with
            | None ->
                World.send
                    "kubelet"
                    (Requests.create Builtins.leases (Some space) (NodeForms.lease name at))
                    world
            | Some _ ->
                World.send
                    "kubelet"
                    (Requests.patch
                        MergePatch
                        Builtins.leases
                        (Some space)
                        name
                        (Json.object [ "spec", Json.object [ "renewTime", Json.String at ] ]))
                    world)
