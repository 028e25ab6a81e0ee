/// What the controllers inside the cluster have not yet looked at.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Changes

let private seen controller server = Map.tryFind controller server.Seen |> Option.defaultValue 0L

/// Notes that a controller has looked at everything up to a revision.
let markSeen controller (revision: int64) server = {
    server with
        Seen = Map.add controller revision server.Seen
}

let private newer revision (collection: Collection) =
    collection.History
    |> List.takeWhile (fun (change: Change) -> change.Revision > revision)

/// Changes of one resource that a controller has not seen, newest first.
let unseen controller key server : Change list = State.collection key server |> newer (seen controller server)

/// Changes of all resources that a controller has not seen, oldest first.
let allUnseen controller server : Change list =
    let revision = seen controller server

    if revision = server.Revision then
        []
    else
        server.Collections.Values
        |> Seq.collect (newer revision)
        |> Seq.sortBy _.Revision
        |> List.ofSeq
