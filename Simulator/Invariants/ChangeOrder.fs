/// In which order things change, and what changes nothing: verification C4.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.ChangeOrder

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// Major and minor.
let private minor (version: string) =
    match (version.TrimStart 'v').Split('-')[0] |> fun text -> text.Split '.' with
    | parts when parts.Length >= 2 ->
        match System.Int32.TryParse parts[0], System.Int32.TryParse parts[1] with
        | (true, major), (true, minor) -> Some struct (major, minor)
        | _ -> None
    | _ -> None

let pdFirst =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I33"
            "A TiKV process is made of no newer minor version than the oldest running PD, unless the cluster says that order does not matter"
            "verification C4")
        (fun _ sight ->
            match sight with
            | Sight.Landed(_, Create({ Kind = Kind.Pod } as object, body), code, before) when
                code < 300
                && Json.stringAt [ "metadata"; "labels"; "tikv.org/component" ] body = Some "tikv"
                ->
                let isFree =
                    Ground.objects "clusters" object.Namespace before
                    |> List.exists (fun cluster ->
                        Json.stringAt [ "spec"; "upgradePolicy" ] cluster = Some "NoConstraints")

                let image =
                    Json.itemsAt [ "spec"; "containers" ] body
                    |> List.tryPick (Json.stringAt [ "image" ])
                    |> Option.defaultValue ""

                let wanted = minor (image.Substring(image.LastIndexOf ':' + 1))

                let oldest =
                    before.Pd.Members.Values
                    |> Seq.filter (fun one -> one.State = ProcessState.Running)
                    |> Seq.choose (fun one -> minor one.Start.Version)
                    |> List.ofSeq
                    |> List.sort
                    |> List.tryHead

                match wanted, oldest with
                | Some wanted, Some(struct (major, minor) as oldest) when wanted > oldest && not isFree ->
                    Finding.Broken
                        $"%s{object.Name} is made of %s{image} while a PD runs %d{major}.%d{minor}"
                | Some _, Some _ -> Finding.Held
                | _ -> Finding.Nothing
            | _ -> Finding.Nothing)

/// What a Pod that served was made of, when an operator deleted it.
type private Former = {
    Substance: Json
    /// Of its instance: another one later means that something else was asked for meanwhile.
    Generation: int64 option
    /// The revisions of the Pods that were asked for since. A request of before that lands late decides nothing anew, and no
    /// creation can be sent so that the server refuses it by then.
    Asked: Set<string>
}

let private revisionOf (pod: Json) =
    Json.stringAt [ "metadata"; "annotations"; "tikv.org/process-revision" ] pod
    |> Option.defaultValue ""

/// The generation of the instance that a Pod (as JSON) belongs to.
let private generation (pod: Json) (world: World) =
    let name =
        Json.stringAt [ "metadata"; "labels"; "tikv.org/instance" ] pod
        |> Option.defaultValue (Meta.name pod)

    [ "tikvs"; "pds" ]
    |> List.tryPick (fun plural -> Ground.tryObject plural (Meta.``namespace`` pod) name world)
    |> Option.map Meta.generation

let private placed = Set.ofList [ "nodeName"; "hostname"; "subdomain" ]

/// What the process in a Pod sees of the Pod: its spec, but for where it is, and the files that it mounts.
let private substance (world: World) (pod: Json) =
    let spec =
        Json.tryField "spec" pod
        |> Option.defaultValue Json.empty
        |> fun spec -> (spec, placed) ||> Set.fold (fun spec name -> Json.withoutField name spec)

    let files =
        Json.itemsAt [ "spec"; "volumes" ] pod
        |> List.choose (Json.stringAt [ "configMap"; "name" ])
        |> List.choose (fun name ->
            ApiServer.tryGet Builtins.configMaps (Some(Meta.``namespace`` pod)) name world.Server)
        |> List.choose (Json.tryField "data")

    Json.object [
        "spec", spec
        "files", Json.array files
        "annotations", Json.tryPath [ "metadata"; "annotations" ] pod |> Option.defaultValue Json.empty
        "labels", Json.tryPath [ "metadata"; "labels" ] pod |> Option.defaultValue Json.empty
    ]

/// A file system of the Pod grows only when it is mounted anew.
let private waitsForMount (pod: Pod) (before: World) =
    pod.Spec.Volumes.Values
    |> Seq.exists (fun source ->
        match source with
        | VolumeSource.Claim name ->
            match Map.tryFind (View.key pod.Namespace name) before.Claims with
            | Some claim -> claim.PendingSince <> ""
            | None -> false
        | _ -> false)

let restartsChangeSomething =
    Invariant.makeOf
        (Sights.Changed ||| Sights.Landed ||| Sights.Sent)
        (Invariant.property
            "I37"
            "A Pod that served is restarted only for another one that differs in what its process sees: nothing without effect on a process restarts it, and none is restarted twice for one change"
            "verification C4 (I34, I37)")
        Map.empty
        (fun (former: Map<string, Former>) { World = world; Ledger = ledger } sight ->
            match Landing.podDeletion sight, sight with
            | ValueSome(struct (before, pod, _, (Landing.Victim.Store _ | Landing.Victim.Member _))), _ when
                pod.Ready
                && not (Landing.isStopped pod ledger before)
                // a Pod that moves to another node is the same there
                && Map.tryFind pod.Node before.Nodes
                   |> Option.exists (fun node -> node.Ready && not node.Unschedulable && node.Taints.IsEmpty)
                // one that leaves is not restarted: who comes after it under its name is another, and may be alike
                && Landing.instance pod before |> Option.forall (Meta.isTerminating >> not)
                && not (waitsForMount pod before)
                ->
                match ApiServer.tryGet Builtins.pods (Some pod.Namespace) pod.Name before.Server with
                | None -> struct (former, Finding.Nothing)
                | Some object ->
                    let made = {
                        Substance = substance before object
                        Generation = generation object before
                        Asked = Set.empty
                    }

                    struct (Map.add (View.key pod.Namespace pod.Name) made former, Finding.Nothing)
            | _, Sight.Sent(_, _, _, Sent.Write(Create({ Kind = Kind.Pod } as object, body))) when
                not former.IsEmpty
                ->
                let key = View.key object.Namespace object.Name

                match Map.tryFind key former with
                | Some before ->
                    let asked = { before with Asked = Set.add (revisionOf body) before.Asked }
                    struct (Map.add key asked former, Finding.Nothing)
                | None -> struct (former, Finding.Nothing)
            | _, Sight.Changed { Resource = { Plural = "pods" }; Type = ChangeType.Added; Object = object } ->
                let key = View.keyOf object

                match Map.tryFind key former with
                | None -> struct (former, Finding.Nothing)
                | Some before when not (Set.contains (revisionOf object) before.Asked) ->
                    struct (Map.remove key former, Finding.Nothing)
                | Some before ->
                    let rest = Map.remove key former

                    // a change that was taken back before the new Pod was made
                    let isTakenBack = generation object world <> before.Generation

                    if substance world object = before.Substance && not isTakenBack then
                        struct (rest, Finding.Broken $"%s{key} was restarted, and nothing is different")
                    else
                        struct (rest, Finding.Held)
            | _, Sight.Changed { Resource = { Plural = "clusters" }; Object = object } when
                Json.boolAt [ "spec"; "suspendAction"; "suspendCompute" ] object = Some true
                ->
                struct (Map.empty, Finding.Nothing)
            | _ -> struct (former, Finding.Nothing))

let private kept = 95_000L

let pausedIsLeftAlone =
    Invariant.plainOf
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I38"
            "A paused cluster is written to in status only; a suspended one loses Pods, and neither stores, members nor claims"
            "verification C4")
        (fun { Ledger = ledger; World = world } sight ->
            let since known ``namespace`` =
                known
                |> Map.tryPick (fun (key: string) at ->
                    if key.StartsWith(``namespace`` + "/") then Some at else None)

            match sight with
            | Sight.Landed(_, write, code, _) when code < 300 && (Write.object write).Kind <> Kind.Lease ->
                let object = Write.object write

                let isStatus =
                    (match write with
                     | Patch(_, true, _) -> true
                     | _ -> false)

                match since ledger.Paused object.Namespace, since ledger.Suspended object.Namespace with
                | Some at, _ when not isStatus && object.Kind <> Kind.Event && world.Now - at > kept ->
                    Finding.Broken
                        $"%s{Kind.name object.Kind} %s{object.Name} is written while the cluster is paused"
                | Some at, _ when world.Now - at > 1_000L -> Finding.Held
                | _, Some at when
                    world.Now - at > kept
                    && (match write with
                        | Delete({ Kind = Kind.PersistentVolumeClaim }, _, _) -> true
                        | _ -> false)
                    ->
                    Finding.Broken $"the claim %s{object.Name} is deleted while the cluster is suspended"
                | _, Some _ -> Finding.Held
                | _ -> Finding.Nothing
            | Sight.AskedPd(_, call, status, _) when status < 300 ->
                match since ledger.Paused "default", call with
                | Some at, _ when world.Now - at > kept ->
                    Finding.Broken $"PD is told %s{Words.call call} while the cluster is paused"
                | _ -> Finding.Nothing
            | _ -> Finding.Nothing)

let private group (object: Json) =
    Ground.groupAndIndex (Meta.name object)
    |> Option.map fst
    |> Option.defaultValue ""

let unregisteredGoFirst =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I40"
            "Of the surplus instances those that never registered go first, unless others were named"
            "verification C4")
        (fun _ sight ->
            let chosen =
                match sight with
                | Sight.Landed(_, Patch({ Kind = Kind.TiKV } as object, false, body), code, before) when
                    code < 300 && Json.boolAt [ "spec"; "offline" ] body = Some true
                    ->
                    Some(struct (object, before))
                | Sight.Landed(_, Delete({ Kind = Kind.TiKV } as object, _, _), code, before) when code < 300 ->
                    Some(struct (object, before))
                | _ -> None

            match chosen with
            | None -> Finding.Nothing
            | Some(struct (object, before)) ->
                match Ground.tryObject "tikvs" object.Namespace object.Name before with
                | None -> Finding.Nothing
                | Some victim ->
                    let isRegistered one = (Json.tryPath [ "status"; "id" ] one).IsSome

                    let isGoing one =
                        Meta.isTerminating one || Json.boolAt [ "spec"; "offline" ] one = Some true

                    let owner = Ground.tryObject "tikvgroups" object.Namespace (group victim) before

                    let isNamed =
                        owner
                        |> Option.exists (fun owner ->
                            Meta.isTerminating owner
                            || not (List.isEmpty (Json.itemsAt [ "spec"; "offlineIndexes" ] owner)))

                    // an instance within the wanted ones never leaves for the sake of another
                    let replicas =
                        owner
                        |> Option.bind (Json.intAt [ "spec"; "replicas" ])
                        |> Option.defaultValue 0

                    let waiting =
                        Ground.objects "tikvs" object.Namespace before
                        |> List.filter (fun one ->
                            group one = group victim
                            && not (isRegistered one)
                            && not (isGoing one)
                            && (Ground.groupAndIndex (Meta.name one)
                                |> Option.exists (fun (_, index) -> index >= replicas)))

                    if isNamed || isGoing victim then
                        Finding.Nothing
                    else
                        match isRegistered victim, waiting with
                        | true, one :: _ ->
                            Finding.Broken
                                $"%s{object.Name} leaves while %s{Meta.name one} has never registered"
                        | _ -> Finding.Held)

let all = [ pdFirst; restartsChangeSomething; pausedIsLeftAlone; unregisteredGoFirst ]
