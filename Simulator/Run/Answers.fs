/// Effects as requests of the API server, and its responses as outcomes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Answers

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes

let private resource kind : ResourceKey =
    let resource = Kind.resource kind
    { Group = resource.Group; Version = resource.Version; Plural = resource.Plural }

let private resources =
    Kind.watched @ [ Kind.Lease; Kind.Event; Kind.Secret ]
    |> List.map (fun kind -> kind, resource kind)
    |> Map.ofList

let key kind : ResourceKey = Map.find kind resources

let private named (object: ObjectRef) verb body : Request =
    let space = if Kind.isClusterWide object.Kind then None else Some object.Namespace
    Requests.make (key object.Kind) space (Some object.Name) verb body

/// A write, as the operator's client sends it.
let ofWrite (write: Write) : Request =
    let request =
        match write with
        | Create(object, body) -> { named object Verb.Create body with Name = None }
        | Patch(object, status, body) ->
            let request = named object (Verb.Patch MergePatch) body
            if status then Requests.onStatus request else request
        | Delete(object, precondition, grace) ->
            let (Uid uid) = precondition.Uid

            let options = {
                GraceSeconds = grace
                Uid = Some uid
                ResourceVersion =
                    precondition.ResourceVersion
                    |> Option.map (fun (ResourceVersion version) -> version)
                Propagation = Some "Background"
            }

            named object (Verb.Delete options) Json.Null

    { request with FieldManager = "tikv-operator" }

let ofRead (object: ObjectRef) : Request = named object Verb.Get Json.Null

/// A page of at most 500 objects, as client-go's pager asks for.
let ofList kind ``namespace`` version page : Request =
    let options = {
        Requests.listOptions with
            LabelSelector = Labels.selector kind |> Option.defaultValue ""
            Limit = Some 500
            Continue = page
            ResourceVersion = version
    }

    Requests.make (key kind) ``namespace`` None (Verb.List options) Json.Null

let error (response: Response) : ApiError = {
    Code = response.Code
    Reason = Json.stringAt [ "reason" ] response.Body |> Option.defaultValue ""
    Message = Json.stringAt [ "message" ] response.Body |> Option.defaultValue ""
    Causes =
        Json.itemsAt [ "details"; "causes" ] response.Body
        |> List.map (fun cause ->
            Json.stringAt [ "field" ] cause |> Option.defaultValue "",
            Json.stringAt [ "message" ] cause |> Option.defaultValue "")
    RetryAfter = Json.intAt [ "details"; "retryAfterSeconds" ] response.Body
}

let outcome (response: Response) : Outcome<Json> =
    if response.Code < 300 then Done response.Body else Refused(error response)

let page (response: Response) : Outcome<ListPage> =
    if response.Code < 300 then
        Done {
            Items = Json.itemsAt [ "items" ] response.Body
            ResourceVersion =
                ResourceVersion(
                    Json.stringAt [ "metadata"; "resourceVersion" ] response.Body
                    |> Option.defaultValue ""
                )
            Continue =
                Json.stringAt [ "metadata"; "continue" ] response.Body
                |> Option.filter (fun text -> text <> "")
        }
    else
        Refused(error response)

let private selectors =
    Kind.watched
    |> List.map (fun kind ->
        let selector = Labels.selector kind |> Option.defaultValue ""
        kind, Selectors.parse selector "" |> Result.defaultValue Selectors.everything)
    |> Map.ofList

/// What a watch of that kind is told of a change, if anything: it asks for the operator's own objects only.
let watchEvent kind (change: Change) : WatchEvent option =
    Watch.view (Map.find kind selectors) change
    |> Option.map (fun struct (told, object) ->
        match told with
        | ChangeType.Added -> Added object
        | ChangeType.Modified -> Modified object
        | ChangeType.Deleted -> Deleted object)

let expired: ApiError = {
    Code = 410
    Reason = "Expired"
    Message = "too old resource version"
    Causes = []
    RetryAfter = None
}
