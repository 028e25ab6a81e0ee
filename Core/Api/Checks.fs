namespace Tikv.Core.Api

open System
open Tikv.Core

/// Checks that several kinds share. Each takes the path of what it looks at.
[<RequireQualifiedAccess>]
module Checks =

    let private quoted (text: string) = Json.print (Json.string text)

    /// The problem, unless it holds.
    let must allowed holds (value: string) (path: Path) : Problem list =
        if holds then [] else [ Problem.make (Path.text path) value allowed ]

    /// The name of an object becomes part of other names: see `Crd.longestName`.
    let name longest (name: string) : Problem list =
        let path: Path = [ "name"; "metadata" ]

        [
            yield! must $"have at most %d{longest} characters" (name.Length <= longest) (quoted name) path

            // It begins the name of a Service, which may not begin with a digit (RFC 1035).
            yield!
                must
                    "consist of a-z, 0-9 and '-', begin with a letter and end with a letter or digit"
                    (name <> ""
                     && Char.IsAsciiLetterLower name[0]
                     && not (name.EndsWith '-')
                     && name
                        |> Seq.forall (fun char ->
                            Char.IsAsciiLetterLower char || Char.IsAsciiDigit char || char = '-'))
                    (quoted name)
                    path
        ]

    let private reserved = "tikv.org/"

    let private key (key: string) path =
        must
            "be a label key: up to 63 of letters, digits, '-', '_' and '.', with an optional DNS name and '/' before it"
            (Result.isOk (Names.qualifiedName "" key))
            (quoted key)
            (Path.key key path)

    let private ownKey (key: string) path =
        must
            $"not begin with %s{reserved}, which is the operator's"
            (not (key.StartsWith(reserved, StringComparison.Ordinal)))
            (quoted key)
            (Path.key key path)

    let private labelValue (key: string) (value: string) path =
        must
            "be a label value: up to 63 of letters, digits, '-', '_' and '.'"
            (Result.isOk (Names.labelValue "" value))
            (quoted value)
            (Path.key key path)

    /// Labels as Kubernetes has them.
    let labels (path: Path) (labels: Map<string, string>) : Problem list =
        labels
        |> Map.toList
        |> List.collect (fun (name, value) -> key name path @ labelValue name value path)

    /// Labels that a user adds to an object of the operator.
    let metadata (path: Path) (metadata: ObjectMetadata) : Problem list = [
        yield! labels ("labels" :: path) metadata.Labels

        for label in metadata.Labels.Keys do
            yield! ownKey label ("labels" :: path)

        for annotation in metadata.Annotations.Keys do
            yield! key (annotation.ToLowerInvariant()) ("annotations" :: path)
    ]

    let private positive (path: Path) (quantity: Quantity) =
        must "be more than 0" (Quantity.compare quantity Quantity.zero > 0) (Quantity.text quantity) path

    let private resources (path: Path) (resources: Resources) = [
        yield! resources.Cpu |> Option.toList |> List.collect (positive ("cpu" :: path))
        yield! resources.Memory |> Option.toList |> List.collect (positive ("memory" :: path))
    ]

    let private mount (path: Path) (mount: VolumeMount) = [
        match mount.MountPath with
        | None when mount.Type <> Defaults.dataMount ->
            Problem.missing
                (Path.text ("mountPath" :: path))
                $"be given for a mount of the type %s{mount.Type}; only the type data has a path of its own"
        | Some place ->
            yield!
                must
                    "be an absolute path without ':'"
                    (place.StartsWith '/' && not (place.Contains ':'))
                    (quoted place)
                    ("mountPath" :: path)
        | None -> ()

        match mount.SubPath with
        | Some place ->
            yield!
                must
                    "be a relative path without '..'"
                    (not (place.StartsWith '/') && not (place.Split '/' |> Array.contains ".."))
                    (quoted place)
                    ("subPath" :: path)
        | None -> ()
    ]

    let private samePaths kind (path: Path) (volumes: Volume list) =
        volumes
        |> List.collect (fun volume ->
            Defaults.mounts kind volume
            |> List.choose _.MountPath
            |> List.map (fun place -> volume.Name, place))
        |> List.groupBy snd
        |> List.filter (fun (_, mounted) -> List.length mounted > 1)
        |> List.map (fun (place, _) ->
            Problem.make
                (Path.text path)
                (quoted place)
                "mount one volume at one path: this is mounted twice")

    let private volumes kind (path: Path) (volumes: Volume list) = [
        if
            not (List.isEmpty volumes)
            && volumes |> List.forall (fun volume -> volume.Name <> Defaults.dataVolume)
        then
            Problem.make
                (Path.text path)
                (String.Join(", ", volumes |> List.map _.Name))
                $"have a volume with the name %s{Defaults.dataVolume}"

        for index, volume in List.indexed volumes do
            let path = Path.item index path
            yield! positive ("storage" :: path) volume.Storage

            for index, found in List.indexed volume.Mounts do
                yield! mount (Path.item index ("mounts" :: path)) found

        yield! samePaths kind path volumes
    ]

    let private overlay (path: Path) (volumes: Volume list) (overlay: Overlay) = [
        match overlay.Pod with
        | Some pod ->
            let path = "pod" :: path
            yield! metadata ("metadata" :: path) pod.Metadata

            match pod.Spec with
            | None
            | Some(Json.Object _) -> ()
            | Some other ->
                Problem.make
                    (Path.text ("spec" :: path))
                    (Json.print other)
                    "be a part of a PodSpec: an object"
        | None -> ()

        for index, claim in List.indexed overlay.VolumeClaims do
            let path = Path.item index ("volumeClaims" :: path)

            yield!
                must
                    "be the name of one of the volumes"
                    (volumes |> List.exists (fun volume -> volume.Name = claim.Name))
                    (quoted claim.Name)
                    ("name" :: path)

            yield! metadata ("metadata" :: "volumeClaim" :: path) claim.VolumeClaim.Metadata
    ]

    let private config kind (path: Path) (text: string) = [
        match Toml.parse text with
        | Error problem -> Problem.make (Path.text path) "not TOML" $"be TOML: %s{problem}"
        | Ok document ->
            for key in Toml.keysSet (ManagedKeys.ofComponent kind) document do
                Problem.make (Path.text path) $"setting %s{key}" "leave that key out: the operator sets it"
    ]

    /// What instances of a component are made from.
    let template (kind: Component) (path: Path) (template: ComponentTemplate) : Problem list = [
        yield!
            must
                "be a semantic version, with or without v before it, such as v8.5.2"
                (Result.isOk (SemVer.parse template.Version))
                (quoted template.Version)
                ("version" :: path)

        yield! resources ("resources" :: path) template.Resources
        yield! volumes kind ("volumes" :: path) template.Volumes

        match template.Config with
        | Some text -> yield! config kind ("config" :: path) text
        | None -> ()

        match template.Overlay with
        | Some found -> yield! overlay ("overlay" :: path) template.Volumes found
        | None -> ()
    ]

    /// Ports of one process differ.
    let ports (path: Path) (one: int) (other: int) : Problem list =
        must "differ from each other" (one <> other) (string one) path

    /// Labels that PD keeps for a store.
    let storeLabels (path: Path) (labels: Map<string, string>) : Problem list =
        labels
        |> Map.toList
        |> List.collect (fun (name, value) -> [
            yield!
                must
                    "not be host, region, zone, and not begin with k/ or $k/: the operator sets those"
                    (not (List.contains name [ "host"; "region"; "zone" ])
                     && not (name.StartsWith("k/", StringComparison.Ordinal))
                     && not (name.StartsWith("$k/", StringComparison.Ordinal)))
                    (quoted name)
                    (Path.key name path)
            yield! key name path
            yield! labelValue name value path
        ])

    /// The topologies that a group spreads over.
    let schedulePolicies (path: Path) (policies: SchedulePolicy list) : Problem list = [
        for index, policy in List.indexed policies do
            let path = Path.item index path

            match policy.EvenlySpread with
            | None ->
                Problem.missing (Path.text ("evenlySpread" :: path)) "be given for the type EvenlySpread"
            | Some spread ->
                for index, share in List.indexed spread.Topologies do
                    yield!
                        labels
                            ("topology" :: Path.item index ("topologies" :: "evenlySpread" :: path))
                            share.Topology
    ]

    /// Volumes of an old and a new template: they grow only, and keep having a VolumeAttributesClass.
    let volumesUpdate (path: Path) (old: Volume list) (now: Volume list) : Problem list = [
        for index, volume in List.indexed now do
            match old |> List.tryFind (fun found -> found.Name = volume.Name) with
            | Some before ->
                let path = Path.item index path

                yield!
                    must
                        $"be %s{Quantity.text before.Storage} or more: a volume never shrinks"
                        (Quantity.compare volume.Storage before.Storage >= 0)
                        (Quantity.text volume.Storage)
                        ("storage" :: path)

                if
                    Option.isSome before.VolumeAttributesClassName
                    && Option.isNone volume.VolumeAttributesClassName
                then
                    Problem.missing
                        (Path.text ("volumeAttributesClassName" :: path))
                        "stay given: it can be changed, not taken away"
            | None -> ()
    ]
