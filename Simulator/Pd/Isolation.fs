namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// How far apart stores stand, by location labels (V P32).
type Isolation = {
    /// The values of the location labels of each store, widest first; none when PD knows no location labels.
    Places: Map<StoreId, string list>
    /// The index of the label in which all peers of a region must differ.
    Level: int voption
}

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Isolation =

    let ofCluster (replication: Replication) (stores: Map<StoreId, StoreRecord>) : Isolation =
        match replication.LocationLabels with
        | [] -> { Places = Map.empty; Level = ValueNone }
        | labels -> {
            Places =
                stores
                |> Map.map (fun _ store ->
                    labels
                    |> List.map (fun label -> Map.tryFind label store.Labels |> Option.defaultValue ""))
            Level =
                match labels |> List.tryFindIndex (fun label -> label = replication.IsolationLevel) with
                | Some index -> ValueSome index
                | None -> ValueNone
          }

    let isOff isolation = Map.isEmpty isolation.Places

    /// The index of the first label in which two stores differ; the number of labels when they differ in none.
    let private parting isolation one other =
        let rec first index places =
            match places with
            | (one: string) :: ones, other :: others when one = other -> first (index + 1) (ones, others)
            | [], _
            | _, [] -> struct (index, true)
            | _ -> struct (index, false)

        let placeOf store = Map.tryFind store isolation.Places |> Option.defaultValue []
        first 0 (placeOf one, placeOf other)

    /// PD's distinct score: each of the others counts a hundred times more for each label that it parts earlier.
    let score isolation (others: StoreId list) store : float =
        if isOff isolation then
            0.0
        else
            let levels = isolation.Places |> Seq.head |> _.Value.Length

            others
            |> List.sumBy (fun other ->
                match parting isolation store other with
                | struct (_, true) -> 0.0
                | struct (index, false) -> 100.0 ** float (levels - index - 1))

    /// The sum over all pairs.
    let total isolation (voters: StoreId list) =
        if isOff isolation then
            0.0
        else
            voters
            |> List.sumBy (fun voter ->
                score isolation (voters |> List.filter (fun other -> other <> voter)) voter)

    /// Whether a peer may stand beside the others at all.
    let admits isolation (others: StoreId list) store =
        match isolation.Level with
        | ValueNone -> true
        | ValueSome level ->
            others
            |> List.forall (fun other ->
                match parting isolation store other with
                | struct (index, false) -> index <= level
                | struct (_, true) -> false)
