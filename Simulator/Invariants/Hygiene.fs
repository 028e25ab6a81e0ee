/// How the operator writes to the API server.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Hygiene

open Tikv.Core
open Tikv.Core.Kubernetes

let private has path json =
    match Json.stringAt path json with
    | Some text -> text <> ""
    | None -> false

/// A version that the write was decided on is named, so that the server can refuse it.
let private guarded write =
    match write with
    | Create(object, body) ->
        if Json.stringAt [ "metadata"; "name" ] body = Some object.Name then
            Finding.Held
        else
            Finding.Broken $"%s{object.Name} is created without a name of its own"
    | Patch(object, _, body) ->
        if has [ "metadata"; "uid" ] body && has [ "metadata"; "resourceVersion" ] body then
            Finding.Held
        else
            Finding.Broken
                $"a patch of %s{Kind.name object.Kind} %s{object.Name} names no uid and resourceVersion"
    | Delete(object, precondition, _) ->
        let (Uid uid) = precondition.Uid

        if uid <> "" then
            Finding.Held
        else
            Finding.Broken $"%s{Kind.name object.Kind} %s{object.Name} is deleted whichever life it is in"

/// I43.
let deletesCarryUid: Invariant =
    Invariant.make
        {
            Id = "I43"
            Means =
                "Every delete carries the uid it was decided on, every patch uid and resourceVersion, every create a name"
            Source = "architecture, law 1; verification C5"
        }
        ()
        (fun () _ sight ->
            match sight with
            | Sight.Landed(_, write, _) -> struct ((), guarded write)
            | _ -> struct ((), Finding.Nothing))
