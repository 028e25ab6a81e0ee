/// Request bodies: JSON, the YAML that server-side apply may be sent in, and what kubectl sends in protobuf.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.RequestBodies

open System
open System.Globalization
open System.IO
open System.Text
open Tikv.Core
open Tikv.Simulator.Kubernetes
open YamlDotNet.Core
open YamlDotNet.RepresentationModel

/// A body above this many bytes is refused with 413, as by a real API server.
[<Literal>]
let Limit = 3145728

/// Why a body could not be read.
type Problem =
    | Syntax of Message: string
    /// The content type is not read here, or not for this kind.
    | MediaType of Message: string

/// `application/json; charset=utf-8` without its parameters, in lower case.
let mediaType (contentType: string) = (contentType.Split(';')[0]).Trim().ToLowerInvariant()

let private integer (text: string) =
    fst (Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))

let private decimal (text: string) =
    text |> Seq.forall (fun c -> Char.IsAsciiDigit c || "+-.eE".Contains c)
    && text |> Seq.exists Char.IsAsciiDigit
    && fst (Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture))

/// Numbers as JSON writes them: no plus sign, no leading zeros or dots.
let private number (text: string) =
    if integer text then
        Int64.Parse(text, CultureInfo.InvariantCulture).ToString CultureInfo.InvariantCulture
    else
        Double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture)

/// A plain scalar means what YAML's core schema says; a quoted one is always a string.
let private scalar (node: YamlScalarNode) =
    let text = node.Value |> Option.ofObj |> Option.defaultValue ""

    if node.Style <> ScalarStyle.Plain then
        Json.String text
    else
        match text with
        | ""
        | "~"
        | "null"
        | "Null"
        | "NULL" -> Json.Null
        | "true"
        | "True"
        | "TRUE" -> Json.Bool true
        | "false"
        | "False"
        | "FALSE" -> Json.Bool false
        | text when integer text || decimal text -> Json.Number(number text)
        | text -> Json.String text

let rec private ofNode (node: YamlNode) =
    match node with
    | :? YamlMappingNode as mapping ->
        Json.object [
            for entry in mapping.Children ->
                (match entry.Key with
                 | :? YamlScalarNode as key -> key.Value |> Option.ofObj |> Option.defaultValue ""
                 | key -> string key),
                ofNode entry.Value
        ]
    | :? YamlSequenceNode as sequence -> Json.array (sequence.Children |> Seq.map ofNode)
    | :? YamlScalarNode as node -> scalar node
    | _ -> Json.Null

/// Reads one YAML document.
let ofYaml (text: string) : Result<Json, string> =
    try
        let stream = YamlStream()
        stream.Load(new StringReader(text))

        match List.ofSeq stream.Documents with
        | [] -> Ok Json.Null
        | [ document ] -> Ok(ofNode document.RootNode)
        | several -> Error $"one document was expected, but there are %d{several.Length}"
    with :? YamlException as problem ->
        Error $"line %d{problem.Start.Line}, column %d{problem.Start.Column}: %s{problem.Message}"

let private json (bytes: byte array) = Json.parseBytes (ReadOnlyMemory bytes) |> Result.mapError Syntax

let private yaml (bytes: byte array) =
    match json bytes with
    | Ok body -> Ok body
    | Error _ -> ofYaml (Encoding.UTF8.GetString bytes) |> Result.mapError Syntax

/// Reads a body by its content type; no body reads as null.
let parse (contentType: string) (bytes: byte array) : Result<Json, Problem> =
    if Array.isEmpty bytes then
        Ok Json.Null
    else
        match mediaType contentType with
        | ""
        | "application/json"
        | "application/json-patch+json"
        | "application/merge-patch+json"
        | "application/strategic-merge-patch+json" -> json bytes
        | "application/yaml"
        | "application/apply-patch+yaml" -> yaml bytes
        | "application/vnd.kubernetes.protobuf" ->
            Wire.parse WireMessages.all bytes |> Result.mapError MediaType
        | other -> Error(MediaType $"given: %s{other}")

/// How a patch of this content type is to be read; none when it is not a patch.
let patchKind (contentType: string) (force: bool) =
    match mediaType contentType with
    | "application/json-patch+json" -> Some JsonPatch
    | "application/merge-patch+json" -> Some MergePatch
    | "application/strategic-merge-patch+json" -> Some StrategicMergePatch
    | "application/apply-patch+yaml" -> Some(ServerSideApply force)
    | _ -> None
