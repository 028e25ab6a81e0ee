namespace Tikv.Simulator.Reports

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// One thing as somebody sees it. What counts is the same for two who agree on what matters.
type View = { Words: string; Counts: string }

/// Something that an operator held to be so, beside what was so. Nothing is known of what is not there.
type Opinion = {
    /// Such as `Pod basic-tikv-3` or `store 5 basic-tikv-3`.
    Subject: string
    Believed: View option
    True: View option
} with

    member opinion.Differs =
        (opinion.Believed |> Option.map _.Counts)
        <> (opinion.True |> Option.map _.Counts)

/// What an operator remembers, beside what is true, of the things that its decisions rest on.
[<RequireQualifiedAccess>]
module Belief =

    let private view words = { Words = words; Counts = words }

    let private pod isGoing phase node isReady =
        if isGoing then "terminating"
        elif phase = "Failed" then "failed"
        elif phase = "Succeeded" then "succeeded"
        elif node = "" then "on no node"
        elif isReady then "ready"
        else "not ready"
        |> view

    /// What `Up` is said of, and what lives, count as one; nothing is said of that while a store is on its way out.
    let private store (state: NodeState) (lives: string) isUp leaders evicting =
        let leaves = state = NodeState.Removing || state = NodeState.Removed
        let lives = if leaves then "" else ", " + lives
        let eviction = if evicting then ", leaders are evicted" else ""

        {
            Words = $"%O{state}%s{lives}, leads %d{leaders}%s{eviction}"
            Counts = $"%O{state} %b{leaves || isUp} %b{leaders > 0} %b{evicting}"
        }

    let private member' isLeader lives =
        if isLeader then "leads"
        elif lives then "follows"
        else "silent"
        |> view

    let private ofStore (StoreId id) address = $"store %d{id} %s{Address.pod address}"
    let private ofMember (MemberId id) name = if name = "" then $"member %d{id}" else $"member %s{name}"

    let private claim (meta: Meta) =
        if meta.DeletionTimestamp.IsSome then "is being deleted" else "is there"
        |> view

    let private instance (meta: Meta) =
        let going = if meta.DeletionTimestamp.IsSome then ", is being deleted" else ""
        view $"generation %d{meta.Generation}%s{going}"

    let private disruption (held: Disruption option) =
        match Disruption.allHolders held with
        | [] -> "nobody is taken down"
        | holders ->
            let names = holders |> List.map _.Name |> String.concat ", "
            $"%s{names} may be taken down"
        |> view

    let private clusterStatus (held: Held<ClusterSpec, ClusterStatus>) =
        held.Object |> Result.toOption |> Option.bind _.Status.Disruption

    let private heldBy (state: OperatorState) : (string * View) list =
        let cache = state.Cache
        let facts = state.Pds.Values |> Seq.choose PdView.facts |> List.ofSeq

        let clusters = [
            for one in cache.Clusters.Values -> $"Cluster %s{one.Meta.Name}", disruption (clusterStatus one)
        ]

        let instances = [
            for one in cache.Pds.Values do
                yield $"PD %s{one.Held.Meta.Name}", instance one.Held.Meta
            for one in cache.Tikvs.Values do
                yield $"TiKV %s{one.Held.Meta.Name}", instance one.Held.Meta
        ]

        let pods = [
            for one in cache.Pods.Values ->
                $"Pod %s{one.Meta.Name}", pod one.Meta.DeletionTimestamp.IsSome one.Phase one.Node one.Ready
        ]

        let claims = [
            for one in cache.Claims.Values -> $"PersistentVolumeClaim %s{one.Meta.Name}", claim one.Meta
        ]

        let members = [
            for facts in facts do
                for one in facts.Members do
                    yield ofMember one.Id one.Name, member' one.IsLeader one.Healthy
        ]

        let stores = [
            for facts in facts do
                for one in facts.Stores do
                    let evicting = Set.contains one.Id facts.Evicting
                    let isUp = one.StateName = "Up"

                    yield
                        ofStore one.Id one.Address,
                        store one.NodeState ("PD says " + one.StateName) isUp one.Leaders evicting
        ]

        clusters @ instances @ pods @ claims @ members @ stores

    let private objects kind (world: World) =
        Tikv.Simulator.Kubernetes.ApiServer.listObjects (Answers.key kind) None world.Server

    let private isSo (world: World) : (string * View) list =
        let clusters =
            objects Kind.Cluster world
            |> List.choose (Codec.cluster >> Result.toOption)
            |> List.map (fun one -> $"Cluster %s{one.Meta.Name}", disruption one.Status.Disruption)

        let instances = [
            for kind in [ Kind.PD; Kind.TiKV ] do
                for meta in objects kind world |> List.map Meta.decode do
                    yield $"%s{Kind.name kind} %s{meta.Name}", instance meta
        ]

        let pods = [
            for one in world.Pods.Values ->
                $"Pod %s{one.Name}", pod one.Deleting.IsSome one.Phase one.Node one.Ready
        ]

        let claims =
            objects Kind.PersistentVolumeClaim world
            |> List.map Meta.decode
            |> List.map (fun meta -> $"PersistentVolumeClaim %s{meta.Name}", claim meta)

        let members =
            Truth.members world
            |> List.map (fun one -> ofMember one.Id one.Name, member' one.Leads one.Lives)

        let stores =
            Truth.stores world
            |> List.map (fun one ->
                let lives = if one.Lives then "runs" else "does not run"
                ofStore one.Id one.Address, store one.State lives one.Lives one.Leaders one.Evicting)

        clusters @ instances @ pods @ claims @ members @ stores

    /// All that either of them knows of.
    let opinions (state: OperatorState) (world: World) : Opinion list =
        let believed, real = Map.ofList (heldBy state), Map.ofList (isSo world)

        (believed.Keys |> Set.ofSeq) + (real.Keys |> Set.ofSeq)
        |> Set.toList
        |> List.map (fun subject -> {
            Subject = subject
            Believed = Map.tryFind subject believed
            True = Map.tryFind subject real
        })

    /// How old PD's last answers are, in milliseconds; none where it has not answered.
    let askedBefore (at: int64) (state: OperatorState) : int64 option =
        state.Pds.Values
        |> Seq.choose PdView.facts
        |> Seq.map (fun facts -> let (Instant asked) = facts.AskedAt in at - asked)
        |> Seq.tryHead
