/// Changes and faults as a person writes them on a command line: in a few fixed phrases, or in the words of a scenario's
/// steps.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Phrases

open System
open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

/// A phrase with what it means, for help and for messages.
type private Phrase = {
    Form: string
    Pattern: Regex
    Means: Story -> string list -> Result<Misfortune list, string>
}

let private phrase form (pattern: string) means = {
    Form = form
    Pattern = Regex("^" + pattern + "$", RegexOptions.IgnoreCase)
    Means = means
}

/// The groups of a scenario: `PDGroup/basic-pd`, `TiKVGroup/basic-tikv`, and further ones.
let groups (story: Story) : string list =
    [ "PDGroup/basic-pd"; "TiKVGroup/basic-tikv" ]
    @ (story.Given.Groups
       |> List.map (fun manifest ->
           (Json.stringAt [ "kind" ] manifest |> Option.defaultValue "")
           + "/"
           + (Json.stringAt [ "metadata"; "name" ] manifest |> Option.defaultValue "")))

let private nameIn (target: string) = target.Substring(target.IndexOf '/' + 1)

let private ofGroup (story: Story) (name: string) means =
    match groups story |> List.filter (fun target -> nameIn target = name) with
    | [ target ] -> Ok [ Misfortune.Acts(means target) ]
    | _ ->
        let all = String.Join(", ", groups story |> List.map nameIn)
        Error $"`%s{name}` is no group of this scenario; allowed: %s{all}"

let private ofAll (story: Story) means = Ok(groups story |> List.map (means >> Misfortune.Acts))

let private note = "what-if"

let private changes = [
    phrase "upgrade VERSION" @"upgrade (?:to )?(v?[0-9]\S*)" (fun story words ->
        ofAll story (fun target -> Act.SetVersion(target, words[0])))
    phrase "upgrade GROUP to VERSION" @"upgrade (\S+) to (v?[0-9]\S*)" (fun story words ->
        ofGroup story words[0] (fun target -> Act.SetVersion(target, words[1])))
    phrase "restart" "restart" (fun story _ -> ofAll story (fun target -> Act.Restart(target, note)))
    phrase "restart GROUP" @"restart (\S+)" (fun story words ->
        ofGroup story words[0] (fun target -> Act.Restart(target, note)))
    phrase "scale GROUP to N" @"scale (\S+) to ([0-9]{1,4})" (fun story words ->
        ofGroup story words[0] (fun target -> Act.Scale(target, int words[1])))
]

/// Nobody brings the power back in the time that is looked at.
let private forGood = 400L * 86_400_000L

let private one fault = Ok [ fault ]

let private span (text: string) means =
    match Spans.tryParse text with
    | Some span when span > 0L -> one (means span)
    | _ ->
        Error $"`%s{text}` is not a duration; allowed: numbers with d, h, m, s or ms, such as 90s, 5m, 2h30m"

let private claim (pod: string) = "default/data-" + pod

let private faults = [
    phrase "node NAME dies" @"node (\S+) dies" (fun _ words -> one (Misfortune.NodePower(words[0], false)))
    phrase "node NAME is lost" @"node (\S+) is lost" (fun _ words -> one (Misfortune.NodeLost words[0]))
    phrase "node NAME reboots in 5m" @"node (\S+) reboots in (\S+)" (fun _ words ->
        span words[1] (fun span -> Misfortune.NodeReboot(words[0], span)))
    phrase "zone NAME dies" @"zone (\S+) dies" (fun _ words ->
        one (Misfortune.SitePower(Some words[0], forGood)))
    phrase "zone NAME is down for 30m" @"zone (\S+) is down for (\S+)" (fun _ words ->
        span words[1] (fun span -> Misfortune.SitePower(Some words[0], span)))
    phrase "disk of POD is lost" @"disk of (\S+) is lost" (fun _ words ->
        one (Misfortune.DiskLost(claim words[0])))
    phrase "pod NAME is deleted" @"pod (\S+) is deleted" (fun _ words ->
        one (Misfortune.Acts(Act.Delete("Pod/" + words[0]))))
    phrase "leader of PD dies" "leader of pd dies" (fun _ _ -> one (Misfortune.Acts Act.KillPdLeader))
    phrase "operator dies" "operator dies" (fun _ _ -> one (Misfortune.Crash 0))
]

let private forms (phrases: Phrase list) = String.Join("; ", phrases |> List.map _.Form)

/// The phrases that there are, for help.
let changeForms = forms changes
let faultForms = forms faults

/// What is wrong with the names in some deeds, by the same rules as in a file.
let private nameProblems (story: Story) (deeds: Misfortune list) : string list =
    let steps = deeds |> List.map (fun what -> { When = Trigger.AtTime 0L; What = what })

    match StoryFile.parse (StoryFile.print { story with Steps = steps }) with
    | Ok _ -> []
    | Error problems -> problems |> List.map _.What

let private inWords (flag: string) (text: string) : Result<Misfortune list, string list> =
    match Tree.read text with
    | Error problems -> Error(problems |> List.map (fun one -> $"%s{flag} is `%s{text}`: %s{one.What}"))
    | Ok [ node ] ->
        match Reader.ofNode<Misfortune> node |> fst with
        | Ok deed -> Ok [ deed ]
        | Error problems ->
            Error(
                problems
                |> List.map (fun one ->
                    let field = if one.Field = "" then "" else one.Field + ": "
                    $"%s{flag} is `%s{text}`: %s{field}%s{one.What}")
            )
    | Ok _ -> Error [ $"%s{flag} is `%s{text}`: allowed: one step" ]

let private read
    flag
    (phrases: Phrase list)
    (story: Story)
    (text: string)
    : Result<Misfortune list, string list> =
    let text = text.Trim()

    let deeds =
        if text.StartsWith '{' then
            inWords flag text
        else
            phrases
            |> List.tryPick (fun phrase ->
                let found = phrase.Pattern.Match text

                if found.Success then
                    let words = [ for group in Seq.skip 1 found.Groups -> group.Value ]

                    Some(
                        phrase.Means story words
                        |> Result.mapError (fun what -> [ $"%s{flag} is `%s{text}`: %s{what}" ])
                    )
                else
                    None)
            |> Option.defaultValue (
                Error [
                    $"%s{flag} is `%s{text}`; allowed: %s{forms phrases}; or a step of a scenario, such as {{restart: TiKVGroup/basic-tikv, note: once}}"
                ]
            )

    deeds
    |> Result.bind (fun deeds ->
        match nameProblems story deeds with
        | [] -> Ok deeds
        | problems -> Error(problems |> List.map (fun what -> $"%s{flag} is `%s{text}`: %s{what}")))

let change (story: Story) (text: string) = read "--change" changes story text
let fault (story: Story) (text: string) = read "--fault" faults story text

let private word = @"[A-Za-z0-9][A-Za-z0-9.-]*"

/// A text in which names of a dump are replaced by those that stand for them.
let renamed (names: (string * string) list) (text: string) : string =
    let names = Map.ofList names

    Regex.Replace(
        text,
        word,
        fun (found: Match) -> Map.tryFind found.Value names |> Option.defaultValue found.Value
    )
