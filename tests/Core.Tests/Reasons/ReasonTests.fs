/// Every reason that an object may give in its conditions, as a page of the manual. `CRDS=overwrite` writes it.
module Tikv.Core.Tests.Reasons.ReasonTests

open System
open FSharp.Reflection
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Tests.Api

/// What stands in the page for a value of that type; a text is its name, in capitals.
let rec private example (name: string) (kind: Type) : objnull list =
    if kind = typeof<string> then
        [ box (name.ToUpperInvariant()) ]
    elif kind = typeof<int> then
        [ box 2 ]
    elif kind = typeof<TimeSpan> then
        [ box (TimeSpan.FromMinutes 30.0) ]
    elif kind = typeof<string list> then
        [ box [ "NAME" ] ]
    elif kind = typeof<(string * string) list> then
        [ box [ "NAME", "WHY" ] ]
    elif kind = typeof<DateTimeOffset> then
        [ box (DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)) ]
    elif kind = typeof<bool> then
        [ box true; box false ]
    elif kind = typeof<StoreId option> then
        [ box (Some(StoreId 3UL)) ]
    elif kind = typeof<StoreId> then
        [ box (StoreId 3UL) ]
    elif kind = typeof<MemberId> then
        [ box (MemberId 3UL) ]
    elif kind = typeof<ClusterId> then
        [ box (ClusterId 3UL) ]
    elif FSharpType.IsUnion kind then
        examples kind
    else
        failwith $"no example of a %s{kind.Name}; give it one here"

and private examples (kind: Type) : objnull list = [
    for case in FSharpType.GetUnionCases kind do
        let rec fill (fields: (string * Type) list) =
            match fields with
            | [] -> [ [] ]
            | (name, kind) :: rest -> [
                for value in example name kind do
                    for others in fill rest do
                        value :: others
              ]

        for fields in
            case.GetFields()
            |> Array.map (fun field -> field.Name, field.PropertyType)
            |> List.ofArray
            |> fill do
            FSharpValue.MakeUnion(case, Array.ofList fields)
]

let private layer name (code: 'Reason -> string) (text: 'Reason -> string) =
    let rows =
        examples typeof<'Reason>
        |> List.map unbox<'Reason>
        |> List.map (fun reason -> code reason, text reason)
        |> List.distinct
        |> List.sort
        |> List.map (fun (code, text) -> $"| `%s{code}` | %s{text} |")

    [ $"## %s{name}"; ""; "| reason | what it says |"; "| --- | --- |" ]
    @ rows
    @ [ "" ]

let private page =
    [
        "# Reasons"
        ""
        "Why an object that is not as desired is left alone for now: the `reason` and the message of its conditions `Ready`,"
        "`Synced`, `Reconciling` and `Stalled`, the column Reason of `kubectl get`, and what `kubectl tikv explain` prints. Most end"
        "by themselves; where a person has to do something, the message says what. Numbers, and words in capitals, are examples."
        ""
        "This page is made from the code; a test fails when it is not up to date."
        ""
    ]
    @ layer "Instances: PD and TiKV" Instance.Reason.code Instance.Reason.text
    @ layer "Groups: PDGroup and TiKVGroup" Group.Reason.code Group.Reason.text
    @ layer "Cluster" Cluster.Reason.code Cluster.Reason.text
    |> String.concat "\n"

[<Test>]
let ``docs/reasons.md holds every reason`` () = Files.shouldHold "docs/reasons.md" page

[<Test>]
let ``every reason has a code of one CamelCase word, and says something`` () =
    let check (code: 'Reason -> string) (text: 'Reason -> string) =
        for reason in examples typeof<'Reason> |> List.map unbox<'Reason> do
            Assert.That(code reason, Does.Match "^[A-Z][A-Za-z]+$")
            Assert.That(text reason, Is.Not.Empty)

    check Instance.Reason.code Instance.Reason.text
    check Group.Reason.code Group.Reason.text
    check Cluster.Reason.code Cluster.Reason.text
