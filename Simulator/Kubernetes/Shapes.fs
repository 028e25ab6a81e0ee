namespace Tikv.Simulator.Kubernetes

/// How a value merges: which lists have keys, and what is replaced whole.
type Shape =
    /// Replaced whole: scalars, atomic lists and atomic maps.
    | Leaf
    /// Fields by name; what is not named has the shape of `Other`, if any.
    | Fields of Find: (string -> Shape voption)
    | SetList
    | KeyedList of Keys: string list * Item: Shape
    /// Nothing is known: objects merge by field, lists are replaced.
    | Free

/// Shapes of built-in kinds by the names of their fields (the merge keys that the Kubernetes API documents), and of
/// custom resources by their schema.
[<RequireQualifiedAccess>]
module Shapes =

    /// `x-kubernetes-map-type: atomic` of the built-in types.
    let private atomicMaps =
        set [
            "selector"
            "labelSelector"
            "nodeSelector"
            "fieldRef"
            "configMapKeyRef"
            "secretKeyRef"
            "resourceFieldRef"
            "involvedObject"
            "regarding"
            "related"
            "claimRef"
            "targetRef"
            "scaleTargetRef"
            "roleRef"
            "namespaceSelector"
            "limitsRef"
        ]

    /// Keys of lists that merge by key in server-side apply.
    let private listKeys (parent: string) (field: string) =
        match field, parent with
        | ("containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets"),
          _ -> [ "name" ]
        | "volumeMounts", _ -> [ "mountPath" ]
        | "volumeDevices", _ -> [ "devicePath" ]
        | "ports", ("containers" | "initContainers") -> [ "containerPort"; "protocol" ]
        | "ports", "spec" -> [ "port"; "protocol" ]
        | "conditions", _ -> [ "type" ]
        | "ownerReferences", _ -> [ "uid" ]
        | "topologySpreadConstraints", _ -> [ "topologyKey"; "whenUnsatisfiable" ]
        | "hostAliases", _
        | "podIPs", _
        | "hostIPs", _ -> [ "ip" ]
        | "secrets", "" -> [ "name" ]
        | _ -> []

    /// Keys of lists that merge by key in strategic merge patches; some differ from those of server-side apply.
    let patchKey (parent: string) (field: string) =
        match field, parent with
        | "ports", ("containers" | "initContainers") -> Some "containerPort"
        | "ports", "spec" -> Some "port"
        | "topologySpreadConstraints", _ -> Some "topologyKey"
        | "taints", _ -> Some "key"
        | "addresses", "status" -> Some "type"
        | _ ->
            match listKeys parent field with
            | [ key ] -> Some key
            | _ -> None

    let rec private field parent name : Shape =
        match name with
        | "finalizers" when parent = "metadata" -> SetList
        | _ when atomicMaps.Contains name -> Leaf
        | _ ->
            match listKeys parent name with
            | [] -> Fields(fun inner -> ValueSome(field name inner))
            | keys -> KeyedList(keys, Fields(fun inner -> ValueSome(field name inner)))

    /// Metadata is the same for all kinds.
    let private metadata = field "" "metadata"

    let builtin: Shape = Fields(fun name -> ValueSome(field "" name))

    let rec private ofProperty (schema: Schema) : Shape =
        match schema.Type with
        | "object" when schema.AtomicMap -> Leaf
        | "object" when schema.Properties.Count > 0 || schema.Additional.IsSome ->
            let additional = schema.Additional |> Option.map ofProperty

            let known =
                schema.Properties
                |> Seq.map (fun pair -> pair.Key, ofProperty pair.Value)
                |> dict

            Fields(fun name ->
                match known.TryGetValue name with
                | true, shape -> ValueSome shape
                | false, _ ->
                    match additional with
                    | Some shape -> ValueSome shape
                    | None -> ValueSome Free)
        | "object" -> Free
        | "array" ->
            match schema.ListKind, schema.Items with
            | Set, _ -> SetList
            | Keyed keys, Some item -> KeyedList(keys, ofProperty item)
            | Keyed keys, None -> KeyedList(keys, Free)
            | Atomic, _ -> Leaf
        | "" when schema.PreservesUnknown -> Free
        | _ -> Leaf

    let ofSchema (schema: Schema) : Shape =
        let inner = ofProperty { schema with Type = "object" }

        Fields(fun name ->
            match name, inner with
            | "metadata", _ -> ValueSome metadata
            | _, Fields find -> find name
            | _ -> ValueSome Free)

    /// The shape of a member; `Free` makes everything under it free.
    let inside shape name =
        match shape with
        | Fields find -> find name |> ValueOption.defaultValue Free
        | Free -> Free
        | Leaf
        | SetList
        | KeyedList _ -> Leaf
