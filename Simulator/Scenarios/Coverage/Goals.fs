namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// Dangerous situations that a campaign must get into some time (verification I78): one that never does has not tried what
/// matters.
[<RequireQualifiedAccess>]
module Goals =

    let private evictionGivenUp = "an eviction is given up before its process is stopped"
    let private storeTakenBack = "a store that was leaving is taken back"
    let private twoAct = "two operators act within a minute"
    let private conflict = "a change of an object is refused, because it was decided on an older one"
    let private deletionRefused = "a deletion is refused, because the object is another by now"
    let private takenOver = "an operator stops a process whose eviction another life of an operator began"
    let private unanswered = "an operator does not hear what became of a write"
    let private pdRefuses = "PD cannot carry out what an operator asks for"
    let private restartBesideLeaver = "a process is stopped while a store is leaving"
    let private stoppedWithoutLeader = "a process is stopped while PD has no leader"

    /// Those that are seen in what operators say: the reason or action by which, and the goal.
    let private told = [
        "reason Group.FailoverHeld", "failover is frozen"
        "reason Group.FailedReturns", "a store comes back that was replaced"
        "action Cluster.VoidDisruption", "a disruption is taken from a holder that is gone"
        "action Instance.TransferPdLeader", "PD's leader is moved before it is stopped"
        "action Instance.ForceRemovePod", "a Pod is removed by force"
        "reason Instance.PdSilent", "PD is silent"
        "reason Instance.StoresTooFew", "no store can be spared"
        "reason Instance.QuorumAtRisk", "PD can spare no member"
        "reason Instance.DisruptionHeldBy", "one waits for another's disruption"
    ]

    let all: string list =
        [
            evictionGivenUp
            storeTakenBack
            twoAct
            conflict
            deletionRefused
            takenOver
            unanswered
            pdRefuses
            restartBesideLeaver
            stoppedWithoutLeader
        ]
        @ List.map snd told

    let private property = Invariant.property "goals" "Dangerous situations are noted" "V I78"

    /// What it remembers: goals reached, reasons that it told of what was refused, evictions under way (by store: who began
    /// it, and the process), and when each operator acted last.
    type private Notes = {
        Reached: Set<string>
        Refusals: Set<string>
        Begun: Map<StoreId, struct (struct (int * int) * string option)>
        Acted: Map<int, int64>
    }

    let private isDeletionOfPod (write: Write) =
        match write with
        | Delete(object, _, _) when object.Kind = Kind.Pod -> Some(object.Namespace + "/" + object.Name)
        | _ -> None

    let private tryStore (world: World) id = Truth.stores world |> List.tryFind (fun store -> store.Id = id)

    let private reach goal notes = { notes with Reached = Set.add goal notes.Reached }
    let private reachIf holds goal notes = if holds then reach goal notes else notes

    /// What is refused is told in a status alone, and so is a certificate that ends soon: no decision waits for them.
    let private refusals (object: ObjectRef) body notes =
        let told =
            Json.itemsAt [ "status"; "conditions" ] body
            |> List.choose (fun condition ->
                match Json.stringAt [ "reason" ] condition, Json.stringAt [ "message" ] condition with
                | Some("StepRefused" | "QuotaExceeded" as code), Some text ->
                    Some(Cases.reason object.Kind code text)
                | Some "CertificateExpiresSoon", _ -> Some "Instance.CertificateWrong.ExpiresSoon"
                | _ -> None)

        match told with
        | [] -> notes
        | told -> { notes with Refusals = Set.union (Set.ofList told) notes.Refusals }

    let private acted number (world: World) notes =
        let other =
            notes.Acted
            |> Map.exists (fun one at -> one <> number && world.Now - at <= 60_000L)

        { notes with Acted = Map.add number world.Now notes.Acted }
        |> reachIf other twoAct

    let private stops operator life pod (world: World) notes =
        let stores = Truth.stores world

        let begun =
            stores
            |> List.tryFind (fun store -> store.Pod = Some pod)
            |> Option.bind (fun store -> Map.tryFind store.Id notes.Begun)

        let other =
            match begun with
            | Some(struct (by, _)) -> by <> struct (operator, life)
            | None -> false

        let leads = Truth.members world |> List.exists _.Leads

        notes
        |> reachIf other takenOver
        |> reachIf (stores |> List.exists (fun store -> store.State = NodeState.Removing)) restartBesideLeaver
        |> reachIf (not leads) stoppedWithoutLeader

    let private note (world: World) sight notes =
        match sight with
        | Sight.Sent(operator, life, _, Sent.Change(PdCall.EvictLeaders store)) ->
            let uid = tryStore world store |> Option.bind _.PodUid

            { notes with Begun = Map.add store (struct (struct (operator, life), uid)) notes.Begun }
        | Sight.Sent(operator, life, _, Sent.Write write) ->
            match isDeletionOfPod write with
            | Some pod -> stops operator life pod world notes
            | None -> notes
        | Sight.AskedPd(_, PdCall.StopEvictingLeaders store, status, _) when status < 300 ->
            let given =
                match Map.tryFind store notes.Begun, tryStore world store with
                | Some(struct (_, (Some _ as uid))), Some now -> now.PodUid = uid
                | _ -> false

            { notes with Begun = Map.remove store notes.Begun }
            |> reachIf given evictionGivenUp
        | Sight.AskedPd(_, PdCall.RestoreStore _, status, _) when status < 300 -> reach storeTakenBack notes
        | Sight.AskedPd(_, _, status, _) when status >= 500 -> reach pdRefuses notes
        | Sight.Landed(number, write, code, _) when not (Counting.isRoutine (Write.object write).Kind) ->
            match write with
            | Patch _ when code = 409 -> reach conflict notes
            | Delete _ when code = 409 || code = 404 -> reach deletionRefused notes
            | Patch(object, true, body) when code < 300 -> notes |> refusals object body |> acted number world
            | _ when code < 300 -> acted number world notes
            | _ -> notes
        | Sight.Heard(_, _, _, false) -> reach unanswered notes
        | _ -> notes

    /// Judges nothing: it looks on, and remembers.
    type private Watch(notes: Notes) =
        inherit Invariant(property)
        member _.Notes = notes

        override this.See scene sight =
            let next = note scene.World sight notes

            if LanguagePrimitives.PhysicalEquality next notes then
                struct (this, Finding.Nothing)
            else
                struct (Watch next, Finding.Nothing)

    let watch: Invariant =
        Watch { Reached = Set.empty; Refusals = Set.empty; Begun = Map.empty; Acted = Map.empty }

    let private notesOf (judge: Judge) =
        judge.Invariants
        |> List.tryPick (fun one ->
            match one with
            | :? Watch as watch -> Some watch.Notes
            | _ -> None)

    /// The reasons with which operators told of what was refused.
    let refused (judge: Judge) : Set<string> =
        notesOf judge |> Option.map _.Refusals |> Option.defaultValue Set.empty

    /// Those that a run has reached: by what its judge saw, and by what its operators said.
    let reached (judge: Judge) (marks: Set<string>) : string list =
        let seen = notesOf judge |> Option.map _.Reached |> Option.defaultValue Set.empty

        Set.toList seen
        @ (told |> List.filter (fun (mark, _) -> Set.contains mark marks) |> List.map snd)
