/// The smallest world that an operator can live in: objects with versions, Pods that serve as soon as they exist, a PD
/// that lists them. A script may meddle with any request.
module Tikv.Core.Tests.Operator.Scripted

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator
open Tikv.Core.Tests.Api
open Tikv.Core.Tests.Words

module One = Tikv.Core.Tests.Instance.Given

/// What becomes of a request.
[<RequireQualifiedAccess>]
type Fate =
    | Ordinary
    /// Nobody learns that it was executed.
    | AnswerLost
    /// It never arrives, and nobody learns that.
    | RequestLost
    | Refused of Code: int
    /// Executed, and answered by that error.
    | FailedAfter of Code: int
    /// It is executed when the script says so.
    | Held

type World = {
    State: OperatorState
    Now: Instant
    Objects: Map<ObjectRef, Json>
    Version: int
    Watches: Map<Kind, RequestId>
    /// Names of the Pods that PD knows of.
    Known: Set<string>
    PdLeader: string
    PdAnswers: bool
    Evicting: Set<StoreId>
    Inbox: Happening list
    Wake: Instant option
    /// Every effect with its time, newest first; those of the log left out.
    Sent: (Instant * Effect) list
    Held: Effect list
    Exited: int option
    Fate: World -> Effect -> Fate
    Steps: int
    /// Times that were asked for when they had come already, by a step that had been woken just then.
    LateWakes: int
}

let private deliver happening world = { world with Inbox = world.Inbox @ [ happening ] }

let private told kind event world =
    match world.Watches |> Map.tryFind kind with
    | Some request -> deliver (Watched(request, event)) world
    | None -> world

let private text path json = Json.stringAt path json |> Option.defaultValue ""

let private refused code : ApiError = {
    Code = code
    Reason = ""
    Message = $"refused with %d{code}"
    Causes = []
    RetryAfter = None
}

// ---- objects

let private put (object: ObjectRef) body world =
    let version = world.Version + 1

    let json =
        body
        |> Json.setPath [ "metadata"; "resourceVersion" ] (Some(Json.string (string version)))

    let existed = Map.containsKey object world.Objects

    json,
    { world with Version = version; Objects = Map.add object json world.Objects }
    |> told object.Kind (if existed then Modified json else Added json)

let private take (object: ObjectRef) world =
    let json = world.Objects[object]
    let version = world.Version + 1

    json,
    { world with Version = version; Objects = Map.remove object world.Objects }
    |> told
        object.Kind
        (Deleted(
            json
            |> Json.setPath [ "metadata"; "resourceVersion" ] (Some(Json.string (string version)))
        ))

/// A kubelet that starts every Pod at once.
let private started world (object: ObjectRef) body =
    let status =
        json
            $$$"""{"phase":"Running","podIP":"10.0.0.1",
                   "conditions":[{"type":"Ready","status":"True","lastTransitionTime":"{{{One.ago 0}}}"}],
                   "containerStatuses":[{"name":"{{{text [ "metadata"; "labels"; Labels.``component`` ] body}}}","state":{"running":{} } }]}"""

    { world with Known = Set.add object.Name world.Known }, Json.withField "status" status body

let private create (object: ObjectRef) body world =
    if Map.containsKey object world.Objects then
        Refused(refused 409), world
    else
        let world, body = if object.Kind = Kind.Pod then started world object body else world, body

        let body =
            body
            |> Json.setPath [ "metadata"; "uid" ] (Some(Json.string $"uid-%d{world.Version}"))
            |> Json.setPath [ "metadata"; "generation" ] (Some(Json.int 1))

        let json, world = put object body world
        Done json, world

let private patch (object: ObjectRef) status body world =
    match Map.tryFind object world.Objects with
    | None -> Refused(refused 404), world
    | Some before ->
        let same path = Json.tryPath path body = Json.tryPath path before

        if not (same [ "metadata"; "uid" ] && same [ "metadata"; "resourceVersion" ]) then
            Refused(refused 409), world
        else
            let after =
                if status then
                    let part = Json.tryField "status" before |> Option.defaultValue Json.empty
                    let change = Json.tryField "status" body |> Option.defaultValue Json.empty
                    Json.withField "status" (MergePatch.apply change part) before
                else
                    MergePatch.apply (Json.withoutField "status" body) before

            let generation = Json.intAt [ "metadata"; "generation" ] before |> Option.defaultValue 1

            let after =
                if Json.tryField "spec" after = Json.tryField "spec" before then
                    after
                else
                    Json.setPath [ "metadata"; "generation" ] (Some(Json.int (generation + 1))) after

            if
                text [ "metadata"; "deletionTimestamp" ] after <> ""
                && Json.itemsAt [ "metadata"; "finalizers" ] after = []
            then
                let _, world = take object { world with Objects = Map.add object after world.Objects }
                Done after, world
            else
                let json, world = put object after world
                Done json, world

let private delete (object: ObjectRef) (precondition: Precondition) world =
    match Map.tryFind object world.Objects with
    | None -> Refused(refused 404), world
    | Some before ->
        let meta = Meta.decode before

        if
            meta.Uid <> precondition.Uid
            || precondition.ResourceVersion
               |> Option.exists (fun version -> version <> meta.ResourceVersion)
        then
            Refused(refused 409), world
        elif meta.Finalizers.IsEmpty then
            let json, world = take object world
            Done json, world
        else
            let ending =
                before
                |> Json.setPath [ "metadata"; "deletionTimestamp" ] (Some(Json.string (One.ago 0)))

            let json, world = put object ending world
            Done json, world

/// It is gone, whoever did that.
let remove object world = take object world |> snd

// ---- PD

let private index (name: string) = int (name.Substring(name.LastIndexOf '-' + 1))

let private runs name world =
    Map.containsKey { Kind = Kind.Pod; Namespace = "default"; Name = name } world.Objects

let private named (part: string) world = world.Known |> Set.toList |> List.filter _.StartsWith(part)

let private member' name : Member =
    let fact = One.memberFact (index name)

    {
        Id = fact.Id
        Name = name
        PeerUrls = fact.PeerUrls
        ClientUrls = fact.ClientUrls
        LeaderPriority = 0
        Version = "v8.5.2"
    }

let private storeOf world name =
    let store = One.store (index name)

    {
        store with
            StateName = (if runs name world then "Up" else "Disconnected")
            LastHeartbeat =
                let (Instant now) = world.Now
                store.LastHeartbeat |> Option.map (fun start -> start + now * 1_000_000L)
            Leaders = (if Set.contains store.Id world.Evicting then 0 else 5)
    }

let private answer call world : Outcome<PdReply> * World =
    let reply body : Outcome<PdReply> = Done { Status = 200; Body = PdBody.Json body }
    let members = named "basic-pd-" world |> List.map member'

    if not world.PdAnswers then
        Unknown "no endpoint answered", world
    else
        match call with
        | PdCall.GetMembers ->
            let leader =
                members
                |> List.tryFind (fun one -> one.Name = world.PdLeader)
                |> Option.orElse (List.tryHead members)

            reply (
                PdEncode.members {
                    ClusterId = One.clusterId
                    Members = members
                    Leader = leader
                    EtcdLeader = leader
                }
            ),
            world
        | PdCall.GetHealth ->
            reply (
                PdEncode.health (
                    members
                    |> List.map (fun one -> {
                        Id = one.Id
                        Name = one.Name
                        ClientUrls = one.ClientUrls
                        Health = runs one.Name world
                    })
                )
            ),
            world
        | PdCall.GetStores ->
            reply (PdEncode.stores (named "basic-tikv-" world |> List.map (storeOf world))), world
        | PdCall.GetReplicationConfig ->
            reply (
                PdEncode.replication {
                    MaxReplicas = 3
                    LocationLabels = []
                    IsolationLevel = ""
                    StrictlyMatchLabel = false
                    EnablePlacementRules = true
                }
            ),
            world
        | PdCall.GetEvictLeaders -> reply (PdEncode.evictLeaders world.Evicting), world
        | PdCall.GetRegionCount ->
            let leaders = named "basic-tikv-" world |> List.sumBy (storeOf world >> _.Leaders)
            reply (Json.object [ "count", Json.int leaders ]), world
        | PdCall.EvictLeaders store ->
            reply Json.empty, { world with Evicting = Set.add store world.Evicting }
        | PdCall.StopEvictingLeaders store ->
            reply Json.empty, { world with Evicting = Set.remove store world.Evicting }
        | PdCall.TransferLeader name -> reply Json.empty, { world with PdLeader = name }
        | PdCall.RemoveMember id ->
            let isGone (name: string) = name.StartsWith "basic-pd-" && One.memberId (index name) = id
            reply Json.empty, { world with Known = world.Known |> Set.filter (isGone >> not) }
        | _ -> reply Json.empty, world

// ---- effects

let private executed effect world =
    match effect with
    | Effect.List(request, kind, _, _, _) ->
        let items =
            world.Objects
            |> Map.toList
            |> List.filter (fun (object, _) -> object.Kind = kind)
            |> List.map snd

        Listed(
            request,
            Done { Items = items; ResourceVersion = ResourceVersion(string world.Version); Continue = None }
        ),
        world
    | Effect.Read(request, object) ->
        HasRead(
            request,
            match Map.tryFind object world.Objects with
            | Some json -> Secret.redacted object (Done json)
            | None -> Refused(refused 404)
        ),
        world
    | Effect.Write(request, write) ->
        let outcome, world =
            match write with
            | Create(object, body) -> create object body world
            | Patch(object, status, body) -> patch object status body world
            | Delete(object, precondition, _) -> delete object precondition world

        Wrote(request, outcome), world
    | Effect.CallPd(request, _, call) ->
        let outcome, world = answer call world
        PdAnswered(request, outcome), world
    | other -> failwith $"%A{other} has no answer"

let private without (problem: string) happening =
    match happening with
    | Listed(request, _) -> Listed(request, Unknown problem)
    | HasRead(request, _) -> HasRead(request, Unknown problem)
    | Wrote(request, _) -> Wrote(request, Unknown problem)
    | PdAnswered(request, _) -> PdAnswered(request, Unknown problem)
    | other -> other

let private spurned code happening =
    match happening with
    | Listed(request, _) -> Listed(request, Refused(refused code))
    | HasRead(request, _) -> HasRead(request, Refused(refused code))
    | Wrote(request, _) -> Wrote(request, Refused(refused code))
    | PdAnswered(request, _) -> PdAnswered(request, Refused(refused code))
    | other -> other

let private perform woken world effect =
    let world =
        match effect with
        | Effect.Log _ -> world
        | _ -> { world with Sent = (world.Now, effect) :: world.Sent }

    match effect with
    | Effect.Log _ -> world
    | Effect.WakeAt at -> {
        world with
            Wake = Some at
            LateWakes = world.LateWakes + (if woken && at <= world.Now then 1 else 0)
      }
    | Effect.Exit(code, _) -> { world with Exited = Some code }
    | Effect.CloseWatch _ -> world
    | Effect.Watch(request, kind, _, _, _) -> { world with Watches = Map.add kind request world.Watches }
    | asked ->
        match world.Fate world asked with
        | Fate.Ordinary ->
            let happening, world = executed asked world
            deliver happening world
        | Fate.AnswerLost ->
            let happening, world = executed asked world
            deliver (without "no answer" happening) world
        | Fate.RequestLost -> deliver (without "no answer" (fst (executed asked world))) world
        | Fate.Refused code -> deliver (spurned code (fst (executed asked world))) world
        | Fate.FailedAfter code ->
            let happening, world = executed asked world
            deliver (spurned code happening) world
        | Fate.Held -> { world with Held = world.Held @ [ asked ] }

/// One input, and all that the operator does upon it.
let step happening world =
    let (Instant now) = world.Now

    let input = { At = world.Now; Clock = One.clock.AddMilliseconds(float now); Happening = happening }

    let struct (state, effects) = Operator.step world.State input

    effects
    |> List.fold (perform (happening = Woke)) { world with State = state; Steps = world.Steps + 1 }

/// All that happens until that many seconds after the start.
let rec until (seconds: float) world =
    let ending = Instant(int64 (seconds * 1000.0))

    if world.Steps > 50_000 then
        failwith "it does not come to rest"

    match world.Inbox, world.Wake with
    | happening :: rest, _ -> { world with Inbox = rest } |> step happening |> until seconds
    | [], Some at when at <= ending && world.Exited.IsNone ->
        { world with Now = max world.Now at; Wake = None } |> step Woke |> until seconds
    | [], _ -> { world with Now = max world.Now ending }

/// Executes what was held back.
let release world =
    world.Held
    |> List.fold
        (fun world effect ->
            let happening, world = executed effect world
            deliver happening world)
        { world with Held = []; Fate = (fun _ _ -> Fate.Ordinary) }

let private seed kind json world =
    let meta = Meta.decode json
    let object: ObjectRef = { Kind = kind; Namespace = meta.Namespace; Name = meta.Name }
    create object json world |> snd

/// The three manifests of a user, before the operator has started.
let applied election : World =
    {
        State = Operator.start { Namespaces = []; Election = election; MaxConcurrent = 8 }
        Now = Instant.zero
        Objects = Map.empty
        Version = 10
        Watches = Map.empty
        Known = Set.empty
        PdLeader = ""
        PdAnswers = true
        Evicting = Set.empty
        Inbox = []
        Wake = None
        Sent = []
        Held = []
        Exited = None
        Fate = fun _ _ -> Fate.Ordinary
        Steps = 0
        LateWakes = 0
    }
    |> seed Kind.Cluster (Samples.cluster |> Samples.without "metadata.resourceVersion")
    |> seed Kind.PDGroup Samples.pdGroup
    |> seed Kind.TiKVGroup Samples.tikvGroup

/// The operator's first minute: three of PD and three of TiKV serve.
let serving = lazy (applied None |> step Started |> until 60.0)

/// The same, with a script from now on; what was sent before is forgotten.
let scripted fate = { serving.Value with Fate = fate; Sent = [] }

/// A user changes the spec of an object; the version is not asked for.
let edit kind name path value world =
    let object: ObjectRef = { Kind = kind; Namespace = "default"; Name = name }
    let before = world.Objects[object]
    let generation = Json.intAt [ "metadata"; "generation" ] before |> Option.defaultValue 1

    before
    |> Samples.having path value
    |> Json.setPath [ "metadata"; "generation" ] (Some(Json.int (generation + 1)))
    |> fun after -> put object after world |> snd

/// Somebody else writes into the status of an object.
let overwrite kind name path value world =
    let object: ObjectRef = { Kind = kind; Namespace = "default"; Name = name }
    put object (world.Objects[object] |> Samples.having path value) world |> snd

/// Somebody deletes a Pod.
let deletePod name world = take { Kind = Kind.Pod; Namespace = "default"; Name = name } world |> snd

// ---- what was sent

/// In the order of sending.
let sent world = world.Sent |> List.rev |> List.map snd

/// Without events, which nobody decides by, and the lease.
let writes world =
    sent world
    |> List.choose (fun effect ->
        match effect with
        | Effect.Write(_, write) ->
            match (Write.object write).Kind with
            | Kind.Event
            | Kind.Lease -> None
            | _ -> Some write
        | _ -> None)

let names kind world =
    world.Objects
    |> Map.toList
    |> List.map fst
    |> List.filter (fun object -> object.Kind = kind)
    |> List.map _.Name
