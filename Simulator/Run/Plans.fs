namespace Tikv.Simulator.Run

open System
open Tikv.Core

/// What the field that a value stands in says of it.
[<RequireQualifiedAccess>]
type internal Within =
    | Nothing
    | Times
    | Coarse

/// How values of a type are told.
[<AbstractClass>]
type internal Plan<'Value>() =
    abstract Tell: Teller * 'Value -> unit

/// One field of a record, or of a case of a union.
[<AbstractClass>]
type internal FieldPlan<'Value>() =
    abstract Tell: Teller * 'Value -> unit

/// Reads a field of a value type.
type internal StructGetter<'Value, 'Field> = delegate of byref<'Value> -> 'Field

/// Finds the plan of a type.
[<AbstractClass>]
type internal Plans() =
    abstract Find<'Value> : Within -> Plan<'Value>

/// Finds a plan when it is first needed: types may hold themselves.
[<Sealed>]
type internal Found<'Value>(plans: Plans, within: Within) =
    let mutable plan: Plan<'Value> voption = ValueNone

    member _.Tell(teller: Teller, value: 'Value) : unit =
        match plan with
        | ValueSome plan -> plan.Tell(teller, value)
        | ValueNone ->
            let found = plans.Find<'Value> within
            plan <- ValueSome found
            found.Tell(teller, value)

[<Sealed>]
type internal AnyPlan<'Value>(plans: Plans, within: Within) =
    inherit Plan<obj>()
    override _.Tell(teller, value) = plans.Find<'Value>(within).Tell(teller, unbox<'Value> value)

[<Sealed>]
type internal Silent<'Value>() =
    inherit Plan<'Value>()
    override _.Tell(_, _) = ()

[<Sealed>]
type internal Numbers(isTime: bool) =
    inherit Plan<int64>()
    override _.Tell(teller, value) = if isTime then teller.Time value else teller.Word(uint64 value)

[<Sealed>]
type internal Counts(within: Within) =
    inherit Plan<int>()

    override _.Tell(teller, value) =
        teller.Word(uint64 (if within = Within.Coarse then sign value else value))

[<Sealed>]
type internal Instants() =
    inherit Plan<Instant>()
    override _.Tell(teller, (Instant value)) = teller.Time value

[<Sealed>]
type internal Spans() =
    inherit Plan<TimeSpan>()
    override _.Tell(teller, value) = teller.Word(uint64 value.Ticks)

[<Sealed>]
type internal Texts(within: Within) =
    inherit Plan<string>()
    override _.Tell(teller, value) = if within = Within.Coarse then teller.Words value else teller.Text value

[<Sealed>]
type internal Trees() =
    inherit Plan<Json>()
    override _.Tell(teller, value) = teller.Shared(value, fun () -> teller.Json value)

[<Sealed>]
type internal Primitive<'Value>() =
    inherit Plan<'Value>()

    override _.Tell(teller, value) =
        match box value with
        | :? bool as value -> teller.Word(if value then 1UL else 0UL)
        | :? uint64 as value -> teller.Word value
        | :? float as value -> teller.Word(uint64 (BitConverter.DoubleToInt64Bits value))
        | :? char as value -> teller.Word(uint64 value)
        | value -> teller.Word(uint64 (Convert.ToInt64(value, Globalization.CultureInfo.InvariantCulture)))

[<Sealed>]
type internal Row<'Row, 'Item when 'Row :> seq<'Item>>(plans: Plans, within: Within) =
    inherit Plan<'Row>()
    let item = Found<'Item>(plans, within)

    override _.Tell(teller, value) =
        for one in value do
            teller.Word 1UL
            item.Tell(teller, one)

        teller.Word 2UL

[<Sealed>]
type internal Maybe<'Value>(plans: Plans, within: Within) =
    inherit Plan<'Value option>()
    let found = Found<'Value>(plans, within)

    override _.Tell(teller, value) =
        match value with
        | Some value ->
            teller.Word 1UL
            found.Tell(teller, value)
        | None -> teller.Word 0UL

[<Sealed>]
type internal MaybeValue<'Value>(plans: Plans, within: Within) =
    inherit Plan<'Value voption>()
    let found = Found<'Value>(plans, within)

    override _.Tell(teller, value) =
        match value with
        | ValueSome value ->
            teller.Word 1UL
            found.Tell(teller, value)
        | ValueNone -> teller.Word 0UL

[<Sealed>]
type internal Table<'Key, 'Value when 'Key: comparison>(plans: Plans, within: Within) =
    inherit Plan<Map<'Key, 'Value>>()
    let key, found = Found<'Key>(plans, within), Found<'Value>(plans, within)

    override _.Tell(teller, value) =
        if value.IsEmpty then
            teller.Word 0UL
        else
            teller.Shared(
                value,
                fun () ->
                    teller.Unordered(
                        value,
                        fun (KeyValue(one, other)) ->
                            key.Tell(teller, one)
                            found.Tell(teller, other)
                    )
            )

[<Sealed>]
type internal Members<'Value when 'Value: comparison>(plans: Plans, within: Within) =
    inherit Plan<Set<'Value>>()
    let found = Found<'Value>(plans, within)

    override _.Tell(teller, value) =
        if value.IsEmpty then
            teller.Word 0UL
        else
            teller.Shared(value, fun () -> teller.Unordered(value, (fun one -> found.Tell(teller, one))))

[<Sealed>]
type internal Two<'A, 'B>(plans: Plans, within: Within) =
    inherit Plan<struct ('A * 'B)>()
    let a, b = Found<'A>(plans, within), Found<'B>(plans, within)

    override _.Tell(teller, (struct (one, other))) =
        a.Tell(teller, one)
        b.Tell(teller, other)

[<Sealed>]
type internal Three<'A, 'B, 'C>(plans: Plans, within: Within) =
    inherit Plan<struct ('A * 'B * 'C)>()
    let a, b, c = Found<'A>(plans, within), Found<'B>(plans, within), Found<'C>(plans, within)

    override _.Tell(teller, (struct (one, two, three))) =
        a.Tell(teller, one)
        b.Tell(teller, two)
        c.Tell(teller, three)

[<Sealed>]
type internal Four<'A, 'B, 'C, 'D>(plans: Plans, within: Within) =
    inherit Plan<struct ('A * 'B * 'C * 'D)>()
    let first = Found<struct ('A * 'B)>(plans, within)
    let last = Found<struct ('C * 'D)>(plans, within)

    override _.Tell(teller, (struct (one, two, three, four))) =
        first.Tell(teller, struct (one, two))
        last.Tell(teller, struct (three, four))

[<Sealed>]
type internal Record<'Value>(fields: FieldPlan<'Value> array, isShared: bool) =
    inherit Plan<'Value>()

    let tell (teller: Teller) (value: 'Value) =
        for field in fields do
            field.Tell(teller, value)

    override _.Tell(teller, value) =
        if isShared && fields.Length > 3 then
            teller.Shared(box value |> Unchecked.nonNull, fun () -> tell teller value)
        else
            tell teller value

[<Sealed>]
type internal Cases<'Value>(tag: obj -> int, fields: FieldPlan<'Value> array array) =
    inherit Plan<'Value>()

    override _.Tell(teller, value) =
        let tag = tag (box value |> Unchecked.nonNull)
        teller.Word(uint64 tag + 16UL)

        for field in fields[tag] do
            field.Tell(teller, value)

/// A field of a record, or of a case of a union, which is a class of its own.
[<Sealed>]
type internal FieldOf<'Value, 'Holder, 'Field>(read: Func<'Holder, 'Field>, plans: Plans, within: Within) =
    inherit FieldPlan<'Value>()
    let found = Found<'Field>(plans, within)

    override _.Tell(teller, value) =
        let holder = box value :?> 'Holder
        found.Tell(teller, read.Invoke holder)

[<Sealed>]
type internal StructField<'Value, 'Field>(read: StructGetter<'Value, 'Field>, plans: Plans, within: Within) =
    inherit FieldPlan<'Value>()
    let found = Found<'Field>(plans, within)

    override _.Tell(teller, value) =
        let mutable copy = value
        found.Tell(teller, read.Invoke &copy)

[<Sealed>]
type internal KeysOf<'Value, 'Holder, 'Key, 'Item when 'Key: comparison>
    (read: Func<'Holder, Map<'Key, 'Item>>, plans: Plans) =
    inherit FieldPlan<'Value>()
    let found = Found<'Key>(plans, Within.Nothing)

    override _.Tell(teller, value) =
        let holder = box value :?> 'Holder
        teller.Unordered((read.Invoke holder).Keys, (fun key -> found.Tell(teller, key)))
