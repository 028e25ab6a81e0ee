namespace Tikv.Simulator.Run

open System
open System.Collections.Generic
open System.Globalization
open System.Numerics
open Tikv.Core
open Tikv.Simulator.Pd

/// What cannot be told of a value without the state that it is part of: how long ago a time is, and which object a uid is.
[<Struct>]
type internal LooseEnd = {
    /// Where in the value it stands.
    Path: uint64
    /// In milliseconds of the world; of an object's timestamps since 1970, where `IsDate`.
    Time: int64
    IsDate: bool
    /// Which of the uids that its teller knows; negative for a time.
    Uid: int
}

/// What a value amounts to: two 64-bit halves, and what is loose in it.
[<Sealed; AllowNullLiteral>]
type internal Part(low: uint64, high: uint64, ends: LooseEnd array) =
    member _.Low = low
    member _.High = high
    member _.Ends = ends

/// Takes values in, word for word. What is immutable and was told before is not told again: the cost is that of what is new.
[<Sealed>]
type internal Teller() =
    let mutable low = 0UL
    let mutable high = 0UL
    let ends = List<LooseEnd>()
    let uids = Dictionary<string, int>(StringComparer.Ordinal)
    // what is still in use stays: what was not asked for while so many came is forgotten
    let mutable parts = Dictionary<obj, Part>(HashIdentity.Reference)
    let mutable older = Dictionary<obj, Part>(HashIdentity.Reference)

    /// Parts that are remembered before older ones are forgotten: they keep what they were told of alive.
    static member private Most = 10_000

    /// The number of a uid, the same as long as this teller lives.
    member _.Uid(uid: string) : int =
        match uids.TryGetValue uid with
        | true, number -> number
        | false, _ ->
            let number = uids.Count
            uids[uid] <- number
            number

    /// How many uids it knows.
    member _.Uids = uids.Count

    static member private Seed = 0x6A09E667F3BCC909UL

    /// No `GetHashCode` anywhere: that of a string differs from process to process, F#'s is blind to most of a value.
    member _.Word(word: uint64) : unit =
        low <- Hash.mix low word

        high <-
            Hash.mix
                (BitOperations.RotateLeft(high, 23) ^^^ 0xBB67AE8584CAA73BUL)
                (word * 0xD6E8FEB86659FD93UL)

    member private _.Plain(text: string, length: int) : unit =
        let mutable one = 0xCBF29CE484222325UL
        let mutable other = 0x84222325CBF29CE4UL

        for index in 0 .. length - 1 do
            one <- (one ^^^ uint64 text[index]) * 0x100000001B3UL
            other <- (other + uint64 text[index]) * 0x9E3779B97F4A7C15UL
            other <- other ^^^ (other >>> 29)

        low <- Hash.mix low (one + uint64 length)
        high <- Hash.mix (BitOperations.RotateLeft(high, 23)) other

    member private _.Loose time isDate uid =
        ends.Add { Path = Hash.mix low high; Time = time; IsDate = isDate; Uid = uid }

    /// A time of the world, in milliseconds.
    member this.Time(time: int64) : unit = this.Loose time false -1

    static member private IsUid(text: string, from: int) =
        text[from + 8] = '-'
        && text[from + 13] = '-'
        && text[from + 18] = '-'
        && text[from + 23] = '-'
        && text[from + 14] = '4'

    static member private IsDate(text: string) =
        text.Length >= 20
        && text.Length <= 30
        && text[4] = '-'
        && text[10] = 'T'
        && text[13] = ':'
        && text[text.Length - 1] = 'Z'

    /// A uid, also at the end of a text such as a volume's name, is whatever has that uid; a date is how long ago it is.
    member this.Text(text: string | null) : unit =
        match text with
        | null -> this.Word 0x7FUL
        | text when text.Length >= 36 && Teller.IsUid(text, text.Length - 36) ->
            this.Plain(text, text.Length - 36)
            this.Loose 0L false (this.Uid(text.Substring(text.Length - 36)))
        | text when Teller.IsDate text ->
            match
                DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
            with
            | true, date -> this.Loose (date.ToUnixTimeMilliseconds()) true -1
            | false, _ -> this.Plain(text, text.Length)
        | text -> this.Plain(text, text.Length)

    /// A message: how many it speaks of, it does not matter.
    member this.Words(text: string | null) : unit =
        match text with
        | null -> this.Word 0x7FUL
        | text -> this.Text(String.filter (Char.IsAsciiDigit >> not) text)

    /// A count: none or some.
    member private this.Amount(json: Json) =
        match json with
        | Json.Number "0" -> this.Word 9UL
        | Json.Number _ -> this.Word 10UL
        | other -> this.Json other

    /// What is told apart from what came before.
    member private _.Apart(tell: unit -> unit) : Part =
        let before, beforeHigh, from = low, high, ends.Count
        low <- Teller.Seed
        high <- ~~~Teller.Seed
        tell ()

        let part =
            Part(
                low,
                high,
                (if ends.Count = from then [||] else ends.GetRange(from, ends.Count - from).ToArray())
            )

        ends.RemoveRange(from, ends.Count - from)
        low <- before
        high <- beforeHigh
        part

    member private _.Salted(salt: uint64, part: Part) =
        for loose in part.Ends do
            ends.Add { loose with Path = Hash.mix loose.Path salt }

    /// A value that never changes and may come again, by its reference.
    member this.Shared(value: obj, tell: unit -> unit) : unit =
        let part =
            match parts.TryGetValue value with
            | true, part -> part
            | false, _ ->
                let part =
                    match older.TryGetValue value with
                    | true, part -> part
                    | false, _ -> this.Apart tell

                if parts.Count >= Teller.Most then
                    older <- parts
                    parts <- Dictionary<obj, Part>(HashIdentity.Reference)

                parts[value] <- part
                part

        this.Word part.Low
        this.Word part.High
        this.Salted(low, part)

    /// Things without an order: so many, each told for itself.
    member this.Unordered(things: seq<'Thing>, tell: 'Thing -> unit) : unit =
        let before, beforeHigh = low, high
        let mutable count = 0UL
        let mutable sum = 0UL
        let mutable other = 0UL

        for thing in things do
            let from = ends.Count
            low <- Teller.Seed
            high <- ~~~Teller.Seed
            tell thing
            count <- count + 1UL
            sum <- sum + Hash.mix low 1UL
            other <- other + Hash.mix high 2UL
            let salt = Hash.mix low high

            for index in from .. ends.Count - 1 do
                let loose = ends[index]
                ends[index] <- { loose with Path = Hash.mix loose.Path salt }

        low <- before
        high <- beforeHigh
        this.Word count
        this.Word sum
        this.Word other

    member private this.Member(struct (name: string, value: Json)) =
        match name with
        | "leaders"
        | "regions" ->
            this.Text name
            this.Amount value
        | "capacityUsed"
        | "message" ->
            this.Text name

            match value with
            | Json.String text -> this.Words text
            | other -> this.Json other
        | _ ->
            this.Text name
            this.Json value

    /// Members of a JSON object have no order. Versions and who wrote which field say nothing of the state.
    member this.Json(json: Json) : unit =
        match json with
        | Json.Null -> this.Word 1UL
        | Json.Bool value -> this.Word(if value then 2UL else 3UL)
        | Json.Number text ->
            this.Word 4UL
            this.Plain(text, text.Length)
        | Json.String text ->
            this.Word 5UL
            this.Text text
        | Json.Array items ->
            this.Word 6UL

            for item in items do
                this.Json item

            this.Word 7UL
        | Json.Object members ->
            this.Word 8UL

            this.Unordered(
                members,
                fun (name, value) ->
                    match name with
                    | "resourceVersion"
                    | "managedFields" -> ()
                    | _ -> this.Member(struct (name, value))
            )

    /// Tells a state from its beginning: what it amounts to, apart from what is loose.
    member internal this.Whole(tell: unit -> unit) : Part =
        ends.Clear()
        this.Apart tell
