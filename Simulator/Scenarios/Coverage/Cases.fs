/// Every reason and every action that the core can have, by name, found in its types; and which of them one is that an
/// operator was seen with.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Cases

open System
open FSharp.Reflection
open Tikv.Core
open Tikv.Core.Kubernetes

/// A reason as an example of it reads.
type private Example = { Name: string; Code: string; Words: Set<string> }

let private words (text: string) =
    text.Split([| ' '; ','; ';'; ':'; '('; ')'; '.'; '"'; '='; '/' |], StringSplitOptions.RemoveEmptyEntries)
    |> Seq.filter (fun word -> word.Length > 1 && Seq.forall Char.IsLetter word)
    |> Set.ofSeq

/// Values that stand for whatever an operator may say.
let rec private example (kind: Type) : (string * objnull) list =
    if kind = typeof<string> then
        [ "", box "_" ]
    elif kind = typeof<int> then
        [ "", box 2 ]
    elif kind = typeof<TimeSpan> then
        [ "", box (TimeSpan.FromMinutes 30.0) ]
    elif kind = typeof<string list> then
        [ "", box [ "_" ] ]
    elif kind = typeof<(string * string) list> then
        [ "", box [ "_", "_" ] ]
    elif kind = typeof<DateTimeOffset> then
        [ "", box (DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)) ]
    elif kind = typeof<bool> then
        [ "", box true; "", box false ]
    elif kind = typeof<StoreId option> then
        [ "", box (Some(StoreId 3UL)) ]
    elif kind.IsValueType && FSharpType.IsUnion kind then
        examples kind |> List.map (fun (_, value) -> "", value)
    elif FSharpType.IsUnion kind then
        examples kind
    elif kind = typeof<uint64> then
        [ "", box 3UL ]
    else
        invalidOp $"no example of a %s{kind.Name}"

/// Every case, and every case of what it holds: `ProcessEnded.DiskFull`.
and private examples (kind: Type) : (string * objnull) list = [
    for case in FSharpType.GetUnionCases kind do
        let rec fill (fields: Type list) =
            match fields with
            | [] -> [ "", [] ]
            | field :: rest -> [
                for name, value in example field do
                    for names, others in fill rest do
                        (if name = "" then names else "." + name + names), value :: others
              ]

        for names, fields in case.GetFields() |> Array.map _.PropertyType |> List.ofArray |> fill do
            case.Name + names, FSharpValue.MakeUnion(case, Array.ofList fields)
]

let private ofLayer (layer: string) (code: 'Reason -> string) (text: 'Reason -> string) =
    examples typeof<'Reason>
    |> List.map (fun (name, value) ->
        let reason = unbox<'Reason> value
        { Name = layer + "." + name; Code = code reason; Words = words (text reason) })

let private layers =
    lazy
        (Map [
            "Cluster", ofLayer "Cluster" Cluster.Reason.code Cluster.Reason.text
            "Group", ofLayer "Group" Group.Reason.code Group.Reason.text
            "Instance", ofLayer "Instance" Instance.Reason.code Instance.Reason.text
        ])

let private layerOf kind =
    match kind with
    | Kind.Cluster -> "Cluster"
    | Kind.PDGroup
    | Kind.TiKVGroup -> "Group"
    | _ -> "Instance"

/// The reason of an object that has that code and text: of those with that code, the one whose words they are.
let reason (kind: Kind) (code: string) (text: string) : string =
    let layer = layerOf kind

    match layers.Value[layer] |> List.filter (fun one -> one.Code = code) with
    | [] when layer = "Group" -> "Group.InstanceBlocked"
    | [] -> layer + "." + code
    | [ one ] -> one.Name
    | several ->
        let said = words text

        (several
         |> List.maxBy (fun one ->
             let common = Set.intersect said one.Words |> Set.count
             // of two that are said in full, the one that says more
             float common / float (max 1 one.Words.Count) + 0.001 * float common))
            .Name

/// Every action there is.
let actions: Lazy<string list> =
    lazy
        ([
            "Cluster", typeof<Cluster.Action>
            "Group", typeof<Group.Action>
            "Instance", typeof<Instance.Action>
         ]
         |> List.collect (fun (layer, kind) ->
             FSharpType.GetUnionCases kind
             |> List.ofArray
             |> List.map (fun case -> layer + "." + case.Name)))

/// The action of that name on an object. What a group records of failed instances goes by the name of its event.
let action (kind: Kind) (name: string) : string =
    let layer = layerOf kind
    let full = layer + "." + name

    if layer = "Group" && not (List.contains full actions.Value) then "Group.RecordFailures" else full

/// Every reason there is.
let reasons: Lazy<string list> =
    lazy
        (layers.Value
         |> Map.toList
         |> List.collect snd
         |> List.map _.Name
         |> List.distinct)
