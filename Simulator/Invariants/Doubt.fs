/// What an operator does while it does not know what became of a request: verification C5 (I48).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Doubt

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.World

/// What a request was about.
[<RequireQualifiedAccess>]
type private About =
    | Object of ObjectRef
    | Store of StoreId
    | Member of MemberId
    /// Who leads PD.
    | Leader

let private aboutWords (about: About) =
    match about with
    | About.Object object -> Words.object object
    | About.Store id -> Words.store id
    | About.Member id -> Words.member' id
    | About.Leader -> "who leads PD"

let private sentWords (sent: Sent) =
    match sent with
    | Sent.Write write -> Words.write write
    | Sent.Change call -> "pd " + Words.call call
    | Sent.Look object -> "a read of " + Words.object object
    | Sent.Question -> "a question to PD"

/// An operator in one of its lives, as one number: such keys are compared at once.
let private lifeOf (operator: int) (life: int) = (int64 operator <<< 20) ||| int64 life

/// A request on its way, by operator, life and number.
let private wayOf operator life (request: int64) = (lifeOf operator life <<< 32) ||| request

type private Seen = {
    /// How many requests were sent that matter: the clock of this judge.
    Count: int
    /// What is on its way, and when it was sent.
    Sent: Map<int64, struct (Sent * int)>
    /// By operator and life: what the outcome is unknown of, and since when.
    Doubts: Map<int64, Map<About, int>>
}

/// Settings and labels are given whole: to give them again depends on nothing.
let private ofCall call =
    match call with
    | PdCall.RemoveStore id
    | PdCall.RestoreStore id
    | PdCall.EvictLeaders id
    | PdCall.StopEvictingLeaders id -> [ About.Store id ]
    | PdCall.RemoveMember id -> [ About.Member id ]
    | PdCall.TransferLeader _ -> [ About.Leader ]
    | _ -> []

/// What must be known before this is sent. A patch names the version that it was decided on, which the server checks: it
/// depends on nothing that is unknown.
let private needs (world: World) sent =
    match sent with
    | Sent.Write(Create(object, _)) -> [ About.Object object ]
    | Sent.Write(Delete({ Kind = Kind.Pod } as object, _, _)) -> [
        About.Object object
        match Ground.storeOfPod (View.key object.Namespace object.Name) world with
        | Some store -> About.Store store.Id
        | None -> ()
      ]
    | Sent.Write(Delete(object, _, _)) -> [ About.Object object ]
    | Sent.Write(Patch _) -> []
    | Sent.Change call -> ofCall call
    | Sent.Look _
    | Sent.Question -> []

let private settles sent about =
    match sent, about with
    | Sent.Look object, About.Object doubted -> object = doubted
    | Sent.Question, (About.Store _ | About.Member _ | About.Leader) -> true
    | _ -> false

let private doubtsOf key seen = Map.tryFind key seen.Doubts |> Option.defaultValue Map.empty

let private hear key isKnown (struct (sent, at)) (seen: Seen) =
    let doubts = doubtsOf key seen

    let doubting what =
        let doubts =
            (doubts, what)
            ||> List.fold (fun doubts about -> Map.add about seen.Count doubts)

        struct ({ seen with Doubts = Map.add key doubts seen.Doubts }, Finding.Nothing)

    match sent with
    | Sent.Write write when not isKnown -> doubting [ About.Object(Write.object write) ]
    | Sent.Change call when not isKnown -> doubting (ofCall call)
    | Sent.Look _
    | Sent.Question when isKnown && not doubts.IsEmpty ->
        let settled, left = doubts |> Map.partition (fun about since -> settles sent about && at >= since)

        if settled.IsEmpty then
            struct (seen, Finding.Nothing)
        else
            struct ({ seen with Doubts = Map.add key left seen.Doubts }, Finding.Held)
    | _ -> struct (seen, Finding.Nothing)

/// What each operator is in doubt about. What is on its way stands in the agenda of the run, too.
let private doubted (seen: Seen) : objnull =
    seen.Doubts
    |> Map.toList
    |> List.choose (fun (life, doubts) ->
        if doubts.IsEmpty then None else Some(int (life >>> 20), doubts |> Map.keys |> List.ofSeq))
    |> box

let settledFirst: Invariant =
    Invariant.makeTelling
        (Sights.Sent ||| Sights.Heard)
        (Invariant.property
            "I48"
            "After a request without an answer nothing that depends on it is sent before a fresh read has settled what became of it"
            "architecture, law 8; verification C5")
        doubted
        { Count = 0; Sent = Map.empty; Doubts = Map.empty }
        (fun seen { World = world } sight ->
            match sight with
            | Sight.Sent(operator, life, request, sent) ->
                let doubts = doubtsOf (lifeOf operator life) seen

                match sent with
                // asked while nothing is in doubt, it can settle nothing: doubts that come later are younger
                | Sent.Look _
                | Sent.Question when doubts.IsEmpty -> struct (seen, Finding.Nothing)
                | _ ->
                    let next = {
                        seen with
                            Count = seen.Count + 1
                            Sent =
                                Map.add (wayOf operator life request) (struct (sent, seen.Count)) seen.Sent
                    }

                    match
                        (if doubts.IsEmpty then [] else needs world sent)
                        |> List.tryFind (fun about -> Map.containsKey about doubts)
                    with
                    | Some about ->
                        struct (next,
                                Finding.Broken $"%s{sentWords sent} is sent in doubt of %s{aboutWords about}")
                    | None -> struct (next, Finding.Nothing)
            | Sight.Heard(operator, life, request, isKnown) ->
                let way = wayOf operator life request

                match Map.tryFind way seen.Sent with
                | None -> struct (seen, Finding.Nothing)
                | Some sent ->
                    { seen with Sent = Map.remove way seen.Sent }
                    |> hear (lifeOf operator life) isKnown sent
            | _ -> struct (seen, Finding.Nothing))
