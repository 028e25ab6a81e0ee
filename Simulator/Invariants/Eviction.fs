/// Evict-leader entries are borrowed, and given back: verification C3.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Eviction

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private instanceOf (store: StoreRecord) (world: World) =
    match (Ground.podAt store.Address).Split '/' with
    | [| space; name |] -> Ground.tryObject "tikvs" space name world
    | _ -> None

let private entered sight =
    match Landing.call sight with
    | ValueSome(struct (before, PdCall.EvictLeaders id)) ->
        match Ground.tryStore id before with
        | ValueSome(struct (group, store)) -> ValueSome(struct (before, group, store))
        | ValueNone -> ValueNone
    | _ -> ValueNone

/// How many may be at a time: one that is restarted (more where a group says so), and one that leaves.
let private allowed (world: World) =
    1
    + (Ground.objects "tikvgroups" "default" world
       |> List.map (fun group -> Json.intAt [ "spec"; "maxUnavailable" ] group |> Option.defaultValue 1)
       |> List.fold max 1)

let fewEntries =
    Invariant.plainOf
        Sights.AskedPd
        (Invariant.property
            "I28"
            "An operator evicts the leaders of few stores at a time: those that are restarted, and one that leaves"
            "verification C3")
        (fun { Ledger = ledger } sight ->
            match entered sight with
            | ValueSome(struct (before, _, store)) ->
                let ours = Set.add store.Id ledger.OurEntries

                if ours.Count <= allowed before then
                    Finding.Held
                else
                    Finding.Broken $"leaders are evicted from %s{Words.stores ours} at a time"
            | ValueNone -> Finding.Nothing)

let entriesEnd =
    Invariant.plainOf
        Sights.Settled
        (Invariant.property
            "I29"
            "Once all is settled no entry of ours is left in PD, save of a store that is on its way out"
            "architecture, law 9; verification C3, C9")
        (fun { Ledger = ledger; World = world } sight ->
            match sight with
            | Sight.Settled ->
                let isLeaving id =
                    match Ground.tryStore id world with
                    | ValueSome(struct (_, store)) ->
                        not (Ground.isUp store)
                        || (match instanceOf store world with
                            | Some instance ->
                                Json.boolAt [ "spec"; "offline" ] instance = Some true
                                || Meta.isTerminating instance
                                // it waits to be restarted, and says so
                                || (Json.tryPath [ "status"; "evicting" ] instance).IsSome
                                   && not (Ground.isTrue "Ready" instance)
                            | None -> false)
                    | ValueNone -> false

                match ledger.OurEntries |> Set.filter (isLeaving >> not) |> Set.toList with
                | [] -> Finding.Held
                | left -> Finding.Broken $"PD still evicts the leaders of %s{Words.stores left}"
            | _ -> Finding.Nothing)

let othersEntriesStay =
    Invariant.plainOf
        (Sights.AskedPd ||| Sights.Sent)
        (Invariant.property
            "I30"
            "An entry is marked as ours before it is made, and one that somebody else made is never taken away"
            "architecture, law 9; verification C3")
        (fun { Ledger = ledger; World = world } sight ->
            match sight, Landing.call sight with
            // judged when it is sent: one that lands after the mark was taken back must end (I29)
            | Sight.Sent(_, _, _, Sent.Change(PdCall.EvictLeaders id)), _ when
                not (Map.containsKey id ledger.Entries)
                ->
                match Ground.tryStore id world with
                | ValueSome(struct (_, store)) ->
                    match instanceOf store world with
                    | Some instance when (Json.tryPath [ "status"; "evicting" ] instance).IsSome ->
                        Finding.Held
                    | _ -> Finding.Broken $"leaders of %s{Words.store id} are evicted without a mark"
                | ValueNone -> Finding.Nothing
            | _, ValueSome(struct (_, PdCall.StopEvictingLeaders id)) when Map.containsKey id ledger.Entries ->
                if Set.contains id ledger.OurEntries then
                    Finding.Held
                else
                    Finding.Broken
                        $"the eviction of leaders of %s{Words.store id} was ended, which somebody else began"
            | _ -> Finding.Nothing)

let somewhereToGo =
    Invariant.plainOf
        Sights.AskedPd
        (Invariant.property
            "I32"
            "Leaders are evicted from a store only while another living one may take them"
            "verification C3")
        (fun { Ledger = ledger; World = world } sight ->
            match entered sight with
            | ValueSome(struct (_, group, store)) ->
                let silent = Landing.knownSilent world.Now ledger group

                let others =
                    group.Cluster.Stores.Values
                    |> Seq.filter (fun other ->
                        other.Id <> store.Id
                        && Ground.isUp other
                        && not (Set.contains other.Id silent)
                        && not (Set.contains other.Id group.Cluster.Evicting))
                    |> Seq.length

                if others >= 1 then
                    Finding.Held
                else
                    Finding.Broken
                        $"leaders are evicted from %s{Words.store store.Id}, and nobody may take them"
            | ValueNone -> Finding.Nothing)

let all = [ fewEntries; entriesEnd; othersEntriesStay; somewhereToGo ]
