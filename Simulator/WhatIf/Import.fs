namespace Tikv.Simulator.WhatIf

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What a dump comes to.
type Imported = {
    Story: Story
    /// What the scenario says otherwise than the dump, field by field.
    Warnings: string list
    /// Names of the dump with those that stand for them: of the Cluster, groups, instances.
    Names: (string * string) list
}

/// Turns a dump into the scenario file of a cluster like it, to which nothing happens yet.
[<RequireQualifiedAccess>]
module Import =

    let private text = Sight.text

    /// Regions beyond so many are stood for by those.
    let mostRegions = 1_000

    // ---- names

    let private further (sight: Sight) (group: string) =
        let rest =
            if group.StartsWith(sight.Name + "-") then group.Substring(sight.Name.Length + 1) else group

        if rest = "pd" || rest = "tikv" then $"basic-%s{rest}-more" else "basic-" + rest

    let private groupNames (sight: Sight) : (string * string) list =
        let named first groups =
            groups
            |> List.mapi (fun index (_, group) ->
                let name = Sight.name group
                name, (if index = 0 then first else further sight name))

        named "basic-pd" sight.PdGroups @ named "basic-tikv" sight.TikvGroups

    /// The indexes that a group of so many instances comes to have.
    let private indexes (group: Json) =
        let left =
            Json.itemsAt [ "spec"; "offlineIndexes" ] group
            |> List.choose Json.asInt
            |> Set.ofList

        Seq.initInfinite id
        |> Seq.filter (fun index -> not (left.Contains index))
        |> Seq.truncate (Sight.replicas group |> Option.defaultValue 0)
        |> List.ofSeq

    let private instanceNames
        (sight: Sight)
        (group: Json)
        (other: string)
        : Specs.Told<(string * string) list> =
        let name = Sight.name group
        let found = Sight.instancesOf name sight |> List.map fst
        let wanted = indexes group
        let pairs = List.zip (List.truncate wanted.Length found) (List.truncate found.Length wanted)
        let list (indexes: int list) = String.Join(", ", indexes)

        pairs
        |> List.map (fun (one, other') -> $"%s{name}-%d{one}", $"%s{other}-%d{other'}"),
        [
            if found.Length <> wanted.Length then
                $"%s{name}: spec.replicas is %d{wanted.Length}, and there are %d{found.Length} instances; the simulation begins with %d{wanted.Length}"
            elif found <> wanted then
                $"%s{name}: the instances %s{list found} become %s{list wanted}"
        ]

    // ---- storage

    let private isLocal (sight: Sight) : Specs.Told<bool> =
        let ofClass name =
            sight.Classes
            |> List.tryFind (fun one -> Sight.name one = name)
            |> Option.map (fun one ->
                let provisioner = text [ "provisioner" ] one
                provisioner = "kubernetes.io/no-provisioner" || provisioner.Contains "local")

        let ofVolume name =
            sight.Volumes
            |> List.tryFind (fun one -> Sight.name one = name)
            |> Option.map (fun one ->
                (Json.tryPath [ "spec"; "local" ] one).IsSome
                || (Json.tryPath [ "spec"; "hostPath" ] one).IsSome)

        let kinds =
            sight.Claims
            |> List.map (fun claim ->
                let local =
                    ofVolume (text [ "spec"; "volumeName" ] claim)
                    |> Option.orElse (ofClass (text [ "spec"; "storageClassName" ] claim))
                    |> Option.defaultValue false

                local || (text [ "spec"; "storageClassName" ] claim).StartsWith "local", Sight.name claim)

        match kinds |> List.filter fst, kinds |> List.filter (fst >> not) with
        | [], _ -> false, []
        | _, [] -> true, []
        | local, others ->
            true,
            [
                $"storage: %d{local.Length} volumes are local disks and %d{others.Length} are not; the simulation has local disks only"
            ]

    // ---- what PD says

    let private ask path decode (sight: Sight) =
        match Map.tryFind path sight.Pd with
        | None -> Error $"PD %s{path}: the dump has no answer"
        | Some reply ->
            match decode reply with
            | Ok value -> Ok value
            | Error problem -> Error $"PD %s{path}: it cannot be read: %s{PdError.text problem}"

    let private told result =
        match result with
        | Ok _ -> []
        | Error problem -> [ problem ]

    let private labels = Set.ofList [ "region"; "zone"; "host" ]

    let private replication (sight: Sight) (given: Given) : Specs.Told<Given> =
        match ask "/pd/api/v1/config/replicate" PdCodec.replication sight with
        | Error problem -> given, [ problem + "; taken for max-replicas 3 and no location labels" ]
        | Ok found ->
            let known, others =
                found.LocationLabels
                |> List.partition (fun label ->
                    labels.Contains label || label.StartsWith "topology.kubernetes.io/")

            let isKnown = found.IsolationLevel = "" || List.contains found.IsolationLevel known
            let others = String.Join(", ", others)
            let least, most = Tikv.Simulator.Files.Reader.boundsOf "maxReplicas"

            {
                given with
                    MaxReplicas = found.MaxReplicas |> max least |> min most
                    LocationLabels = known
                    IsolationLevel = if isKnown then found.IsolationLevel else ""
            },
            [
                if found.MaxReplicas < least || found.MaxReplicas > most then
                    $"PD max-replicas: `%d{found.MaxReplicas}` is not in the simulation; allowed: %d{least} to %d{most}"
                if others <> "" then
                    $"""PD location-labels: %s{others} left out: simulated nodes have no such label; allowed: %s{String.Join(", ", labels)}"""
                if not isKnown then
                    $"PD isolation-level: `%s{found.IsolationLevel}` is left out: it is none of the location labels that are left"
            ]

    let private regions (sight: Sight) (given: Given) : Specs.Told<Given> =
        match ask "/pd/api/v1/regions/count" PdCodec.regionCount sight with
        | Error problem -> given, [ $"%s{problem}; taken for %d{given.Regions} regions" ]
        | Ok count when count <= mostRegions -> { given with Regions = max 1 count }, []
        | Ok count ->
            { given with Regions = mostRegions },
            [
                $"PD has %d{count} regions; the simulation has %d{mostRegions}, each for %.1f{float count / float mostRegions} of them: moving the peers of a store away takes less time than it would"
            ]

    /// What is not as it is in the settled cluster that a scenario begins with.
    let private troubles (sight: Sight) : string list = [
        match ask "/pd/api/v1/stores" PdCodec.stores sight with
        | Error problem -> problem
        | Ok stores ->
            let stores = stores |> List.filter (fun store -> store.NodeState <> NodeState.Removed)

            for store in stores do
                let (StoreId id) = store.Id

                if store.StateName <> "Up" then
                    $"PD store %d{id} (%s{store.Address}) is %s{store.StateName}; the simulation begins with all stores up"

            for engine, stores in
                stores
                |> List.choose (fun store -> Map.tryFind "engine" store.Labels)
                |> List.countBy id do
                $"PD has %d{stores} stores with the label engine=%s{engine}; the simulation has none of them"

        yield! ask "/pd/api/v1/members" PdCodec.members sight |> told

        match ask "/pd/api/v1/health" PdCodec.health sight with
        | Error problem -> problem
        | Ok members ->
            for one in members do
                if not one.Health then
                    $"PD member %s{one.Name} is not healthy; the simulation begins with all members healthy"

        match ask "/pd/api/v1/scheduler-config/evict-leader-scheduler/list" PdCodec.evictLeaders sight with
        | Ok stores when not stores.IsEmpty ->
            let stores = String.Join(", ", stores |> Seq.map (fun (StoreId id) -> $"store %d{id}"))
            $"PD evicts the leaders of %s{stores}; the simulation begins without"
        | Ok _
        | Error _ -> ()

        for instance in sight.Instances do
            let ready =
                Json.itemsAt [ "status"; "conditions" ] instance
                |> List.tryFind (fun one -> text [ "type" ] one = "Ready")

            match ready with
            | Some one when text [ "status" ] one = "True" -> ()
            | Some one ->
                $"""%s{Sight.name instance} is not Ready (%s{text [ "reason" ] one}); the simulation begins with a settled cluster"""
            | None ->
                $"%s{Sight.name instance} says nothing of Ready; the simulation begins with a settled cluster"
    ]

    // ----

    let private group isLocal kind (names: Map<string, string>) (_: string, manifest: Json) =
        let name = Sight.name manifest
        let spec, told = Specs.group kind $"%s{Kind.name kind} %s{name}" isLocal manifest
        names[name], Sight.replicas manifest |> Option.defaultValue 0, spec, told

    let private whole kind (name, replicas, spec: Json, _) =
        Json.object [
            "apiVersion", Json.String(Kind.apiVersion kind)
            "kind", Json.String(Kind.name kind)
            "metadata", Json.object [ "name", Json.String name ]
            "spec",
            Json.object [
                "cluster", Json.object [ "name", Json.String "basic" ]
                "replicas", Json.int replicas
                yield! Json.asMembers spec |> Option.defaultValue []
            ]
        ]

    let private example kind =
        Bootstrap.manifests 3 3
        |> List.pick (fun request ->
            if text [ "kind" ] request.Body = Kind.name kind then Json.tryField "spec" request.Body else None)
        |> Json.withoutField "cluster"
        |> Json.withoutField "replicas"

    /// The `spec` that a group, or the Cluster, has at the beginning; without cluster and replicas.
    let trySpec (given: Given) (target: string) : Json option =
        let patched spec =
            (Json.object [ "spec", spec ], given.Manifests |> List.filter (fun (one, _) -> one = target))
            ||> List.fold (fun whole (_, patch) -> MergePatch.apply patch whole)
            |> Json.tryField "spec"

        match target with
        | "Cluster/basic" -> patched Json.empty
        | "PDGroup/basic-pd" -> patched (example Kind.PDGroup)
        | "TiKVGroup/basic-tikv" -> patched (example Kind.TiKVGroup)
        | _ ->
            given.Groups
            |> List.tryFind (fun manifest -> text [ "kind" ] manifest + "/" + Sight.name manifest = target)
            |> Option.bind (Json.tryField "spec")
            |> Option.map (Json.withoutField "cluster" >> Json.withoutField "replicas")

    let private merge kind name spec =
        Specs.patch (example kind) spec
        |> Option.map (fun patch -> $"%s{Kind.name kind}/%s{name}", patch)
        |> Option.toList

    let private sentence (dump: Dump) (sight: Sight) (names: (string * string) list) warnings =
        let renamed =
            names
            |> List.filter (fun (one, other) -> one <> other)
            |> List.map (fun (one, other) -> $"%s{one} is %s{other} here")

        String.Join(
            "; ",
            [
                $"Made by tikv-sim import of %s{IO.Path.GetFileName dump.Source}"
                yield! renamed
                if sight.Others.IsEmpty then
                    "other Pods on the nodes are not known, and take no room"
                else
                    "what other Pods ask for is taken off the room of the nodes"
                yield! warnings
            ]
        )

    /// The scenario, or what is wrong with the dump.
    let ofDump (wanted: string option) (dump: Dump) : Result<Imported, string list> =
        Sight.ofDump wanted dump
        |> Result.map (fun sight ->
            let groupNames = groupNames sight
            let names = Map.ofList groupNames
            let isLocal, storage = isLocal sight
            let cluster, ofCluster = Specs.cluster $"Cluster %s{sight.Name}" sight.Cluster
            let pd = sight.PdGroups |> List.map (group isLocal Kind.PDGroup names)
            let tikv = sight.TikvGroups |> List.map (group isLocal Kind.TiKVGroup names)

            let instances =
                sight.PdGroups @ sight.TikvGroups
                |> List.map (fun (_, group) -> instanceNames sight group names[Sight.name group])

            let instanceNames = instances |> List.collect fst

            let nodes, ofNodes =
                Places.ofSight
                    (fun pod -> List.tryFind (fst >> (=) pod) instanceNames |> Option.map snd)
                    sight

            let replicasOf (_, replicas, _, _) = replicas
            let specOf (_, _, spec, _) = spec
            let toldOf (_, _, _, told) = told

            let given = {
                Given.ordinary with
                    Pd = replicasOf pd.Head
                    Tikv = replicasOf tikv.Head
                    Nodes = nodes
                    StorageClass = if isLocal then "local" else "standard"
                    Manifests =
                        (Specs.patch Json.empty cluster
                         |> Option.map (fun patch -> "Cluster/basic", patch)
                         |> Option.toList)
                        @ merge Kind.PDGroup "basic-pd" (specOf pd.Head)
                        @ merge Kind.TiKVGroup "basic-tikv" (specOf tikv.Head)
                    Groups =
                        (pd.Tail |> List.map (whole Kind.PDGroup))
                        @ (tikv.Tail |> List.map (whole Kind.TiKVGroup))
            }

            let given, ofReplication = replication sight given
            let given, ofRegions = regions sight given

            let warnings =
                storage
                @ ofCluster
                @ List.collect toldOf (pd @ tikv)
                @ List.collect snd instances
                @ ofNodes
                @ ofReplication
                @ ofRegions
                @ troubles sight

            let names = (sight.Name, "basic") :: groupNames @ instanceNames
            let at = if dump.TakenAt = "" then "" else $" at %s{dump.TakenAt}"

            let story = {
                scenario sight.Name $"A cluster like %s{sight.Space}/%s{sight.Name} as it was%s{at}" [] given [] [
                    Check.Finally Fact.Settled
                ] with
                    Why = Some(sentence dump sight ((sight.Name, "basic") :: groupNames) warnings)
            }

            { Story = story; Warnings = warnings; Names = names })
