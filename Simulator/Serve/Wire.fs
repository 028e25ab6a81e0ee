namespace Tikv.Simulator.Serve

open System
open System.Globalization
open System.Text
open Tikv.Core

/// How a field of a protobuf message is read. Go writes fields that are not pointers even when they are zero; JSON
/// leaves them out.
type WireField =
    | Str
    | Int
    /// A pointer: zero means something.
    | IntGiven
    | Bool
    | BoolGiven
    /// Base64 in JSON.
    | Octets
    /// metav1.Time and metav1.MicroTime.
    | Moment
    | MicroMoment
    | IntOrStr
    | Amount
    | Message of Name: string
    | MapOf of WireField
    | Several of WireField

/// The fields of a message by number.
type WireMessage = Map<int, string * WireField>

/// Protobuf as Kubernetes' clients send it, read into JSON (Kubernetes docs, "Kubernetes Protobuf encoding").
[<RequireQualifiedAccess>]
module Wire =

    /// A value on the wire: a number, or bytes.
    type private Value =
        | Varint of uint64
        | Bytes of ReadOnlyMemory<byte>

    exception private Malformed

    let private varint (bytes: ReadOnlyMemory<byte>) start =
        let rec go at shift (value: uint64) =
            if at >= bytes.Length || shift > 63 then
                raise Malformed
            else
                let next = bytes.Span[at]
                let value = value ||| (uint64 (next &&& 0x7Fuy) <<< shift)
                if next < 0x80uy then value, at + 1 else go (at + 1) (shift + 7) value

        go start 0 0UL

    let private slice (bytes: ReadOnlyMemory<byte>) start length =
        if length < 0 || start + length > bytes.Length then raise Malformed else bytes.Slice(start, length)

    /// The fields of a message in the order of the wire.
    let private fields (bytes: ReadOnlyMemory<byte>) =
        let rec go at found =
            if at >= bytes.Length then
                List.rev found
            else
                let tag, at = varint bytes at
                let number = int (tag >>> 3)

                match int (tag &&& 7UL) with
                | 0 ->
                    let value, at = varint bytes at
                    go at ((number, Varint value) :: found)
                | 1 -> go (at + 8) ((number, Bytes(slice bytes at 8)) :: found)
                | 2 ->
                    let length, at = varint bytes at
                    let length = int (min length (uint64 Int32.MaxValue))
                    go (at + length) ((number, Bytes(slice bytes at length)) :: found)
                | 5 -> go (at + 4) ((number, Bytes(slice bytes at 4)) :: found)
                | _ -> raise Malformed

        go 0 []

    let private text (value: Value) =
        match value with
        | Bytes bytes -> Encoding.UTF8.GetString bytes.Span
        | Varint _ -> raise Malformed

    let private inner value =
        match value with
        | Bytes bytes -> bytes
        | Varint _ -> raise Malformed

    let private number value =
        match value with
        | Varint value -> int64 value
        | Bytes _ -> raise Malformed

    let private numberAt index found =
        found
        |> List.tryFind (fun (at, _) -> at = index)
        |> Option.map (snd >> number)
        |> Option.defaultValue 0L

    let private textAt index found =
        found
        |> List.tryFind (fun (at, _) -> at = index)
        |> Option.map (snd >> text)
        |> Option.defaultValue ""

    /// An empty time is no time.
    let private moment (format: string) value =
        match fields (inner value) with
        | [] -> None
        | found ->
            DateTimeOffset.FromUnixTimeSeconds(numberAt 1 found).AddTicks(numberAt 2 found / 100L)
            |> fun at -> Some(Json.String(at.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)))

    let private intOrText value =
        let found = fields (inner value)
        if numberAt 1 found = 0L then Json.int64 (numberAt 2 found) else Json.String(textAt 3 found)

    let private unlessEmpty json =
        match json with
        | Json.String ""
        | Json.Object [] -> None
        | json -> Some json

    let rec private read (messages: Map<string, WireMessage>) field value : Json option =
        match field with
        | Str -> unlessEmpty (Json.String(text value))
        | Int ->
            Some(number value)
            |> Option.filter (fun value -> value <> 0L)
            |> Option.map Json.int64
        | IntGiven -> Some(Json.int64 (number value))
        | Bool -> if number value <> 0L then Some(Json.Bool true) else None
        | BoolGiven -> Some(Json.Bool(number value <> 0L))
        | Octets -> Some(Json.String(Convert.ToBase64String (inner value).Span))
        | Moment -> moment "yyyy-MM-dd'T'HH:mm:ss'Z'" value
        | MicroMoment -> moment "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" value
        | IntOrStr -> Some(intOrText value)
        | Amount -> Some(Json.String(textAt 1 (fields (inner value))))
        | Message name -> unlessEmpty (message messages name (inner value))
        | MapOf item
        | Several item -> read messages item value

    /// An entry of a map is a message of key and value.
    and private entries messages item values =
        values
        |> List.map (fun value ->
            let found = fields (inner value)

            let content =
                found
                |> List.tryFind (fun (at, _) -> at = 2)
                |> Option.bind (fun (_, value) -> read messages item value)

            textAt 1 found, content |> Option.defaultValue (Json.String ""))
        |> List.sortWith (fun (one, _) (other, _) -> String.CompareOrdinal(one, other))
        |> Json.Object

    and private message messages name bytes : Json =
        let known = messages |> Map.tryFind name |> Option.defaultValue Map.empty

        fields bytes
        |> List.groupBy fst
        |> List.choose (fun (at, values) ->
            let values = List.map snd values

            match Map.tryFind at known with
            | None -> None
            | Some(field, MapOf item) -> Some(field, entries messages item values)
            | Some(field, Several Str) -> Some(field, Json.Array(values |> List.map (text >> Json.String)))
            | Some(field, Several item) ->
                let item value = read messages item value |> Option.defaultValue Json.empty
                Some(field, Json.Array(values |> List.map item))
            | Some(field, kind) ->
                read messages kind (List.last values) |> Option.map (fun json -> field, json))
        |> Json.Object

    /// The magic that Kubernetes puts before its envelope.
    let private magic = [| 0x6Buy; 0x38uy; 0x73uy; 0uy |]

    /// Reads an object in its envelope. An error names the kind that is not among the messages, or says that the bytes
    /// are no such object.
    let parse (messages: Map<string, WireMessage>) (bytes: byte array) : Result<Json, string> =
        try
            if bytes.Length < 4 || bytes[..3] <> magic then
                Error "the body does not begin as Kubernetes' protobuf does"
            else
                let envelope = fields (ReadOnlyMemory(bytes, 4, bytes.Length - 4))

                let bytesAt index =
                    envelope
                    |> List.tryFind (fun (at, _) -> at = index)
                    |> Option.map (snd >> inner)

                let head = bytesAt 1 |> Option.map fields |> Option.defaultValue []
                let kind = textAt 2 head

                if not (Map.containsKey kind messages) then
                    Error $"the embedded cluster reads no %s{kind} in protobuf, only in JSON"
                else
                    let body = bytesAt 2 |> Option.defaultValue ReadOnlyMemory.Empty |> message messages kind

                    Json.Object(
                        ("apiVersion", Json.String(textAt 1 head))
                        :: ("kind", Json.String kind)
                        :: (Json.asMembers body |> Option.defaultValue [])
                    )
                    |> Ok
        with Malformed ->
            Error "the body is not well-formed protobuf"
