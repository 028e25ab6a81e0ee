namespace Tikv.Simulator.Run

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Reflection
open Microsoft.FSharp.Reflection
open Tikv.Core

/// How a field is told. One without a rule is told as it is: whatever is added to the state later belongs to it until it is
/// named here.
[<RequireQualifiedAccess>]
type internal FieldRule =
    /// It is a counter, or follows from the rest.
    | Nothing
    /// Its whole numbers are times of the world.
    | Times
    /// Only the keys of the map.
    | Keys

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

/// Makes the plans of types from their shape, each once.
[<Sealed>]
type internal Planner(rules: (Type * string * FieldRule) list, silent: Type list, timed: Type -> bool) =
    let all = BindingFlags.Public ||| BindingFlags.NonPublic
    let plans = ConcurrentDictionary<struct (Type * bool), obj>()
    let anything = ConcurrentDictionary<struct (Type * bool), Plan<obj>>()

    let rules =
        let found = Dictionary<struct (Type * string), FieldRule>()

        for declaring, name, rule in rules do
            let isThere =
                if FSharpType.IsRecord(declaring, all) then
                    FSharpType.GetRecordFields(declaring, all)
                    |> Array.exists (fun field -> field.Name = name)
                else
                    FSharpType.GetUnionCases(declaring, all)
                    |> Array.exists (fun case ->
                        case.GetFields() |> Array.exists (fun field -> field.Name = name))

            if not isThere then
                invalidArg (nameof rules) $"%s{declaring.Name} has no field %s{name}"

            found.Add(struct (declaring, name), rule)

        found

    let silent = HashSet<Type>(silent)

    member _.RuleOf(declaring: Type, field: string) : FieldRule voption =
        match rules.TryGetValue(struct (declaring, field)) with
        | true, rule -> ValueSome rule
        | false, _ -> ValueNone

    member this.Find<'Value>(isTime: bool) : Plan<'Value> =
        let key = struct (typeof<'Value>, isTime)

        match plans.TryGetValue key with
        | true, plan -> plan :?> Plan<'Value>
        | false, _ ->
            // a type that holds itself finds the plan of itself when it is told
            plans.GetOrAdd(key, this.Make(typeof<'Value>, isTime)) :?> Plan<'Value>

    /// By the type that a value has when it runs.
    member this.Tell(teller: Teller, value: objnull, isTime: bool) : unit =
        match value with
        | null -> teller.Word 0UL
        | value ->
            let plan =
                anything.GetOrAdd(
                    struct (value.GetType(), isTime),
                    fun (struct (found: Type, isTime)) ->
                        // a case of a union is a type of its own
                        let found =
                            if FSharpType.IsUnion(found, all) then
                                (FSharpType.GetUnionCases(found, all) |> Array.head).DeclaringType
                            else
                                found

                        this.Instance(typedefof<AnyPlan<_>>, [ found ], [ this; isTime ]) :?> Plan<obj>
                )

            plan.Tell(teller, value)

    member private this.Instance(definition: Type, arguments: Type list, values: objnull list) : obj =
        let made = definition.MakeGenericType(Array.ofList arguments)

        Activator.CreateInstance(made, BindingFlags.Instance ||| all, null, Array.ofList values, null)
        |> Unchecked.nonNull

    member private this.Fields(owner: Type, holder: Type, fields: PropertyInfo array, isTime: bool) : Array =
        let plans =
            fields
            |> Array.choose (fun field ->
                let make isTime (definition: Type) =
                    let getter = field.GetGetMethod true |> Unchecked.nonNull

                    if owner.IsValueType then
                        let reader =
                            typeof<StructGetter<_, _>>
                                .GetGenericTypeDefinition()
                                .MakeGenericType(owner, field.PropertyType)

                        let definition =
                            if definition = typedefof<FieldOf<_, _, _>> then typedefof<StructField<_, _>>
                            else definition

                        this.Instance(
                            definition,
                            [ owner; field.PropertyType ],
                            [ Delegate.CreateDelegate(reader, getter); this; isTime ]
                        )
                    else
                        let reader = typedefof<Func<_, _>>.MakeGenericType(holder, field.PropertyType)

                        this.Instance(
                            definition,
                            [ owner; holder; field.PropertyType ],
                            [ Delegate.CreateDelegate(reader, getter); this; isTime ]
                        )

                match this.RuleOf(owner, field.Name) with
                | ValueSome FieldRule.Nothing -> None
                | ValueSome FieldRule.Times -> Some(make true typedefof<FieldOf<_, _, _>>)
                | ValueSome FieldRule.Keys ->
                    let arguments = field.PropertyType.GetGenericArguments()
                    let reader = typedefof<Func<_, _>>.MakeGenericType(holder, field.PropertyType)

                    Some(
                        this.Instance(
                            typedefof<KeysOf<_, _, _, _>>,
                            [ owner; holder; arguments[0]; arguments[1] ],
                            [
                                Delegate.CreateDelegate(reader, field.GetGetMethod true |> Unchecked.nonNull)
                                this
                            ]
                        )
                    )
                | ValueNone -> Some(make isTime typedefof<FieldOf<_, _, _>>))

        let typed = Array.CreateInstance(typedefof<FieldPlan<_>>.MakeGenericType owner, plans.Length)
        plans |> Array.iteri (fun index plan -> typed.SetValue(plan, index))
        typed

    member private this.Make(value: Type, isTime: bool) : obj =
        let generic definition =
            value.IsGenericType && value.GetGenericTypeDefinition() = definition

        let arguments = if value.IsGenericType then List.ofArray (value.GetGenericArguments()) else []
        let container definition = this.Instance(definition, arguments, [ this; isTime ])

        if silent.Contains value || (value.IsGenericType && silent.Contains(value.GetGenericTypeDefinition())) then
            this.Instance(typedefof<Silent<_>>, [ value ], [])
        elif value = typeof<int64> then
            Numbers isTime
        elif value = typeof<Instant> then
            Instants()
        elif value = typeof<string> then
            Texts()
        elif value = typeof<Json> then
            Trees()
        elif value.IsPrimitive || value.IsEnum then
            this.Instance(typedefof<Primitive<_>>, [ value ], [])
        elif value = typeof<TimeSpan> then
            Spans()
        elif value.IsArray then
            this.Instance(typedefof<Row<_, _>>, [ value; value.GetElementType() |> Unchecked.nonNull ], [ this; isTime ])
        elif generic typedefof<list<_>> then
            this.Instance(typedefof<Row<_, _>>, value :: arguments, [ this; isTime ])
        elif generic typedefof<option<_>> then
            container typedefof<Maybe<_>>
        elif generic typedefof<ValueOption<_>> then
            container typedefof<MaybeValue<_>>
        elif generic typedefof<Map<_, _>> then
            container typedefof<Table<_, _>>
        elif generic typedefof<Set<_>> then
            container typedefof<Members<_>>
        elif generic typedefof<ValueTuple<_, _>> then
            container typedefof<Two<_, _>>
        elif generic typedefof<ValueTuple<_, _, _>> then
            container typedefof<Three<_, _, _>>
        elif generic typedefof<ValueTuple<_, _, _, _>> then
            container typedefof<Four<_, _, _, _>>
        elif FSharpType.IsTuple value then
            let fields =
                value.GetProperties()
                |> Array.filter (fun property -> property.Name.StartsWith("Item", StringComparison.Ordinal))

            this.Instance(typedefof<Record<_>>, [ value ], [ this.Fields(value, value, fields, isTime); false ])
        elif FSharpType.IsRecord(value, all) then
            let fields = FSharpType.GetRecordFields(value, all)
            // a time within a record is told by its rule, whatever the record is in
            let fields = this.Fields(value, value, fields, timed value)
            this.Instance(typedefof<Record<_>>, [ value ], [ fields; not value.IsValueType ])
        elif FSharpType.IsUnion(value, all) then
            let cases =
                FSharpType.GetUnionCases(value, all)
                |> Array.sortBy _.Tag
                |> Array.map (fun case ->
                    let fields = case.GetFields()

                    let holder =
                        if fields.Length = 0 then value
                        else fields[0].DeclaringType |> Unchecked.nonNull

                    let holder =
                        if holder.IsGenericTypeDefinition then holder.MakeGenericType(value.GetGenericArguments())
                        else holder

                    this.Fields(value, holder, fields, isTime || timed value))

            let typed =
                Array.CreateInstance(typedefof<FieldPlan<_>>.MakeGenericType(value).MakeArrayType(), cases.Length)

            cases |> Array.iteri (fun index fields -> typed.SetValue(fields, index))

            this.Instance(
                typedefof<Cases<_>>,
                [ value ],
                [ FSharpValue.PreComputeUnionTagReader(value, all); typed ]
            )
        else
            // functions and what else has no content of its own
            this.Instance(typedefof<Silent<_>>, [ value ], [])

/// Finds a plan when it is first needed: types may hold themselves.
and [<Sealed>] internal Found<'Value>(planner: Planner, isTime: bool) =
    let mutable plan: Plan<'Value> voption = ValueNone

    member _.Tell(teller: Teller, value: 'Value) : unit =
        match plan with
        | ValueSome plan -> plan.Tell(teller, value)
        | ValueNone ->
            let found = planner.Find<'Value> isTime
            plan <- ValueSome found
            found.Tell(teller, value)

and [<Sealed>] internal AnyPlan<'Value>(planner: Planner, isTime: bool) =
    inherit Plan<obj>()
    override _.Tell(teller, value) = planner.Find<'Value>(isTime).Tell(teller, unbox<'Value> value)

and [<Sealed>] internal Silent<'Value>() =
    inherit Plan<'Value>()
    override _.Tell(_, _) = ()

and [<Sealed>] internal Numbers(isTime: bool) =
    inherit Plan<int64>()
    override _.Tell(teller, value) = if isTime then teller.Time value else teller.Word(uint64 value)

and [<Sealed>] internal Instants() =
    inherit Plan<Instant>()
    override _.Tell(teller, (Instant value)) = teller.Time value

and [<Sealed>] internal Spans() =
    inherit Plan<TimeSpan>()
    override _.Tell(teller, value) = teller.Word(uint64 value.Ticks)

and [<Sealed>] internal Texts() =
    inherit Plan<string>()
    override _.Tell(teller, value) = teller.Text value

and [<Sealed>] internal Trees() =
    inherit Plan<Json>()
    override _.Tell(teller, value) = teller.Shared(value, fun () -> teller.Json value)

and [<Sealed>] internal Primitive<'Value>() =
    inherit Plan<'Value>()

    override _.Tell(teller, value) =
        match box value with
        | :? bool as value -> teller.Word(if value then 1UL else 0UL)
        | :? uint64 as value -> teller.Word value
        | :? float as value -> teller.Word(uint64 (BitConverter.DoubleToInt64Bits value))
        | :? char as value -> teller.Word(uint64 value)
        | value ->
            teller.Word(uint64 (Convert.ToInt64(value, Globalization.CultureInfo.InvariantCulture)))

and [<Sealed>] internal Row<'Row, 'Item when 'Row :> seq<'Item>>(planner: Planner, isTime: bool) =
    inherit Plan<'Row>()
    let item = Found<'Item>(planner, isTime)

    override _.Tell(teller, value) =
        for one in value do
            teller.Word 1UL
            item.Tell(teller, one)

        teller.Word 2UL

and [<Sealed>] internal Maybe<'Value>(planner: Planner, isTime: bool) =
    inherit Plan<'Value option>()
    let found = Found<'Value>(planner, isTime)

    override _.Tell(teller, value) =
        match value with
        | Some value ->
            teller.Word 1UL
            found.Tell(teller, value)
        | None -> teller.Word 0UL

and [<Sealed>] internal MaybeValue<'Value>(planner: Planner, isTime: bool) =
    inherit Plan<'Value voption>()
    let found = Found<'Value>(planner, isTime)

    override _.Tell(teller, value) =
        match value with
        | ValueSome value ->
            teller.Word 1UL
            found.Tell(teller, value)
        | ValueNone -> teller.Word 0UL

and [<Sealed>] internal Table<'Key, 'Value when 'Key: comparison>(planner: Planner, isTime: bool) =
    inherit Plan<Map<'Key, 'Value>>()
    let key, found = Found<'Key>(planner, isTime), Found<'Value>(planner, isTime)

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

and [<Sealed>] internal Members<'Value when 'Value: comparison>(planner: Planner, isTime: bool) =
    inherit Plan<Set<'Value>>()
    let found = Found<'Value>(planner, isTime)

    override _.Tell(teller, value) =
        if value.IsEmpty then
            teller.Word 0UL
        else
            teller.Shared(value, fun () -> teller.Unordered(value, (fun one -> found.Tell(teller, one))))

and [<Sealed>] internal Two<'A, 'B>(planner: Planner, isTime: bool) =
    inherit Plan<struct ('A * 'B)>()
    let a, b = Found<'A>(planner, isTime), Found<'B>(planner, isTime)

    override _.Tell(teller, (struct (one, other))) =
        a.Tell(teller, one)
        b.Tell(teller, other)

and [<Sealed>] internal Three<'A, 'B, 'C>(planner: Planner, isTime: bool) =
    inherit Plan<struct ('A * 'B * 'C)>()
    let a, b, c = Found<'A>(planner, isTime), Found<'B>(planner, isTime), Found<'C>(planner, isTime)

    override _.Tell(teller, (struct (one, two, three))) =
        a.Tell(teller, one)
        b.Tell(teller, two)
        c.Tell(teller, three)

and [<Sealed>] internal Four<'A, 'B, 'C, 'D>(planner: Planner, isTime: bool) =
    inherit Plan<struct ('A * 'B * 'C * 'D)>()
    let first = Found<struct ('A * 'B)>(planner, isTime)
    let last = Found<struct ('C * 'D)>(planner, isTime)

    override _.Tell(teller, (struct (one, two, three, four))) =
        first.Tell(teller, struct (one, two))
        last.Tell(teller, struct (three, four))

and [<Sealed>] internal Record<'Value>(fields: FieldPlan<'Value> array, isShared: bool) =
    inherit Plan<'Value>()

    let tell (teller: Teller) (value: 'Value) =
        for field in fields do
            field.Tell(teller, value)

    override _.Tell(teller, value) =
        if isShared && fields.Length > 3 then
            teller.Shared(box value |> Unchecked.nonNull, fun () -> tell teller value)
        else
            tell teller value

and [<Sealed>] internal Cases<'Value>(tag: obj -> int, fields: FieldPlan<'Value> array array) =
    inherit Plan<'Value>()

    override _.Tell(teller, value) =
        let tag = tag (box value |> Unchecked.nonNull)
        teller.Word(uint64 tag + 16UL)

        for field in fields[tag] do
            field.Tell(teller, value)

/// A field of a record, or of a case of a union, which is a class of its own.
and [<Sealed>] internal FieldOf<'Value, 'Holder, 'Field>
    (read: Func<'Holder, 'Field>, planner: Planner, isTime: bool) =
    inherit FieldPlan<'Value>()
    let found = Found<'Field>(planner, isTime)

    override _.Tell(teller, value) =
        let holder = box value :?> 'Holder
        found.Tell(teller, read.Invoke holder)

and [<Sealed>] internal StructField<'Value, 'Field>
    (read: StructGetter<'Value, 'Field>, planner: Planner, isTime: bool) =
    inherit FieldPlan<'Value>()
    let found = Found<'Field>(planner, isTime)

    override _.Tell(teller, value) =
        let mutable copy = value
        found.Tell(teller, read.Invoke &copy)

and [<Sealed>] internal KeysOf<'Value, 'Holder, 'Key, 'Item when 'Key: comparison>
    (read: Func<'Holder, Map<'Key, 'Item>>, planner: Planner) =
    inherit FieldPlan<'Value>()
    let found = Found<'Key>(planner, false)

    override _.Tell(teller, value) =
        let holder = box value :?> 'Holder
        teller.Unordered((read.Invoke holder).Keys, (fun key -> found.Tell(teller, key)))
