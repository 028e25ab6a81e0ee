namespace Tikv.Simulator.Reports

open Tikv.Core.Operator
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// A request that takes long from its sender to where it lands.
type Flight = {
    Operator: int
    SentAt: int64
    LandsAt: int64
    /// To PD, and not to the API server.
    ToPd: bool
    /// Nobody hears what becomes of it.
    Unheard: bool
    Words: string
}

/// How every lane was at every time, and what was under way.
type Film = {
    From: int64
    /// Of each lane: since when it was so, latest first.
    Lanes: Map<Lane, (int64 * Cell) list>
    /// By operator, life and request.
    Flights: Map<struct (int * int * RequestId), Flight>
    SampledAt: int64
}

[<RequireQualifiedAccess>]
module Film =

    /// A request that takes no longer lands at once, to the eye.
    let private slow = 400L

    /// Time alone changes what PD says of a store: looked at so often.
    let private each = 1_000L

    let private put at (lanes: Map<Lane, (int64 * Cell) list>) (lane: Lane, cell) =
        match Map.tryFind lane lanes with
        | Some((_, same) :: _) when same = cell -> lanes
        | Some((since, _) :: older) when since = at -> Map.add lane ((at, cell) :: older) lanes
        | Some former -> Map.add lane ((at, cell) :: former) lanes
        | None -> Map.add lane [ at, cell ] lanes

    let private sample (run: Simulation) (film: Film) =
        let now = run.World.Now
        let states = States.all run
        let there = states |> List.map fst |> Set.ofList

        let gone =
            film.Lanes.Keys
            |> Seq.filter (fun lane -> not (Set.contains lane there))
            |> Seq.map (fun lane -> lane, States.absent lane.Section)
            |> List.ofSeq

        { film with Lanes = (film.Lanes, states @ gone) ||> List.fold (put now); SampledAt = now }

    let start (run: Simulation) : Film =
        sample run { From = run.World.Now; Lanes = Map.empty; Flights = Map.empty; SampledAt = run.World.Now }

    let private tryFlight (run: Simulation) (struct (lands: int64, coming)) =
        match coming with
        | Coming.Lands(number, life, sending, answer) when lands - run.World.Now >= slow ->
            let flight words toPd = {
                Operator = number
                SentAt = run.World.Now
                LandsAt = lands
                ToPd = toPd
                Unheard = answer.IsNone
                Words = words
            }

            match sending with
            | Sending.Write(request, write) ->
                Some(struct (number, life, request), flight (Words.write write) false)
            | Sending.Pd(request, _, call) when Words.changes call ->
                Some(struct (number, life, request), flight (Words.call call) true)
            | Sending.Pd _
            | Sending.Read _
            | Sending.List _
            | Sending.Watch _ -> None
        | _ -> None

    let private writes (run: Simulation) =
        (0, run.Operators) ||> Map.fold (fun sum _ operator -> sum + operator.Writes)

    let private follow (before: Simulation) (after: Simulation) (film: Film) =
        if writes before = writes after then
            film
        else
            (film, Agenda.entries after.Coming)
            ||> List.fold (fun film entry ->
                match tryFlight after entry with
                | Some(key, flight) when not (Map.containsKey key film.Flights) -> {
                    film with
                        Flights = Map.add key flight film.Flights
                  }
                | _ -> film)

    let private isSame one other = LanguagePrimitives.PhysicalEquality one other

    let private differs (before: Simulation) (after: Simulation) =
        let one, other = before.World, after.World

        not (
            isSame one.Pods other.Pods
            && isSame one.Runs other.Runs
            && isSame one.Pd other.Pd
            && isSame one.Nodes other.Nodes
            && isSame one.Machines other.Machines
            && isSame one.Troubles other.Troubles
            && isSame before.Operators after.Operators
        )

    /// One step of a run.
    let step (before: Simulation) (after: Simulation) (film: Film) : Film =
        let film = follow before after film

        if differs before after || after.World.Now - film.SampledAt >= each then sample after film else film
