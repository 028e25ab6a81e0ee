namespace Tikv.Core.Api

open System
open FSharp.Reflection
open Tikv.Core

/// A type of field that is one text, number or flag in JSON.
type Scalar = {
    /// Its members in the schema of a CRD.
    Schema: (string * Json) list
    /// What is allowed, in words that follow "it must".
    Allowed: string
    Read: Json -> objnull option
    Write: objnull -> Json
    /// The value of an absent field that has no default; none when a value must be given.
    Absent: objnull option
    /// Absent, and not written when it has that value.
    OmitsAbsent: bool
}

[<RequireQualifiedAccess>]
module Scalar =

    let private typed (name: string) = [ "type", Json.string name ]

    let private text allowed (read: string -> 'T option) (write: 'T -> string) = {
        Schema = typed "string"
        Allowed = allowed
        Read = Json.asString >> Option.bind read >> Option.map box
        Write = fun value -> Json.string (write (unbox value))
        Absent = None
        OmitsAbsent = false
    }

    let private string = { text "be a text" Some id with Absent = Some(box ""); OmitsAbsent = true }

    let private bool = {
        Schema = typed "boolean"
        Allowed = "be true or false"
        Read = Json.asBool >> Option.map box
        Write = fun value -> Json.bool (unbox value)
        Absent = Some(box false)
        OmitsAbsent = true
    }

    let private int = {
        Schema = typed "integer" @ [ "format", Json.string "int32" ]
        Allowed = "be a whole number"
        Read = Json.asInt >> Option.map box
        Write = fun value -> Json.int (unbox value)
        Absent = Some(box 0)
        OmitsAbsent = false
    }

    let private int64 = {
        Schema = typed "integer" @ [ "format", Json.string "int64" ]
        Allowed = "be a whole number"
        Read = Json.asInt64 >> Option.map box
        Write = fun value -> Json.int64 (unbox value)
        Absent = Some(box 0L)
        OmitsAbsent = false
    }

    /// The ids of PD are above 2^53, where a JSON number is no longer safe.
    let private id (make: uint64 -> 'T) (value: 'T -> uint64) =
        text
            "be a decimal number in quotes"
            (fun text ->
                match UInt64.TryParse(text, Globalization.NumberStyles.None, null) with
                | true, value -> Some(make value)
                | false, _ -> None)
            (fun id -> (value id).ToString())

    let private quantity = {
        Schema = [
            "anyOf", Json.array [ Json.object (typed "integer"); Json.object (typed "string") ]
            "pattern",
            Json.string
                "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?[0-9]+))?$"
            "x-kubernetes-int-or-string", Json.bool true
        ]
        Allowed = "be a quantity, such as 500m, 4, 1.5Gi or 100G"
        Read =
            fun json ->
                match json with
                | Json.String text
                | Json.Number text -> Quantity.parse text |> Result.toOption |> Option.map box
                | _ -> None
        Write = fun value -> Json.string (Quantity.text (unbox value))
        Absent = None
        OmitsAbsent = false
    }

    /// As Go prints it, without the zeros that people leave out: `30m`, not `30m0s`.
    let private durationText (span: TimeSpan) =
        let cut (from: string) (rest: string) (text: string) =
            if text.EndsWith(from + rest, StringComparison.Ordinal) then
                text.Substring(0, text.Length - rest.Length)
            else
                text

        GoDuration.print span |> cut "m" "0s" |> cut "h" "0m"

    let private duration = {
        text
            "be a duration, such as 90s, 30m or 1h30m"
            (fun text ->
                GoDuration.parse text
                |> Result.toOption
                |> Option.filter (fun span -> span >= TimeSpan.Zero))
            durationText with
            Schema =
                typed "string"
                @ [ "pattern", Json.string "^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h))+)$" ]
    }

    let private known: (Type * Scalar) list = [
        typeof<string>, string
        typeof<bool>, bool
        typeof<int>, int
        typeof<int64>, int64
        typeof<Quantity>, quantity
        typeof<TimeSpan>, duration
        typeof<Uid>, text "be a uid" (Uid >> Some) (fun (Uid value) -> value)
        typeof<ClusterId>, id ClusterId (fun (ClusterId value) -> value)
        typeof<MemberId>, id MemberId (fun (MemberId value) -> value)
        typeof<StoreId>, id StoreId (fun (StoreId value) -> value)
    ]

    /// A union of which no case holds anything: the name of the case.
    let private enumeration (union: Type) =
        let cases = FSharpType.GetUnionCases union
        let names = [ for case in cases -> case.Name ]
        let values = [ for case in cases -> case.Name, FSharpValue.MakeUnion(case, [||]) ]
        let tag = FSharpValue.PreComputeUnionTagReader union
        let printed = [| for name in names -> Json.string name |]

        {
            Schema = typed "string" @ [ "enum", Json.strings names ]
            Allowed = "be " + String.Join(" or ", names)
            Read =
                Json.asString
                >> Option.bind (fun name ->
                    values
                    |> List.tryFind (fun (known, _) -> String.Equals(known, name))
                    |> Option.map snd)
            Write = fun value -> printed[tag value]
            Absent = None
            OmitsAbsent = false
        }

    let tryOfType (wanted: Type) : Scalar option =
        match known |> List.tryFind (fun (known, _) -> known = wanted) with
        | Some(_, scalar) -> Some scalar
        | None when
            FSharpType.IsUnion wanted
            && FSharpType.GetUnionCases wanted
               |> Array.forall (fun case -> Array.isEmpty (case.GetFields()))
            ->
            Some(enumeration wanted)
        | None -> None
