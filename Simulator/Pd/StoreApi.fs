namespace Tikv.Simulator.Pd

open System
open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Core.Pd

/// Stores, schedulers and settings, as the leader of a bootstrapped cluster answers (P 12-20).
[<RequireQualifiedAccess>]
module StoreApi =

    let private answer cluster reply : PdCluster * PdReply = cluster, reply

    /// Goes on with the number of a store.
    let private withId (id: string) (cluster: PdCluster) handle : PdCluster * PdReply =
        match UInt64.TryParse id with
        | true, number -> handle number (StoreId number)
        | false, _ when id <> "" && id |> Seq.forall Char.IsAsciiDigit ->
            answer cluster (Replies.badInput $"strconv.ParseUint: parsing \"%s{id}\": value out of range")
        | false, _ -> answer cluster (Replies.badNumber id)

    let private known number (cluster: PdCluster) (store: StoreRecord option) handle =
        match store with
        | Some store -> handle store
        | None -> answer cluster (Replies.refused 404 (Replies.noStore number))

    let store (world: PdWorld) now id (cluster: PdCluster) =
        withId id cluster (fun number id ->
            known number cluster (Map.tryFind id cluster.Stores) (fun store ->
                answer cluster (Replies.ok (PdEncode.store (Views.store world now cluster store)))))

    /// By the numbers of states; without any, all but tombstones.
    let stores (world: PdWorld) now (states: string list) (cluster: PdCluster) =
        let parsed = states |> List.map (fun text -> text, Int32.TryParse text)

        let number state =
            match state with
            | StoreState.Up -> 0
            | StoreState.Offline -> 1
            | StoreState.Tombstone -> 2

        match
            parsed |> List.tryFind (fun (_, (isNumber, _)) -> not isNumber),
            parsed |> List.tryFind (fun (_, (_, value)) -> value < 0 || value > 2)
        with
        | Some(text, _), _ ->
            answer cluster (Replies.refused 500 $"strconv.Atoi: parsing \"%s{text}\": invalid syntax")
        | _, Some(text, _) -> answer cluster (Replies.refused 500 $"unknown StoreState: %s{text}")
        | None, None ->
            let wanted = if List.isEmpty states then [ 0; 1 ] else parsed |> List.map (snd >> snd)

            Views.stores world now cluster
            |> List.filter (fun store -> List.contains (number store.StoreState) wanted)
            |> PdEncode.stores
            |> Replies.ok
            |> answer cluster

    let storesCheck (world: PdWorld) now (states: string list) (cluster: PdCluster) =
        let names = [ "up"; "disconnected"; "down"; "offline"; "tombstone" ]

        match
            states
            |> List.tryFind (fun state -> not (List.contains (state.ToLowerInvariant()) names))
        with
        | Some state -> answer cluster (Replies.refused 400 $"unknown StoreState: %s{state}")
        | None ->
            Views.stores world now cluster
            |> List.filter (fun store ->
                states
                |> List.exists (fun state -> store.StateName.ToLowerInvariant() = state.ToLowerInvariant()))
            |> PdEncode.stores
            |> Replies.ok
            |> answer cluster

    let remove (timings: PdTimings) now force id (cluster: PdCluster) =
        withId id cluster (fun number id ->
            match Stores.remove timings now force id cluster with
            | Ok changed -> answer changed (Replies.said "The store is set as Offline.")
            | Error refusal -> answer cluster (Replies.store number refusal))

    let setState (timings: PdTimings) now id (state: string) (cluster: PdCluster) =
        withId id cluster (fun number id ->
            let outcome =
                match state.ToLowerInvariant() with
                | "up" -> Some(Stores.restore timings now id cluster)
                | "offline" -> Some(Stores.remove timings now false id cluster)
                | _ -> None

            match outcome, Map.containsKey id cluster.Stores with
            | _, false -> answer cluster (Replies.store number StoreRefusal.NotFound)
            | None, _ -> answer cluster (Replies.refused 400 $"invalid state %s{state}")
            | Some(Ok changed), _ -> answer changed (Replies.said "The store's state is updated.")
            | Some(Error refusal), _ -> answer cluster (Replies.store number refusal))

    // ---- labels

    let private labelKey = "^[$]?[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$"

    let private same (one: string) (other: string) =
        String.Equals(one, other, StringComparison.OrdinalIgnoreCase)

    /// Keys are matched without case; an empty value removes the key.
    let private merge (labels: Map<string, string>) (key, value) =
        let others = labels |> Map.filter (fun other _ -> not (same key other))
        if value = "" then others else Map.add key value others

    let setLabels force id (body: Result<Json, string>) (cluster: PdCluster) =
        withId id cluster (fun number id ->
            let members = body |> Result.toOption |> Option.bind Json.asMembers |> Option.defaultValue []

            let labels =
                members
                |> List.choose (fun (key, value) ->
                    Json.asString value |> Option.map (fun value -> key, value))

            match
                Map.tryFind id cluster.Stores,
                labels |> List.tryFind (fun (key, _) -> not (Regex.IsMatch(key, labelKey)))
            with
            | _ when Result.isError body ->
                answer cluster (Replies.badInput "invalid character looking for beginning of value")
            | _ when List.length labels < List.length members ->
                answer
                    cluster
                    (Replies.badInput "json: cannot unmarshal number into Go value of type string")
            | _, Some(key, _) ->
                answer cluster (Replies.badInput $"%s{key} does not match format \"%s{labelKey}\"")
            | None, _ ->
                answer
                    cluster
                    (Replies.refused
                        500
                        $"[PD:cluster:ErrInvalidStoreID]invalid store id %d{number}, not found")
            | Some store, None ->
                let before = if force then Map.empty else store.Labels

                answer
                    (Stores.put { store with Labels = List.fold merge before labels } cluster)
                    (Replies.said "The store's label is updated."))

    let removeLabel id (body: Json) (cluster: PdCluster) =
        withId id cluster (fun number id ->
            let key = Json.asString body |> Option.defaultValue ""

            match Map.tryFind id cluster.Stores with
            | None -> answer cluster (Replies.refused 500 (Replies.noStore number))
            | Some store when store.Labels |> Map.exists (fun other _ -> same key other) ->
                answer
                    (Stores.put { store with Labels = merge store.Labels (key, "") } cluster)
                    (Replies.said "The store's label is updated.")
            | Some _ -> answer cluster (Replies.refused 500 $"the label key %s{key} does not exist"))

    let labels (cluster: PdCluster) =
        let pairs =
            cluster.Stores
            |> Map.toList
            |> List.collect (fun (_, store) -> Map.toList store.Labels)
            |> List.distinct

        let label (key, value) = Json.object [ "key", Json.string key; "value", Json.string value ]

        answer
            cluster
            (Replies.ok (if List.isEmpty pairs then Json.Null else pairs |> List.map label |> Json.array))

    /// Weights and limits of single stores are accepted, and forgotten.
    let setting id text (cluster: PdCluster) =
        withId id cluster (fun number id ->
            if Map.containsKey id cluster.Stores then
                answer cluster (Replies.said text)
            else
                answer cluster (Replies.refused 500 (Replies.noStore number)))

    // ---- limits

    let limits (cluster: PdCluster) =
        let limit =
            Json.object [
                "add-peer", Json.int cluster.StoreLimit
                "remove-peer", Json.int cluster.StoreLimit
            ]

        cluster.Stores
        |> Map.toList
        |> List.filter (fun (_, store) -> store.NodeState <> NodeState.Removed)
        |> List.map (fun (StoreId id, _) -> string id, limit)
        |> Json.object
        |> Replies.ok
        |> answer cluster

    let setLimits (body: Json) (cluster: PdCluster) =
        match Json.intAt [ "rate" ] body with
        | Some rate when rate > 0 ->
            answer { cluster with StoreLimit = rate } (Replies.said "Set store limit successfully.")
        | _ -> answer cluster (Replies.refused 400 "invalid rate which should be larger than 0")

    let removeTombstones (cluster: PdCluster) =
        answer (Stores.removeTombstones cluster) (Replies.said "Remove tombstone successfully.")
