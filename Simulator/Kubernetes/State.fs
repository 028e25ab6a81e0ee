namespace Tikv.Simulator.Kubernetes

open System
open Tikv.Core

/// What the server keeps of one resource, whichever version it is asked in.
type Collection = {
    /// By namespace (empty for objects of the cluster), then by name.
    Objects: Map<string, Map<string, Json>>
    /// Newest first.
    History: Change list
    /// The revision at which the resource came to be served: there is nothing to ask for before it.
    Since: int64
}

/// A resource as it is served. Equal when the types are: strategies are functions.
[<CustomEquality; NoComparison>]
type Served = {
    Type: ResourceType
    Strategy: Strategy
} with

    override this.Equals(other: obj) =
        match other with
        | :? Served as other -> this.Type = other.Type
        | _ -> false

    override this.GetHashCode() = this.Type.Kind.GetHashCode()

/// Where an object is.
type Place = { Resource: ResourceKey; Namespace: string; Name: string }

/// A Kubernetes API server as a value: every request makes another one.
type ApiServer = {
    Seed: int
    /// Of the newest change of any object.
    Revision: int64
    /// How many uids and names were made up so far: the next one follows from it and the seed.
    Drawn: int64
    /// Changes up to this revision are forgotten.
    Compacted: int64
    /// By group and plural (`clusters.core.tikv.org`), then version.
    Served: Map<string, Map<string, Served>>
    /// By group and plural.
    Collections: Map<string, Collection>
    /// The resource of each kind, by group and kind (`core.tikv.org/Cluster`): owner references name kinds.
    Kinds: Map<string, ResourceKey>
    /// The newest change, of whatever resource.
    Latest: Change voption
    /// Objects by the uid of each of their owners, then by their own uid.
    Dependants: Map<string, Map<string, Place>>
    /// How far each controller inside the server has looked at the changes.
    Seen: Map<string, int64>
    /// Whether managedFields are kept. Without them server-side apply sees no conflicts, and writes cost less.
    TracksFields: bool
}

/// Reads and raw writes, below all rules of the API.
[<RequireQualifiedAccess>]
module State =

    let private none = { Objects = Map.empty; History = []; Since = 0L }

    /// Where the objects of a resource are kept. Both event resources show the same objects.
    let shelf (key: ResourceKey) =
        match key.Plural, key.Group with
        | "events", "events.k8s.io" -> "events"
        | _ -> Meta.groupResource key

    let tryServed (key: ResourceKey) server =
        match Map.tryFind (Meta.groupResource key) server.Served with
        | Some versions -> Map.tryFind key.Version versions
        | None -> None

    let serve (resource: ResourceType) strategy server =
        let name = Meta.groupResource resource.Key
        let versions = Map.tryFind name server.Served |> Option.defaultValue Map.empty
        let served = { Type = resource; Strategy = strategy }

        {
            server with
                Collections =
                    if Map.containsKey (shelf resource.Key) server.Collections then
                        server.Collections
                    else
                        Map.add (shelf resource.Key) { none with Since = server.Revision } server.Collections
                Served = Map.add name (Map.add resource.Key.Version served versions) server.Served
                Kinds = Map.add (resource.Key.Group + "/" + resource.Kind) resource.Key server.Kinds
        }

    /// Serves no version of a resource any more.
    let withdraw (groupResource: string) server = {
        server with
            Served = Map.remove groupResource server.Served
    }

    let collection key server = Map.tryFind (shelf key) server.Collections |> Option.defaultValue none

    let tryFind key ``namespace`` name server =
        match Map.tryFind (shelf key) server.Collections with
        | None -> None
        | Some collection ->
            match Map.tryFind ``namespace`` collection.Objects with
            | None -> None
            | Some objects -> Map.tryFind name objects

    /// Objects in the order of namespace and name.
    let objects key (``namespace``: string option) server : Json seq =
        let kept = (collection key server).Objects

        match ``namespace`` with
        | Some ``namespace`` ->
            match Map.tryFind ``namespace`` kept with
            | Some objects -> objects.Values
            | None -> Seq.empty
        | None -> kept.Values |> Seq.collect _.Values

    let private owners object = Meta.ownerReferences object |> List.choose (Json.stringAt [ "uid" ])

    let private without uid owner dependants =
        match Map.tryFind owner dependants |> Option.map (Map.remove uid) with
        | Some others when not (Map.isEmpty others) -> Map.add owner others dependants
        | _ -> Map.remove owner dependants

    let private withPlace uid place owner dependants =
        let others = Map.tryFind owner dependants |> Option.defaultValue Map.empty
        Map.add owner (Map.add uid place others) dependants

    /// Keeps the index of dependants as an object comes, changes or goes.
    let private indexed key kind object previous server =
        let before = previous |> Option.map owners |> Option.defaultValue []
        let after = if kind = ChangeType.Deleted then [] else owners object

        if before = after then
            server.Dependants
        else
            let uid = Meta.uid object
            let place = { Resource = key; Namespace = Meta.``namespace`` object; Name = Meta.name object }

            let left =
                (server.Dependants, before)
                ||> List.fold (fun index owner -> without uid owner index)

            (left, after) ||> List.fold (fun index owner -> withPlace uid place owner index)

    let private change key now kind object previous server =
        let collection = collection key server
        let revision = server.Revision + 1L
        let object = Meta.setText "resourceVersion" (string revision) object

        let entry = {
            Revision = revision
            At = now
            Resource = key
            Type = kind
            Object = object
            Previous = previous
        }

        let ``namespace`` = Meta.``namespace`` object
        let name = Meta.name object
        let others = Map.tryFind ``namespace`` collection.Objects |> Option.defaultValue Map.empty

        let kept =
            match kind with
            | ChangeType.Deleted -> Map.remove name others
            | ChangeType.Added
            | ChangeType.Modified -> Map.add name object others

        let objects =
            if Map.isEmpty kept then
                Map.remove ``namespace`` collection.Objects
            else
                Map.add ``namespace`` kept collection.Objects

        let collection = { collection with Objects = objects; History = entry :: collection.History }

        struct ({
                    server with
                        Revision = revision
                        Latest = ValueSome entry
                        Dependants = indexed key kind object previous server
                        Collections = Map.add (shelf key) collection server.Collections
                },
                object)

    let add key now object server = change key now ChangeType.Added object None server

    let replace key now object previous server =
        change key now ChangeType.Modified object (Some previous) server

    let remove key now object server = change key now ChangeType.Deleted object (Some object) server

    /// SplitMix64 (Steele, Lea, Flood 2014): a well mixed number for every count and seed.
    let private mixed (seed: int) (count: int64) =
        let z =
            uint64 seed * 0xD1342543DE82EF95UL
            + uint64 count * 0x9E3779B97F4A7C15UL
            + 0x632BE59BD9B4E019UL

        let z = (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    /// A uid that no object of this server ever had: shaped as a random UUID, determined by seed and count.
    let newUid server =
        let high = mixed server.Seed (2L * server.Drawn)
        let low = mixed (server.Seed + 1) (2L * server.Drawn + 1L)
        let high = (high &&& 0xFFFFFFFFFFFF0FFFUL) ||| 0x4000UL
        let low = (low &&& 0x3FFFFFFFFFFFFFFFUL) ||| 0x8000000000000000UL
        let text = high.ToString "x16" + low.ToString "x16"

        let uid =
            text.Substring(0, 8)
            + "-"
            + text.Substring(8, 4)
            + "-"
            + text.Substring(12, 4)
            + "-"
            + text.Substring(16, 4)
            + "-"
            + text.Substring 20

        struct ({ server with Drawn = server.Drawn + 1L }, uid)

    /// The five characters that the server puts behind generateName (Kubernetes' alphabet has no vowels).
    let newSuffix server =
        let alphabet = "bcdfghjklmnpqrstvwxz2456789"
        let number = mixed server.Seed (2L * server.Drawn)
        let suffix = String.init 5 (fun i -> string alphabet[int ((number >>> (i * 8)) % 27UL)])
        struct ({ server with Drawn = server.Drawn + 1L }, suffix)

    /// Changes stored objects without a trace in history: what defaulting on read amounts to when a schema changes.
    let revise key (change: Json -> Json) server =
        match Map.tryFind (shelf key) server.Collections with
        | None -> server
        | Some collection ->
            let objects =
                collection.Objects
                |> Map.map (fun _ objects -> Map.map (fun _ object -> change object) objects)

            {
                server with
                    Collections = Map.add (shelf key) { collection with Objects = objects } server.Collections
            }

    /// The objects as they were at a revision that is not yet forgotten: later changes are taken back.
    let objectsAt key (``namespace``: string option) (revision: int64) server : Json list =
        let later =
            (collection key server).History
            |> List.takeWhile (fun change -> change.Revision > revision)

        if List.isEmpty later then
            objects key ``namespace`` server |> List.ofSeq
        else
            let place object = struct (Meta.``namespace`` object, Meta.name object)

            let current =
                objects key ``namespace`` server
                |> Seq.map (fun object -> place object, object)
                |> Map.ofSeq

            (current, later)
            ||> List.fold (fun objects change ->
                match change.Previous with
                | _ when
                    ``namespace``
                    |> Option.exists (fun wanted -> wanted <> Meta.``namespace`` change.Object)
                    ->
                    objects
                | Some previous -> Map.add (place previous) previous objects
                | None -> Map.remove (place change.Object) objects)
            |> Map.toList
            |> List.map snd
