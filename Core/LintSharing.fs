/// What the linter asks of stores that are taken down together. It shares no helper with the rules, and counts less exactly:
/// a value of the isolation level alone, of the label's own key alone.
module internal Tikv.Core.LintSharing

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd

let private claim (observed: Instance.Observed) = observed.Cluster |> Option.bind _.Status.Disruption

let private all (held: Disruption) =
    (held.Name, held.Uid)
    :: (held.Others |> List.map (fun one -> one.Name, one.Uid))

let isHolder (observed: Instance.Observed) =
    claim observed
    |> Option.exists (fun held -> all held |> List.exists (fun (_, uid) -> uid = observed.Meta.Uid))

let private storeOf (observed: Instance.Observed) (facts: PdFacts) name =
    facts.Stores
    |> List.filter (fun store ->
        store.NodeState <> NodeState.Removed
        && observed.Peers
           |> Map.exists (fun pod instance ->
               instance = name && store.Address.StartsWith(pod + ".", StringComparison.Ordinal)))
    |> List.tryExactlyOne

let private valueOf (facts: PdFacts) (store: Store) =
    store.Labels
    |> Map.toList
    |> List.tryFind (fun (key, _) ->
        String.Equals(key, facts.IsolationLevel, StringComparison.OrdinalIgnoreCase))
    |> Option.map snd

/// PD keeps replicas apart by the label, three of them at least, and the stores of those instances have one value of it.
let private shareDomain observed (facts: PdFacts) names =
    let values =
        names
        |> List.map (storeOf observed facts >> Option.bind (valueOf facts))
        |> List.distinct

    let known =
        facts.Stores
        |> List.filter (fun store -> store.NodeState <> NodeState.Removed)
        |> List.choose (valueOf facts)
        |> List.distinct

    List.contains facts.IsolationLevel facts.LocationLabels
    && facts.MaxReplicas >= 3
    && known.Length >= facts.MaxReplicas
    && match values with
       | [ Some value ] -> value <> ""
       | _ -> false

/// The stores of those who hold the disruption together with this instance.
let partners (observed: Instance.Observed) (facts: PdFacts) : Set<StoreId> =
    match claim observed with
    | Some held when isHolder observed && shareDomain observed facts (all held |> List.map fst) ->
        all held
        |> List.filter (fun (_, uid) -> uid <> observed.Meta.Uid)
        |> List.choose (fst >> storeOf observed facts >> Option.map _.Id)
        |> Set.ofList
    | _ -> Set.empty

/// V I15, I16: several hold the disruption only while their stores share no region.
let restart (observed: Instance.Observed) (facts: PdFacts) : string list =
    match claim observed with
    | Some held when
        isHolder observed
        && not held.Others.IsEmpty
        && not (shareDomain observed facts (all held |> List.map fst))
          ->
          [ "stores are taken down together only within one failure domain (V I15)" ]
    | _ -> []

let join (observed: Instance.Observed) (facts: PdFacts option) (joined: Disruption) : string list = [
    let group (name: string) = name.Substring(0, max 0 (name.LastIndexOf '-'))

    match claim observed, facts with
    | Some held, Some facts ->
        if { joined with Others = held.Others; Domain = held.Domain } <> held then
            "a disruption is joined as it was taken (law 3)"

        match joined.Others |> List.rev with
        | self :: before when self.Uid = observed.Meta.Uid && List.rev before = held.Others -> ()
        | _ -> "an instance joins a disruption for itself (law 3)"

        if joined.Others.Length + 1 > observed.MaxUnavailable then
            "no more than maxUnavailable hold the disruption (V I16)"

        if
            joined.Reason <> "RollingUpdate"
            || all joined
               |> List.exists (fun (name, _) -> group name <> group observed.Meta.Name)
        then
            "a disruption is shared within one group, for its roll"

        if not (shareDomain observed facts (all joined |> List.map fst)) then
            "stores are taken down together only within one failure domain (V I15)"
    | _ -> "a disruption is joined only while another holds it, and with facts of PD (law 3)"
]

/// A holder gives up its own part, and nobody else's.
let leave (observed: Instance.Observed) (left: Disruption) : string list =
    match claim observed with
    | Some held when all left = (all held |> List.filter (fun (_, uid) -> uid <> observed.Meta.Uid)) -> []
    | _ -> [ "an instance gives back its own part of the disruption only (law 3)" ]

/// Only those that are gone lose their part.
let cut (observed: Cluster.Observed) (left: Disruption) : string list =
    match observed.Status.Disruption with
    | Some held when
        all held
        |> List.filter (fun one -> not (List.contains one (all left)))
        |> List.forall (fun (_, uid) ->
            Set.contains uid observed.OthersGone
            || uid = held.Uid && not observed.HolderExists)
          ->
          []
    | _ -> [ "only those that are gone lose their part of the disruption (law 3)" ]
