namespace Tikv.Simulator.Pd

open System
open Tikv.Core

/// One moment of single regions: raft's part, then PD's.
[<RequireQualifiedAccess>]
module SingleWork =

    let private never = Int64.MaxValue

    let private same (one: Singles) other = LanguagePrimitives.PhysicalEquality one other

    /// Operators whose step is due, or whose turn may have come.
    let private operate (patrol: Patrol) (singles: Singles) =
        (singles, singles.Operators)
        ||> Map.fold (fun singles id operator ->
            if operator.At > patrol.Now && not operator.Waits then
                singles
            else
                let region = Map.find id singles.Regions

                let changed, left =
                    SingleOperators.advance singles.Settings patrol.Rules patrol.Now operator region

                {
                    Singles.put changed singles with
                        Operators =
                            match left with
                            | Some operator -> Map.add id operator singles.Operators
                            | None -> Map.remove id singles.Operators
                })

    let private lead (patrol: Patrol) (singles: Singles) =
        let evicted = SingleCheckers.evict patrol singles

        if not (same evicted singles) then
            evicted, patrol.Now + singles.Settings.EvictionTick
        else
            let balanced = SingleCheckers.balanceLeaders patrol singles

            balanced,
            (if same balanced singles then never else patrol.Now + 10L * singles.Settings.EvictionTick)

    let private operatorsDue (singles: Singles) =
        (never, singles.Operators)
        ||> Map.fold (fun due _ operator -> min due operator.At)

    let private hear now (singles: Singles) = { singles with RaftAt = SingleRaft.due now singles }

    /// While nobody leads PD, or its leader rests.
    let withoutPd now raft (singles: Singles) = SingleRaft.step now raft singles |> hear now

    let step (patrol: Patrol) (singles: Singles) =
        let raft = patrol.Rules.Raft
        let singles = singles |> SingleRaft.step patrol.Now raft |> operate patrol
        let checked' = singles |> SingleCheckers.repair patrol |> SingleCheckers.balance patrol
        let led, leadersAt = lead patrol checked'
        // what operators brought, snapshots begin with
        let sent = SingleRaft.step patrol.Now raft led

        {
            hear patrol.Now sent with
                PdAt = List.min [ leadersAt; operatorsDue sent; SingleCheckers.nextToken patrol sent ]
        }
