namespace Tikv.Core.Api

open System
open Tikv.Core

/// Checks that several kinds share. Each takes the path of what it looks at.
[<RequireQualifiedAccess>]
module Checks =

    /// As JSON has it.
    let quoted (text: string) = Json.print (Json.string text)

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
