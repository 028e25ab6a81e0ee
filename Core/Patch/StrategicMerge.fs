namespace Tikv.Core

open System

/// How Kubernetes' strategic merge treats a list (API reference, "patch strategy" and "patch merge key").
type private ListMerge =
    /// Items that agree in these members are one item; a member that is not given has its default.
    | ByKeys of (string * Json option) list
    /// Values that occur once.
    | Set
    /// Replaced as a whole.
    | Atomic

/// Strategic merge patch for the types that overlays can touch: PodSpec, ObjectMeta, PersistentVolumeClaim, Service.
[<RequireQualifiedAccess>]
module StrategicMerge =

    let private directive = "$patch"
    let private retainKeys = "$retainKeys"
    let private deletion = "$deleteFromPrimitiveList/"

    /// Only orders what is there already: it is accepted and has no effect.
    let private order = "$setElementOrder/"

    let private protocol = "protocol", Some(Json.string "TCP")

    /// Container ports and Service ports are lists of the same name; their items tell them apart.
    let private ports items =
        if items |> List.exists (Json.tryField "containerPort" >> Option.isSome) then
            ByKeys [ "containerPort", None; protocol ]
        else
            ByKeys [ "port", None; protocol ]

    let private listMerge (field: string) (items: Json list) =
        match field with
        | "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "resourceClaims"
        | "schedulingGates" -> ByKeys [ "name", None ]
        | "volumeMounts" -> ByKeys [ "mountPath", None ]
        | "volumeDevices" -> ByKeys [ "devicePath", None ]
        | "hostAliases" -> ByKeys [ "ip", None ]
        | "ports" -> ports items
        | "topologySpreadConstraints" ->
            ByKeys [ "topologyKey", None; "whenUnsatisfiable", Some(Json.string "DoNotSchedule") ]
        | "ownerReferences" -> ByKeys [ "uid", None ]
        | "conditions" -> ByKeys [ "type", None ]
        | "finalizers" -> Set
        | _ -> Atomic

    /// Folds until the first error.
    let private foldOk change start items =
        items
        |> List.fold (fun state item -> state |> Result.bind (fun state -> change state item)) (Ok start)

    let private identity keys item =
        keys
        |> List.map (fun (key, byDefault) -> Json.tryField key item |> Option.orElse byDefault)

    let private checkKeys path keys (items: Json list) =
        items
        |> List.indexed
        |> foldOk
            (fun () (index, item) ->
                match
                    keys
                    |> List.tryFind (fun (key, byDefault) ->
                        Option.isNone byDefault && Option.isNone (Json.tryField key item))
                with
                | Some(key, _) ->
                    Error
                        $"%s{path}[%d{index}]: an item of this list needs \"%s{key}\", by which it is merged"
                | None -> Ok())
            ()

    let private says word item = Json.stringAt [ directive ] item = Some word

    let private removeFromList path field (values: Json) json =
        match values, Json.tryField field json with
        | Json.Array values, Some(Json.Array items) ->
            let left = items |> List.filter (fun item -> not (List.contains item values))
            Ok(Json.withField field (Json.Array left) json)
        | Json.Array _, _ -> Ok json
        | _ -> Error $"%s{path}.%s{deletion}%s{field}: it must be a list of the values to remove"

    let private retain path (names: Json) json =
        match names with
        | Json.Array names ->
            Json.membersAt [] json
            |> List.filter (fun (key, _) -> List.contains (Json.string key) names)
            |> Json.object
            |> Ok
        | _ -> Error $"%s{path}.%s{retainKeys}: it must be a list of the keys to keep"

    let private within path field = if path = "" then field else $"%s{path}.%s{field}"

    let rec private mergeObject path (patch: Json) (target: Json) : Result<Json, string> =
        match Json.tryField directive patch with
        | Some(Json.String "replace") -> Ok(Json.withoutField directive patch)
        | Some(Json.String "delete") -> Ok Json.empty
        | None
        | Some(Json.String "merge") ->
            let target =
                match target with
                | Json.Object _ -> target
                | _ -> Json.empty

            // What takes away comes before what adds, wherever it stands.
            let directives, members =
                Json.membersAt [] patch |> List.partition (fun (key, _) -> key.StartsWith '$')

            foldOk (direct path) target directives
            |> Result.bind (fun target -> foldOk (mergeMember path) target members)
        | Some other ->
            Error
                $"%s{within path directive}: it must be \"replace\", \"delete\" or \"merge\", not %s{Json.print other}"

    and private direct path target (key, value) =
        if key = directive || key.StartsWith(order, StringComparison.Ordinal) then
            Ok target
        elif key = retainKeys then
            retain path value target
        elif key.StartsWith(deletion, StringComparison.Ordinal) then
            removeFromList path (key.Substring deletion.Length) value target
        else
            Error $"%s{within path key}: there is no such directive"

    and private mergeMember path target (key, value) =
        match value with
        | Json.Null -> Ok(Json.withoutField key target)
        | Json.Array items -> mergeList (within path key) key items target
        | Json.Object _ ->
            Json.tryField key target
            |> Option.defaultValue Json.empty
            |> mergeObject (within path key) value
            |> Result.map (fun merged -> Json.withField key merged target)
        | scalar -> Ok(Json.withField key scalar target)

    and private mergeList path field (items: Json list) target =
        let old = Json.itemsAt [ field ] target

        let merged =
            match listMerge field (items @ old) with
            | Atomic -> Ok items
            | Set -> Ok(List.distinct (old @ items))
            | ByKeys keys ->
                let isReplacement item = says "replace" item && List.length (Json.membersAt [] item) = 1
                let plain = items |> List.filter (isReplacement >> not)

                checkKeys path keys plain
                |> Result.bind (fun () ->
                    let gone = plain |> List.filter (says "delete") |> List.map (identity keys)

                    let kept =
                        if List.exists isReplacement items then
                            []
                        else
                            old |> List.filter (fun item -> not (List.contains (identity keys item) gone))

                    plain |> List.filter (says "delete" >> not) |> foldOk (mergeItem path keys) kept)

        merged
        |> Result.map (fun items -> Json.withField field (Json.Array items) target)

    /// Merges with the item of the same identity, or comes last.
    and private mergeItem path keys (items: Json list) patch =
        let place =
            items
            |> List.tryFindIndex (fun item -> identity keys item = identity keys patch)

        let old =
            place
            |> Option.map (fun index -> items[index])
            |> Option.defaultValue Json.empty

        let shown =
            identity keys patch
            |> List.choose id
            |> List.map Json.print
            |> String.concat ","

        mergeObject $"%s{path}[%s{shown}]" patch old
        |> Result.map (fun merged ->
            match place with
            | Some index -> List.updateAt index merged items
            | None -> items @ [ merged ])

    /// Merges an overlay into an object. Null removes a member; `$patch: delete` and `$patch: replace`,
    /// `$deleteFromPrimitiveList/<field>` and `$retainKeys` do as in Kubernetes. An error names the field of the patch.
    /// The patch comes first.
    let apply (patch: Json) (target: Json) : Result<Json, string> =
        match patch with
        | Json.Object _ -> mergeObject "" patch target
        | _ -> Error "a strategic merge patch is an object"
