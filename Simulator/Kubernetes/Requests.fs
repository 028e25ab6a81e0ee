/// Requests as a well-behaved client makes them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Requests

open Tikv.Core

let listOptions: ListOptions = {
    LabelSelector = ""
    FieldSelector = ""
    Limit = None
    Continue = None
    ResourceVersion = None
}

let deleteOptions: DeleteOptions = {
    GraceSeconds = None
    Uid = None
    ResourceVersion = None
    Propagation = None
}

let make resource ``namespace`` name verb body : Request = {
    Resource = resource
    Namespace = ``namespace``
    Name = name
    Subresource = None
    Verb = verb
    Body = body
    FieldManager = "simulator"
    DryRun = false
    FieldValidation = "Ignore"
}

let create resource ``namespace`` body = make resource ``namespace`` None Verb.Create body
let get resource ``namespace`` name = make resource ``namespace`` (Some name) Verb.Get Json.Null
let list resource ``namespace`` = make resource ``namespace`` None (Verb.List listOptions) Json.Null

let update resource ``namespace`` body = make resource ``namespace`` (Some(Meta.name body)) Verb.Update body

let patch kind resource ``namespace`` name body =
    make resource ``namespace`` (Some name) (Verb.Patch kind) body

let delete options resource ``namespace`` name =
    make resource ``namespace`` (Some name) (Verb.Delete options) Json.Null

let onStatus (request: Request) = { request with Subresource = Some "status" }
