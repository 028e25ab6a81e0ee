namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World

/// The whole world, with machines, PD and TiKV, served as it goes on; the operator is outside.
type LiveWorld(start: World) =
    let mutable world = start

    /// Changes that watches may still ask for.
    let kept = 20_000L

    let forget (world: World) =
        if world.Server.Revision - world.Server.Compacted > 2L * kept then
            { world with Server = ApiServer.compact (world.Server.Revision - kept) world.Server }
        else
            world

    let mutable renewed = start.Now

    let renew (world: World) =
        if world.Now - renewed < Heartbeats.each then
            world
        else
            renewed <- world.Now
            world |> Heartbeats.renew |> Observer.observe

    /// A user's data: with one region alone there would be nothing to see. It comes when the first region has all its
    /// replicas.
    let regions = 30

    let fill (world: World) =
        (world, world.Pd.Groups.Values)
        ||> Seq.fold (fun world group ->
            match group.ClusterId, Map.toList group.Cluster.Regions with
            | Some id, [ first, 1 ] when first.Voters.Length = group.Cluster.Replication.MaxReplicas -> {
                world with
                    Pd = PdWorld.split world.Now id (regions - 1) world.Pd
              }
            | _ -> world)

    let failure status text = { Status = status; ContentType = "text/plain; charset=utf-8"; Body = text }

    let replied (reply: PdReply) = {
        Status = reply.Status
        ContentType =
            match reply.Body with
            | PdBody.Json _ -> "application/json; charset=UTF-8"
            | PdBody.Text _ -> "text/plain; charset=utf-8"
        Body = PdBody.print reply.Body
    }

    let pods (request: ProxyRequest) : Pod list =
        let key = View.key request.Namespace request.Name

        if request.IsPod then
            match World.tryPod key world with
            | ValueSome pod -> [ pod ]
            | ValueNone -> []
        else
            match Map.tryFind key world.Services with
            | Some service -> Endpoints.addresses service world |> fst
            | None -> []

    /// The first Pod behind the address that says anything.
    let rec ask (request: ProxyRequest) (pods: Pod list) =
        match pods with
        | [] -> ProxyReply.refused request world.Server
        | pod :: others ->
            let struct (next, answer) =
                Processes.askPd pod request.Method request.PathAndQuery request.Body world

            world <- next

            match answer with
            | PdAnswer.Replied(reply, _) -> replied reply
            | PdAnswer.Silent when List.isEmpty others ->
                failure 504 "the server could not be reached within the time-out"
            | PdAnswer.Silent
            | PdAnswer.Refused -> ask request others

    interface ServedWorld with
        member _.Now = World.clock world
        member _.Api = world.Server

        member _.Handle request =
            let struct (next, response) = Machines.handle request.FieldManager request world
            world <- { next with Notes = [] }
            response

        member _.Proxy request = ask request (pods request)

        member _.PodLog request =
            match World.tryPod (View.key request.Namespace request.Pod) world with
            | ValueNone -> Error $"pod %s{request.Pod} does not exist"
            | ValueSome pod ->
                match Map.tryFind pod.Uid world.Runs with
                | None -> Error $"container of pod %s{request.Pod} is waiting to start"
                | Some run ->
                    run.Log
                    |> List.rev
                    |> List.map (fun (at, text) -> {
                        At = world.Epoch.AddMilliseconds(float at)
                        Text = text
                    })
                    |> Ok

        member _.Advance elapsed =
            let until = world.Now + int64 elapsed.TotalMilliseconds
            world <- { Machines.advance until world with Notes = [] } |> fill |> renew |> forget

[<RequireQualifiedAccess>]
module LiveWorld =
    /// Three zones of two nodes each; time 0 is now.
    let start (options: ServeOptions) : ServedWorld =
        let shape = { Setup.ordinary with Seed = uint64 options.Seed; Epoch = DateTimeOffset.UtcNow }

        LiveWorld(Setup.world shape)
