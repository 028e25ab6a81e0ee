namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// Names one request, watch or timer of one life of the operator; `step` gives them out in order.
[<Struct>]
type RequestId = RequestId of Value: int64

/// Why a watch is over. After each the reflector opens another, from where it was.
[<RequireQualifiedAccess>]
type WatchEnd =
    /// The server ended it in the ordinary way (its time-out).
    | Closed
    /// It was refused, such as 410 Gone, 403 or 429.
    | Refused of Error: ApiError
    /// The connection broke, or was silent for too long.
    | Broken of Problem: string

/// Everything that can happen to an operator.
type Happening =
    /// The first of all.
    | Started
    /// A page of a list has come (`List`).
    | Listed of Request: RequestId * Outcome: Outcome<ListPage>
    /// A line of a watch (`Watch`).
    | Watched of Request: RequestId * Event: WatchEvent
    | WatchEnded of Request: RequestId * End: WatchEnd
    /// The answer to `Read`: always a quorum read.
    | HasRead of Request: RequestId * Outcome: Outcome<Json>
    /// The answer to `Write`; `Done` holds the object as it now is (for a delete: the object or a Status).
    | Wrote of Request: RequestId * Outcome: Outcome<Json>
    /// The answer to `CallPd`; `Unknown` when no endpoint answered.
    | PdAnswered of Request: RequestId * Outcome: Outcome<PdReply>
    /// The time asked for by the last `WakeAt` has come.
    | Woke
    /// A stop signal.
    | StopRequested

/// One input of the state machine: when, and what.
type Input = {
    /// Monotonic time, for every duration.
    At: Instant
    /// Wall clock (UTC), for timestamps that people read. It may jump; nothing is decided by it.
    Clock: DateTimeOffset
    Happening: Happening
}

[<RequireQualifiedAccess; Struct>]
type LogLevel =
    | Debug
    | Info
    | Warning
    | Error

/// One line of the log. `Message` is a constant text; what varies stands in the fields.
type LogLine = { Level: LogLevel; Message: string; Fields: (string * string) list }

/// Everything that an operator can do. The interpreters (Adapters: for real; Simulator: in virtual time) carry each out
/// and answer it with a `Happening` that bears the same request. They hold no rule.
type Effect =
    /// One page of a list: the first when `Continue` is none. `ResourceVersion` `Some "0"` allows the server's cache.
    | List of
        Request: RequestId *
        Kind: Kind *
        Namespace: string option *
        ResourceVersion: string option *
        Continue: string option
    /// A watch from a version on, with bookmarks. Ends with `WatchEnded`.
    | Watch of
        Request: RequestId *
        Kind: Kind *
        Namespace: string option *
        From: ResourceVersion *
        Timeout: TimeSpan
    /// Ends a watch; no `WatchEnded` need follow.
    | CloseWatch of Request: RequestId
    /// A quorum read of one object.
    | Read of Request: RequestId * Object: ObjectRef
    | Write of Request: RequestId * Write: Write
    /// Ask PD at the first endpoint that answers, in the order given.
    | CallPd of Request: RequestId * Endpoints: PdEndpoint list * Call: PdCall
    /// Wake at that instant. A later `WakeAt` replaces an earlier one.
    | WakeAt of At: Instant
    | Log of Line: LogLine
    /// Stop the process: 0 after a stop signal, 3 when the lease was lost.
    | Exit of Code: int * Why: string

    /// One function a case: a new effect fails to compile in both interpreters until it is carried out there.
    member effect.Match
        (
            list: Func<RequestId, Kind, string option, string option, string option, 'Result>,
            watch: Func<RequestId, Kind, string option, ResourceVersion, TimeSpan, 'Result>,
            closeWatch: Func<RequestId, 'Result>,
            read: Func<RequestId, ObjectRef, 'Result>,
            write: Func<RequestId, Write, 'Result>,
            callPd: Func<RequestId, PdEndpoint list, PdCall, 'Result>,
            wakeAt: Func<Instant, 'Result>,
            log: Func<LogLine, 'Result>,
            exit: Func<int, string, 'Result>
        ) : 'Result =
        match effect with
        | List(request, kind, space, version, page) -> list.Invoke(request, kind, space, version, page)
        | Watch(request, kind, space, from, timeout) -> watch.Invoke(request, kind, space, from, timeout)
        | CloseWatch request -> closeWatch.Invoke request
        | Read(request, object) -> read.Invoke(request, object)
        | Write(request, body) -> write.Invoke(request, body)
        | CallPd(request, endpoints, call) -> callPd.Invoke(request, endpoints, call)
        | WakeAt at -> wakeAt.Invoke at
        | Log line -> log.Invoke line
        | Exit(code, why) -> exit.Invoke(code, why)
