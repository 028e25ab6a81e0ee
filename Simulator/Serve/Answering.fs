/// What is answered to a route that needs no more than one look at the API server or one request to the world.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Answering

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// An answer as it goes to the client.
type Answer = {
    Status: int
    ContentType: string
    Warnings: string list
    /// Seconds after which the client may try again.
    RetryAfter: int option
    Body: byte array
}

let private jsonType = "application/json"

let text status (body: string) : Answer = {
    Status = status
    ContentType = "text/plain; charset=utf-8"
    Warnings = []
    RetryAfter = None
    Body = Text.Encoding.UTF8.GetBytes body
}

let ofResponse (response: Response) : Answer =
    match response.Body with
    | Json.String message -> text response.Code (message + "\n")
    | body -> {
        Status = response.Code
        ContentType = jsonType
        Warnings = response.Warnings
        RetryAfter = Json.intAt [ "details"; "retryAfterSeconds" ] body
        Body = Json.toBytes body
      }

let private ok body = ofResponse (Answers.ok body)

let private found body =
    match body with
    | Some body -> ok body
    | None -> ofResponse Errors.noSuchPath

let ofProxy (reply: ProxyReply) : Answer = {
    text reply.Status reply.Body with
        ContentType = reply.ContentType
}

let notAcceptable: Response =
    let refusal =
        Errors.badRequest
            "only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1, application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

    {
        refusal with
            Code = 406
            Body =
                refusal.Body
                |> Json.withField "code" (Json.int 406)
                |> Json.withField "reason" (Json.String "NotAcceptable")
    }

let unauthorized: Response =
    let refusal = Errors.badRequest "Unauthorized"

    {
        refusal with
            Code = 401
            Body =
                refusal.Body
                |> Json.withField "code" (Json.int 401)
                |> Json.withField "reason" (Json.String "Unauthorized")
    }

let tooLarge: Response =
    let refusal = Errors.badRequest $"Request entity too large: limit is %d{RequestBodies.Limit}"

    {
        refusal with
            Code = 413
            Body =
                refusal.Body
                |> Json.withField "code" (Json.int 413)
                |> Json.withField "reason" (Json.String "RequestEntityTooLarge")
    }

let broken (problem: exn) : Response = Errors.internalError problem.Message

/// How objects of a resource are shown in a representation.
let presentation
    representation
    (included: IncludeObject)
    (resource: ResourceType)
    : DateTimeOffset -> Json -> Json =
    match representation with
    | Representation.Table ->
        let columns = BuiltinColumns.ofResource resource
        fun now object -> Tables.ofObject now included columns object
    | Representation.Metadata -> fun _ object -> Tables.metadataOf object
    | Representation.Json
    | Representation.AggregatedDiscovery _ -> fun _ object -> object

/// Brings the answer of a read into the wanted form; refusals and answers to writes stay as they are.
let represent
    representation
    included
    now
    (api: ApiServer)
    (request: Request)
    (response: Response)
    : Response =
    let isRead =
        match request.Verb with
        | Verb.Get
        | Verb.List _ -> request.Subresource |> Option.forall (fun sub -> sub = "status")
        | _ -> false

    if not isRead || response.Code >= 300 then
        response
    else
        match representation, ApiServer.tryResourceType request.Resource api with
        | Representation.Table, Some resource ->
            let columns = BuiltinColumns.ofResource resource
            { response with Body = Tables.ofAnswer now included columns response.Body }
        | Representation.Metadata, _ -> { response with Body = Tables.metadataOfAnswer response.Body }
        | _ -> response

let private discovery representation core plain (api: ApiServer) =
    match representation with
    | Representation.AggregatedDiscovery version -> {
        ok (Discovery.aggregated version core api) with
            ContentType = Discovery.aggregatedContentType version
      }
    | _ -> ok plain

/// Answers about the server itself; none for routes that need the world.
let ofServer representation (api: ApiServer) (route: Route) : Answer option =
    match route with
    | Route.Refused response -> Some(ofResponse response)
    | Route.Review(review, body) -> Some(ofResponse (Reviews.answer review body))
    | Route.Version -> Some(ok Discovery.version)
    | Route.Health -> Some(text 200 "ok")
    | Route.Index -> Some(ok (Discovery.index api))
    | Route.CoreVersions -> Some(discovery representation true Discovery.coreVersions api)
    | Route.Groups -> Some(discovery representation false (Discovery.groupList api) api)
    | Route.Group name -> Some(found (Discovery.group name api))
    | Route.Resources(group, version) -> Some(found (Discovery.resources group version api))
    | Route.OpenApiV2 -> Some(ok (OpenApi.v2 api))
    | Route.OpenApiV3Index -> Some(ok (OpenApi.v3Index api))
    | Route.OpenApiV3(group, version) -> Some(found (OpenApi.v3 group version api))
    | Route.Request _
    | Route.Watch _
    | Route.Proxy _
    | Route.Log _ -> None

/// Whether a representation other than the plain one may be asked for there.
let isDiscovery route =
    match route with
    | Route.CoreVersions
    | Route.Groups -> true
    | _ -> false

/// Whether the Accept header is of no importance: what is answered is not ours, or has one form only.
let takesAnyForm route =
    match route with
    | Route.Proxy _
    | Route.Log _
    | Route.Health
    | Route.Refused _ -> true
    | _ -> false

/// Health and version are told to everybody; all else only to who has the token.
let isPublic route =
    match route with
    | Route.Health
    | Route.Version -> true
    | _ -> false
