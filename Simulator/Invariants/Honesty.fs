/// What the operator says of the state of things.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Honesty

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// How long a truth may be gone until a sane observer must know (verification C0, D_vis): PD calls a store Disconnected 20 s
/// after its last heartbeat, and where all is settled PD is asked each 30 s.
let private visible = 60_000L

/// How long a Cluster may repeat what its groups said before: it knows them from a cache, which lags by 10 s where a run says
/// so, and the group by its own.
let private echo = 15_000L

type private Seen = {
    /// When each group last said Ready, by `namespace/plural/name`, of those that say so no more.
    Said: Map<string, int64>
    /// Since when each process has not been serving, by `namespace/pod`. A serving one is not here.
    Silent: Map<string, int64>
    /// Those that were ever seen serving.
    Served: Set<string>
    /// What was looked at last.
    Runs: Map<string, Run>
    Members: Map<string, PdProcess>
    Tikvs: Map<string, TikvProcess>
}

let private serves (world: World) (run: Run) =
    match run.Process with
    | Process.Pd name ->
        match PdWorld.memberState name world.Pd with
        | Some ProcessState.Running -> true
        | _ -> false
    | Process.Tikv name ->
        match PdWorld.storeState name world.Pd with
        | Some ProcessState.Running -> true
        | _ -> false
    | Process.Other
    | Process.Ended -> false

let private watch (seen: Seen) (world: World) =
    let now =
        world.Runs.Values
        |> Seq.filter (serves world)
        |> Seq.map (fun run -> View.key run.Pod.Namespace run.Pod.Name)
        |> Set.ofSeq

    let silent =
        (seen.Silent, Set.difference seen.Served now)
        ||> Set.fold (fun silent pod ->
            if Map.containsKey pod silent then silent else Map.add pod world.Now silent)

    {
        seen with
            Served = Set.union seen.Served now
            Silent = silent |> Map.filter (fun pod _ -> not (Set.contains pod now))
            Runs = world.Runs
            Members = world.Pd.Members
            Tikvs = world.Pd.Tikvs
    }

/// The same processes tell nothing new.
let private track (seen: Seen) (world: World) =
    if
        LanguagePrimitives.PhysicalEquality seen.Runs world.Runs
        && LanguagePrimitives.PhysicalEquality seen.Members world.Pd.Members
        && LanguagePrimitives.PhysicalEquality seen.Tikvs world.Pd.Tikvs
    then
        seen
    else
        watch seen world

let private claimsReady object =
    Json.itemsAt [ "status"; "conditions" ] object
    |> List.exists (fun condition ->
        Json.stringAt [ "type" ] condition = Some "Ready"
        && Json.stringAt [ "status" ] condition = Some "True")

let private wordOf plural object = $"%s{Meta.``namespace`` object}/%s{plural}/%s{Meta.name object}"

/// A group said Ready until a moment ago.
let private hasJustSaid (seen: Seen) (world: World) plural group =
    match Map.tryFind (wordOf plural group) seen.Said with
    | Some at -> world.Now - at <= echo
    | None -> false

let private hear (seen: Seen) (world: World) plural object before =
    match claimsReady before, claimsReady object with
    | true, false -> { seen with Said = Map.add (wordOf plural object) world.Now seen.Said }
    | false, true when not seen.Said.IsEmpty -> {
        seen with
            Said = Map.remove (wordOf plural object) seen.Said
      }
    | _ -> seen

/// The Pods that an object answers for.
let private pods (seen: Seen) (world: World) plural object =
    let ``namespace`` = Meta.``namespace`` object

    let ofGroup group =
        let count = Json.intAt [ "spec"; "replicas" ] group |> Option.defaultValue 0
        let name = Meta.name group

        let isOurs (pod: string) =
            match pod.LastIndexOf '-' with
            | -1 -> false
            | at -> pod.Substring(0, at) = name

        let standing =
            world.Pods.Values
            |> Seq.filter (fun pod -> pod.Namespace = ``namespace`` && isOurs pod.Name)
            |> Seq.map _.Name
            |> Set.ofSeq

        let justGone =
            seen.Silent
            |> Map.toSeq
            |> Seq.filter (fun (_, since) -> world.Now - since <= visible)
            |> Seq.map (fun (pod, _) -> pod.Substring(pod.IndexOf '/' + 1))
            |> Seq.filter isOurs
            |> Set.ofSeq

        let standing = Set.union standing justGone |> Set.toList

        // a group with fewer Pods than it asks for has some that never served, once it has heard that it asks for them
        let missing =
            if
                Json.int64At [ "status"; "observedGeneration" ] group
                |> Option.exists (fun seen -> seen >= Meta.generation group)
            then
                count - List.length standing
            else
                0

        standing @ [ for missing in 1..missing -> $"%s{name}-missing-%d{missing}" ]

    match plural with
    | "pds"
    | "tikvs" -> [
        Json.stringAt [ "spec"; "podName" ] object
        |> Option.defaultValue (Meta.name object)
      ]
    | "pdgroups"
    | "tikvgroups" -> ofGroup object
    | _ ->
        [ "pdgroups"; "tikvgroups" ]
        |> List.collect (fun plural ->
            ApiServer.listObjects
                (Builtins.key "core.tikv.org" "v1alpha1" plural)
                (Some ``namespace``)
                world.Server
            |> List.filter (fun group ->
                Json.stringAt [ "spec"; "cluster"; "name" ] group = Some(Meta.name object)
                && not (hasJustSaid seen world plural group)))
        |> List.collect ofGroup

let private ours = Set.ofList [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]

/// I49.
let readyIsTrue: Invariant =
    Invariant.makeOf
        (Sights.Changed ||| Sights.Processes)
        {
            Id = "I49"
            Means =
                "Ready is True of a generation only while every process that the object answers for has served within the last minute, and observedGeneration never goes back"
            Source = "verification C5"
        }
        {
            Said = Map.empty
            Silent = Map.empty
            Served = Set.empty
            Runs = Map.empty
            Members = Map.empty
            Tikvs = Map.empty
        }
        (fun seen { World = world } sight ->
            match sight with
            | Sight.Processes -> struct (track seen world, Finding.Nothing)
            | Sight.Changed {
                                Resource = resource
                                Object = object
                                Previous = previous
                                Type = ChangeType.Modified
                            } when resource.Group = "core.tikv.org" && Set.contains resource.Plural ours ->
                let generation json =
                    Json.int64At [ "status"; "observedGeneration" ] json |> Option.defaultValue 0L

                let before = previous |> Option.defaultValue Json.Null
                let seen = hear seen world resource.Plural object before

                if generation object < generation before then
                    struct (seen,
                            Finding.Broken
                                $"observedGeneration of %s{Meta.name object} went back to %d{generation object}")
                elif
                    not (claimsReady object)
                    || claimsReady before
                    || generation object < Meta.generation object
                then
                    struct (seen, Finding.Nothing)
                else
                    let isGone name =
                        let pod = View.key (Meta.``namespace`` object) name

                        not (Set.contains pod seen.Served)
                        || (match Map.tryFind pod seen.Silent with
                            | Some since -> world.Now - since > visible
                            | None -> false)

                    match pods seen world resource.Plural object |> List.tryFind isGone with
                    | Some pod ->
                        struct (seen,
                                Finding.Broken
                                    $"%s{Meta.name object} says Ready, while %s{pod} does not serve")
                    | None -> struct (seen, Finding.Held)
            | _ -> struct (seen, Finding.Nothing))
