/// How values of the vocabulary are written: found in their types, so that files, their schema and their generator say the
/// same. A value of a union is written as its word alone, or as an object of which one key is that word: it holds the first
/// field, and the other fields stand beside it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Shapes

open System
open System.Collections.Concurrent
open System.Reflection
open Microsoft.FSharp.Reflection
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// A field: of a record, or of a case of a union.
type Slot = {
    Name: string
    Type: Type
    About: string
    /// Left out, it has this value.
    Default: objnull voption
    /// Its own keys stand among those of its record.
    Spliced: bool
}

type Case = {
    Word: string
    About: string
    /// In the order of the fields.
    Slots: Slot list
    /// The field whose value stands behind the word; none when there are no fields.
    Head: Slot option
    Make: objnull array -> objnull
    /// The fields of a value of this case.
    Take: objnull -> objnull array option
}

type Shape =
    | Text
    | Whole
    | Unsigned
    | Flag
    | Span
    /// Anything that JSON can say.
    | Tree
    /// Manifests by kind and name, and what is merged into each.
    | Merges
    /// One of some words.
    | Choice of (string * objnull) list
    | Optional of Type
    | Items of Type
    | Record of Slot list * Make: (objnull array -> objnull) * Take: (objnull -> objnull array)
    | Union of Case list

let private lower (name: string) = string (Char.ToLowerInvariant name[0]) + name.Substring 1

let private about (attributes: obj seq) =
    attributes
    |> Seq.tryPick (fun attribute ->
        match attribute with
        | :? AboutAttribute as about -> Some about
        | _ -> None)

let private optional = typedefof<_ option>
let private listed = typedefof<_ list>

let private isOf (generic: Type) (one: Type) = one.IsGenericType && one.GetGenericTypeDefinition() = generic

let private emptyList (one: Type) = FSharpValue.MakeUnion(FSharpType.GetUnionCases(one)[0], [||])

/// What fields are taken for that are left out, by their names.
let private usual: Map<string, objnull> =
    Map [
        "Operator", box 0
        "After", box 0L
        "On", box true
        "Gone", box false
        "Stale", box false
        "Percent", box 100
        "Nth", box 1
        "Round", box 1
        "ValidFrom", box Credentials.start
        "ValidUntil", box Credentials.never
        "Message", box ""
        "Body", box ""
    ]

let private story: Story = scenario "" "" [] Given.ordinary [] []

/// Records whose fields have values of their own when they are left out.
let private ordinary: Map<string, objnull> =
    Map [
        typeof<GivenNode>.Name, box Given.node
        typeof<GivenTaint>.Name, box Given.taint
        typeof<Given>.Name, box Given.ordinary
        typeof<Story>.Name, box story
    ]

let private required = set [ "Id"; "Shows"; "Name"; "Zone"; "Key"; "Effect" ]

let private defaultOf (field: PropertyInfo) : objnull voption =
    let owner =
        field.DeclaringType
        |> Option.ofObj
        |> Option.map _.Name
        |> Option.defaultValue ""

    match Map.tryFind owner ordinary, Map.tryFind field.Name usual with
    | Some _, _ when required.Contains field.Name -> ValueNone
    | Some whole, _ -> ValueSome(field.GetValue whole)
    | None, Some(NonNull value) when value.GetType() = field.PropertyType -> ValueSome value
    | _ when isOf optional field.PropertyType -> ValueSome null
    | _ when field.Name = "Hosts" -> ValueSome(emptyList field.PropertyType)
    | _ -> ValueNone

let private slot (field: PropertyInfo) : Slot =
    let about = about (field.GetCustomAttributes true)

    let word =
        match about with
        | Some about when about.Word <> "" -> about.Word
        | _ -> lower field.Name

    {
        Name = word
        Type = field.PropertyType
        About = about |> Option.map _.Text |> Option.defaultValue ""
        Default = defaultOf field
        Spliced = about |> Option.exists _.Spliced
    }

/// Words of Kubernetes are written as they are there.
let private wordOf (case: UnionCaseInfo) (about: AboutAttribute option) =
    match about with
    | Some about when about.Word <> "" -> about.Word
    | _ when (string case.DeclaringType.Namespace).StartsWith("Tikv.Core", StringComparison.Ordinal) ->
        case.Name
    | _ -> lower case.Name

let rec private cases (union: Type) : Case list =
    FSharpType.GetUnionCases union
    |> List.ofArray
    |> List.collect (fun case ->
        let about = about (case.GetCustomAttributes())
        let fields = case.GetFields()
        let make = FSharpValue.PreComputeUnionConstructor case
        let tag = FSharpValue.PreComputeUnionTagReader union
        let read = FSharpValue.PreComputeUnionReader case

        let take (value: objnull) =
            if tag (Unchecked.nonNull value) = case.Tag then Some(read (Unchecked.nonNull value)) else None

        match about with
        | Some about when about.Spliced ->
            cases fields[0].PropertyType
            |> List.map (fun inner -> {
                inner with
                    Make = fun values -> make [| inner.Make values |]
                    Take = fun value -> take value |> Option.bind (fun fields -> inner.Take fields[0])
            })
        | _ ->
            let slots = fields |> Array.map slot |> List.ofArray

            let head =
                match about with
                | Some about when about.Head <> "" ->
                    slots |> List.find (fun slot -> slot.Name = lower about.Head) |> Some
                | _ -> List.tryHead slots

            [
                {
                    Word = wordOf case about
                    About = about |> Option.map _.Text |> Option.defaultValue ""
                    Slots = slots
                    Head = head
                    Make = fun values -> make values
                    Take = take
                }
            ])

let private make (one: Type) : Shape =
    if one = typeof<string> then
        Text
    elif one = typeof<int> then
        Whole
    elif one = typeof<uint64> then
        Unsigned
    elif one = typeof<bool> then
        Flag
    elif one = typeof<int64> then
        Span
    elif one = typeof<Json> then
        Tree
    elif one = typeof<(string * Json) list> then
        Merges
    elif isOf optional one then
        Optional(one.GetGenericArguments()[0])
    elif isOf listed one then
        Items(one.GetGenericArguments()[0])
    elif FSharpType.IsRecord one then
        let slots = FSharpType.GetRecordFields one |> Array.map slot |> List.ofArray
        let make = FSharpValue.PreComputeRecordConstructor one
        let take = FSharpValue.PreComputeRecordReader one
        Record(slots, (fun values -> make values), (fun value -> take (Unchecked.nonNull value)))
    else
        let cases = cases one

        if cases |> List.forall (fun case -> case.Slots.IsEmpty) then
            Choice(cases |> List.map (fun case -> case.Word, case.Make [||]))
        else
            Union cases

let private known = ConcurrentDictionary<Type, Shape>()

let of' (one: Type) : Shape = known.GetOrAdd(one, make)

/// Whether a case can be written as its word alone.
let isBare (case: Case) = case.Slots |> List.forall _.Default.IsSome

/// What stands behind a word for no kind, no zone: all of them.
let everything = "all"
