/// Misfortunes that a person asks for with `kubectl annotate`: annotations of `simulator.tikv.org/` on nodes, claims and
/// volumes. Each acts when its value changes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Wishes

let private changed (before: Map<string, string>) (after: Map<string, string>) =
    after
    |> Map.toList
    |> List.filter (fun (key, value) -> Map.tryFind key before <> Some value)

/// `power` on or off, `kubelet` running or stopped, `network` up or down (its way to the API server), `lost` true.
let ofNode (before: Node option) (node: Node) (world: World) : World =
    if Map.isEmpty node.Wishes then
        world
    else
        let wishes = before |> Option.map _.Wishes |> Option.defaultValue Map.empty

        (world, changed wishes node.Wishes)
        ||> List.fold (fun world wish ->
            match wish with
            | "power", "off" -> Power.power false node.Name world
            | "power", "on" -> Power.power true node.Name world
            | "kubelet", "stopped" -> Power.kubelet false node.Name world
            | "kubelet", "running" -> Power.kubelet true node.Name world
            | "network", "down" -> Power.link false node.Name world
            | "network", "up" -> Power.link true node.Name world
            | "lost", "true" -> Power.lose node.Name world
            | _ -> world)

let private disk (claim: string) (volume: string) (before: Map<string, string>) after (world: World) =
    (world, changed before after)
    ||> List.fold (fun world wish ->
        match wish with
        | "disk", "lost" -> Strikes.loseDisk volume world
        | "disk", "full" -> Strikes.sicken claim (ValueSome(Sickness.Full 0L)) world
        | "disk", "broken" -> Strikes.sicken claim (ValueSome Sickness.Broken) world
        | "disk", "ok" -> Strikes.sicken claim ValueNone world
        | _ -> world)

/// `disk` lost, full, broken or ok.
let ofVolume (before: Volume option) (volume: Volume) (world: World) : World =
    if Map.isEmpty volume.Wishes then
        world
    else
        let struct (``namespace``, name, _) = volume.Claim
        let wishes = before |> Option.map _.Wishes |> Option.defaultValue Map.empty
        disk (View.key ``namespace`` name) volume.Uid wishes volume.Wishes world

/// `disk`, as of the volume that the claim is bound to.
let ofClaim (before: Claim option) (claim: Claim) (world: World) : World =
    if Map.isEmpty claim.Wishes then
        world
    else
        match Map.tryFind claim.Volume world.Volumes with
        | None -> world
        | Some volume ->
            let wishes = before |> Option.map _.Wishes |> Option.defaultValue Map.empty
            disk (View.key claim.Namespace claim.Name) volume.Uid wishes claim.Wishes world
