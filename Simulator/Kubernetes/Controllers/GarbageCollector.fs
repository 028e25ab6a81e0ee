/// The garbage collector: dependants follow their owners (background and foreground), or are set free (orphan).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.GarbageCollector

open System
open Tikv.Core

let private name = "garbage-collector"

type private Owner =
    | Solid
    /// Being deleted in the foreground: it waits for its dependants.
    | Waiting
    | Absent
    /// Its kind is not served, so nobody can tell.
    | Unresolvable

let private text field json = Json.stringAt [ field ] json |> Option.defaultValue ""

let private isForeground object =
    Meta.isTerminating object
    && List.contains Deleting.foreground (Meta.finalizers object)

let private group (apiVersion: string) =
    match apiVersion.IndexOf '/' with
    | -1 -> ""
    | at -> apiVersion.Substring(0, at)

/// An owner counts by uid; one of another namespace counts as absent.
let private owner object reference server =
    match Map.tryFind (group (text "apiVersion" reference) + "/" + text "kind" reference) server.Kinds with
    | None -> Unresolvable
    | Some key ->
        match State.tryServed key server with
        | None -> Unresolvable
        | Some served ->
            let ``namespace`` = if served.Type.Namespaced then Meta.``namespace`` object else ""

            match State.tryFind key ``namespace`` (text "name" reference) server with
            | Some found when Meta.uid found = text "uid" reference ->
                if isForeground found then Waiting else Solid
            | _ -> Absent

let private find place server = State.tryFind place.Resource place.Namespace place.Name server

let private place key object = {
    Resource = key
    Namespace = Meta.``namespace`` object
    Name = Meta.name object
}

let private dependants uid server : Place list =
    Map.tryFind uid server.Dependants
    |> Option.map (fun places -> List.ofSeq places.Values)
    |> Option.defaultValue []

let private blocks uid object =
    Meta.ownerReferences object
    |> List.exists (fun reference ->
        text "uid" reference = uid
        && Json.boolAt [ "blockOwnerDeletion" ] reference = Some true)

let private rewrite now place old object server =
    let struct (server, _) = Store.replace place.Resource now object old server
    server

let private keepOwners now place object keep server =
    let owners = Meta.ownerReferences object |> List.filter keep
    let owners = if List.isEmpty owners then None else Some(Json.Array owners)
    rewrite now place object (Meta.set "ownerReferences" owners object) server

let private delete now place policy object server =
    match State.tryServed place.Resource server with
    | None -> server
    | Some served ->
        let options = { Requests.deleteOptions with Uid = Some(Meta.uid object); Propagation = Some policy }

        let request = Requests.delete options place.Resource (Some place.Namespace) place.Name

        let struct (server, _) = Deleting.delete now served request options object server
        server

/// Looks at one object that has owners. `gone` is the uid of an owner that was just seen to go.
let private judge now (gone: string option) place server =
    match find place server with
    | None -> server
    | Some object when Meta.isTerminating object && not (isForeground object) -> server
    | Some object ->
        let owners =
            Meta.ownerReferences object
            |> List.map (fun reference ->
                let state =
                    if gone = Some(text "uid" reference) then Absent else owner object reference server

                reference, state)

        let has state = owners |> List.exists (fun (_, found) -> found = state)

        if List.isEmpty owners || has Unresolvable then
            server
        elif has Solid then
            if has Absent || has Waiting then
                let solid = owners |> List.filter (fun (_, found) -> found = Solid) |> List.map fst
                keepOwners now place object (fun reference -> List.contains reference solid) server
            else
                server
        elif Meta.isTerminating object then
            server
        elif has Waiting && not (List.isEmpty (dependants (Meta.uid object) server)) then
            delete now place "Foreground" object server
        else
            delete now place "Background" object server

let private removeFinalizer now key served finalizer object server =
    let finalizers = Meta.finalizers object |> List.filter (fun name -> name <> finalizer)
    let request = Requests.update key (Some(Meta.``namespace`` object)) object
    let fields _ json = json

    let struct (server, _) =
        Updating.store now served request true fields object (Meta.setFinalizers finalizers object) server

    server

/// Carries on with an owner that waits for its dependants, or sets them free.
let private proceed now place server =
    match find place server, State.tryServed place.Resource server with
    | Some object, Some served when Meta.isTerminating object ->
        let uid = Meta.uid object
        let finalizers = Meta.finalizers object

        if List.contains Deleting.orphan finalizers then
            let free server dependant =
                match find dependant server with
                | Some found ->
                    keepOwners now dependant found (fun reference -> text "uid" reference <> uid) server
                | None -> server

            (server, dependants uid server)
            ||> List.fold free
            |> removeFinalizer now place.Resource served Deleting.orphan object
        elif List.contains Deleting.foreground finalizers then
            let server =
                (server, dependants uid server)
                ||> List.fold (fun server place -> judge now None place server)

            let isBlocked =
                dependants uid server
                |> List.exists (fun place -> find place server |> Option.exists (blocks uid))

            if isBlocked then
                server
            else
                removeFinalizer now place.Resource served Deleting.foreground object server
        else
            server
    | _ -> server

/// The owners of an object that went, which may have waited for it.
let private ownersOf object server : Place list =
    Meta.ownerReferences object
    |> List.choose (fun reference ->
        match
            Map.tryFind (group (text "apiVersion" reference) + "/" + text "kind" reference) server.Kinds
        with
        | None -> None
        | Some key ->
            let namespaced =
                State.tryServed key server
                |> Option.exists (fun served -> served.Type.Namespaced)

            Some {
                Resource = key
                Namespace = (if namespaced then Meta.``namespace`` object else "")
                Name = text "name" reference
            })

let private react now server (change: Change) =
    let object = change.Object
    let here = place change.Resource object

    match change.Type with
    | ChangeType.Deleted ->
        let uid = Meta.uid object

        let server =
            (server, dependants uid server)
            ||> List.fold (fun server place -> judge now (Some uid) place server)

        (server, ownersOf object server)
        ||> List.fold (fun server place -> proceed now place server)
    | ChangeType.Added
    | ChangeType.Modified ->
        let server =
            match change.Previous with
            | Some previous when
                not (Meta.isTerminating object)
                && Meta.ownerReferences previous = Meta.ownerReferences object
                ->
                server
            | _ when List.isEmpty (Meta.ownerReferences object) -> server
            | _ -> judge now None here server

        if Meta.isTerminating object then proceed now here server else server

/// Looks at every change since the last step, and does what follows from it. Costs nothing when nothing changed.
let step (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    match Changes.allUnseen name server with
    | [] -> server
    | changes ->
        (server, changes)
        ||> List.fold (react now)
        |> Changes.markSeen name (List.last changes).Revision
