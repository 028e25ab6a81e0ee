namespace Tikv.Core

/// How a table came to be; it decides how the document may go on to add to it (TOML 1.0, "Keys", "Table").
[<RequireQualifiedAccess; Struct>]
type internal TomlOrigin =
    /// By the header of a table inside it: it may still get a header of its own.
    | Implied
    /// By its own header: it cannot have another.
    | Headed
    /// By dotted keys: more of them may follow, but no header.
    | Dotted

/// What stands under a key of a document that is being read.
type internal TomlNode =
    | Finished of TomlValue
    | Open of TomlDraft
    /// An array of tables, the last one first.
    | Items of TomlDraft list

/// A table that is being read. `Order` has its keys, the last one first.
and internal TomlDraft = { Origin: TomlOrigin; Nodes: Map<string, TomlNode>; Order: string list }

/// The rules by which keys and headers add up to a document; an `Error` says which of them is broken.
[<RequireQualifiedAccess>]
module internal TomlDraft =

    let empty origin = { Origin = origin; Nodes = Map.empty; Order = [] }

    let private add name node draft = {
        draft with
            Nodes = Map.add name node draft.Nodes
            Order = name :: draft.Order
    }

    let private replace name node draft = { draft with Nodes = Map.add name node draft.Nodes }

    /// Sets the value of a dotted key.
    let rec set (path: string list) (value: TomlValue) (draft: TomlDraft) : Result<TomlDraft, string> =
        match path with
        | [] -> Ok draft
        | [ name ] ->
            match Map.tryFind name draft.Nodes with
            | None -> Ok(add name (Finished value) draft)
            | Some(Finished _) -> Error "it is set twice"
            | Some(Open _ | Items _) -> Error "it is a table already"
        | name :: rest ->
            match Map.tryFind name draft.Nodes with
            | None ->
                set rest value (empty TomlOrigin.Dotted)
                |> Result.map (fun inner -> add name (Open inner) draft)
            | Some(Open inner) when inner.Origin = TomlOrigin.Dotted ->
                set rest value inner
                |> Result.map (fun inner -> replace name (Open inner) draft)
            | Some(Open _) -> Error $"the table %s{name} has a header elsewhere, and takes its keys there"
            | Some(Items _) ->
                Error $"%s{name} is an array of tables, and takes its keys below its [[header]]"
            | Some(Finished _) -> Error $"%s{name} has a value already, to which nothing can be added"

    /// Changes the table that a header's path leads to; on the way an array of tables stands for its last table, and
    /// what is missing is implied.
    let rec private descend path change draft =
        match path with
        | [] -> change draft
        | name :: rest ->
            match Map.tryFind name draft.Nodes with
            | None ->
                descend rest change (empty TomlOrigin.Implied)
                |> Result.map (fun inner -> add name (Open inner) draft)
            | Some(Open inner) ->
                descend rest change inner
                |> Result.map (fun inner -> replace name (Open inner) draft)
            | Some(Items(last :: earlier)) ->
                descend rest change last
                |> Result.map (fun last -> replace name (Items(last :: earlier)) draft)
            | Some(Items []) -> Error $"%s{name} is an array without tables"
            | Some(Finished _) -> Error $"%s{name} has a value already, to which nothing can be added"

    /// Sets a value below a header.
    let setBelow header path value draft = descend header (set path value) draft

    let private splitLast (path: string list) =
        let last = List.last path
        List.take (path.Length - 1) path, last

    /// `[path]`; the path is not empty.
    let openTable (path: string list) (draft: TomlDraft) : Result<TomlDraft, string> =
        let parents, name = splitLast path

        draft
        |> descend parents (fun parent ->
            match Map.tryFind name parent.Nodes with
            | None -> Ok(add name (Open(empty TomlOrigin.Headed)) parent)
            | Some(Open inner) when inner.Origin = TomlOrigin.Implied ->
                Ok(replace name (Open { inner with Origin = TomlOrigin.Headed }) parent)
            | Some(Open inner) when inner.Origin = TomlOrigin.Dotted ->
                Error "dotted keys have made this table already"
            | Some(Open _) -> Error "the table has two headers"
            | Some(Items _) -> Error "it is an array of tables, whose headers are written [[...]]"
            | Some(Finished _) -> Error "it has a value already")

    /// `[[path]]`; the path is not empty.
    let openItem (path: string list) (draft: TomlDraft) : Result<TomlDraft, string> =
        let parents, name = splitLast path

        draft
        |> descend parents (fun parent ->
            match Map.tryFind name parent.Nodes with
            | None -> Ok(add name (Items [ empty TomlOrigin.Headed ]) parent)
            | Some(Items items) -> Ok(replace name (Items(empty TomlOrigin.Headed :: items)) parent)
            | Some(Open _) -> Error "it is a table already, not an array of tables"
            | Some(Finished _) -> Error "it has a value already, to which nothing can be added")

    /// The table as a value.
    let rec finish (draft: TomlDraft) : TomlValue =
        draft.Order
        |> List.rev
        |> List.map (fun name ->
            match Map.find name draft.Nodes with
            | Finished value -> name, value
            | Open inner -> name, finish inner
            | Items items -> name, TomlValue.Array(items |> List.rev |> List.map finish))
        |> TomlValue.Table
