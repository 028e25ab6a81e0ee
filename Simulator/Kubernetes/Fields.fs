/// Bookkeeping of managedFields around a write, when the server keeps it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Fields

open System
open Tikv.Core

let manager now operation (request: Request) : Manager = {
    Name = if request.FieldManager = "" then "unknown" else request.FieldManager
    Operation = operation
    Subresource =
        request.Subresource
        |> Option.filter (fun name -> name = "status" || name = "scale")
        |> Option.defaultValue ""
    ApiVersion = Meta.apiVersion request.Resource
    Time = Meta.time now
    Owned = FieldSets.empty
}

/// What a create makes its writer own.
let created now (request: Request) (served: Served) server object =
    if server.TracksFields then
        let manager = manager now "Update" request
        let managers = ManagedFields.update served.Strategy.Shape manager served.Strategy.Blank object []
        ManagedFields.write managers object
    else
        object

/// What an update makes its writer own.
let updated (now: DateTimeOffset) (request: Request) (served: Served) server old object =
    if server.TracksFields then
        let manager = manager now "Update" request
        let managers = ManagedFields.update served.Strategy.Shape manager old object (ManagedFields.read old)
        ManagedFields.write managers object
    else
        object

/// Whether two versions of an object differ in anything but their revision.
let differ old object =
    let bare json = Meta.set "resourceVersion" None json
    not (Object.ReferenceEquals(old, object)) && bare old <> bare object
