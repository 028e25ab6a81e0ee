/// How the instances of a group are spread over topologies, and over the domains that fail together.
module Tikv.Core.Group.Spread

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let private shares (settings: GroupSettings) =
    settings.SchedulePolicies
    |> List.tryPick _.EvenlySpread
    |> Option.map _.Topologies
    |> Option.defaultValue []

let private count topology (instances: InstanceView list) =
    instances |> List.filter (fun one -> one.Topology = topology) |> List.length

/// How far a topology is behind its share; negative when it has more than that (T 3.3).
let private lack (shares: TopologyShare list) (counts: int list) (share: TopologyShare) count =
    share.Weight * List.sum counts - count * (shares |> List.sumBy _.Weight)

/// The topologies of the next instances beside those that stay, in turn: each time the one that is furthest behind its
/// share; of equal ones the first; and one without any instance before all others (T 3.3). Empty ones when no spread is
/// asked for.
let next settings (staying: InstanceView list) wanted : Map<string, string> list =
    match shares settings with
    | [] -> List.replicate wanted Map.empty
    | shares ->
        let choose counts =
            List.zip shares counts
            |> List.indexed
            |> List.maxBy (fun (_, (share, count)) -> count = 0, lack shares counts share count)
            |> fst

        let rec place counts left =
            if left = 0 then
                []
            else
                let index = choose counts

                shares[index].Topology
                :: place (counts |> List.updateAt index (counts[index] + 1)) (left - 1)

        place (shares |> List.map (fun share -> count share.Topology staying)) wanted

/// How gladly an instance of that topology is given up: most of all of a topology that is not asked for any more; then of
/// the one that is furthest above its share; never, if it can be helped, the last one of a topology.
let surplus settings (staying: InstanceView list) (one: InstanceView) =
    match shares settings with
    | [] -> 0
    | shares ->
        let counts = shares |> List.map (fun share -> count share.Topology staying)

        match
            List.zip shares counts
            |> List.tryFind (fun (share, _) -> share.Topology = one.Topology)
        with
        | None -> System.Int32.MaxValue
        | Some(_, 1) when counts |> List.exists (fun count -> count > 1) -> System.Int32.MinValue
        | Some(share, count) -> -(lack shares counts share count)

/// Whether it is the last one of its topology while another topology has more: even a broken one is not given up then,
/// since its topology may come back (T 6.4 #35).
let isLast settings staying one = surplus settings staying one = System.Int32.MinValue

/// What is to be told of the spread over domains that fail together: whether the loss of any one is survived, why, and in
/// words. None while it cannot be known, or when there are too few to survive anything.
let safety (observed: Observed) settings (staying: InstanceView list) =
    let domains =
        staying
        |> List.map (fun one ->
            if one.Topology.IsEmpty then
                one.Domain
            else
                one.Topology
                |> Map.toList
                |> List.map (fun (key, value) -> $"%s{key}=%s{value}")
                |> String.concat ","
                |> Some)

    let known = domains |> List.choose id
    let offered = (shares settings).Length

    let few message = Some(ConditionStatus.False, ConditionReason.InsufficientDomains, message)

    match observed.Role with
    | _ when known.Length < domains.Length || known.IsEmpty -> None
    | PD _ when known.Length < 3 -> None
    | PD _ ->
        let domain, most = known |> List.countBy id |> List.maxBy (fun (name, count) -> count, name)
        let quorum = known.Length / 2 + 1

        if known.Length - most >= quorum then
            Some(
                ConditionStatus.True,
                ConditionReason.Satisfied,
                "PD keeps its quorum when any one domain is lost"
            )
        elif offered > 0 && offered < 3 then
            few $"with %d{offered} topologies one of them always holds half of PD's members, or more"
        else
            Some(
                ConditionStatus.False,
                ConditionReason.ZoneImbalance,
                $"%d{most} of %d{known.Length} members of PD are in %s{domain}: without it there is no quorum"
            )
    | TiKV _ when offered = 0 -> None
    | TiKV _ ->
        let replicas = PdView.facts observed.Pd |> Option.map _.MaxReplicas |> Option.defaultValue 3

        let domains = known |> List.distinct |> List.length

        if domains >= replicas then
            Some(
                ConditionStatus.True,
                ConditionReason.Satisfied,
                $"the stores are in %d{domains} topologies, and regions have %d{replicas} replicas"
            )
        else
            few $"the stores are in %d{domains} topologies, and regions have %d{replicas} replicas"
