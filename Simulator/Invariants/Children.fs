/// What is made for a group: never more than it asks for, and never the same twice.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Children

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// What a group asked for until some time, in milliseconds.
type private Former = { Wanted: int; Until: int64 }

type private Seen = {
    /// By namespace and group: what its spec asks for, with the replacements that it allows.
    Wanted: Map<string, int>
    /// What it asked for before, the latest first.
    Former: Map<string, Former list>
}

/// A create may land so late (verification I57), when the group no longer asks for it; the group takes it away again.
let private underWay = 660_000L

let private wanted group =
    let replicas = Json.intAt [ "spec"; "replicas" ] group |> Option.defaultValue 1

    // one for each that has failed, up to so many (I41)
    let replacements =
        if Json.boolAt [ "spec"; "failover"; "enabled" ] group = Some true then
            Json.intAt [ "spec"; "failover"; "maxReplacements" ] group
            |> Option.defaultValue 3
        else
            0

    replicas + replacements

let private ask (world: World) key group (seen: Seen) =
    let now = wanted group

    match Map.tryFind key seen.Wanted with
    | Some before when before <> now ->
        let others =
            Map.tryFind key seen.Former
            |> Option.defaultValue []
            |> List.filter (fun one -> world.Now - one.Until <= underWay)

        {
            Wanted = Map.add key now seen.Wanted
            Former = Map.add key ({ Wanted = before; Until = world.Now } :: others) seen.Former
        }
    | Some _ -> seen
    | None -> { seen with Wanted = Map.add key now seen.Wanted }

/// The most that a group asks for, or asked for as lately as a create may have been sent.
let private most (world: World) key (seen: Seen) =
    Map.tryFind key seen.Wanted
    |> Option.map (fun now ->
        Map.tryFind key seen.Former
        |> Option.defaultValue []
        |> List.filter (fun one -> world.Now - one.Until <= underWay)
        |> List.fold (fun most one -> max most one.Wanted) now)

/// It is on its way out, and another may take its place already: it is being deleted, is to leave by its own spec or its
/// group's, or stays only until its successor serves.
let private leaves group instance =
    let index = Json.intAt [ "spec"; "index" ] instance

    Meta.isTerminating instance
    || Json.boolAt [ "spec"; "offline" ] instance = Some true
    || (Json.mapAt [ "metadata"; "annotations" ] instance).ContainsKey "tikv.org/replaced"
    || Json.itemsAt [ "spec"; "offlineIndexes" ] group
       |> List.exists (fun offline -> index.IsSome && Json.asInt offline = index)

let private made (world: World) plural group seen instance =
    let space, name = Meta.``namespace`` instance, Meta.name instance

    match Ground.tryObject (plural + "groups") space group world, most world (space + "/" + group) seen with
    | Some owner, Some most ->
        let standing =
            Ground.objects (plural + "s") space world
            |> List.filter (fun one ->
                Ground.groupAndIndex (Meta.name one) |> Option.map fst = Some group
                && not (leaves owner one))

        if standing.Length > most then
            Finding.Broken
                $"with %s{name} the group %s{group} has %d{standing.Length} instances, and asks for %d{most}"
        else
            Finding.Held
    | _ -> Finding.Nothing

/// I46 and I47. Pods have the names of their instances, and are not counted apart.
let asMany: Invariant =
    Invariant.makeOf
        (Sights.Changed ||| Sights.Sent)
        {
            Id = "I47"
            Means =
                "A group never makes an instance beyond what its spec asks for, but for those on their way out and one for each that has failed; and a Pod is made only for an instance that there is"
            Source = "architecture, law 1; verification C5 (I46, I47)"
        }
        { Wanted = Map.empty; Former = Map.empty }
        (fun seen { World = world } sight ->
            match sight with
            | Sight.Changed { Resource = { Plural = ("pdgroups" | "tikvgroups") }; Object = group } ->
                struct (ask world (View.keyOf group) group seen, Finding.Nothing)
            | Sight.Changed {
                                Resource = { Plural = ("pds" | "tikvs") as plural }
                                Type = ChangeType.Added
                                Object = instance
                            } ->
                match Ground.groupAndIndex (Meta.name instance) with
                | Some(group, _) -> struct (seen, made world (plural.TrimEnd 's') group seen instance)
                // made by hand: what operators make has an index (I46)
                | None -> struct (seen, Finding.Nothing)
            | Sight.Sent(_, _, _, Sent.Write(Tikv.Core.Kubernetes.Create(object, body))) when
                object.Kind = Tikv.Core.Kubernetes.Kind.Pod
                ->
                let instance =
                    Json.stringAt [ "metadata"; "labels"; "tikv.org/instance" ] body
                    |> Option.defaultValue object.Name

                if
                    [ "pds"; "tikvs" ]
                    |> List.exists (fun plural ->
                        (Ground.tryObject plural object.Namespace instance world).IsSome)
                then
                    struct (seen, Finding.Held)
                else
                    struct (seen,
                            Finding.Broken
                                $"the Pod %s{object.Name} is made, and there is no instance for it")
            | _ -> struct (seen, Finding.Nothing))
