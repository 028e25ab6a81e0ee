/// Controllers that let things go: claims no Pod uses, namespaces and definitions that are being deleted.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Cleanup

open System
open Tikv.Core

let private protector = "pvc-protection"
let private protection = "kubernetes.io/pvc-protection"

let private claims pod =
    Json.itemsAt [ "spec"; "volumes" ] pod
    |> List.choose (Json.stringAt [ "persistentVolumeClaim"; "claimName" ])

let private isFinished pod =
    match Json.stringAt [ "status"; "phase" ] pod with
    | Some("Succeeded" | "Failed") -> true
    | _ -> false

/// A Pod that no node has yet uses nothing (pvc_protection_controller.go, podUsesPVC).
let private isScheduled pod =
    Json.stringAt [ "spec"; "nodeName" ] pod
    |> Option.exists (fun node -> node <> "")

let private isUsed ``namespace`` claim server =
    State.objects Builtins.pods (Some ``namespace``) server
    |> Seq.exists (fun pod -> isScheduled pod && not (isFinished pod) && List.contains claim (claims pod))

let private release now ``namespace`` claim server =
    match State.tryFind Builtins.persistentVolumeClaims ``namespace`` claim server with
    | Some object when
        Meta.isTerminating object
        && List.contains protection (Meta.finalizers object)
        && not (isUsed ``namespace`` claim server)
        ->
        let finalizers = Meta.finalizers object |> List.filter (fun name -> name <> protection)
        let bare = Meta.setFinalizers finalizers object

        let struct (server, _) =
            if List.isEmpty finalizers then
                Store.remove Builtins.persistentVolumeClaims now bare server
            else
                Store.replace Builtins.persistentVolumeClaims now bare object server

        server
    | _ -> server

/// A claim that is being deleted stays while an unfinished Pod names it (kubernetes.io/pvc-protection).
let claimsInUse (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    let ofClaims =
        Changes.unseen protector Builtins.persistentVolumeClaims server
        |> List.filter (fun change -> Meta.isTerminating change.Object)
        |> List.map (fun change -> Meta.``namespace`` change.Object, Meta.name change.Object)

    let pods = Changes.unseen protector Builtins.pods server

    let ofPods =
        pods
        |> List.filter (fun change -> change.Type = ChangeType.Deleted || isFinished change.Object)
        |> List.collect (fun change ->
            claims change.Object
            |> List.map (fun claim -> Meta.``namespace`` change.Object, claim))

    if List.isEmpty ofClaims && List.isEmpty ofPods && List.isEmpty pods then
        server
    else
        let revision = server.Revision

        (server, List.distinct (ofClaims @ ofPods))
        ||> List.fold (fun server (``namespace``, claim) -> release now ``namespace`` claim server)
        |> Changes.markSeen protector revision

let private deleteAll now key ``namespace`` server =
    match State.tryServed key server with
    | None -> server
    | Some served ->
        let objects =
            State.objects key ``namespace`` server
            |> Seq.filter (Meta.isTerminating >> not)
            |> List.ofSeq

        (server, objects)
        ||> List.fold (fun server object ->
            let request =
                Requests.delete
                    Requests.deleteOptions
                    key
                    (Some(Meta.``namespace`` object))
                    (Meta.name object)

            let struct (server, _) = Deleting.delete now served request Requests.deleteOptions object server
            server)

let private terminating key server =
    State.objects key None server |> Seq.filter Meta.isTerminating |> List.ofSeq

/// The resource as it is kept: one version of each will do.
let private kept server =
    server.Served.Values
    |> Seq.map (fun versions -> (Seq.head versions.Values).Type)
    |> Seq.filter (fun resource -> resource.Key <> EventForms.key)
    |> List.ofSeq

/// Empties namespaces that are being deleted, and takes each away once nothing is left in it.
let namespaces (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    (server, terminating Builtins.namespaces server)
    ||> List.fold (fun server object ->
        let name = Meta.name object
        let resources = kept server |> List.filter _.Namespaced

        let server =
            (server, resources)
            ||> List.fold (fun server resource -> deleteAll now resource.Key (Some name) server)

        if
            resources
            |> List.exists (fun resource ->
                not (Seq.isEmpty (State.objects resource.Key (Some name) server)))
        then
            server
        else
            let struct (server, _) = Store.remove Builtins.namespaces now object server
            server)

/// Deletes the objects of definitions that are being deleted, and lets each definition go when none is left.
let definitions (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    (server, terminating Builtins.customResourceDefinitions server)
    ||> List.fold (fun server definition ->
        match CustomResources.served definition with
        | [] -> server
        | (resource, _) :: _ ->
            let server = deleteAll now resource.Key None server

            if not (Seq.isEmpty (State.objects resource.Key None server)) then
                server
            else
                let finalizers =
                    Meta.finalizers definition
                    |> List.filter (fun name -> name <> CustomResources.cleanup)

                let bare = Meta.setFinalizers finalizers definition

                let struct (server, _) =
                    if List.isEmpty finalizers then
                        Store.remove Builtins.customResourceDefinitions now bare server
                    else
                        Store.replace Builtins.customResourceDefinitions now bare definition server

                server)
