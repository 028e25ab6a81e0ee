/// Scenarios by chance: every value that the types of the vocabulary have, with names of objects that there are.
module Tikv.Simulator.Tests.Files.Arbitrary

open System
open Microsoft.FSharp.Reflection
open FsCheck
open FsCheck.FSharp
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

/// What YAML might take for something else.
let private texts =
    Gen.oneof [
        Gen.elements [
            ""
            " "
            "true"
            "No"
            "null"
            "~"
            "12"
            "1e3"
            "0x1f"
            "2026-01-02"
            "- a"
            "a: b"
            "a #b"
            "a\nb\n"
            "\n"
            " a\n b\n"
            "tab\there"
            "[storage]\nreserve-space = \"0MB\"\n"
            "\"quoted\""
            "it's"
            "{a}"
            "a, b"
            "*"
            "&a"
            "!tag"
            "%"
            "@"
            "`"
            "|"
            ">"
            "ü𝄞"
            "\u0007"
            "\r\n"
            "90s"
            "all"
            "?"
            ":"
            "---"
        ]
        // half a surrogate pair is no text
        ArbMap.defaults
        |> ArbMap.generate<char list>
        |> Gen.map (List.filter (Char.IsSurrogate >> not) >> Array.ofList >> String)
    ]

let private named name =
    match name with
    | "target" -> [
        "Cluster/basic"
        "PDGroup/basic-pd"
        "TiKVGroup/basic-tikv"
        "TiKV/basic-tikv-7"
        "Pod/basic-pd-0"
        "Service/any"
      ]
    | "pod" -> [ "basic-pd-1"; "basic-tikv-0"; "default/basic-tikv-12" ]
    | "group"
    | "former" -> [ "basic-pd"; "basic-tikv" ]
    | "node" -> [ "node-a1"; "node-c1" ]
    | "claim" -> [ "data-basic-tikv-2"; "default/data-basic-pd-0" ]
    | "zone" -> [ "a"; "b"; "c" ]
    | _ -> []

let rec private trees size : Gen<Json> =
    let leaves = [
        Gen.constant Json.Null
        Gen.elements [ Json.Bool true; Json.Bool false ]
        Gen.choose (-1_000_000, 1_000_000) |> Gen.map Json.int
        texts |> Gen.map Json.String
    ]

    if size <= 0 then
        Gen.oneof leaves
    else
        let items =
            Gen.choose (0, 3)
            |> Gen.bind (fun count -> Gen.listOfLength count (trees (size / 2)))

        let members =
            Gen.choose (0, 3)
            |> Gen.bind (fun count -> Gen.listOfLength count (Gen.zip texts (trees (size / 2))))
            |> Gen.map (List.distinctBy fst)

        Gen.oneof [ Gen.map Json.Array items; Gen.map Json.Object members; yield! leaves ]

let private listOf (one: Type) (items: objnull list) : objnull =
    let cases = FSharpType.GetUnionCases(typedefof<_ list>.MakeGenericType one)

    List.foldBack
        (fun item rest -> FSharpValue.MakeUnion(cases[1], [| item; rest |]))
        items
        (FSharpValue.MakeUnion(cases[0], [||]))

let private some (one: Type) (value: objnull) : objnull =
    FSharpValue.MakeUnion(FSharpType.GetUnionCases(typedefof<_ option>.MakeGenericType one)[1], [| value |])

/// Cases that hold a fact hold others, and so on.
let private isDeep (case: Shapes.Case) =
    case.Slots
    |> List.exists (fun slot ->
        slot.Type = typeof<Fact>
        || (slot.Type.IsGenericType && slot.Type.GetGenericArguments()[0] = typeof<Fact>))

let rec private values size (name: string) (one: Type) : Gen<objnull> =
    let boxed gen = gen |> Gen.map (fun value -> box value)

    match Shapes.of' one with
    | Shapes.Text ->
        match
            (if name.StartsWith("valid", StringComparison.Ordinal) then
                 [ "2020-01-01"; "2031-12-31" ]
             else
                 named name)
        with
        | [] -> boxed texts
        | names -> boxed (Gen.elements names)
    | Shapes.Whole ->
        let least, most = Reader.boundsOf name

        Gen.oneof [ Gen.choose (least, min most (least + 20)); Gen.constant most ]
        |> boxed
    | Shapes.Unsigned -> ArbMap.defaults |> ArbMap.generate<uint64> |> boxed
    | Shapes.Flag -> Gen.elements [ true; false ] |> boxed
    | Shapes.Span ->
        Gen.zip (Gen.choose (0, 1_000)) (Gen.elements [ 1L; 1_000L; 60_000L; 3_600_000L; 86_400_000L ])
        |> Gen.map (fun (count, one) -> int64 count * one)
        |> boxed
    | Shapes.Tree -> trees size |> boxed
    | Shapes.Merges ->
        Gen.choose (0, 2)
        |> Gen.bind (fun count ->
            Gen.listOfLength count (Gen.zip (Gen.elements (named "target")) (trees size)))
        |> boxed
    | Shapes.Choice words -> words |> List.map snd |> Gen.elements
    | Shapes.Optional inner -> Gen.oneof [ Gen.constant null; values size name inner |> Gen.map (some inner) ]
    | Shapes.Items inner ->
        Gen.choose (0, 3)
        |> Gen.bind (fun count -> Gen.listOfLength count (values (size / 2) name inner))
        |> Gen.map (listOf inner)
    | Shapes.Record(slots, make, _) -> fields size slots |> Gen.map make
    | Shapes.Union cases ->
        let cases = if size <= 0 then cases |> List.filter (isDeep >> not) else cases

        Gen.elements cases
        |> Gen.bind (fun case -> fields (size / 2) case.Slots |> Gen.map case.Make)

and private fields size (slots: Shapes.Slot list) : Gen<objnull array> =
    slots
    |> List.map (fun slot ->
        // what its reader takes for nothing else than the ordinary value
        match slot.Default with
        | ValueSome value -> Gen.oneof [ Gen.constant value; values size slot.Name slot.Type ]
        | ValueNone -> values size slot.Name slot.Type)
    |> Gen.collectToArray id

/// Names of nodes are those that a scenario gives them, where it does.
let private withKnownNodes (story: Story) =
    let nodes = [
        for index, node in List.indexed (List.truncate 3 story.Given.Nodes) ->
            let zone = [ "a"; "b"; "c" ][index]
            { node with Name = $"node-%s{zone}1"; Zone = zone; Runs = [ $"basic-tikv-%d{index}" ] }
    ]

    { story with Given = { story.Given with Nodes = if nodes.Length < 3 then [] else nodes } }

/// A property that takes one says so by this type.
type AnyScenario =
    static member Story() : Arbitrary<Story> =
        Gen.sized (fun size -> values (min 12 size) "" typeof<Story>)
        |> Gen.map (fun story -> unbox<Story>(Unchecked.nonNull story))
        |> Gen.map withKnownNodes
        |> Arb.fromGen
