namespace Tikv.Core

open System
open System.Buffers
open System.Text
open System.Text.Encodings.Web
open System.Text.Json

/// An immutable JSON tree. Numbers keep their text, so that a 64-bit id (a PD member id is a uint64 above 2^53)
/// is never rounded. Objects keep the order of their keys; equality does not depend on that order.
[<RequireQualifiedAccess; CustomEquality; NoComparison>]
type Json =
    | Null
    | Bool of Value: bool
    | Number of Text: string
    | String of Value: string
    | Array of Items: Json list
    | Object of Members: (string * Json) list

    static member private Sorted(members: (string * Json) list) =
        members
        |> List.sortWith (fun (one, _) (other, _) -> String.CompareOrdinal(one, other))

    static member private SameKeys(one: (string * Json) list, other: (string * Json) list) =
        match one, other with
        | [], [] -> true
        | (key, _) :: one, (otherKey, _) :: other -> String.Equals(key, otherKey) && Json.SameKeys(one, other)
        | _ -> false

    static member private SameValues(one: (string * Json) list, other: (string * Json) list) =
        match one, other with
        | (_, value) :: one, (_, otherValue) :: other ->
            Json.Same(value, otherValue) && Json.SameValues(one, other)
        | _ -> List.isEmpty one && List.isEmpty other

    static member private SameItems(one: Json list, other: Json list) =
        match one, other with
        | item :: one, otherItem :: other -> Json.Same(item, otherItem) && Json.SameItems(one, other)
        | _ -> List.isEmpty one && List.isEmpty other

    static member private SameMembers(one: (string * Json) list, other: (string * Json) list) =
        if Json.SameKeys(one, other) then
            Json.SameValues(one, other)
        elif List.length one <> List.length other then
            false
        else
            let one, other = Json.Sorted one, Json.Sorted other
            Json.SameKeys(one, other) && Json.SameValues(one, other)

    static member private Same(one: Json, other: Json) =
        LanguagePrimitives.PhysicalEquality one other
        || match one, other with
           | Null, Null -> true
           | Bool a, Bool b -> a = b
           | Number a, Number b -> String.Equals(a, b)
           | String a, String b -> String.Equals(a, b)
           | Array a, Array b -> Json.SameItems(a, b)
           | Object a, Object b -> Json.SameMembers(a, b)
           | (Null | Bool _ | Number _ | String _ | Array _ | Object _), _ -> false

    override this.Equals(other: obj) =
        match other with
        | :? Json as other -> Json.Same(this, other)
        | _ -> false

    /// Weak on purpose: equal trees with other key orders must hash alike. Never use it as a fingerprint.
    override this.GetHashCode() =
        match this with
        | Null -> 0
        | Bool value -> if value then 1 else 2
        | Number text -> text.GetHashCode()
        | String value -> value.GetHashCode()
        | Array items -> 31 * List.length items
        | Object members -> 37 * List.length members

/// Building, reading, parsing and printing of JSON trees. Everything here is total: what is absent reads as `None`,
/// what does not parse is an `Error` that tells where.
[<RequireQualifiedAccess>]
module Json =

    let empty = Json.Object []
    let string (value: string) = Json.String value
    let bool (value: bool) = Json.Bool value
    let int (value: int) = Json.Number(value.ToString Globalization.CultureInfo.InvariantCulture)
    let int64 (value: int64) = Json.Number(value.ToString Globalization.CultureInfo.InvariantCulture)
    let uint64 (value: uint64) = Json.Number(value.ToString Globalization.CultureInfo.InvariantCulture)
    let array (items: Json seq) = Json.Array(List.ofSeq items)
    let strings (items: string seq) = items |> Seq.map Json.String |> array

    /// An object of the given members, in the given order.
    let object (members: (string * Json) seq) = Json.Object(List.ofSeq members)

    /// An object of those members that have a value.
    let present (members: (string * Json option) list) =
        members
        |> List.choose (fun (key, value) ->
            match value with
            | Some value -> Some(key, value)
            | None -> None)
        |> Json.Object

    /// An object of strings, such as labels; keys in ordinal order.
    let ofMap (map: Map<string, string>) =
        Json.Object(Map.foldBack (fun key value members -> (key, Json.String value) :: members) map [])

    // ---- reading

    let rec private findMember (name: string) (members: (string * Json) list) : Json voption =
        match members with
        | [] -> ValueNone
        | (key, value) :: _ when String.Equals(key, name) -> ValueSome value
        | _ :: rest -> findMember name rest

    let private findField (name: string) json : Json voption =
        match json with
        | Json.Object members -> findMember name members
        | _ -> ValueNone

    // Objects are asked for paths all the time: nothing is made on the way.
    let rec private findPath (path: string list) json : Json voption =
        match path with
        | [] ->
            match json with
            | Json.Null -> ValueNone
            | json -> ValueSome json
        | name :: rest ->
            match findField name json with
            | ValueSome inner -> findPath rest inner
            | ValueNone -> ValueNone

    let tryField (name: string) json : Json option =
        match findField name json with
        | ValueSome value -> Some value
        | ValueNone -> None

    /// The value at a path of object keys, when every step is there and the value is not null.
    let tryPath (path: string list) json : Json option =
        match findPath path json with
        | ValueSome value -> Some value
        | ValueNone -> None

    let asString json =
        match json with
        | Json.String value -> Some value
        | _ -> None

    let asBool json =
        match json with
        | Json.Bool value -> Some value
        | _ -> None

    let asInt64 json =
        match json with
        | Json.Number text ->
            match
                Int64.TryParse(
                    text,
                    Globalization.NumberStyles.AllowLeadingSign,
                    Globalization.CultureInfo.InvariantCulture
                )
            with
            | true, value -> Some value
            | false, _ -> None
        | _ -> None

    let asInt json =
        asInt64 json
        |> Option.filter (fun value ->
            value >= Operators.int64 Int32.MinValue
            && value <= Operators.int64 Int32.MaxValue)
        |> Option.map Operators.int

    let asUInt64 json =
        match json with
        | Json.Number text ->
            match
                UInt64.TryParse(
                    text,
                    Globalization.NumberStyles.None,
                    Globalization.CultureInfo.InvariantCulture
                )
            with
            | true, value -> Some value
            | false, _ -> None
        | _ -> None

    let asItems json =
        match json with
        | Json.Array items -> Some items
        | _ -> None

    let asMembers json =
        match json with
        | Json.Object members -> Some members
        | _ -> None

    let inline private readAt path ([<InlineIfLambda>] read: Json -> 'Value option) json : 'Value option =
        match findPath path json with
        | ValueSome value -> read value
        | ValueNone -> None

    let inline private readField name ([<InlineIfLambda>] read: Json -> 'Value option) json : 'Value option =
        match findField name json with
        | ValueSome value -> read value
        | ValueNone -> None

    let stringField name json = readField name asString json
    let boolField name json = readField name asBool json
    let intField name json = readField name asInt json
    let int64Field name json = readField name asInt64 json
    let uint64Field name json = readField name asUInt64 json

    let stringAt path json = readAt path asString json
    let boolAt path json = readAt path asBool json
    let intAt path json = readAt path asInt json
    let int64At path json = readAt path asInt64 json
    let uint64At path json = readAt path asUInt64 json

    /// The items of the array at a path; none when it is absent or not an array.
    let itemsAt path json : Json list =
        match findPath path json with
        | ValueSome(Json.Array items) -> items
        | _ -> []

    /// The members of the object at a path; none when it is absent or not an object.
    let membersAt path json : (string * Json) list =
        match findPath path json with
        | ValueSome(Json.Object members) -> members
        | _ -> []

    /// The string members of the object at a path, such as labels.
    let mapAt path json =
        membersAt path json
        |> List.fold
            (fun map (key, value) ->
                match value with
                | Json.String text -> Map.add key text map
                | _ -> map)
            Map.empty

    // ---- changing

    /// Sets, replaces or (with `None`) removes the member at a path. To set, what is not an object on the way becomes
    /// one; to remove, it is left alone.
    let rec setPath (path: string list) (value: Json option) json =
        match path with
        | [] -> value |> Option.defaultValue Json.Null
        | [ name ] ->
            let members = asMembers json |> Option.defaultValue []
            let isMeant (key: string, _: Json) = String.Equals(key, name)

            match value with
            | None when List.exists isMeant members -> Json.Object(members |> List.filter (isMeant >> not))
            | None -> json
            | Some value when List.exists isMeant members ->
                Json.Object(members |> List.map (fun one -> if isMeant one then name, value else one))
            | Some value -> Json.Object(members @ [ name, value ])
        | name :: rest ->
            match tryField name json, value with
            | (None | Some(Json.Null | Json.Bool _ | Json.Number _ | Json.String _ | Json.Array _)), None ->
                json
            | inner, _ ->
                setPath [ name ] (Some(setPath rest value (inner |> Option.defaultValue empty))) json

    let withField name value json = setPath [ name ] (Some value) json
    let withoutField name json = setPath [ name ] None json

    // ---- text

    let rec private hasKey (name: string) members =
        match members with
        | [] -> false
        | (key, _) :: rest -> String.Equals(key, name) || hasKey name rest

    let rec private repeats members =
        match members with
        | [] -> false
        | (key, _) :: rest -> hasKey key rest || repeats rest

    /// Of a key given twice the last value counts, as in Go.
    let private lastOfEach members =
        let suspicious =
            // To look at each pair is quicker than a hash table only while there are few.
            match List.tryItem 24 members with
            | None -> repeats members
            | Some _ -> (members |> List.distinctBy fst |> List.length) <> List.length members

        if suspicious then members |> List.rev |> List.distinctBy fst |> List.rev else members

    let rec private ofElement (element: JsonElement) : Json =
        match element.ValueKind with
        | JsonValueKind.Object ->
            [ for property in element.EnumerateObject() -> property.Name, ofElement property.Value ]
            |> lastOfEach
            |> Json.Object
        | JsonValueKind.Array -> Json.Array [ for item in element.EnumerateArray() -> ofElement item ]
        | JsonValueKind.String -> Json.String(element.GetString() |> Option.ofObj |> Option.defaultValue "")
        | JsonValueKind.Number -> Json.Number(element.GetRawText())
        | JsonValueKind.True -> Json.Bool true
        | JsonValueKind.False -> Json.Bool false
        | _ -> Json.Null

    /// Parses UTF-8 bytes. `Error` holds a message with line and byte position.
    let parseBytes (utf8: ReadOnlyMemory<byte>) : Result<Json, string> =
        try
            use document = JsonDocument.Parse utf8
            Ok(ofElement document.RootElement)
        with
        | :? JsonException as problem -> Error problem.Message
        // A string that is not Unicode: broken UTF-8, or half of a surrogate pair.
        | :? InvalidOperationException as problem -> Error problem.Message

    /// Parses text. `Error` holds a message with line and byte position.
    let parse (text: string) : Result<Json, string> = parseBytes (ReadOnlyMemory(Encoding.UTF8.GetBytes text))

    let rec private write (writer: Utf8JsonWriter) json =
        match json with
        | Json.Null -> writer.WriteNullValue()
        | Json.Bool value -> writer.WriteBooleanValue value
        | Json.Number text -> writer.WriteRawValue(text, skipInputValidation = true)
        | Json.String value -> writer.WriteStringValue value
        | Json.Array items ->
            writer.WriteStartArray()
            items |> List.iter (write writer)
            writer.WriteEndArray()
        | Json.Object members ->
            writer.WriteStartObject()

            members
            |> List.iter (fun (key, value) ->
                writer.WritePropertyName key
                write writer value)

            writer.WriteEndObject()

    let private printed indented json =
        let buffer = ArrayBufferWriter<byte>()

        let options =
            JsonWriterOptions(
                Indented = indented,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                SkipValidation = true
            )

        using (new Utf8JsonWriter(buffer, options)) (fun writer -> write writer json)
        buffer

    /// UTF-8 bytes, compact.
    let toBytes json : byte array = (printed false json).WrittenSpan.ToArray()

    /// One line of text.
    let print json : string = Encoding.UTF8.GetString (printed false json).WrittenSpan

    /// Text with two spaces of indentation.
    let printIndented json : string = Encoding.UTF8.GetString (printed true json).WrittenSpan

    let rec private inOrder (members: (string * Json) list) =
        match members with
        | (one, _) :: ((other, _) :: _ as rest) -> String.CompareOrdinal(one, other) <= 0 && inOrder rest
        | _ -> true

    /// The same tree with the keys of every object in ordinal order: the form that revisions are hashed from.
    let rec canonical json =
        match json with
        | Json.Object members ->
            let members = members |> List.map (fun (key, value) -> key, canonical value)

            if inOrder members then
                Json.Object members
            else
                // By far the most frequent sort of an operator, and a stable one is not needed: no key stands twice.
                let sorted = Array.ofList members
                Array.Sort(Array.map fst sorted, sorted, StringComparer.Ordinal)
                Json.Object(List.ofArray sorted)
        | Json.Array items -> Json.Array(items |> List.map canonical)
        | json -> json
