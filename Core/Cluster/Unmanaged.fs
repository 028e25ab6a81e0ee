/// Members and stores that PD lists and no instance of the cluster stands for (L F07): made by hand, by another operator, or
/// left by an instance that was given up. They are never counted for Ready and never taken away, only told.
module Tikv.Core.Cluster.Unmanaged

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd

/// A half-joined member has no name yet, and listens where its Pod does (P 24).
let private members (observed: Observed) (facts: PdFacts) : UnmanagedPart list =
    let isManaged (one: MemberFact) =
        Set.contains one.Name observed.PdPods
        || one.Name = ""
           && one.PeerUrls
              |> List.exists (fun url -> Set.contains (Address.pod url) observed.PdPods)

    facts.Members
    |> List.filter (isManaged >> not)
    |> List.map (fun one ->
        let (MemberId id) = one.Id

        {
            Kind = Component.PD
            Id = string id
            Address = one.PeerUrls |> List.tryHead |> Option.defaultValue ""
        })

let private stores (observed: Observed) (facts: PdFacts) : UnmanagedPart list =
    facts.Stores
    |> List.filter (fun one ->
        one.NodeState <> NodeState.Removed
        && not (Set.contains (Address.pod one.Address) observed.TikvPods))
    |> List.map (fun one ->
        let (StoreId id) = one.Id
        { Kind = Component.TiKV; Id = string id; Address = one.Address })

/// None when PD does not speak for this cluster.
let parts (observed: Observed) =
    observed.Pd
    |> PdView.factsOf observed.Status.Id
    |> Option.map (fun facts -> members observed facts @ stores observed facts)

let private counted singular plural (found: UnmanagedPart list) =
    match found with
    | [] -> []
    | [ _ ] -> [ $"1 %s{singular}" ]
    | found -> [ $"%d{found.Length} %s{plural}" ]

/// How many, and the first of them.
let text (parts: UnmanagedPart list) =
    let members, stores = parts |> List.partition (fun one -> one.Kind = Component.PD)

    let counts =
        counted "member" "members" members @ counted "store" "stores" stores
        |> String.concat " and "

    let named = parts |> List.truncate 4 |> List.map _.Address |> String.concat ", "
    let more = if parts.Length > 4 then $" and %d{parts.Length - 4} more" else ""

    $"PD lists %s{counts} that no instance of this cluster stands for, which the operator leaves alone: %s{named}%s{more}"
