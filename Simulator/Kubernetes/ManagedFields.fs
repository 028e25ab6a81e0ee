namespace Tikv.Simulator.Kubernetes

open Tikv.Core

/// One manager of fields: who, how, on which subresource, what.
type Manager = {
    Name: string
    /// `Apply` or `Update`.
    Operation: string
    Subresource: string
    ApiVersion: string
    Time: string
    Owned: FieldSet
}

/// The bookkeeping of `metadata.managedFields`, and the conflicts that come of it.
[<RequireQualifiedAccess>]
module ManagedFields =

    /// Fields that nobody owns: the server sets them, or every writer has to send them.
    let private unowned =
        let fields names =
            names
            |> List.map (fun name -> FieldSets.fieldKey name, FieldSets.self)
            |> Map.ofList

        {
            Self = true
            Inner =
                Map.ofList [
                    "f:apiVersion", FieldSets.self
                    "f:kind", FieldSets.self
                    "f:metadata",
                    {
                        Self = true
                        Inner =
                            fields [
                                "name"
                                "namespace"
                                "creationTimestamp"
                                "deletionTimestamp"
                                "deletionGracePeriodSeconds"
                                "selfLink"
                                "uid"
                                "generation"
                                "managedFields"
                                "resourceVersion"
                            ]
                    }
                ]
        }

    let private text field json = Json.stringAt [ field ] json |> Option.defaultValue ""

    let read (json: Json) : Manager list =
        Json.itemsAt [ "metadata"; "managedFields" ] json
        |> List.map (fun entry -> {
            Name = text "manager" entry
            Operation = text "operation" entry
            Subresource = text "subresource" entry
            ApiVersion = text "apiVersion" entry
            Time = text "time" entry
            Owned =
                Json.tryField "fieldsV1" entry
                |> Option.map FieldSets.ofDocument
                |> Option.defaultValue FieldSets.empty
        })

    let private entry manager =
        Json.present [
            "manager", Some(Json.String manager.Name)
            "operation", Some(Json.String manager.Operation)
            "apiVersion", Some(Json.String manager.ApiVersion)
            "time", Some(Json.String manager.Time)
            "fieldsType", Some(Json.String "FieldsV1")
            "fieldsV1", Some(FieldSets.toJson manager.Owned)
            "subresource", (if manager.Subresource = "" then None else Some(Json.String manager.Subresource))
        ]

    /// Managers that apply come first, then by time and name.
    let write (managers: Manager list) (json: Json) : Json =
        let kept = managers |> List.filter (fun manager -> not (FieldSets.isEmpty manager.Owned))

        let sorted =
            kept
            |> List.sortBy (fun manager ->
                manager.Operation, manager.Time, manager.Name, manager.ApiVersion, manager.Subresource)

        Meta.set
            "managedFields"
            (if List.isEmpty sorted then None else Some(Json.Array(sorted |> List.map entry)))
            json

    let private same one other =
        one.Name = other.Name
        && one.Operation = other.Operation
        && one.Subresource = other.Subresource
        && (one.Operation = "Apply" || one.ApiVersion = other.ApiVersion)

    let private owned (manager: Manager) managers =
        managers
        |> List.tryFind (same manager)
        |> Option.map _.Owned
        |> Option.defaultValue FieldSets.empty

    /// Sets what a manager owns; its time is renewed only if that changes.
    let private settle (manager: Manager) set managers =
        match managers |> List.tryFind (same manager) with
        | Some existing when existing.Owned = set -> managers
        | Some _ ->
            managers
            |> List.map (fun other ->
                if same manager other then { other with Owned = set; Time = manager.Time } else other)
        | None when FieldSets.isEmpty set -> managers
        | None -> managers @ [ { manager with Owned = set } ]

    let private withdraw (manager: Manager) fields managers =
        managers
        |> List.map (fun other ->
            if same manager other then
                other
            else
                { other with Owned = FieldSets.difference other.Owned fields })

    let private difference shape before after =
        let struct (changed, removed) = FieldSets.compare shape (Some before) (Some after)
        struct (FieldSets.difference changed unowned, FieldSets.difference removed unowned)

    /// After a plain write the writer owns what it changed, and nobody owns what it removed.
    let update
        (shape: Shape)
        (manager: Manager)
        (before: Json)
        (after: Json)
        (managers: Manager list)
        : Manager list =
        let struct (changed, removed) = difference shape before after

        if FieldSets.isEmpty changed && FieldSets.isEmpty removed then
            managers
        else
            let mine = FieldSets.union (FieldSets.difference (owned manager managers) removed) changed

            managers
            |> withdraw manager (FieldSets.union changed removed)
            |> settle manager mine
            |> List.filter (fun manager -> not (FieldSets.isEmpty manager.Owned))

    let private words (manager: Manager) =
        let name = "\"" + manager.Name + "\""

        let name =
            if manager.Subresource = "" then
                name
            else
                $"%s{name} with subresource \"%s{manager.Subresource}\""

        if manager.Operation = "Update" then $"%s{name} using %s{manager.ApiVersion}" else name

    /// The refusal of an apply, in the words of a real server.
    let private conflict (conflicts: (Manager * string list) list) : Response =
        let causes: Errors.Cause list = [
            for manager, paths in conflicts do
                for path in paths do
                    {
                        Reason = "FieldManagerConflict"
                        Message = "conflict with " + words manager
                        Field = path
                    }
        ]

        let message =
            match conflicts, causes with
            | [ manager, [ path ] ], _ ->
                $"Apply failed with 1 conflict: conflict with %s{words manager}: %s{path}"
            | _ ->
                let blocks =
                    conflicts
                    |> List.map (fun (manager, paths) ->
                        $"conflicts with %s{words manager}:\n"
                        + (paths |> List.map (fun path -> "- " + path) |> String.concat "\n"))

                $"Apply failed with %d{List.length causes} conflicts: "
                + String.concat "\n" blocks

        Errors.applyConflict message causes

    /// Applies a configuration: what to store before defaulting, and who owns what then; or the refusal.
    let apply
        (shape: Shape)
        (manager: Manager)
        (force: bool)
        (live: Json)
        (config: Json)
        (managers: Manager list)
        : Result<struct (Json * Manager list), Response> =
        let last = owned manager managers
        let configured = FieldSets.ofValue shape config
        let mine = FieldSets.difference configured unowned

        let all =
            managers
            |> List.filter (same manager >> not)
            |> List.map _.Owned
            |> List.fold FieldSets.union configured

        let merged = Applying.merge shape live config |> Applying.prune shape last all
        let struct (changed, removed) = difference shape live merged

        let conflicts =
            managers
            |> List.filter (same manager >> not)
            |> List.choose (fun other ->
                match FieldSets.paths (FieldSets.intersect other.Owned changed) with
                | [] -> None
                | paths -> Some(other, paths))

        if not force && not (List.isEmpty conflicts) then
            Error(conflict conflicts)
        else
            let managers =
                managers
                |> withdraw manager (FieldSets.union changed removed)
                |> settle manager mine
                |> List.filter (fun manager -> not (FieldSets.isEmpty manager.Owned))

            Ok(struct (merged, managers))
