namespace Tikv.Simulator.Serve

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// An HTTP request as it came, before anything in it is understood.
type Incoming = {
    Method: string
    /// Path and query as on the request line, still escaped.
    Target: string
    ContentType: string
    UserAgent: string
    Body: byte array
}

/// A watch as the client asked for it.
type WatchRequest = {
    Resource: ResourceKey
    Namespace: string option
    LabelSelector: string
    FieldSelector: string
    /// Empty or `0`: begin with the present objects.
    ResourceVersion: string
    /// Seconds after which the server ends the watch.
    Timeout: int option
    Bookmarks: bool
    SendInitialEvents: bool
}

/// A request to be passed on to what listens in a Pod, or behind a Service.
type ProxyRequest = {
    Namespace: string
    /// A Pod; otherwise a Service.
    IsPod: bool
    Name: string
    /// Number or name; empty when the client gave none.
    Port: string
    Method: string
    /// Begins with `/`; still escaped.
    PathAndQuery: string
    Body: string
}

type LogRequest = {
    Namespace: string
    Pod: string
    /// Empty: the only one.
    Container: string
    /// Of the container's former run.
    Previous: bool
    Follow: bool
    Timestamps: bool
    TailLines: int option
    SinceSeconds: int option
}

/// The questions about the asker's own rights and name.
[<RequireQualifiedAccess>]
type Review =
    | SelfSubjectAccess
    | SelfSubjectRules
    | SelfSubject

[<RequireQualifiedAccess>]
type Route =
    | Request of Request
    | Watch of WatchRequest
    | Proxy of ProxyRequest
    | Log of LogRequest
    | Review of Review * Body: Json
    | Version
    /// `/healthz`, `/livez`, `/readyz`.
    | Health
    /// `/`: the paths that are served.
    | Index
    /// `/api`.
    | CoreVersions
    /// `/apis`.
    | Groups
    /// `/apis/{group}`.
    | Group of Name: string
    /// `/api/v1` and `/apis/{group}/{version}`.
    | Resources of Group: string * Version: string
    | OpenApiV2
    | OpenApiV3Index
    | OpenApiV3 of Group: string * Version: string
    | Refused of Response
