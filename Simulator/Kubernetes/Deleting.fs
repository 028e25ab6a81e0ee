/// Deletion: preconditions, grace, finalizers, propagation.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Deleting

open System
open System.Globalization
open Tikv.Core

let foreground = "foregroundDeletion"
let orphan = "orphan"

let private policies = [ "Foreground"; "Background"; "Orphan"; "nil" ]

let private refused (served: Served) (options: DeleteOptions) (object: Json) : Response option =
    let key = served.Type.Key
    let name = Meta.name object
    let uid, version = Meta.uid object, Meta.resourceVersion object

    // the server names the kind here, not the resource
    let named = { key with Plural = served.Type.Kind }

    match options.Propagation, options.Uid, options.ResourceVersion with
    | Some policy, _, _ when not (List.contains policy policies) ->
        Some(
            Errors.invalid "meta.k8s.io" "DeleteOptions" "" [
                Causes.unsupported "propagationPolicy" ("\"" + policy + "\"") policies
            ]
        )
    | _, Some wanted, _ when wanted <> uid ->
        Some(
            Errors.conflict
                named
                name
                $"the UID in the precondition (%s{wanted}) does not match the UID in record (%s{uid}). The object might have been deleted and then recreated"
        )
    | _, _, Some wanted when wanted <> version ->
        Some(
            Errors.conflict
                named
                name
                $"the ResourceVersion in the precondition (%s{wanted}) does not match the ResourceVersion in record (%s{version}). The object might have been modified"
        )
    | _ -> None

/// Pods end gracefully, unless no process can be running; all other kinds go at once.
let private grace (served: Served) (options: DeleteOptions) (object: Json) : int =
    if served.Type.Key <> Builtins.pods then
        0
    else
        let phase = Json.stringAt [ "status"; "phase" ] object |> Option.defaultValue ""
        let node = Json.stringAt [ "spec"; "nodeName" ] object |> Option.defaultValue ""

        if node = "" || phase = "Succeeded" || phase = "Failed" then
            0
        else
            let seconds =
                options.GraceSeconds
                |> Option.orElse (Json.intAt [ "spec"; "terminationGracePeriodSeconds" ] object)
                |> Option.defaultValue 30

            if seconds < 0 then 1 else seconds

/// Finalizers as the propagation policy wants them.
let private finalizers (options: DeleteOptions) (object: Json) =
    let others =
        Meta.finalizers object
        |> List.filter (fun name -> name <> foreground && name <> orphan)

    match options.Propagation with
    | Some "Foreground" -> others @ [ foreground ]
    | Some "Orphan" -> others @ [ orphan ]
    | Some "Background" -> others
    | _ -> Meta.finalizers object

let private parsed (text: string) =
    match DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) with
    | true, at -> Some at
    | false, _ -> None

/// When it was asked to go first: a later request can only bring the end nearer to that.
let private askedAt (now: DateTimeOffset) object =
    Meta.deletionTimestamp object
    |> Option.bind parsed
    |> Option.map (fun at -> at.AddSeconds(-float(Meta.graceSeconds object |> Option.defaultValue 0)))
    |> Option.defaultValue now

let private marked now (served: Served) seconds object =
    let fresh = not (Meta.isTerminating object)
    let at = (askedAt now object).AddSeconds(float seconds)
    let json = Meta.setText "deletionTimestamp" (Meta.time at) object

    let json =
        if served.Type.Key = Builtins.namespaces then
            Json.setPath [ "status"; "phase" ] (Some(Json.String "Terminating")) json
        else
            Meta.set "deletionGracePeriodSeconds" (Some(Json.int seconds)) json

    if fresh && Meta.generation object > 0L then
        Meta.set "generation" (Some(Json.int64 (Meta.generation object + 1L))) json
    else
        json

let private returnsObject =
    set [ "pods"; "persistentvolumeclaims"; "persistentvolumes"; "serviceaccounts" ]

let private neverDeleted = set [ "default"; "kube-system"; "kube-public" ]

/// Namespaces end when their contents are gone, which a controller sees to.
let private holdsBack (served: Served) = served.Type.Key = Builtins.namespaces

let private go now (request: Request) object server =
    let key = request.Resource

    if request.DryRun then
        struct (server, Answers.ok object)
    else
        let struct (server, object) = Store.remove key now object server

        let answer =
            if returnsObject.Contains key.Plural then
                Answers.ok object
            else
                Answers.deleted key (Meta.name object) (Meta.uid object)

        struct (server, answer)

let private stay now (request: Request) old object server =
    if request.DryRun || not (Fields.differ old object) then
        struct (server, Answers.ok object)
    else
        let struct (server, object) = Store.replace request.Resource now object old server
        struct (server, Answers.ok object)

/// Deletes one object, or begins to.
let delete
    now
    (served: Served)
    (request: Request)
    options
    (old: Json)
    (server: ApiServer)
    : struct (ApiServer * Response) =
    let key = request.Resource

    match refused served options old with
    | Some response -> struct (server, response)
    | None when served.Type.Key = Builtins.namespaces && neverDeleted.Contains(Meta.name old) ->
        struct (server, Errors.forbidden key (Meta.name old) "this namespace may not be deleted" [])
    | None ->
        let finalizers = finalizers options old
        let seconds = grace served options old

        let seconds =
            match Meta.graceSeconds old with
            | Some before when Meta.isTerminating old -> min before seconds
            | _ -> seconds

        let shortened = Meta.graceSeconds old |> Option.exists (fun before -> seconds < before)
        let pending = not (List.isEmpty finalizers) || holdsBack served

        let object = Meta.setFinalizers finalizers old

        let atOnce = not pending && seconds = 0

        // what goes at once without grace to speak of is never seen to be going
        let object =
            if
                Meta.isTerminating old && not shortened
                || atOnce && served.Type.Key <> Builtins.pods
            then
                object
            else
                marked now served seconds object

        if atOnce then go now request object server else stay now request old object server

/// Deletes every selected object, each as if it were alone; answers the list of them.
let deleteAll now (served: Served) (request: Request) options (objects: Json list) (server: ApiServer) =
    let struct (server, deleted) =
        (struct (server, []), objects)
        ||> List.fold (fun (struct (server, deleted)) object ->
            let struct (server, response) = delete now served request options object server
            struct (server, (if response.Code < 300 then object :: deleted else deleted)))

    let list =
        Json.object [
            "kind", Json.String(served.Type.Kind + "List")
            "apiVersion", Json.String(Meta.apiVersion served.Type.Key)
            "metadata", Json.object [ "resourceVersion", Json.String(string server.Revision) ]
            "items", Json.Array(deleted |> List.rev |> List.map (Answers.item served.Type))
        ]

    struct (server, Answers.ok list)
