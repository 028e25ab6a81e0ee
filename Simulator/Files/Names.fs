/// The names of objects in a scenario, compared with those that there can be in it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Names

open System
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files.Reader

let rec private text (path: string list) (node: Node) =
    match path, node.Value with
    | [], Scalar(text, _) -> Some text
    | name :: rest, Mapping members ->
        members
        |> List.tryFind (fun (key, _) -> key = name)
        |> Option.bind (fun (_, value) -> text rest value)
    | _ -> None

/// What a scenario makes, beside the cluster that it begins with: `TiKVGroup/more-tikv`.
let rec private made (node: Node) : string list =
    match node.Value with
    | Scalar _ -> []
    | Sequence items -> items |> List.collect made
    | Mapping members ->
        members
        |> List.collect (fun (key, value) ->
            match key, text [ "kind" ] value, text [ "metadata"; "name" ] value, value.Value with
            | ("create" | "apply"), Some kind, Some name, _ -> [ kind + "/" + name ]
            | "groups", _, _, Sequence groups ->
                groups
                |> List.choose (fun group ->
                    Option.map2
                        (fun kind name -> kind + "/" + name)
                        (text [ "kind" ] group)
                        (text [ "metadata"; "name" ] group))
            | _ -> made value)

let rec private tryAt (path: string list) (node: Node) =
    match path, node.Value with
    | [], _ -> Some node
    | name :: rest, Mapping members ->
        members
        |> List.tryFind (fun (key, _) -> key = name)
        |> Option.bind (fun (_, value) -> tryAt rest value)
    | _ -> None

/// The nodes that a scenario names, each with its zone; none when it has those of three zones.
let private named (scenario: Node) : (string * string) list =
    match tryAt [ "given"; "nodes" ] scenario with
    | Some { Value = Sequence nodes } ->
        nodes
        |> List.choose (fun node ->
            Option.map2 (fun name zone -> name, zone) (text [ "name" ] node) (text [ "zone" ] node))
    | _ -> []

let private nodesPerZone (scenario: Node) =
    match text [ "given"; "nodesPerZone" ] scenario |> Option.map Int32.TryParse with
    | Some(true, number) -> number
    | _ -> Given.ordinary.NodesPerZone

let private began = [ "Cluster/basic"; "PDGroup/basic-pd"; "TiKVGroup/basic-tikv" ]

let private ofKind kind (targets: string list) =
    targets
    |> List.filter (fun target -> target.StartsWith(kind + "/", StringComparison.Ordinal))
    |> List.map (fun target -> target.Substring(target.IndexOf '/' + 1))

/// `basic-tikv` of `basic-tikv-3`.
let private tryGroup (instance: string) =
    match instance.LastIndexOf '-' with
    | -1 -> None
    | at when fst (Int32.TryParse(instance.Substring(at + 1))) -> Some(instance.Substring(0, at))
    | _ -> None

let private isInstance groups (name: string) =
    tryGroup name |> Option.exists (fun group -> List.contains group groups)

let private instances (groups: string list) =
    String.Join(", ", groups |> List.map (fun group -> group + "-0")) + " and so on"

let private isNode (named: (string * string) list) (most: int) (name: string) =
    not named.IsEmpty && List.exists (fun (one, _) -> one = name) named
    || named.IsEmpty
       && name.Length > 6
       && name.StartsWith("node-", StringComparison.Ordinal)
       && "abc".Contains name[5]
       && match Int32.TryParse(name.Substring 6) with
          | true, number -> number >= 1 && number <= most
          | _ -> false

let private nodes (named: (string * string) list) (most: int) =
    match named with
    | [] -> $"node-a1 to node-c%d{most}: %d{most} in each of the zones a, b and c"
    | named -> String.Join(", ", named |> List.map fst)

/// What is wrong with a name, and what there is instead.
let private tryWrong (scenario: Node) (mention: Mention) : string option =
    let targets = began @ made scenario
    let most = nodesPerZone scenario
    let named = named scenario
    let isNode = isNode named most
    let nodes = nodes named

    let zones =
        match named with
        | [] -> [ "a"; "b"; "c" ]
        | named -> named |> List.map snd |> List.distinct

    let pd, tikv = ofKind "PDGroup" targets, ofKind "TiKVGroup" targets
    let groups = pd @ tikv

    let wrong holds what allowed =
        if holds then None else Some $"`%s{mention.Name}` is no %s{what}; allowed: %s{allowed}"

    let bare =
        let space = Target.space + "/"

        if mention.Name.StartsWith(space, StringComparison.Ordinal) then
            mention.Name.Substring space.Length
        else
            mention.Name

    /// `data-basic-tikv-0`.
    let isClaim (name: string) =
        groups
        |> List.exists (fun group ->
            let at = name.IndexOf("-" + group + "-", StringComparison.Ordinal)
            at > 0 && isInstance [ group ] (name.Substring(at + 1)))

    match mention.Role with
    | "group"
    | "former" ->
        wrong (List.contains mention.Name groups) "group of this scenario" (String.Join(", ", groups))
    | "pod"
    | "runs" ->
        wrong
            (isInstance groups bare || List.contains ("Pod/" + bare) targets)
            "Pod of this scenario"
            (instances groups)
    | "claim" -> wrong (isClaim bare) "claim of this scenario" $"data-%s{instances groups}"
    | "zone" ->
        wrong (List.contains mention.Name zones) "zone" (String.Join(", ", zones) + ", or all of them")
    | "node" -> wrong (isNode mention.Name) "node of this scenario" (nodes most)
    | _ when List.contains mention.Name targets -> None
    | _ ->
        match Target.tryParse mention.Name, mention.Name.Split '/' with
        | None, [| kind; _ |] when not (Map.containsKey kind Target.kinds) ->
            let ours = [
                "Cluster"
                "PDGroup"
                "TiKVGroup"
                "PD"
                "TiKV"
                "Pod"
                "ConfigMap"
                "PersistentVolumeClaim"
            ]

            Some
                $"""`%s{kind}` is no kind; allowed: %s{String.Join(", ", ours)}, and others that the server has"""
        | None, _ ->
            Some $"`%s{mention.Name}` is no object; allowed: a kind and a name, such as TiKVGroup/basic-tikv"
        | Some(_, name), parts ->
            match parts[0] with
            | "Cluster"
            | "PDGroup"
            | "TiKVGroup" ->
                wrong
                    (List.contains mention.Name targets)
                    "object of this scenario"
                    (String.Join(", ", targets))
            | "PD" -> wrong (isInstance pd name) "member of this scenario" (instances pd)
            | "TiKV" -> wrong (isInstance tikv name) "store of this scenario" (instances tikv)
            | "Pod" -> wrong (isInstance groups name) "Pod of this scenario" (instances groups)
            | "Node" -> wrong (isNode name) "node of this scenario" (nodes most)
            | "PersistentVolumeClaim" ->
                wrong (isClaim name) "claim of this scenario" $"data-%s{instances groups}"
            | _ -> None

/// A node has one name, and a Pod stands on one node.
let private repeated (scenario: Node) : Problem list =
    match tryAt [ "given"; "nodes" ] scenario with
    | Some { Value = Sequence nodes } ->
        let items index (node: Node) = [
            yield!
                text [ "name" ] node
                |> Option.map (fun name -> name, index, node)
                |> Option.toList

            match tryAt [ "runs" ] node with
            | Some { Value = Sequence pods } ->
                for pod in pods do
                    yield! text [] pod |> Option.map (fun name -> name, index, pod) |> Option.toList
            | _ -> ()
        ]

        nodes
        |> List.mapi items
        |> List.concat
        |> List.groupBy (fun (name, _, _) -> name)
        |> List.collect (snd >> List.tail)
        |> List.map (fun (name, index, node) -> {
            Line = node.Line
            Field = $"given.nodes[%d{index}]"
            What = $"`%s{name}` stands there twice; allowed: each node once, and each Pod on one node"
        })
    | _ -> []

/// What is wrong with the names in a scenario.
let problems (scenario: Node) (mentions: Mention list) : Problem list =
    repeated scenario
    @ (mentions
       |> List.choose (fun mention ->
           tryWrong scenario mention
           |> Option.map (fun what -> { Line = mention.Line; Field = mention.Field; What = what })))
