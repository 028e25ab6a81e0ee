namespace Tikv.Simulator.Serve

open System

/// The form that a client wants an answer in, by its Accept header.
[<RequireQualifiedAccess>]
type Representation =
    | Json
    /// `as=Table`: what `kubectl get` prints.
    | Table
    /// `as=PartialObjectMetadata` and its list.
    | Metadata
    /// `as=APIGroupDiscoveryList` of the given version.
    | AggregatedDiscovery of Version: string

[<RequireQualifiedAccess>]
module Representation =

    let private parameters (part: string) =
        part.Split(';', StringSplitOptions.TrimEntries)
        |> Array.tail
        |> Array.choose (fun text ->
            match text.Split('=', 2) with
            | [| key; value |] -> Some(key.ToLowerInvariant(), value)
            | _ -> None)
        |> Map.ofArray

    let private understood (part: string) =
        let given = parameters part

        match RequestBodies.mediaType part, Map.tryFind "as" given, Map.tryFind "v" given with
        | ("application/json" | "*/*" | "application/*" | "text/*"), None, _ -> Some Representation.Json
        | "application/json", Some "Table", Some "v1" -> Some Representation.Table
        | "application/json", Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some "v1" ->
            Some Representation.Metadata
        | "application/json", Some "APIGroupDiscoveryList", Some("v2" | "v2beta1" as version) ->
            Some(Representation.AggregatedDiscovery version)
        | _ -> None

    /// The first form in the list that this server has; none when it has none of them, which is 406. Aggregated
    /// discovery is only for the roots of discovery: elsewhere it is passed over.
    let negotiate (accept: string) (discovery: bool) : Representation option =
        if String.IsNullOrWhiteSpace accept then
            Some Representation.Json
        else
            accept.Split(',', StringSplitOptions.TrimEntries ||| StringSplitOptions.RemoveEmptyEntries)
            |> Seq.choose understood
            |> Seq.tryFind (fun found ->
                match found with
                | Representation.AggregatedDiscovery _ -> discovery
                | Representation.Json -> true
                | Representation.Table
                | Representation.Metadata -> not discovery)
