namespace Tikv.Core.Api

open System
open System.Reflection
open FSharp.Reflection
open Tikv.Core

/// Makes and opens values of a type that is known only at start-up: a list or an option of something.
type Wrapping = { Wrap: objnull list -> objnull; Unwrap: objnull -> objnull list }

/// What the attributes of a field or of a record say.
type Rules = {
    Doc: string
    Default: Json option
    Required: bool
    Minimum: int option
    Maximum: int option
    MinLength: int option
    MaxLength: int option
    /// Regular expression, and what it says in words.
    Pattern: (string * string) option
    Immutable: bool
    /// Rules in CEL, each with its message.
    Cel: (string * string) list
    MapKey: string option
    Set: bool
}

/// What the type of a field looks like in JSON.
[<RequireQualifiedAccess>]
type Shape =
    | Scalar of Scalar: Scalar
    /// Any JSON.
    | Anything
    /// A map of texts, such as labels.
    | Texts
    | List of Item: Shape * Wrapping: Wrapping
    | Record of Record: RecordShape

and Field = {
    /// As in JSON.
    Name: string
    Shape: Shape
    /// The field may be absent, and that differs from any value.
    Option: Wrapping option
    /// The fields of its record stand in the object that holds it.
    Inline: bool
    Rules: Rules
}

and RecordShape = {
    Rules: Rules
    Fields: Field list
    Make: objnull array -> objnull
    Parts: objnull -> objnull array
}

/// The bridge to generic types; found by reflection, once.
type private Wrappings =
    static member List<'T>() : Wrapping = {
        Wrap = fun items -> items |> List.map (fun item -> unbox<'T> item) |> box
        Unwrap = fun list -> unbox<'T list> list |> List.map box
    }

    static member Option<'T>() : Wrapping = {
        Wrap = fun items -> items |> List.tryHead |> Option.map (fun item -> unbox<'T> item) |> box
        Unwrap = fun option -> unbox<'T option> option |> Option.map box |> Option.toList
    }

[<RequireQualifiedAccess>]
module Shape =

    let private attribute<'A when 'A :> Attribute and 'A: not null> (info: MemberInfo) : 'A option =
        info.GetCustomAttribute(typeof<'A>)
        |> Option.ofObj
        |> Option.map (fun found -> unbox<'A>(box found))

    let private rulesOf (info: MemberInfo) : Rules = {
        Doc = attribute<DocAttribute> info |> Option.map _.Text |> Option.defaultValue ""
        Default =
            attribute<DefaultAttribute> info
            |> Option.map (fun found ->
                match found.Value with
                | :? int as number -> Json.int number
                | :? bool as flag -> Json.bool flag
                | other -> Json.string $"{other}")
        Required = Option.isSome (attribute<RequiredAttribute> info)
        Minimum = attribute<MinimumAttribute> info |> Option.map _.Value
        Maximum = attribute<MaximumAttribute> info |> Option.map _.Value
        MinLength = attribute<MinLengthAttribute> info |> Option.map _.Value
        MaxLength = attribute<MaxLengthAttribute> info |> Option.map _.Value
        Pattern =
            attribute<PatternAttribute> info
            |> Option.map (fun found -> found.Expression, found.Words)
        Immutable = Option.isSome (attribute<ImmutableAttribute> info)
        Cel = [
            for found in info.GetCustomAttributes(typeof<CelAttribute>) do
                match box found with
                | :? CelAttribute as cel -> cel.Rule, cel.Message
                | _ -> ()
        ]
        MapKey = attribute<ListMapKeyAttribute> info |> Option.map _.Key
        Set = Option.isSome (attribute<ListSetAttribute> info)
    }

    let private wrapping (name: string) (item: Type) : Wrapping =
        typeof<Wrappings>.GetMethods(BindingFlags.Static ||| BindingFlags.NonPublic ||| BindingFlags.Public)
        |> Array.find (fun found -> found.Name = name)
        |> fun found -> found.MakeGenericMethod(item).Invoke(null, [||])
        |> unbox

    let private isGeneric (definition: Type) (found: Type) =
        found.IsGenericType && found.GetGenericTypeDefinition() = definition

    let private argument (found: Type) = found.GetGenericArguments()[0]

    /// `StorageClassName` is `storageClassName` in JSON.
    let private jsonName (name: string) = Char.ToLowerInvariant(name[0]).ToString() + name.Substring 1

    let rec private ofType (found: Type) : Shape =
        match Scalar.tryOfType found with
        | Some scalar -> Shape.Scalar scalar
        | None when found = typeof<Json> -> Shape.Anything
        | None when found = typeof<Map<string, string>> -> Shape.Texts
        | None when isGeneric typedefof<_ list> found ->
            Shape.List(ofType (argument found), wrapping "List" (argument found))
        | None -> Shape.Record(record found)

    and private field (info: PropertyInfo) : Field =
        let optional = isGeneric typedefof<_ option> info.PropertyType
        let inner = if optional then argument info.PropertyType else info.PropertyType

        {
            Name = jsonName info.Name
            Shape = ofType inner
            Option = if optional then Some(wrapping "Option" inner) else None
            Inline = Option.isSome (attribute<InlineAttribute> info)
            Rules = rulesOf info
        }

    /// The shape of a record type.
    and record (found: Type) : RecordShape =
        let make, parts =
            FSharpValue.PreComputeRecordConstructor found, FSharpValue.PreComputeRecordReader found

        {
            Rules = rulesOf found
            Fields = FSharpType.GetRecordFields found |> Array.map field |> List.ofArray
            Make = fun values -> make values
            Parts = fun record -> parts (nonNull record)
        }

    /// The fields of the JSON object: those of inlined records stand among the others.
    let rec fields (shape: RecordShape) : Field list =
        shape.Fields
        |> List.collect (fun field ->
            match field.Shape with
            | Shape.Record inner when field.Inline -> fields inner
            | _ -> [ field ])
