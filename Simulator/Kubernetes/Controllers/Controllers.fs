/// The controllers that every cluster has. A world may run each at its own time, to model their lag.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Controllers

open System

/// One look of each. Costs little when nothing changed.
let step (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    server
    |> Cleanup.namespaces now
    |> Cleanup.definitions now
    |> GarbageCollector.step now
    |> Cleanup.claimsInUse now
    |> Disruption.step now
