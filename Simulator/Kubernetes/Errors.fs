/// The refusals of a Kubernetes API server, shaped as `metav1.Status`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Errors

open Tikv.Core

/// One thing that is wrong with a field: reason (such as `FieldValueInvalid`), message, field.
type Cause = { Reason: string; Message: string; Field: string }

let private cause (cause: Cause) =
    Json.present [
        "reason", (if cause.Reason = "" then None else Some(Json.String cause.Reason))
        "message", Some(Json.String cause.Message)
        "field", (if cause.Field = "" then None else Some(Json.String cause.Field))
    ]

let private status code reason message details : Response = {
    Code = code
    Warnings = []
    Body =
        Json.present [
            "kind", Some(Json.String "Status")
            "apiVersion", Some(Json.String "v1")
            "metadata", Some Json.empty
            "status", Some(Json.String "Failure")
            "message", Some(Json.String message)
            "reason", (if reason = "" then None else Some(Json.String reason))
            "details", details
            "code", Some(Json.int code)
        ]
}

let private about (name: string) (group: string) (kind: string) causes more =
    Some(
        Json.present [
            "name", (if name = "" then None else Some(Json.String name))
            "group", (if group = "" then None else Some(Json.String group))
            "kind", (if kind = "" then None else Some(Json.String kind))
            yield! more
            "causes", (if List.isEmpty causes then None else Some(Json.Array(causes |> List.map cause)))
        ]
    )

let private quoted (name: string) = "\"" + name + "\""

let notFound (key: ResourceKey) name =
    status
        404
        "NotFound"
        $"%s{Meta.groupResource key} %s{quoted name} not found"
        (about name key.Group key.Plural [] [])

/// A group and version that the server itself has, without that resource.
let notServed =
    status 404 "NotFound" "the server could not find the requested resource" (Some Json.empty)

/// Nobody serves the path: what refuses is no API, and says so in plain text.
let noSuchPath: Response = { Code = 404; Body = Json.String "404 page not found"; Warnings = [] }

let alreadyExists (key: ResourceKey) name =
    status
        409
        "AlreadyExists"
        $"%s{Meta.groupResource key} %s{quoted name} already exists"
        (about name key.Group key.Plural [] [])

let stillTerminating (key: ResourceKey) name =
    status
        409
        "AlreadyExists"
        $"object is being deleted: %s{Meta.groupResource key} %s{quoted name} already exists"
        (about name key.Group key.Plural [] [])

let conflict (key: ResourceKey) name (why: string) =
    status
        409
        "Conflict"
        $"Operation cannot be fulfilled on %s{Meta.groupResource key} %s{quoted name}: %s{why}"
        (about name key.Group key.Plural [] [])

/// The words of a write that was decided on an old version.
let modified (key: ResourceKey) name =
    conflict
        key
        name
        "the object has been modified; please apply your changes to the latest version and try again"

/// Another manager of fields owns what was applied.
let applyConflict message (causes: Cause list) = status 409 "Conflict" message (about "" "" "" causes [])

let forbidden (key: ResourceKey) name (why: string) (causes: Cause list) =
    status
        403
        "Forbidden"
        $"%s{Meta.groupResource key} %s{quoted name} is forbidden: %s{why}"
        (about name key.Group key.Plural causes [])

/// Messages of causes as field.ErrorList prints them: one alone, or several in brackets.
let private joined (messages: string list) =
    match messages |> List.distinct with
    | [ one ] -> one
    | several -> "[" + String.concat ", " several + "]"

/// `Cluster.core.tikv.org "x" is invalid: spec.replicas: Invalid value: ...`
let invalid (group: string) (kind: string) name (causes: Cause list) =
    let qualified = if group = "" then kind else kind + "." + group

    let printed =
        causes
        |> List.map (fun cause ->
            if cause.Field = "" then cause.Message else cause.Field + ": " + cause.Message)

    status
        422
        "Invalid"
        $"%s{qualified} %s{quoted name} is invalid: %s{joined printed}"
        (about name group kind causes [])

let badRequest message = status 400 "BadRequest" message None
let unsupportedMediaType message = status 415 "UnsupportedMediaType" message (Some Json.empty)

let methodNotAllowed =
    status
        405
        "MethodNotAllowed"
        "the server does not allow this method on the requested resource"
        (Some Json.empty)

/// An eviction that a disruption budget does not allow now.
let tooManyRequests message (causes: Cause list) (retryAfter: int option) =
    status
        429
        "TooManyRequests"
        message
        (about "" "" "" causes [ "retryAfterSeconds", retryAfter |> Option.map Json.int ])

let internalError message =
    let cause: Cause = { Reason = ""; Message = message; Field = "" }
    status 500 "InternalError" $"Internal error occurred: %s{message}" (about "" "" "" [ cause ] [])

/// A position in history, or in a list, that is no longer kept: list again.
let expired message = status 410 "Expired" message None

/// A watch that asks for changes that are forgotten; `oldest` is the first revision that it may ask for.
let tooOldResourceVersion (asked: int64) (oldest: int64) =
    expired $"too old resource version: %d{asked} (%d{oldest})"

let tooLargeResourceVersion (asked: int64) (current: int64) =
    let cause: Cause = {
        Reason = "ResourceVersionTooLarge"
        Message = "Too large resource version"
        Field = ""
    }

    status
        504
        "Timeout"
        $"Timeout: Too large resource version: %d{asked}, current: %d{current}"
        (about "" "" "" [ cause ] [ "retryAfterSeconds", Some(Json.int 1) ])

/// Errors that a server does not classify.
let unexplained message = status 500 "" message None

let notAllowed message = status 405 "MethodNotAllowed" message (Some Json.empty)
let unprocessable message = status 422 "Invalid" message (Some Json.empty)

/// A write whose uid is not that of the object; `found` is empty when there is none.
let foreignUid (key: ResourceKey) (``namespace``: string) (name: string) (sent: string) (found: string) =
    let group = if key.Group = "" then "" else key.Group + "/"
    let place = if ``namespace`` = "" then name else ``namespace`` + "/" + name

    conflict
        key
        name
        $"StorageError: invalid object, Code: 4, Key: /registry/%s{group}%s{key.Plural}/%s{place}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: %s{sent}, UID in object meta: %s{found}"
