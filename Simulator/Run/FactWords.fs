/// What facts say.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.FactWords

open System
open Tikv.Core

let private nameIn (target: string) = target.Substring(target.IndexOf '/' + 1)
let private dotted (path: string list) = String.Join(".", path)
let private span (milliseconds: int64) = TimeSpan.FromMilliseconds(float milliseconds).ToString()

/// The sentence of a fact, for transcripts and reports.
let rec says (fact: Fact) : string =
    match fact with
    | Fact.Exists target -> target + " exists"
    | Fact.Absent target -> target + " does not exist"
    | Fact.Terminating target -> target + " is terminating"
    | Fact.New target -> target + " is new"
    | Fact.Field(target, path, value) -> $"%s{target} has %s{dotted path} %s{Json.print value}"
    | Fact.HasField(target, path) -> $"%s{target} has %s{dotted path}"
    | Fact.Condition(target, kind, status, reason, words, _) ->
        match status, reason, words with
        | None, None, Some words -> $"%s{target} says under %s{kind}: %s{words}"
        | _ ->
            String.Join(
                " ",
                [
                    $"%s{target} says %s{kind}"
                    + (match status with
                       | Some status -> "=" + status
                       | None -> "")
                    yield! Option.toList reason
                    yield! Option.toList words
                ]
            )
    | Fact.Reason(target, reason) -> $"%s{target} gives the reason %s{reason}"
    | Fact.Phase(target, phase) -> $"%s{target} is %O{phase}"
    | Fact.ReadyFor(target, time) -> $"%s{target} has been Ready for %s{span time}"
    | Fact.Settled -> "everything of ours is Ready"
    | Fact.Pods(group, count) -> $"%s{group} has %d{count} Pods"
    | Fact.OnePodStops -> "no more than one Pod is being stopped"
    | Fact.PodStops group -> $"a Pod of %s{group} is being stopped"
    | Fact.PodStands group -> $"a Pod of %s{group} is on a node"
    | Fact.PodsServe group -> $"every Pod of %s{group} is ready"
    | Fact.NodeEmpty node -> $"no Pod is on %s{node}"
    | Fact.Restarted(target, _) -> $"every instance of %s{nameIn target} has been restarted"
    | Fact.RunsVersion(group, version) -> $"every Pod of %s{group} runs %s{version}"
    | Fact.NotBefore(group, former, version) ->
        $"no Pod of %s{group} runs %s{version} before all of %s{former} do"
    | Fact.RevisionReached target -> $"%s{target} says that its revision is reached"
    | Fact.StoresInZones zones -> $"""stores are in the zones %s{String.Join(", ", zones)}"""
    | Fact.StoresUp count -> $"PD has %d{count} stores up"
    | Fact.StoresUpAtLeast count -> $"PD has at least %d{count} stores up"
    | Fact.StoresDown count -> $"at least %d{count} stores are down"
    | Fact.Tombstones count -> $"PD has %d{count} tombstones"
    | Fact.OneStoreLeaves -> "no more than one store is Removing"
    | Fact.StoreUp pod -> $"the store of %s{pod} is up"
    | Fact.Preparing pod -> $"the store of %s{pod} is Preparing"
    | Fact.Removing pod -> $"the store of %s{pod} is Removing"
    | Fact.Tombstone pod -> $"the store of %s{pod} is a tombstone"
    | Fact.KeepsStore pod -> $"%s{pod} keeps its store"
    | Fact.LeadsRegions(pod, least) -> $"the store of %s{pod} leads at least %d{least} regions"
    | Fact.Evicting pod -> $"PD evicts the leaders of %s{pod}"
    | Fact.NoEvictions -> "PD evicts no leaders"
    | Fact.EveryRegionServes -> "every region has its majority"
    | Fact.StoresLabelled label -> $"every store that is up is labelled with its %s{label}"
    | Fact.PdAtRest -> "PD moves no regions"
    | Fact.NodeSilent time -> $"a node has been silent for %s{span time}"
    | Fact.Members count -> $"PD has %d{count} members"
    | Fact.LeadsPd pod -> $"%s{pod} leads PD"
    | Fact.PdHasLeader -> "PD has a leader"
    | Fact.OnePdCluster -> "there is no other PD cluster"
    | Fact.Not fact -> $"not (%s{says fact})"
    | Fact.All facts -> String.Join(" and ", facts |> List.map says)
    | Fact.Any facts -> String.Join(" or ", facts |> List.map says)
    | Fact.Called(name, _) -> name
