/// Names, labels, annotations and owners, as every kind must have them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.MetadataRules

open System
open Tikv.Core

let private isLowerOrDigit (c: char) = Char.IsAsciiLetterLower c || Char.IsAsciiDigit c

let private subdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

let private labelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

let private dns1035Text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

let private namePartText =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

let private labelValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

let private isLabel (text: string) =
    text <> ""
    && isLowerOrDigit text[0]
    && isLowerOrDigit text[text.Length - 1]
    && text |> Seq.forall (fun c -> isLowerOrDigit c || c = '-')

let private isSubdomain (text: string) = text.Split '.' |> Array.forall isLabel

/// Longest name of most kinds, and longest DNS label.
let private longest = 253
let private longestLabel = 63

let private tooLong (limit: int) (text: string) =
    if text.Length > limit then [ $"must be no more than %d{limit} characters" ] else []

/// What is wrong with a name that must be a DNS subdomain.
let subdomain (text: string) = tooLong longest text @ (if isSubdomain text then [] else [ subdomainText ])

/// What is wrong with a name that must be a DNS label.
let label (text: string) = tooLong longestLabel text @ (if isLabel text then [] else [ labelText ])

/// What is wrong with the name of a Service, which becomes a host name.
let dns1035 (text: string) =
    tooLong longestLabel text
    @ (if isLabel text && Char.IsAsciiLetterLower text[0] then [] else [ dns1035Text ])

/// RBAC and a few other names are only path segments.
let pathSegment (text: string) =
    [ "/"; "%" ]
    |> List.filter (fun part -> text.Contains(part, StringComparison.Ordinal))
    |> List.map (fun part -> $"may not contain '%s{part}'")

let private isQualifiedPart (text: string) =
    text <> ""
    && Char.IsAsciiLetterOrDigit text[0]
    && Char.IsAsciiLetterOrDigit text[text.Length - 1]
    && text
       |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '-' || c = '_' || c = '.')

/// What is wrong with the key of a label or annotation.
let qualified (key: string) : string list =
    let part name =
        (if name = "" then [ "name part must be non-empty" ] else [])
        @ (tooLong longestLabel name |> List.map (fun text -> "name part " + text))
        @ (if isQualifiedPart name then [] else [ namePartText ])

    match key.Split '/' with
    | [| name |] -> part name
    | [| prefix; name |] ->
        (if prefix = "" then
             [ "prefix part must be non-empty" ]
         else
             subdomain prefix |> List.map (fun text -> "prefix part " + text))
        @ part name
    | _ -> [
        "a qualified name "
        + namePartText.Substring("name part ".Length)
        + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
      ]

let private labels (json: Json) : Errors.Cause list = [
    for KeyValue(key, value) in Meta.labels json do
        for problem in qualified key do
            Causes.invalidText "metadata.labels" key problem

        for problem in tooLong longestLabel value do
            Causes.invalidText "metadata.labels" value problem

        if value <> "" && not (isQualifiedPart value) then
            Causes.invalidText "metadata.labels" value labelValueText
]

let private annotations (json: Json) : Errors.Cause list = [
    for key, _ in Json.membersAt [ "metadata"; "annotations" ] json do
        for problem in qualified (key.ToLowerInvariant()) do
            Causes.invalidText "metadata.annotations" key problem
]

let private finalizers (json: Json) : Errors.Cause list = [
    for finalizer in Meta.finalizers json do
        for problem in qualified finalizer do
            Causes.invalidText "metadata.finalizers" finalizer problem
]

let private owners (json: Json) : Errors.Cause list =
    let owners = Meta.ownerReferences json

    [
        for owner in owners do
            for field, word in [ "apiVersion", "version"; "kind", "kind"; "name", "name"; "uid", "uid" ] do
                if Json.stringAt [ field ] owner |> Option.defaultValue "" = "" then
                    Causes.invalidText $"metadata.ownerReferences.%s{field}" "" $"%s{word} must not be empty"

        match
            owners
            |> List.filter (fun owner -> Json.boolAt [ "controller" ] owner = Some true)
        with
        | one :: other :: _ ->
            let name owner = Json.stringAt [ "name" ] owner |> Option.defaultValue ""

            Causes.invalid
                "metadata.ownerReferences"
                (Json.print (Json.Array owners))
                $"Only one reference can have Controller set to true. Found \"true\" in references for %s{name one} and %s{name other}"
        | _ -> ()
    ]

/// Causes for a new or changed object.
let causes (nameProblems: string -> string list) (json: Json) : Errors.Cause list =
    let name = Meta.name json

    [
        if name = "" then
            Causes.requiredBecause "metadata.name" "name or generateName is required"
        else
            for problem in nameProblems name do
                Causes.invalidText "metadata.name" name problem

        yield! labels json
        yield! annotations json
        yield! finalizers json
        yield! owners json
    ]
