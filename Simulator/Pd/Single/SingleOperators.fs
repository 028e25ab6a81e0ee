namespace Tikv.Simulator.Pd

open Tikv.Core

/// How one region carries out what PD told it: a learner is added and sent a snapshot, becomes a voter as the one that it
/// replaces leaves, and that one is removed (V P24).
[<RequireQualifiedAccess>]
module SingleOperators =

    /// The leader of a region can change it, and PD can tell it to.
    let serves (rules: RegionRules) (region: SingleRegion) =
        match region.Leader with
        | ValueSome leader ->
            rules.Heeds leader
            && Singles.electable rules.Raft region
               |> List.exists (fun peer -> peer.Store = leader)
        | ValueNone -> false

    /// TiKV refuses a change after which the voters that it reaches are no majority (V P29).
    let private keepsMajority (rules: RegionRules) (region: SingleRegion) =
        Singles.hasMajority rules.Raft region

    let private withRole role store (region: SingleRegion) : SingleRegion = {
        region with
            Peers =
                region.Peers
                |> List.map (fun peer -> if peer.Store = store then { peer with Role = role } else peer)
    }

    let private withLearner store (region: SingleRegion) = {
        region with
            Peers =
                { Store = store; Role = PeerRole.Learner; Data = PeerData.Awaits }
                :: region.Peers
                |> List.sortBy _.Store
    }

    let private without store (region: SingleRegion) = {
        region with
            Peers = region.Peers |> List.filter (fun peer -> peer.Store <> store)
    }

    let private leftJoint (region: SingleRegion) = {
        region with
            Peers =
                region.Peers
                |> List.filter (fun peer -> peer.Role <> PeerRole.Outgoing)
                |> List.map (fun peer ->
                    if peer.Role = PeerRole.Incoming then { peer with Role = PeerRole.Voter } else peer)
    }

    /// Who leads when the leader's own peer has to go: one that may lead, or else any that can.
    let private heir (rules: RegionRules) now (region: SingleRegion) =
        let able =
            Singles.electable rules.Raft region
            |> List.filter (fun peer ->
                peer.Role <> PeerRole.Outgoing
                && region.Leader <> ValueSome peer.Store
                && Singles.hasCaughtUp now peer)
            |> List.map _.Store

        able |> List.tryFind rules.MayLead |> Option.orElse (List.tryHead able)

    let private role store (region: SingleRegion) = Singles.peerOn store region |> Option.map _.Role

    /// One step, if it can be made: the region afterwards, and the operator while it is not at its end.
    let advance
        (settings: SingleSettings)
        (rules: RegionRules)
        now
        (operator: RegionOperator)
        (region: SingleRegion)
        =
        let goesOn region = region, Some { operator with At = now + settings.Change; Waits = false }

        let waits =
            region, Some { operator with At = operator.Since + settings.OperatorTimeout; Waits = true }

        let led by (region: SingleRegion) = { region with Leader = ValueSome by }

        let leaves store next =
            if region.Leader = ValueSome store then
                match heir rules now region with
                | Some heir when heir <> store -> goesOn (led heir region)
                | _ -> waits
            else
                next ()

        let removes store =
            leaves store (fun () ->
                let after = without store region
                if keepsMajority rules after then after, None else waits)

        let isLost store =
            Singles.peerOn store region |> Option.forall Singles.isLearner
            && rules.Leaving store

        if now - operator.Since >= settings.OperatorTimeout then
            region, None
        elif operator.Adds |> ValueOption.exists isLost then
            region, None
        elif not (serves rules region) then
            waits
        elif Singles.isJoint region then
            match
                region.Leader
                |> ValueOption.toOption
                |> Option.bind (fun leader -> role leader region)
            with
            | Some PeerRole.Outgoing ->
                match heir rules now region with
                | Some heir -> goesOn (led heir region)
                | None -> waits
            | _ -> leftJoint region, None
        else
            match operator.Adds, operator.Removes with
            | ValueSome added, removed ->
                match Singles.peerOn added region, removed with
                | None, _ -> goesOn (withLearner added region)
                | Some peer, _ when not (Singles.hasCaughtUp now peer) -> waits
                | Some { Role = PeerRole.Learner }, ValueSome removed when
                    role removed region = Some PeerRole.Voter
                    ->
                    let joint =
                        region |> withRole PeerRole.Incoming added |> withRole PeerRole.Outgoing removed

                    if keepsMajority rules joint then goesOn joint else waits
                | Some { Role = PeerRole.Learner }, _ -> withRole PeerRole.Voter added region, None
                | Some _, ValueSome removed when Singles.holds removed region -> removes removed
                | Some _, _ -> region, None
            | ValueNone, ValueSome removed ->
                match role removed region with
                | Some PeerRole.Learner -> without removed region, None
                | Some _ -> removes removed
                | None -> region, None
            | ValueNone, ValueNone -> region, None
