namespace Tikv.Simulator.Reports

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// What a happening came of.
[<RequireQualifiedAccess>]
type Origin =
    /// A user, an administrator or a fault: nothing is asked of what was before.
    | Outside
    /// The machines, by themselves: by each thing that it happened to, what happened to that before.
    | World of Before: (string * int) list
    /// An operator's request was executed.
    | Request of Sent: int
    /// An operator sent a request: what it had heard that the round is about.
    | Looks of Heard: int list
    /// An operator heard of a change of an object.
    | Change of Of: string * At: int
    /// PD's answer, by all that had happened when it was given.
    | Pd of SaidAt: int64 * Had: Map<string, int>

/// Something that happened in a run.
type Cause = { At: int64; Lines: Line list; Origin: Origin }

/// What happened in a run, and what of it came before what: happens-before, in Lamport's sense. Made in a replay only.
type Causes = {
    All: Map<int, Cause>
    /// By what it happened to: an instance by its name (its Pod, process, and store or member), any other object by kind and
    /// name, a machine as `machine/NAME`.
    Last: Map<string, int>
    Revisions: Map<int64, int>
    /// What each operator, in each life, heard last: of objects, and of PD.
    Heard: Map<struct (int * int), Map<string, int>>
    /// Questions that were executed: when, of which object (none: of PD), and how all was then.
    Asked: Map<struct (int * int * RequestId), struct (int64 * ObjectRef option * Map<string, int>)>
    /// Writes that were executed: when, and what they changed, by kind and name.
    Landed: Map<struct (int * int * RequestId), struct (int * string list)>
    /// Requests that were sent, and the action that each carries out; none only report.
    Sent: Map<struct (int * int * RequestId), struct (int * string option)>
}

[<RequireQualifiedAccess>]
module Causes =
    let start: Causes = {
        All = Map.empty
        Last = Map.empty
        Revisions = Map.empty
        Heard = Map.empty
        Asked = Map.empty
        Landed = Map.empty
        Sent = Map.empty
    }

    /// News that is older is told.
    let private late = 1_000L

    /// Faults that befall operators, their caches and their ways.
    let private weather = "weather"

    let private add cause (causes: Causes) =
        let id = causes.All.Count
        struct ({ causes with All = Map.add id cause causes.All }, id)

    // ---- what a step of the world happens to

    let private subjectOf kind name =
        match kind with
        | "Pod" -> Some name
        | "Event"
        | "Lease" -> None
        | kind -> Some(kind + "/" + name)

    let private subjectOfObject object =
        subjectOf (Json.stringAt [ "kind" ] object |> Option.defaultValue "") (Meta.name object)

    let private isSame one other = LanguagePrimitives.PhysicalEquality one other

    /// The keys of what is otherwise in two maps.
    let private differing
        (sense: 'Value -> 'Sense)
        (before: Map<string, 'Value>)
        (after: Map<string, 'Value>)
        =
        if isSame before after then
            []
        else
            let said map key = Map.tryFind key map |> Option.map sense

            Seq.append before.Keys after.Keys
            |> Seq.distinct
            |> Seq.filter (fun key -> said before key <> said after key)
            |> List.ofSeq

    let private nameOf (key: string) =
        let key = key.Substring(key.LastIndexOf '/' + 1)
        (key.Split '@')[0]

    let private podAt (address: string) = (address.Split '.')[0]

    /// How PD has each store, by the Pod of its address, and each member.
    let private inPd (world: World) =
        Map [
            for group in world.Pd.Groups.Values do
                for store in group.Cluster.Stores.Values do
                    podAt store.Address,
                    string store.NodeState + string (Set.contains store.Id group.Cluster.Evicting)

                for one in group.Members.Values do
                    one.Name, string (Ground.leader group = Some one.Id)
        ]

    let private changes (before: World) (after: World) =
        if before.Server.Revision = after.Server.Revision then
            []
        else
            after.Server.Collections.Values
            |> Seq.collect (fun collection ->
                collection.History
                |> Seq.takeWhile (fun change -> change.Revision > before.Server.Revision))
            |> Seq.sortBy _.Revision
            |> List.ofSeq

    let private touched (before: World) (after: World) changes =
        let runs = differing (fun run -> struct (run.Life, run.Ready, run.Node)) before.Runs after.Runs

        let ofRun uid =
            Map.tryFind uid after.Runs
            |> Option.orElseWith (fun () -> Map.tryFind uid before.Runs)
            |> Option.map _.Pod.Name

        [
            yield! changes |> List.choose (fun change -> subjectOfObject change.Object)
            yield! runs |> List.choose ofRun

            if not (isSame before.Pd after.Pd) then
                yield!
                    differing (fun (one: TikvProcess) -> one.State) before.Pd.Tikvs after.Pd.Tikvs
                    |> List.map nameOf

                yield!
                    differing (fun (one: PdProcess) -> one.State) before.Pd.Members after.Pd.Members
                    |> List.map nameOf

                if not (isSame before.Pd.Groups after.Pd.Groups) then
                    yield! differing id (inPd before) (inPd after)

            yield!
                differing (fun machine -> machine.Up, machine.Connected) before.Machines after.Machines
                |> List.map ((+) "machine/")
        ]
        |> List.distinct

    /// What else may have led to what happens to an instance: its machine.
    let private grounds (world: World) subject =
        world.Pods.Values
        |> Seq.filter (fun pod -> pod.Name = subject && pod.Node <> "")
        |> Seq.collect (fun pod -> [ "machine/" + pod.Node; "Node/" + pod.Node ])
        |> List.ofSeq

    // ---- what operators hear

    let private hear number life about at (causes: Causes) = {
        causes with
            Heard =
                causes.Heard
                |> Map.change (struct (number, life)) (fun heard ->
                    heard |> Option.defaultValue Map.empty |> Map.add about at |> Some)
    }

    let private told number (saidAt: int64) (now: int64) words =
        if now - saidAt < late then
            []
        else
            [
                {
                    At = now
                    Who = Simulation.place number
                    Told = Told.Event
                    Text = $"hears of %s{words}, %s{Words.span (now - saidAt)} late"
                }
            ]

    let private delivered number life request (before: Simulation) (after: Simulation) (causes: Causes) =
        match Turn.told number life request before after with
        | None -> causes
        | Some(kind, changes) ->
            (causes, changes)
            ||> List.fold (fun causes change ->
                match Map.tryFind change.Revision causes.Revisions, subjectOfObject change.Object with
                | Some at, Some subject ->
                    let said = Turn.at before.World change.At
                    let words = $"%s{Kind.name kind} %s{Meta.name change.Object}"

                    let struct (causes, look) =
                        add
                            {
                                At = after.World.Now
                                Lines = told number said after.World.Now words
                                Origin = Origin.Change(subject, at)
                            }
                            causes

                    hear number life (Kind.name kind + "/" + Meta.name change.Object) look causes
                | _ -> causes)

    let private subjectOfTarget (target: string) =
        if target.StartsWith "Pod/" then target.Substring 4 else target

    let private answered number life request now (causes: Causes) =
        match Map.tryFind (struct (number, life, request)) causes.Asked with
        | None -> causes
        | Some(struct (at, about, had)) ->
            let words, target, origin =
                match about with
                | None -> "an answer of PD", "PD", Some(Origin.Pd(at, had))
                | Some object ->
                    let target = Kind.name object.Kind + "/" + object.Name
                    let subject = subjectOfTarget target

                    target,
                    target,
                    Map.tryFind subject had |> Option.map (fun at -> Origin.Change(subject, at))

            match origin with
            | None -> causes
            | Some origin ->
                let struct (causes, look) =
                    add { At = now; Lines = told number at now words; Origin = origin } causes

                hear number life target look causes

    /// What a write came to is known with its answer.
    let private confirmed number life request now (causes: Causes) =
        match Map.tryFind (struct (number, life, request)) causes.Landed with
        | None -> causes
        | Some(struct (at, targets)) ->
            (causes, targets)
            ||> List.fold (fun causes target ->
                let struct (causes, look) =
                    add { At = now; Lines = []; Origin = Origin.Change(subjectOfTarget target, at) } causes

                hear number life target look causes)

    // ---- what operators send

    /// The object whose round it is of, and the action that it carries out; none only reports.
    let private tryRound request (state: OperatorState) =
        state.Rounds
        |> Map.tryPick (fun object stage ->
            match stage with
            | Stage.Carrying(one, step, _) when one = request -> Some(object, Some step.Action)
            | Stage.Reporting(one, _, _, _) when one = request -> Some(object, None)
            | _ -> None)

    /// What PD has said this long ago is not what it would say now.
    let private old = 10_000L

    /// A group changes with each word of its instances.
    let private isOfInstance (subject: string) = not (subject.Contains "Group/")

    /// What a request was decided on that was otherwise by then.
    let private stale number now (causes: Causes) (heard: int list) =
        let line text : Line = { At = now; Who = Simulation.place number; Told = Told.Event; Text = text }

        heard
        |> List.choose (fun look ->
            match causes.All[look].Origin with
            | Origin.Change(subject, at) when
                isOfInstance subject && Map.tryFind subject causes.Last <> Some at
                ->
                let seen = Simulation.clock causes.All[at].At
                Some(line $"decides on %s{subject} as it was at %s{seen}, and it has changed since")
            | Origin.Pd(saidAt, _) when now - saidAt >= old ->
                Some(line $"decides on what PD said %s{Words.span (now - saidAt)} before")
            | _ -> None)

    let private looks (about: ObjectRef) (heard: Map<string, int>) =
        let group = about.Name.Substring(0, max 0 (about.Name.LastIndexOf '-'))

        let names = [
            Kind.name about.Kind + "/" + about.Name
            "Pod/" + about.Name
            "PDGroup/" + group
            "TiKVGroup/" + group
            "PD"
        ]

        names |> List.choose (fun name -> Map.tryFind name heard)

    let private sent (run: Simulation) (causes: Causes) (struct (_, coming)) =
        let note number life request =
            let key = struct (number, life, request)

            match Map.containsKey key causes.Sent, Simulation.operator number run with
            | false, Some { Program = ValueSome program } ->
                match program.Believes |> ValueOption.toOption |> Option.bind (tryRound request) with
                | None -> causes
                | Some(about, action) ->
                    let heard =
                        Map.tryFind (struct (number, life)) causes.Heard
                        |> Option.defaultValue Map.empty

                    let heard = looks about heard
                    let lines = if action.IsSome then stale number run.World.Now causes heard else []

                    let struct (causes, id) =
                        add { At = run.World.Now; Lines = lines; Origin = Origin.Looks heard } causes

                    { causes with Sent = Map.add key (struct (id, action)) causes.Sent }
            | _ -> causes

        match coming with
        | Coming.Lands(number, life, Sending.Write(request, _), _) -> note number life request
        | Coming.Lands(number, life, Sending.Pd(request, _, call), _) when Words.changes call ->
            note number life request
        | _ -> causes

    // ---- a step

    let private news (before: Simulation) (after: Simulation) =
        let rec gather (lines: Line list) found =
            match lines with
            | line :: older when not (isSame lines before.Lines) -> gather older (line :: found)
            | _ -> found

        gather after.Lines []
        |> List.filter (fun line -> not line.Told.IsLog && line.Who <> "moment")

    let private happened (before: Simulation) (after: Simulation) coming (causes: Causes) =
        let changes = changes before.World after.World
        let subjects = touched before.World after.World changes
        let lines = news before after

        if subjects.IsEmpty && lines.IsEmpty then
            causes
        else
            let isOutside = lines |> List.exists (fun line -> line.Who = "user" || line.Who = "fault")

            let origin, lines =
                match coming with
                | _ when isOutside -> Origin.Outside, lines
                | ValueSome(Coming.Lands(number,
                                         life,
                                         (Sending.Write(request, _) | Sending.Pd(request, _, _)),
                                         _))
                | ValueSome(Coming.LandsLate(number,
                                             life,
                                             (Sending.Write(request, _) | Sending.Pd(request, _, _)),
                                             _)) when
                    Map.containsKey (struct (number, life, request)) causes.Sent
                    ->
                    let struct (id, action) = causes.Sent[struct (number, life, request)]

                    Origin.Request id,
                    (match action with
                     | None -> []
                     | Some action ->
                         lines
                         |> List.map (fun line -> { line with Text = $"%s{line.Text} (%s{action})" }))
                | _ ->
                    Origin.World [
                        for subject in subjects do
                            for one in subject :: grounds after.World subject do
                                match Map.tryFind one causes.Last with
                                | Some before -> subject, before
                                | None -> ()
                    ],
                    lines

            let struct (causes, id) = add { At = after.World.Now; Lines = lines; Origin = origin } causes
            let subjects = if isOutside && subjects.IsEmpty then [ weather ] else subjects

            let targets =
                changes
                |> List.choose (fun change ->
                    Json.stringAt [ "kind" ] change.Object
                    |> Option.map (fun kind -> kind + "/" + Meta.name change.Object))

            let landed =
                match coming with
                | ValueSome(Coming.Lands(number, life, Sending.Write(request, _), _))
                | ValueSome(Coming.LandsLate(number, life, Sending.Write(request, _), _)) ->
                    causes.Landed |> Map.add (struct (number, life, request)) (struct (id, targets))
                | _ -> causes.Landed

            {
                causes with
                    Landed = landed
                    Last =
                        (causes.Last, subjects)
                        ||> List.fold (fun last subject -> Map.add subject id last)
                    Revisions =
                        (causes.Revisions, changes)
                        ||> List.fold (fun known change -> Map.add change.Revision id known)
            }

    let private asked number life request about now (causes: Causes) = {
        causes with
            Asked =
                causes.Asked
                |> Map.add (struct (number, life, request)) (struct (now, about, causes.Last))
    }

    let private listen (before: Simulation) (after: Simulation) coming (causes: Causes) =
        match coming with
        | ValueSome(Coming.Delivers(number, life, request)) ->
            delivered number life request before after causes
        | ValueSome(Coming.Lands(number, life, Sending.Pd(request, _, _), _)) ->
            asked number life request None after.World.Now causes
        | ValueSome(Coming.Lands(number, life, Sending.Read(request, target), _)) ->
            asked number life request (Some target) after.World.Now causes
        | ValueSome(Coming.Arrives(number, life, (PdAnswered(request, _) | HasRead(request, _)))) ->
            answered number life request after.World.Now causes
        | ValueSome(Coming.Arrives(number, life, Wrote(request, Done _))) ->
            confirmed number life request after.World.Now causes
        | _ -> causes

    /// One step of a run.
    let step (before: Simulation) (after: Simulation) (causes: Causes) : Causes =
        let coming = Turn.performed before after

        causes
        |> happened before after coming
        |> listen before after coming
        |> Turn.sent sent before after

    // ---- the slice

    /// What led to how these are, oldest first: backwards from what happened to each last, and from the last thing that the
    /// operators did. What operators heard of PD counts for these alone.
    let slice (subjects: Set<string>) (until: int64) (causes: Causes) : Line list =
        let rec visit (seen: Set<int>, lines: Line list) (subject: string, id: int) =
            if Set.contains id seen then
                seen, lines
            else
                let cause = causes.All[id]

                let mine =
                    match cause.Origin with
                    | Origin.World _ -> cause.Lines |> List.filter (fun line -> line.Text.Contains subject)
                    | _ -> cause.Lines

                let found = Set.add id seen, mine @ lines

                match cause.Origin with
                | Origin.Outside -> found
                | Origin.World before ->
                    before |> List.filter (fun (one, _) -> one = subject) |> List.fold visit found
                | Origin.Request sent -> visit found (subject, sent)
                | Origin.Looks heard -> heard |> List.map (fun look -> subject, look) |> List.fold visit found
                | Origin.Change(of', at) ->
                    let found = if cause.Lines.IsEmpty then found else weathered found
                    visit found (of', at)
                | Origin.Pd(_, had) ->
                    let found = if cause.Lines.IsEmpty then found else weathered found

                    subjects
                    |> Set.toList
                    |> List.choose (fun one -> Map.tryFind one had |> Option.map (fun at -> one, at))
                    |> List.fold visit found

        and weathered found =
            match Map.tryFind weather causes.Last with
            | Some at -> visit found (weather, at)
            | None -> found

        let last =
            causes.All
            |> Map.toSeq
            |> Seq.filter (fun (_, cause) ->
                cause.At <= until
                && cause.Lines
                   |> List.exists (fun line ->
                       match line.Told with
                       | Told.Written _
                       | Told.AskedPd _ -> true
                       | _ -> false))
            |> Seq.map (fun (id, _) -> "", id)
            |> Seq.tryLast
            |> Option.toList

        let really =
            subjects
            |> Set.toList
            |> List.choose (fun one -> Map.tryFind one causes.Last |> Option.map (fun at -> one, at))

        let _, lines = ((Set.empty, []), last @ really) ||> List.fold visit

        lines
        |> List.filter (fun line -> line.At <= until)
        |> List.distinct
        |> List.sortBy _.At
