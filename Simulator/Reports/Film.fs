namespace Tikv.Simulator.Reports

open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Kubernetes
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

/// What an operator asked for, as the transcript has it when it lands, with what the operator remembered when it sent it.
type Order = { Operator: int; SentAt: int64; Words: string; Believed: OperatorState voption }

/// Something that an operator heard long after it was so.
type Hearing = {
    Operator: int
    SaidAt: int64
    HeardAt: int64
    /// From PD, and not from the API server.
    FromPd: bool
    Words: string
}

/// How every lane was at every time, and what was under way.
type Film = {
    From: int64
    /// Of each lane: since when it was so, latest first.
    Lanes: Map<Lane, (int64 * Cell) list>
    /// By operator, life and request.
    Flights: Map<struct (int * int * RequestId), Flight>
    /// Writes and calls that change something, by operator, life and request.
    Orders: Map<struct (int * int * RequestId), Order>
    /// Latest first.
    Hearings: Hearing list
    /// Questions that have been answered, and when; their answers are on the way.
    Answered: Map<struct (int * int * RequestId), int64>
    SampledAt: int64
    Causes: Causes
    /// The world before the last step.
    Before: World
}

[<RequireQualifiedAccess>]
module Film =

    /// A request that takes no longer lands at once, to the eye.
    let private slow = 400L

    /// News of an operator that is older is told on the page.
    let private late = 1_000L

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
        sample run {
            From = run.World.Now
            Lanes = Map.empty
            Flights = Map.empty
            Orders = Map.empty
            Hearings = []
            Answered = Map.empty
            SampledAt = run.World.Now
            Causes = Causes.start
            Before = run.World
        }

    let private order number words (run: Simulation) : Order = {
        Operator = number
        SentAt = run.World.Now
        Words = words
        Believed =
            match Simulation.operator number run with
            | Some { Program = ValueSome program } -> program.Believes
            | _ -> ValueNone
    }

    /// Notes what was sent, the first time that it is seen on its way.
    let private sent (run: Simulation) (film: Film) (struct (lands: int64, coming)) =
        match coming with
        | Coming.Lands(number, life, sending, answer) ->
            let note request words said toPd =
                let key = struct (number, life, request)

                if Map.containsKey key film.Orders then
                    film
                else
                    let film = { film with Orders = Map.add key (order number said run) film.Orders }

                    if lands - run.World.Now < slow then
                        film
                    else
                        {
                            film with
                                Flights =
                                    film.Flights
                                    |> Map.add key {
                                        Operator = number
                                        SentAt = run.World.Now
                                        LandsAt = lands
                                        ToPd = toPd
                                        Unheard = answer.IsNone
                                        Words = words
                                    }
                        }

            match sending with
            | Sending.Write(_, write) when Simulation.isRoutine (Write.object write).Kind -> film
            | Sending.Write(request, write) ->
                let words = Words.write write
                note request words words false
            | Sending.Pd(request, _, call) when Words.changes call ->
                let words = Words.call call
                note request words ("pd " + words) true
            | Sending.Pd _
            | Sending.Read _
            | Sending.List _
            | Sending.Watch _ -> film
        | _ -> film

    let private hears number said fromPd words (run: Simulation) (film: Film) =
        if run.World.Now - said < late then
            film
        else
            {
                film with
                    Hearings =
                        {
                            Operator = number
                            SaidAt = said
                            HeardAt = run.World.Now
                            FromPd = fromPd
                            Words = words
                        }
                        :: film.Hearings
            }

    /// What a watch has just told that is of long before.
    let private told number life request (before: Simulation) (after: Simulation) (film: Film) =
        match Turn.told number life request before after with
        | Some(kind, first :: others) ->
            let more = if others.IsEmpty then "" else $", and %d{others.Length} more"
            let words = $"%s{Kind.name kind} %s{Meta.name first.Object}%s{more}"
            film |> hears number (Turn.at before.World first.At) false words after
        | Some(_, [])
        | None -> film

    let private heard number life request fromPd words (after: Simulation) (film: Film) =
        let key = struct (number, life, request)

        match Map.tryFind key film.Answered with
        | Some at ->
            { film with Answered = Map.remove key film.Answered }
            |> hears number at fromPd words after
        | None -> film

    /// What this step was, if it was not one of the world.
    let private listen (before: Simulation) (after: Simulation) (film: Film) =
        match Turn.performed before after with
        | ValueSome(Coming.Lands(number, life, (Sending.Read(request, _) | Sending.Pd(request, _, _)), _)) -> {
            film with
                Answered = Map.add (struct (number, life, request)) after.World.Now film.Answered
          }
        | ValueSome(Coming.Arrives(number, life, HasRead(request, _))) ->
            heard number life request false "the answer to a read" after film
        | ValueSome(Coming.Arrives(number, life, PdAnswered(request, _))) ->
            heard number life request true "an answer of PD" after film
        | ValueSome(Coming.Delivers(number, life, request)) -> told number life request before after film
        | _ -> film

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
        let film =
            { film with Before = before.World; Causes = Causes.step before after film.Causes }
            |> Turn.sent sent before after
            |> listen before after

        if differs before after || after.World.Now - film.SampledAt >= each then sample after film else film
