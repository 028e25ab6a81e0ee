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
    /// Counts are none or some, and so are those in messages.
    | Coarse

/// Makes the plans of types from their shape, each once.
[<Sealed>]
type internal Planner(rules: (Type * string * FieldRule) list, silent: Type list, timed: Type -> bool) =
    inherit Plans()
    let all = BindingFlags.Public ||| BindingFlags.NonPublic
    let plans = ConcurrentDictionary<struct (Type * Within), obj>()
    let anything = ConcurrentDictionary<struct (Type * Within), Plan<obj>>()

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

    let ruleOf (declaring: Type) (field: PropertyInfo) : FieldRule voption =
        match rules.TryGetValue(struct (declaring, field.Name)) with
        | true, rule -> ValueSome rule
        | false, _ when field.Name = "Message" -> ValueSome FieldRule.Coarse
        | false, _ -> ValueNone

    override this.Find<'Value>(within: Within) : Plan<'Value> =
        let key = struct (typeof<'Value>, within)

        match plans.TryGetValue key with
        | true, plan -> plan :?> Plan<'Value>
        | false, _ ->
            // a type that holds itself finds the plan of itself when it is told
            plans.GetOrAdd(key, this.Make(typeof<'Value>, within)) :?> Plan<'Value>

    /// By the type that a value has when it runs.
    member this.Tell(teller: Teller, value: objnull, within: Within) : unit =
        match value with
        | null -> teller.Word 0UL
        | value ->
            let plan =
                anything.GetOrAdd(
                    struct (value.GetType(), within),
                    fun (struct (found: Type, within)) ->
                        // a case of a union is a type of its own
                        let found =
                            if FSharpType.IsUnion(found, all) then
                                (FSharpType.GetUnionCases(found, all) |> Array.head).DeclaringType
                            else
                                found

                        this.Instance(typedefof<AnyPlan<_>>, [ found ], [ this; within ]) :?> Plan<obj>
                )

            plan.Tell(teller, value)

    member private this.Instance(definition: Type, arguments: Type list, values: objnull list) : obj =
        let made = definition.MakeGenericType(Array.ofList arguments)

        Activator.CreateInstance(made, BindingFlags.Instance ||| all, null, Array.ofList values, null)
        |> Unchecked.nonNull

    /// Reads a field and tells it.
    member private this.Field(owner: Type, holder: Type, field: PropertyInfo, within: Within) : obj =
        let getter = field.GetGetMethod true |> Unchecked.nonNull
        let reader definition holder = (definition: Type).MakeGenericType(holder, field.PropertyType)

        if owner.IsValueType then
            let read = Delegate.CreateDelegate(reader typedefof<StructGetter<_, _>> owner, getter)
            this.Instance(typedefof<StructField<_, _>>, [ owner; field.PropertyType ], [ read; this; within ])
        else
            let read = Delegate.CreateDelegate(reader typedefof<Func<_, _>> holder, getter)

            this.Instance(
                typedefof<FieldOf<_, _, _>>,
                [ owner; holder; field.PropertyType ],
                [ read; this; within ]
            )

    /// The fields of a record, or of a case of a union, which may be a class of its own.
    member private this.Fields
        (owner: Type, holder: Type, fields: PropertyInfo array, within: Within)
        : Array =
        let plans =
            fields
            |> Array.choose (fun field ->
                match ruleOf owner field with
                | ValueSome FieldRule.Nothing -> None
                | ValueSome FieldRule.Times -> Some(this.Field(owner, holder, field, Within.Times))
                | ValueSome FieldRule.Coarse -> Some(this.Field(owner, holder, field, Within.Coarse))
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
                | ValueNone -> Some(this.Field(owner, holder, field, within)))

        let typed = Array.CreateInstance(typedefof<FieldPlan<_>>.MakeGenericType owner, plans.Length)
        plans |> Array.iteri (fun index plan -> typed.SetValue(plan, index))
        typed

    member private this.Make(value: Type, within: Within) : obj =
        let generic definition = value.IsGenericType && value.GetGenericTypeDefinition() = definition

        let arguments = if value.IsGenericType then List.ofArray (value.GetGenericArguments()) else []
        let container definition = this.Instance(definition, arguments, [ this; within ])

        if
            silent.Contains value
            || (value.IsGenericType && silent.Contains(value.GetGenericTypeDefinition()))
        then
            this.Instance(typedefof<Silent<_>>, [ value ], [])
        elif value = typeof<int64> then
            Numbers((within = Within.Times))
        elif value = typeof<Instant> then
            Instants()
        elif value = typeof<string> then
            Texts within
        elif value = typeof<Json> then
            Trees()
        elif value = typeof<int> then
            Counts within
        elif value.IsPrimitive || value.IsEnum then
            this.Instance(typedefof<Primitive<_>>, [ value ], [])
        elif value = typeof<TimeSpan> then
            Spans()
        elif value.IsArray then
            this.Instance(
                typedefof<Row<_, _>>,
                [ value; value.GetElementType() |> Unchecked.nonNull ],
                [ this; within ]
            )
        elif generic typedefof<list<_>> then
            this.Instance(typedefof<Row<_, _>>, value :: arguments, [ this; within ])
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

            this.Instance(
                typedefof<Record<_>>,
                [ value ],
                [ this.Fields(value, value, fields, within); false ]
            )
        elif FSharpType.IsRecord(value, all) then
            let fields = FSharpType.GetRecordFields(value, all)
            // a time within a record is told by its rule, whatever the record is in
            let fields =
                this.Fields(value, value, fields, (if timed value then Within.Times else Within.Nothing))

            this.Instance(typedefof<Record<_>>, [ value ], [ fields; not value.IsValueType ])
        elif FSharpType.IsUnion(value, all) then
            let cases =
                FSharpType.GetUnionCases(value, all)
                |> Array.sortBy _.Tag
                |> Array.map (fun case ->
                    let fields = case.GetFields()

                    let holder =
                        if fields.Length = 0 then value else fields[0].DeclaringType |> Unchecked.nonNull

                    let holder =
                        if holder.IsGenericTypeDefinition then
                            holder.MakeGenericType(value.GetGenericArguments())
                        else
                            holder

                    this.Fields(
                        value,
                        holder,
                        fields,
                        (if within = Within.Nothing && timed value then Within.Times else within)
                    ))

            let typed =
                Array.CreateInstance(
                    typedefof<FieldPlan<_>>.MakeGenericType(value).MakeArrayType(),
                    cases.Length
                )

            cases |> Array.iteri (fun index fields -> typed.SetValue(fields, index))

            this.Instance(
                typedefof<Cases<_>>,
                [ value ],
                [ FSharpValue.PreComputeUnionTagReader(value, all); typed ]
            )
        else
            // functions and what else has no content of its own
            this.Instance(typedefof<Silent<_>>, [ value ], [])
