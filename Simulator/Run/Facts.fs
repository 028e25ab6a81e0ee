/// Whether facts are so: the only place that knows. What is missing is told in words.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Facts

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let private restartedAt = [ "metadata"; "annotations"; "example.com/restarted-at" ]
let private key pod = View.key Target.space pod
let private nameIn (target: string) = target.Substring(target.IndexOf '/' + 1)

/// The sentence of a fact, for transcripts and reports.
let says (fact: Fact) : string = FactWords.says fact

// ---- objects

let private isSo holds = if holds then None else Some "it is not so"

let private conditions object = Json.itemsAt [ "status"; "conditions" ] object
let private text name json = Json.stringAt [ name ] json |> Option.defaultValue ""

let private hasCondition target kind status reason (words: string option) stale (world: World) =
    let isWanted condition =
        status |> Option.forall (fun status -> text "status" condition = status)
        && reason |> Option.forall (fun reason -> text "reason" condition = reason)
        && words |> Option.forall (fun words -> (text "message" condition).Contains words)

    match Target.tryGet target world with
    | None -> Some "it does not exist"
    | Some object ->
        match conditions object |> List.tryFind (fun one -> text "type" one = kind) with
        | None -> Some "it has no such condition"
        | Some condition when
            isWanted condition
            && (stale
                || (Json.int64At [ "status"; "observedGeneration" ] object |> Option.defaultValue 0L)
                   >= Meta.generation object)
            ->
            None
        | Some condition ->
            Some $"""%s{text "status" condition} %s{text "reason" condition}: %s{text "message" condition}"""

let private hasReason target reason (world: World) =
    match Target.tryGet target world with
    | None -> Some "it does not exist"
    | Some object ->
        let reasons = conditions object |> List.map (text "reason")
        if List.contains reason reasons then None else Some $"its reasons are %s{Words.list reasons}"

let private parsed (at: string) =
    DateTimeOffset.Parse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)

let private readyFor target time (world: World) =
    match Target.tryGet target world with
    | None -> Some "it does not exist"
    | Some object ->
        conditions object
        |> List.tryFind (fun one -> text "type" one = "Ready" && text "status" one = "True")
        |> Option.bind (Json.stringAt [ "lastTransitionTime" ])
        |> function
            | None -> Some "it is not"
            | Some at ->
                let been = World.clock world - parsed at
                if been >= TimeSpan.FromMilliseconds(float time) then None else Some $"for %O{been}"

let private isNew (start: World) =
    let from = World.clock start

    fun target world ->
        Target.tryGet target world
        |> Option.bind (Json.stringAt [ "metadata"; "creationTimestamp" ])
        |> Option.exists (fun at -> parsed at > from)
        |> isSo

let private ours world =
    [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]
    |> List.collect (fun plural -> Ground.objects plural Target.space world)

/// Nobody holds the cluster's disruption, and no store waits for an entry in PD that may still appear.
let private settled world =
    ours world
    |> List.tryFind (fun object ->
        Meta.isTerminating object
        || not (Ground.isTrue "Ready" object)
        || (Json.tryPath [ "status"; "evicting" ] object).IsSome
        || (Json.tryPath [ "status"; "disruption" ] object).IsSome)
    |> Option.map (fun object -> Meta.name object + " is not")

let private revisionReached target (world: World) =
    match Target.tryGet target world with
    | Some group ->
        isSo (
            Json.stringAt [ "status"; "currentRevision" ] group =
                Json.stringAt [ "status"; "updateRevision" ] group
            && Json.int64At [ "status"; "observedGeneration" ] group = Some(Meta.generation group)
        )
    | None -> Some "it does not exist"

let private isOf group name =
    match Ground.groupAndIndex name with
    | Some(name, _) -> name = group
    | None -> false

let private restarted (target: string) note world =
    let plural = if target.StartsWith("PDGroup/", StringComparison.Ordinal) then "pds" else "tikvs"
    let isBack object = Json.stringAt restartedAt object = Some note && Ground.isTrue "Ready" object

    Ground.objects plural Target.space world
    |> List.tryFind (fun object -> isOf (nameIn target) (Meta.name object) && not (isBack object))
    |> Option.map (fun object -> Meta.name object + " has not")

// ---- Pods

let private counted count (found: string list) =
    if List.length found = count then None else Some $"there are %s{Words.list found}"

let private standing group (world: World) =
    ApiServer.listObjects Builtins.pods (Some Target.space) world.Server
    |> List.filter (fun object -> isOf group (Meta.name object) && not (Meta.isTerminating object))
    |> List.map Meta.name

let private podsOf group (world: World) = world.Pods.Values |> Seq.filter (fun pod -> isOf group pod.Name)

let private noMoreThanOne (found: string list) =
    match found with
    | []
    | [ _ ] -> None
    | found -> Some $"these are: %s{Words.list found}"

let private stopping (world: World) =
    world.Pods.Values
    |> Seq.filter _.Deleting.IsSome
    |> Seq.map _.Name
    |> List.ofSeq

let private runs (version: string) (pod: Pod) =
    pod.Spec.Containers
    |> List.exists (fun container -> container.Image.EndsWith(":" + version))

let private runsVersion group version world =
    podsOf group world
    |> Seq.tryFind (runs version >> not)
    |> Option.map (fun pod -> pod.Name + " does not")

let private notBefore group former version world =
    let early = podsOf group world |> Seq.tryFind (runs version)
    let late = podsOf former world |> Seq.tryFind (runs version >> not)

    match early, late with
    | Some early, Some late -> Some $"%s{early.Name} does, and %s{late.Name} does not"
    | _ -> None

// ---- PD and TiKV

let private stores (world: World) = Ground.clusters world |> Seq.collect _.Cluster.Stores.Values |> List.ofSeq

let private addresses holds world = stores world |> List.filter holds |> List.map _.Address

let private down world =
    Ground.clusters world
    |> Seq.collect (fun group ->
        let live = Ground.live world group

        group.Cluster.Stores.Values
        |> Seq.filter (fun store -> Ground.isUp store && not (Set.contains store.Id live)))
    |> Seq.map _.Address
    |> List.ofSeq

let private stored pod holds world =
    match Ground.storesOfPod (key pod) world with
    | [] -> Some "it has no store"
    | found when found |> List.exists holds -> None
    | found -> Some $"it is %s{found |> List.map (_.NodeState >> Words.state) |> Words.list}"

let private keepsStore start pod =
    let before = Ground.storeOfPod (key pod) start |> Option.map _.Id
    stored pod (fun store -> Some store.Id = before && Ground.isUp store)

let private led pod world =
    Ground.storesOfPod (key pod) world
    |> List.sumBy (fun store ->
        Ground.clusters world
        |> Seq.sumBy (fun group ->
            (0, group.Cluster.Regions)
            ||> Map.fold (fun sum region count ->
                if region.Leader = ValueSome store.Id then sum + count else sum)))

let private evicting pod (world: World) =
    match Ground.storeOfPod (key pod) world with
    | Some store ->
        Ground.clusters world
        |> Seq.exists (fun group -> Set.contains store.Id group.Cluster.Evicting)
    | None -> false

/// Of stores that are still there: what somebody asked for of one that has left is theirs to clear.
let private evictions (world: World) =
    let isThere id =
        match Ground.tryStore id world with
        | ValueSome(struct (_, store)) -> store.NodeState <> NodeState.Removed
        | ValueNone -> false

    Ground.clusters world
    |> Seq.collect _.Cluster.Evicting
    |> Seq.filter isThere
    |> List.ofSeq

let private regionWithout (world: World) =
    Ground.clusters world
    |> Seq.tryPick (fun group ->
        let live = Ground.live world group

        group.Cluster.Regions
        |> Map.tryFindKey (fun region _ ->
            let left = region.Voters |> List.filter (fun voter -> Set.contains voter live)
            left.Length < Ground.quorum region.Voters.Length))
    |> Option.map (fun region -> $"one on %s{Words.stores region.Voters} has not")

let private clock (milliseconds: int64) =
    TimeSpan.FromMilliseconds(float milliseconds).ToString @"hh\:mm\:ss\.fff"

let private leader (world: World) =
    Ground.clusters world
    |> Seq.tryPick (fun group -> Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members))

let private zones world =
    Ground.objects "tikvs" Target.space world
    |> List.choose (Json.stringAt [ "spec"; "topology"; "topology.kubernetes.io/zone" ])
    |> List.distinct
    |> List.sort

// ----

/// What of a fact is missing, or nothing; some facts look back at the world with which the scenario began.
let rec missing (start: World) (fact: Fact) : World -> string option =
    match fact with
    | Fact.Exists target -> fun world -> isSo (Target.tryGet target world).IsSome
    | Fact.Absent target -> fun world -> isSo (Target.tryGet target world).IsNone
    | Fact.Terminating target ->
        fun world -> isSo (Target.tryGet target world |> Option.exists Meta.isTerminating)
    | Fact.New target -> isNew start target
    | Fact.Field(target, path, value) ->
        fun world ->
            match Target.tryGet target world |> Option.bind (Json.tryPath path) with
            | Some found when found = value -> None
            | Some found -> Some("it is " + Json.print found)
            | None -> Some "it is not there"
    | Fact.HasField(target, path) ->
        fun world -> isSo (Target.tryGet target world |> Option.bind (Json.tryPath path)).IsSome
    | Fact.Condition(target, kind, status, reason, words, stale) ->
        hasCondition target kind status reason words stale
    | Fact.Reason(target, reason) -> hasReason target reason
    | Fact.Phase(target, phase) ->
        let wanted = Json.String(string phase)
        missing start (Fact.Field(target, [ "status"; "summary" ], wanted))
    | Fact.ReadyFor(target, time) -> readyFor target time
    | Fact.Settled -> settled
    | Fact.Pods(group, count) -> standing group >> counted count
    | Fact.OnePodStops -> stopping >> noMoreThanOne
    | Fact.PodStops group -> fun world -> isSo (podsOf group world |> Seq.exists _.Deleting.IsSome)
    | Fact.PodStands group -> fun world -> isSo (not (Seq.isEmpty (podsOf group world)))
    | Fact.PodsServe group ->
        fun world ->
            podsOf group world
            |> Seq.tryFind (fun pod -> pod.Deleting.IsSome || not pod.Ready)
            |> Option.map (fun pod -> pod.Name + " does not")
    | Fact.NodeEmpty node ->
        fun world ->
            world.Pods.Values
            |> Seq.tryFind (fun pod -> pod.Node = node)
            |> Option.map (fun pod -> pod.Name + " is")
    | Fact.Restarted(target, note) -> restarted target note
    | Fact.RunsVersion(group, version) -> runsVersion group version
    | Fact.NotBefore(group, former, version) -> notBefore group former version
    | Fact.RevisionReached target -> revisionReached target
    | Fact.StoresInZones wanted ->
        let wanted = List.sort wanted

        fun world ->
            match zones world with
            | found when found = wanted -> None
            | found -> Some $"they are in %s{Words.list found}"
    | Fact.StoresUp count -> addresses Ground.isUp >> counted count
    | Fact.StoresUpAtLeast count ->
        fun world ->
            match addresses Ground.isUp world with
            | found when found.Length >= count -> None
            | found -> Some $"there are %d{found.Length}"
    | Fact.StoresDown count ->
        fun world ->
            match down world with
            | found when found.Length >= count -> None
            | found -> Some $"down are %s{Words.list found}"
    | Fact.Tombstones count -> addresses (fun store -> store.NodeState = NodeState.Removed) >> counted count
    | Fact.OneStoreLeaves -> addresses (fun store -> store.NodeState = NodeState.Removing) >> noMoreThanOne
    | Fact.StoreUp pod -> stored pod Ground.isUp
    | Fact.Preparing pod -> stored pod (fun store -> store.NodeState = NodeState.Preparing)
    | Fact.Removing pod -> stored pod (fun store -> store.NodeState = NodeState.Removing)
    | Fact.Tombstone pod -> stored pod (fun store -> store.NodeState = NodeState.Removed)
    | Fact.KeepsStore pod -> keepsStore start pod
    | Fact.LeadsRegions(pod, least) ->
        fun world ->
            match led pod world with
            | count when count >= least -> None
            | count -> Some $"it leads %d{count}"
    | Fact.Evicting pod -> fun world -> isSo (evicting pod world)
    | Fact.NoEvictions ->
        fun world ->
            match evictions world with
            | [] -> None
            | found -> Some $"of %s{Words.stores found} it does"
    | Fact.EveryRegionServes -> regionWithout
    | Fact.StoresLabelled label ->
        fun world ->
            stores world
            |> List.tryFind (fun store -> Ground.isUp store && not (Map.containsKey label store.Labels))
            |> Option.map (fun store -> store.Address + " is not")
    | Fact.PdAtRest ->
        fun world ->
            Ground.clusters world
            |> Seq.map (fun group ->
                let asked = min group.Cluster.LeadersAt group.Cluster.PeersAt

                match group.Cluster.Singles with
                | None -> asked
                | Some _ -> min asked (Fidelity.due true group.Cluster))
            |> Seq.tryFind (fun next -> next < Int64.MaxValue)
            |> Option.map (fun next -> $"it looks again at %s{clock next}")
    | Fact.NodeSilent time ->
        fun world ->
            world.Machines.Values
            |> Seq.exists (fun machine ->
                match machine.SilentSince with
                | ValueSome since -> world.Now - since > time
                | ValueNone -> false)
            |> isSo
    | Fact.Members count ->
        fun world ->
            Ground.clusters world
            |> Seq.collect _.Members.Values
            |> Seq.map _.Name
            |> List.ofSeq
            |> counted count
    | Fact.LeadsPd pod ->
        fun world ->
            Ground.clusters world
            |> Seq.exists (fun group ->
                match Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members) with
                | Some one -> one.Name = pod
                | None -> false)
            |> isSo
    | Fact.PdHasLeader ->
        fun world -> isSo (Ground.clusters world |> Seq.exists (Ground.leader >> Option.isSome))
    | Fact.OnePdCluster ->
        fun world ->
            match PdWorld.clusterIds world.Pd with
            | []
            | [ _ ] -> None
            | found -> Some $"there are %d{List.length found}"
    | Fact.Not fact ->
        let missing = missing start fact

        fun world ->
            match missing world with
            | Some _ -> None
            | None -> Some $"%s{says fact}"
    | Fact.All facts ->
        let each = facts |> List.map (fun fact -> fact, missing start fact)

        fun world ->
            each
            |> List.tryPick (fun (fact, missing) ->
                missing world |> Option.map (fun what -> says fact + ": " + what))
    | Fact.Any facts ->
        let each = facts |> List.map (fun fact -> fact, missing start fact)

        fun world ->
            if each |> List.exists (fun (_, missing) -> (missing world).IsNone) then
                None
            else
                each
                |> List.map (fun (fact, missing) ->
                    says fact + ": " + (missing world |> Option.defaultValue ""))
                |> fun all -> Some(String.Join("; ", all))
    | Fact.Called(_, fact) -> missing start fact

let holds start fact (world: World) = (missing start fact world).IsNone
