module Tikv.Core.Tests.Operator.RoundTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Operator.Scripted

let private total name world = world.State.Totals |> Map.tryFind name |> Option.defaultValue 0L
let private pod name : ObjectRef = { Kind = Kind.Pod; Namespace = "default"; Name = name }

let private six = [
    for group in [ "basic-pd"; "basic-tikv" ] do
        for index in 0..2 -> $"%s{group}-%d{index}"
]

let private isCreate object effect =
    match effect with
    | Effect.Write(_, Create(created, _)) -> created = object
    | _ -> false

let private isDelete object effect =
    match effect with
    | Effect.Write(_, Delete(deleted, _, _)) -> deleted = object
    | _ -> false

let private ready kind name world =
    world.Objects[{ Kind = kind; Namespace = "default"; Name = name }]
    |> Json.itemsAt [ "status"; "conditions" ]
    |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some "Ready")
    |> Option.bind (Json.stringAt [ "status" ])

/// Nothing when the fate is not that of a request that the script speaks of.
let private first applies fate =
    fun (world: World) effect ->
        let before = world.Sent |> List.filter (snd >> applies) |> List.length
        if applies effect && before = 1 then fate else Fate.Ordinary

// ---- building

[<Test>]
let ``three manifests become a cluster that serves`` () =
    let world = serving.Value
    names Kind.Pod world |> shouldBe six

    names Kind.PersistentVolumeClaim world
    |> shouldBe (six |> List.map (fun name -> $"data-%s{name}"))

    names Kind.Service world
    |> shouldBe [ "basic-pd"; "basic-pd-peer"; "basic-tikv-peer" ]

    ready Kind.Cluster "basic" world |> shouldBe (Some "True")

[<Test>]
let ``every object is made once, under its own name`` () =
    let created =
        writes serving.Value
        |> List.choose (fun write ->
            match write with
            | Create(object, _) -> Some object
            | _ -> None)

    created
    |> List.countBy id
    |> List.filter (fun (_, count) -> count > 1)
    |> shouldBe []

    created.Length |> shouldBe 31

[<Test>]
let ``no decision is ever refused by the laws on the way`` () = total "unsafe" serving.Value |> shouldBe 0L

[<Test>]
let ``in a settled cluster nothing is written`` () =
    let world = scripted (fun _ _ -> Fate.Ordinary) |> until 3600.0
    writes world |> shouldBe []
    Assert.That(sent world |> List.exists _.IsCallPd)

[<Test>]
let ``an operator that starts anew in a settled cluster writes nothing`` () =
    let world = serving.Value

    {
        world with
            State = Operator.start world.State.Settings
            Watches = Map.empty
            Wake = None
            Sent = []
    }
    |> step Started
    |> until 600.0
    |> writes
    |> shouldBe []

[<Test>]
let ``a deleted Pod comes back under its name`` () =
    let world = scripted (fun _ _ -> Fate.Ordinary) |> deletePod "basic-tikv-1" |> until 120.0
    names Kind.Pod world |> shouldBe six

    sent world
    |> List.filter (isCreate (pod "basic-tikv-1"))
    |> List.length
    |> shouldBe 1

[<Test>]
let ``an object that breaks a rule says so once, and nothing is written after that`` () =
    let world =
        scripted (fun _ _ -> Fate.Ordinary)
        |> edit Kind.TiKVGroup "basic-tikv" "spec.template.spec.config" "\"[storage\""
        |> until 600.0

    ready Kind.TiKVGroup "basic-tikv" world |> shouldBe (Some "False")

    writes world
    |> List.map (fun write -> (Write.object write).Kind)
    |> shouldBe [ Kind.TiKVGroup; Kind.Cluster ]

[<Test>]
let ``words that somebody else has changed since are said again at once, and after that every ten seconds``
    ()
    =
    let passing seconds (world: World) =
        let (Instant now) = world.Now
        until (float now / 1000.0 + seconds) world

    let other = overwrite Kind.TiKVGroup "basic-tikv" "status.readyReplicas" "1"

    let corrections world =
        writes world
        |> List.filter (fun write -> (Write.object write).Kind = Kind.TiKVGroup)
        |> List.length

    let argued =
        scripted (fun _ _ -> Fate.Ordinary)
        |> other
        |> passing 2.0
        |> other
        |> passing 2.0
        |> other
        |> passing 2.0

    corrections argued |> shouldBe 1
    let settled = argued |> passing 5.0
    corrections settled |> shouldBe 2

    settled.Objects[{ Kind = Kind.TiKVGroup; Namespace = "default"; Name = "basic-tikv" }]
    |> Json.intAt [ "status"; "readyReplicas" ]
    |> shouldBe (Some 3)

// ---- outcomes

/// What is sent about one Pod.
let private about object world =
    sent world
    |> List.filter (fun effect ->
        match effect with
        | Effect.Read(_, read) -> read = object
        | Effect.Write(_, write) -> Write.object write = object
        | _ -> false)

let private kinds effects =
    effects
    |> List.map (fun effect ->
        match effect with
        | Effect.Read _ -> "read"
        | Effect.Write(_, Create _) -> "create"
        | Effect.Write(_, Patch _) -> "patch"
        | Effect.Write(_, Delete _) -> "delete"
        | other -> $"%A{other}")

[<Test>]
let ``a write of unknown outcome is followed by a read before anything else`` () =
    let lost fate =
        scripted (first (isCreate (pod "basic-tikv-1")) fate)
        |> deletePod "basic-tikv-1"
        |> until 120.0

    lost Fate.AnswerLost
    |> about (pod "basic-tikv-1")
    |> kinds
    |> shouldBe [ "create"; "read" ]

    lost Fate.RequestLost
    |> about (pod "basic-tikv-1")
    |> kinds
    |> shouldBe [ "create"; "read"; "create" ]

[<Test>]
let ``a write at which the server fails is followed by a read before it is tried again`` () =
    let failing fate =
        scripted (first (isCreate (pod "basic-tikv-1")) fate)
        |> deletePod "basic-tikv-1"
        |> until 120.0

    for code in [ 500; 502; 503; 504 ] do
        failing (Fate.FailedAfter code)
        |> about (pod "basic-tikv-1")
        |> kinds
        |> shouldBe [ "create"; "read" ]

        failing (Fate.Refused code)
        |> about (pod "basic-tikv-1")
        |> kinds
        |> shouldBe [ "create"; "read"; "create" ]

    failing (Fate.Refused 429)
    |> about (pod "basic-tikv-1")
    |> kinds
    |> shouldBe [ "create"; "create" ]

/// The first status of a store meets a fate: it is read before it is written again, and comes right.
let private statusIsReadFirst fate =
    let isStatus effect =
        match effect with
        | Effect.Write(_, Patch(object, true, _)) -> object.Kind = Kind.TiKV && object.Name = "basic-tikv-1"
        | _ -> false

    let world = scripted (first isStatus fate) |> deletePod "basic-tikv-1" |> until 120.0

    world
    |> about { Kind = Kind.TiKV; Namespace = "default"; Name = "basic-tikv-1" }
    |> kinds
    |> List.truncate 2
    |> shouldBe [ "patch"; "read" ]

    ready Kind.TiKV "basic-tikv-1" world |> shouldBe (Some "True")

[<Test>]
let ``a status at which the server fails is read before it is written again`` () =
    statusIsReadFirst (Fate.FailedAfter 500)

[<Test>]
let ``a conflict is followed by a read before the next try`` () = statusIsReadFirst (Fate.Refused 409)

[<Test>]
let ``a step that is refused, or at which the server fails, is told in the status, and tried again later``
    ([<Values(403, 500)>] code: int)
    =
    let isPod = isCreate (pod "basic-tikv-1")
    let world = scripted (fun _ effect -> if isPod effect then Fate.Refused code else Fate.Ordinary)
    let world = world |> deletePod "basic-tikv-1" |> until 120.0

    let message =
        world.Objects[{ Kind = Kind.TiKV; Namespace = "default"; Name = "basic-tikv-1" }]
        |> Json.itemsAt [ "status"; "conditions" ]
        |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some "Ready")
        |> Option.bind (Json.stringAt [ "message" ])

    Assert.That(
        message |> Option.defaultValue "",
        Does.Contain $"CreatePod was refused: refused with %d{code}"
    )

    let tries = sent world |> List.filter isPod |> List.length
    Assert.That(tries, Is.InRange(5, 20))

    names Kind.Pod ({ world with Fate = (fun _ _ -> Fate.Ordinary) } |> until 300.0)
    |> shouldBe six

// ---- looking again

let private upgrade world =
    world
    |> edit Kind.TiKVGroup "basic-tikv" "spec.template.spec.config" "\"log.level = 'warn'\""

[<Test>]
let ``a new template restarts each Pod once, the highest index first, one at a time`` () =
    let world = scripted (fun _ _ -> Fate.Ordinary) |> upgrade |> until 600.0

    writes world
    |> List.choose (fun write ->
        match write with
        | Delete(object, _, _) -> Some object.Name
        | _ -> None)
    |> shouldBe [ "basic-tikv-2"; "basic-tikv-1"; "basic-tikv-0" ]

    names Kind.Pod world |> shouldBe six
    world.Evicting |> shouldBe Set.empty
    total "unsafe" world |> shouldBe 0L
    ready Kind.Cluster "basic" world |> shouldBe (Some "True")

[<Test>]
let ``a step with a risk is taken only after reading all that it was decided on, and asking PD`` () =
    let world = scripted (fun _ _ -> Fate.Ordinary) |> upgrade |> until 600.0
    let before = sent world |> List.takeWhile (isDelete (pod "basic-tikv-2") >> not)
    let since = before |> List.rev |> List.takeWhile (_.IsWrite >> not)

    since
    |> List.choose (fun effect ->
        match effect with
        | Effect.Read(_, object) -> Some(object.Kind, object.Name)
        | _ -> None)
    |> Set.ofList
    |> shouldBe (
        Set [
            Kind.TiKV, "basic-tikv-2"
            Kind.Cluster, "basic"
            Kind.Pod, "basic-tikv-2"
            Kind.PersistentVolumeClaim, "data-basic-tikv-2"
        ]
    )

    since
    |> List.choose (fun effect ->
        match effect with
        | Effect.CallPd(_, _, call) -> Some call
        | _ -> None)
    |> List.filter (fun call -> call = PdCall.GetStores || call = PdCall.GetEvictLeaders)
    |> List.distinct
    |> List.length
    |> shouldBe 2

[<Test>]
let ``a member without an instance is removed only after asking for that instance by its name`` () =
    let serving = scripted (fun _ _ -> Fate.Ordinary)

    let world = { serving with Known = Set.add "basic-pd-7" serving.Known } |> until 300.0

    let isRemoval effect =
        match effect with
        | Effect.CallPd(_, _, PdCall.RemoveMember id) -> id = Tikv.Core.Tests.Instance.Given.memberId 7
        | _ -> false

    let isRead effect =
        match effect with
        | Effect.Read(_, object) -> object = { Kind = Kind.PD; Namespace = "default"; Name = "basic-pd-7" }
        | _ -> false

    Assert.That(sent world |> List.exists isRemoval)
    Assert.That(sent world |> List.takeWhile (isRemoval >> not) |> List.exists isRead)

/// Another look is being taken before steps of which the first is of that name.
let private looking action world =
    world.State.Rounds
    |> Map.exists (fun object stage ->
        match stage with
        | Stage.Looking(_, _, _, step :: _) -> object.Name = "basic-tikv-2" && step.Action = action
        | _ -> false)

let rec private untilLooking action world =
    if looking action world then
        world
    else
        match world.Inbox, world.Wake with
        | next :: rest, _ -> { world with Inbox = rest } |> step next |> untilLooking action
        | [], Some at ->
            { world with Now = max world.Now at; Wake = None }
            |> step Woke
            |> untilLooking action
        | [], None -> failwith $"there was no look before %s{action}"

[<Test>]
let ``a step that says the time is taken however long the other look lasted`` () =
    let rec answered world =
        match world.Inbox with
        | next :: rest -> { world with Inbox = rest } |> step next |> answered
        | [] -> world

    let slow =
        scripted (fun world effect ->
            match effect with
            | Effect.CallPd(_, _, PdCall.GetStores) when looking "MarkEviction" world -> Fate.Held
            | _ -> Fate.Ordinary)
        |> upgrade
        |> untilLooking "MarkEviction"
        |> answered

    let world =
        { slow with Now = Instant.add (TimeSpan.FromSeconds 9L) slow.Now }
        |> release
        |> answered

    Assert.That(slow.Evicting, Is.Empty)
    Assert.That(world.Evicting, Is.Not.Empty)

[<Test>]
let ``only the same step is taken after another look`` () =
    // The watch is late: only the reads show that the Cluster is paused meanwhile.
    let paused (world: World) =
        let object: ObjectRef = { Kind = Kind.Cluster; Namespace = "default"; Name = "basic" }

        {
            world with
                Objects =
                    world.Objects
                    |> Map.change
                        object
                        (Option.map (fun json ->
                            json
                            |> Json.setPath [ "spec"; "paused" ] (Some(Json.bool true))
                            |> Json.setPath [ "metadata"; "generation" ] (Some(Json.int 9))
                            |> Json.setPath [ "metadata"; "resourceVersion" ] (Some(Json.string "999999"))))
        }

    // The reads were answered before the pause: they are asked anew.
    let world =
        scripted (fun world effect ->
            if effect.IsRead && not world.Evicting.IsEmpty then Fate.Held else Fate.Ordinary)
        |> upgrade
        |> untilLooking "RestartPod"

    let world = world |> paused |> release |> until 300.0
    sent world |> List.filter (isDelete (pod "basic-tikv-2")) |> shouldBe []
    names Kind.Pod world |> shouldBe six

[<Test>]
let ``while PD is silent, no healthy Pod is taken down, and a missing one is made`` () =
    let world =
        { scripted (fun _ _ -> Fate.Ordinary) with PdAnswers = false }
        |> until 120.0
        |> upgrade
        |> deletePod "basic-tikv-0"
        |> until 300.0

    writes world |> List.filter _.IsDelete |> shouldBe []
    names Kind.Pod world |> shouldBe six
    ready Kind.Cluster "basic" world |> shouldBe (Some "Unknown")

// ---- leading, waking, stopping

let private election = {
    Namespace = "tikv-system"
    Name = "tikv-operator"
    Identity = "one"
    LeaseDuration = TimeSpan.FromSeconds 15L
    RenewDeadline = TimeSpan.FromSeconds 10L
    RetryPeriod = TimeSpan.FromSeconds 2L
}

let private leaseRef: ObjectRef = { Kind = Kind.Lease; Namespace = "tikv-system"; Name = "tikv-operator" }

let private holder world =
    world.Objects
    |> Map.tryFind leaseRef
    |> Option.bind (Json.stringAt [ "spec"; "holderIdentity" ])

[<Test>]
let ``an operator that does not lead writes nothing`` () =
    let heldByOther =
        json
            """{"metadata":{"name":"tikv-operator","namespace":"tikv-system","uid":"l","resourceVersion":"3"},
                "spec":{"holderIdentity":"two","leaseDurationSeconds":15}}"""

    let world = applied (Some election)

    let world =
        { world with Objects = Map.add leaseRef heldByOther world.Objects }
        |> step Started
        |> until 14.0

    sent world |> List.filter _.IsWrite |> shouldBe []
    let world = world |> until 60.0
    names Kind.Pod world |> shouldBe six
    holder world |> shouldBe (Some "one")

[<Test>]
let ``an operator that cannot renew its lease in time stops with 3, and writes nothing after it`` () =
    let world = applied (Some election) |> step Started |> until 60.0

    let isLease effect =
        match effect with
        | Effect.Write(_, write) -> Write.object write = leaseRef
        | Effect.Read(_, object) -> object = leaseRef
        | _ -> false

    let world =
        {
            world with
                Sent = []
                Fate = (fun _ effect -> if isLease effect then Fate.RequestLost else Fate.Ordinary)
        }
        |> until 75.0

    world.Exited |> shouldBe (Some 3)
    deletePod "basic-tikv-1" world |> until 200.0 |> writes |> shouldBe []

[<Test>]
let ``a stop signal lets work in hand finish, then gives the lease back, then ends with 0`` () =
    let isPod = isCreate (pod "basic-tikv-1")
    let world = applied (Some election) |> step Started |> until 61.0

    let stopping =
        { world with Fate = (fun _ effect -> if isPod effect then Fate.Held else Fate.Ordinary) }
        |> deletePod "basic-tikv-1"
        |> until 61.5
        |> step StopRequested
        |> until 64.0

    (stopping.Held.Length, stopping.Exited, holder stopping)
    |> shouldBe (1, None, Some "one")

    let stopped = stopping |> release |> until 65.0
    (stopped.Exited, holder stopped) |> shouldBe (Some 0, Some "")

[<Test>]
let ``a renewal under way does not pass for the release of the lease`` () =
    let isLease effect =
        match effect with
        | Effect.Write(_, write) -> Write.object write = leaseRef
        | _ -> false

    let world = applied (Some election) |> step Started |> until 61.0

    let stopping =
        { world with Fate = (fun _ effect -> if isLease effect then Fate.Held else Fate.Ordinary) }
        |> until 64.0
        |> step StopRequested
        |> until 65.0

    (stopping.Held.Length, stopping.Exited) |> shouldBe (1, None)
    let stopped = stopping |> release |> until 66.0
    (stopped.Exited, holder stopped) |> shouldBe (Some 0, Some "")

[<Test>]
let ``without election a stop signal ends with 0 at once when there is nothing in hand`` () =
    (scripted (fun _ _ -> Fate.Ordinary) |> step StopRequested).Exited
    |> shouldBe (Some 0)

[<Test>]
let ``a step that was woken never asks for a time that has come`` () =
    let histories = [
        serving.Value |> until 600.0
        scripted (fun _ _ -> Fate.Ordinary) |> upgrade |> until 600.0
        applied (Some election) |> step Started |> until 120.0
        { scripted (fun _ _ -> Fate.Ordinary) with PdAnswers = false }
        |> deletePod "basic-pd-0"
        |> until 600.0
    ]

    histories |> List.map _.LateWakes |> shouldBe [ 0; 0; 0; 0 ]

[<Test>]
let ``an operator that cannot list a kind waits, and does not spin`` () =
    let isPods effect =
        match effect with
        | Effect.List(_, kind, _, _, _) -> kind = Kind.Pod
        | _ -> false

    let world =
        {
            applied None with
                Fate = (fun _ effect -> if isPods effect then Fate.Refused 403 else Fate.Ordinary)
        }
        |> step Started
        |> until 60.0

    world.LateWakes |> shouldBe 0
    writes world |> shouldBe []
    Assert.That(world.Steps, Is.LessThan 60)

[<Test>]
let ``the same inputs lead to the same effects`` () =
    let run () = applied None |> step Started |> until 60.0 |> sent
    run () |> shouldBe (run ())
