namespace Tikv.Simulator.Files

open System.IO
open YamlDotNet.Core
open YamlDotNet.RepresentationModel

/// What a file holds, with where each value stands.
type Node = { Line: int64; Value: Value }

and Value =
    /// Not `Quoted`: what YAML may take for a number, a truth value or nothing.
    | Scalar of Text: string * Quoted: bool
    | Sequence of Node list
    | Mapping of (string * Node) list

/// Something that is wrong with a file.
type Problem = {
    Line: int64
    /// Such as `steps[2].do`.
    Field: string
    What: string
}

[<RequireQualifiedAccess>]
module Tree =

    let rec private convert (node: YamlNode) : Node =
        let value =
            match node with
            | :? YamlScalarNode as scalar ->
                Scalar(
                    scalar.Value |> Option.ofObj |> Option.defaultValue "",
                    scalar.Style <> ScalarStyle.Plain
                )
            | :? YamlSequenceNode as sequence ->
                sequence.Children |> Seq.map convert |> List.ofSeq |> Sequence
            | :? YamlMappingNode as mapping ->
                mapping.Children
                |> Seq.map (fun pair ->
                    let key =
                        match pair.Key with
                        | :? YamlScalarNode as scalar ->
                            scalar.Value |> Option.ofObj |> Option.defaultValue ""
                        | other -> other.ToString()

                    pair.Key.Start.Line, key, convert pair.Value)
                // a value that is left out stands nowhere: its key does
                |> Seq.map (fun (line, key, value) ->
                    key, (if value.Line < line then { value with Line = line } else value))
                |> List.ofSeq
                |> Mapping
            | other -> Scalar(other.ToString(), true)

        { Line = node.Start.Line; Value = value }

    /// The documents of a text.
    let read (text: string) : Result<Node list, Problem list> =
        try
            let stream = YamlStream()
            stream.Load(new StringReader(text))
            Ok [ for document in stream.Documents -> convert document.RootNode ]
        with :? YamlException as problem ->
            Error [ { Line = problem.Start.Line; Field = "YAML"; What = problem.Message } ]
