/// The words in which the faults are written: one write or answer made into another.
[<AutoOpen>]
module internal Tikv.Simulator.Mutants.Edits

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let mutant id does sources scenarios (warp: Warp) : Mutant = {
    Id = id
    Does = does
    Sources = sources
    Scenarios = scenarios
    Faulty = Warp.on warp
}

let put path value json = Json.setPath path (Some value) json
let drop path json = Json.setPath path None json

// ---- writes to Kubernetes

let creating kind change =
    Warp.writing (fun memory write ->
        match write with
        | Create(object, body) when object.Kind = kind -> change memory object body
        | write -> [ write ])

/// Something else in the bodies of what is created.
let creatingWith kind (change: ObjectRef -> Json -> Json) =
    creating kind (fun _ object body -> [ Create(object, change object body) ])

let deleting kind change =
    Warp.writing (fun memory write ->
        match write with
        | Delete(object, precondition, grace) when object.Kind = kind ->
            change memory object (Delete(object, precondition, grace))
        | write -> [ write ])

let patchingStatus kind change =
    Warp.writing (fun memory write ->
        match write with
        | Patch(object, true, body) when object.Kind = kind -> change memory object body
        | write -> [ write ])

let patching kind change =
    Warp.writing (fun memory write ->
        match write with
        | Patch(object, false, body) when object.Kind = kind -> change memory object body
        | write -> [ write ])

let private disguise = "simulator.tikv.org/meant"

/// Something else in the configuration that is created, which the operator does not see when it looks.
let configuringWith (change: ObjectRef -> string -> string) =
    Warp.both
        (creatingWith Kind.ConfigMap (fun object body ->
            let data = Json.tryField "data" body |> Option.defaultValue Json.empty
            let text = Json.print data

            body
            |> put [ "data" ] (Json.parse (change object text) |> Result.defaultValue data)
            |> put [ "metadata"; "annotations"; disguise ] (Json.String text)))
        (Warp.seeing Kind.ConfigMap (fun _ config ->
            match Json.stringAt [ "metadata"; "annotations"; disguise ] config with
            | Some text -> put [ "data" ] (Json.parse text |> Result.defaultValue Json.empty) config
            | None -> config))

let private uidOf object = Json.stringAt [ "metadata"; "uid" ] object |> Option.defaultValue "" |> Uid

/// Deletes an object in the life in which it was heard of last.
let deleteOf (memory: Memory) kind name : Write list =
    match Memory.object kind name memory with
    | Some object -> [
        Delete(
            { Kind = kind; Namespace = "default"; Name = name },
            { Uid = uidOf object; ResourceVersion = None },
            None
        )
      ]
    | None -> []

/// A patch of an object as it was heard of last.
let patchOf (memory: Memory) kind name (members: (string * Json) list) : Write list =
    match Memory.object kind name memory with
    | Some object ->
        let metadata =
            Json.object [
                for name in [ "uid"; "resourceVersion" ] do
                    match Json.tryPath [ "metadata"; name ] object with
                    | Some value -> name, value
                    | None -> ()
            ]

        let own =
            members
            |> List.tryFind (fun (name, _) -> name = "metadata")
            |> Option.map (snd >> Json.membersAt [])
            |> Option.defaultValue []

        let metadata = Json.object (Json.membersAt [] metadata @ own)
        let others = members |> List.filter (fun (name, _) -> name <> "metadata")

        [
            Patch(
                { Kind = kind; Namespace = "default"; Name = name },
                false,
                Json.object (("metadata", metadata) :: others)
            )
        ]
    | None -> []

let isTerminating (memory: Memory) kind name =
    Memory.object kind name memory
    |> Option.bind (Json.stringAt [ "metadata"; "deletionTimestamp" ])
    |> Option.isSome

// ---- what PD says

let private inReply change (reply: PdReply) =
    match reply.Body with
    | PdBody.Json json -> { reply with Body = PdBody.Json(change json) }
    | PdBody.Text _ -> reply

let answering about change = Warp.hearingPd about (fun memory reply -> inReply (change memory) reply)

let private inItems path change json = put path (Json.itemsAt path json |> List.map change |> Json.array) json

/// Each store of PD's list reads otherwise.
let readingStores change = answering "stores" (fun _ -> inItems [ "stores" ] change)

let stateName store = Json.stringAt [ "store"; "state_name" ] store |> Option.defaultValue ""

/// The ids of the stores that PD told of last, in its order.
let storesOf (memory: Memory) : StoreId list =
    match Map.tryFind "stores" memory.Answers with
    | Some { Body = PdBody.Json json } ->
        Json.itemsAt [ "stores" ] json
        |> List.choose (Json.uint64At [ "store"; "id" ])
        |> List.map StoreId
    | _ -> []

let readingHealth change =
    answering "health" (fun _ json ->
        match json with
        | Json.Array items -> Json.Array(items |> List.map change)
        | json -> json)
