/// The names of objects in a scenario, compared with those that there can be in it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Names

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files.Reader

/// What a scenario makes, beside the cluster that it begins with: `TiKVGroup/more-tikv`.
let private made (story: Story) =
    story.Steps
    |> List.choose (fun step ->
        match step.What with
        | Misfortune.Acts(Act.Create manifest | Act.Apply manifest) -> Some(Target.ofManifest manifest)
        | Misfortune.Acts(Act.IssueCertificate certificate) -> Some("Secret/" + certificate.Secret)
        | _ -> None)

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

let private isNode (story: Story) (name: string) =
    name.Length > 6
    && name.StartsWith("node-", StringComparison.Ordinal)
    && "abc".Contains name[5]
    && match Int32.TryParse(name.Substring 6) with
       | true, number -> number >= 1 && number <= story.Given.NodesPerZone
       | _ -> false

let private nodes (story: Story) =
    $"node-a1 to node-c%d{story.Given.NodesPerZone}: %d{story.Given.NodesPerZone} in each of the zones a, b and c"

/// What is wrong with a name, and what there is instead.
let private tryWrong (story: Story) (mention: Mention) : string option =
    let targets = began @ made story
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
    | "pod" -> wrong (isInstance groups bare) "Pod of this scenario" (instances groups)
    | "claim" -> wrong (isClaim bare) "claim of this scenario" $"data-%s{instances groups}"
    | "zone" -> wrong (List.contains mention.Name [ "a"; "b"; "c" ]) "zone" "a, b, c, or all of them"
    | "node" -> wrong (isNode story mention.Name) "node of this scenario" (nodes story)
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
            | "Node" -> wrong (isNode story name) "node of this scenario" (nodes story)
            | "PersistentVolumeClaim" ->
                wrong (isClaim name) "claim of this scenario" $"data-%s{instances groups}"
            | _ -> None

/// What is wrong with the names in a scenario.
let problems (story: Story) (mentions: Mention list) : Problem list =
    mentions
    |> List.choose (fun mention ->
        tryWrong story mention
        |> Option.map (fun what -> { Line = mention.Line; Field = mention.Field; What = what }))
