namespace Tikv.Core.Api

open System
open Tikv.Core

/// Checks of what the instances of a component are made from. Each takes the path of what it looks at.
[<RequireQualifiedAccess>]
module TemplateChecks =

    let private positive (path: Path) (quantity: Quantity) =
        Checks.must
            "be more than 0"
            (Quantity.compare quantity Quantity.zero > 0)
            (Quantity.text quantity)
            path

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
                Checks.must
                    "be an absolute path without ':'"
                    (place.StartsWith '/' && not (place.Contains ':'))
                    (Checks.quoted place)
                    ("mountPath" :: path)
        | None -> ()

        match mount.SubPath with
        | Some place ->
            yield!
                Checks.must
                    "be a relative path without '..'"
                    (not (place.StartsWith '/') && not (place.Split '/' |> Array.contains ".."))
                    (Checks.quoted place)
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
                (Checks.quoted place)
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
            yield! Checks.metadata ("metadata" :: path) pod.Metadata

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
                Checks.must
                    "be the name of one of the volumes"
                    (volumes |> List.exists (fun volume -> volume.Name = claim.Name))
                    (Checks.quoted claim.Name)
                    ("name" :: path)

            yield! Checks.metadata ("metadata" :: "volumeClaim" :: path) claim.VolumeClaim.Metadata
    ]

    let private config kind (path: Path) (text: string) = [
        match Toml.parse text with
        | Error problem -> Problem.make (Path.text path) "not TOML" $"be TOML: %s{problem}"
        | Ok document ->
            for key in Toml.keysSet (ManagedKeys.ofComponent kind) document do
                Problem.make (Path.text path) $"setting %s{key}" "leave that key out: the operator sets it"
    ]

    /// What instances of a component are made from.
    let all (kind: Component) (path: Path) (template: ComponentTemplate) : Problem list = [
        yield!
            Checks.must
                "be a semantic version, with or without v before it, such as v8.5.2"
                (Result.isOk (SemVer.parse template.Version))
                (Checks.quoted template.Version)
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

    /// Volumes of an old and a new template: they grow only, and keep having a VolumeAttributesClass.
    let volumesUpdate (path: Path) (old: Volume list) (now: Volume list) : Problem list = [
        for index, volume in List.indexed now do
            match old |> List.tryFind (fun found -> found.Name = volume.Name) with
            | Some before ->
                let path = Path.item index path

                yield!
                    Checks.must
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
