namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes

/// What a reflector has learnt: how its part of the cache changes.
[<RequireQualifiedAccess>]
type Learnt =
    /// A whole list: what is not in it is gone (a relist must find deletions too: U 3.1 item 32).
    | Everything of At: ResourceVersion * Objects: Json list
    | Present of Object: Json
    | Gone of Object: Json

[<RequireQualifiedAccess>]
type ReflectorPhase =
    /// Pages received so far stand newest first.
    | Listing of Request: RequestId * Pages: Json list list
    | Watching of Request: RequestId * From: ResourceVersion * Opened: Instant
    /// Waiting before the next attempt: a watch from that version, or a list when there is none.
    | Pausing of Until: Instant * From: ResourceVersion option

/// Keeps one kind (of one namespace, or of all) in step with the API server: list, watch, bookmarks, relist after 410.
type Reflector = {
    Kind: Kind
    Namespace: string option
    Phase: ReflectorPhase
    /// Attempts in a row that failed.
    Failures: int
    /// A whole list has been received at least once.
    Synced: bool
}

[<RequireQualifiedAccess>]
module Reflector =
    /// client-go's reflector backs off from 0.8 s to 30 s.
    let private backOff failures =
        TimeSpan.FromMilliseconds(min 30_000.0 (800.0 * Math.Pow(2.0, float (min failures 10))))

    /// How often a kind that is not shown is asked for again: a role may have been granted meanwhile.
    let private askAgain = TimeSpan.FromMinutes 10L

    /// A watch that ends sooner than this, having told nothing, counts as a failure (U 3.1 item 30).
    let private shortWatch = TimeSpan.FromSeconds 1L

    /// 5 to 10 minutes, spread by the request's number as client-go spreads it at random.
    let private watchTimeout (RequestId number) = TimeSpan.FromSeconds(float (300L + (number * 7919L) % 300L))

    let private list request (reflector: Reflector) =
        { reflector with Phase = ReflectorPhase.Listing(request, []) },
        [ Effect.List(request, reflector.Kind, reflector.Namespace, None, None) ]

    let private watch now from request (reflector: Reflector) =
        { reflector with Phase = ReflectorPhase.Watching(request, from, now) },
        [ Effect.Watch(request, reflector.Kind, reflector.Namespace, from, watchTimeout request) ]

    let private pause now from (reflector: Reflector) : Reflector = {
        reflector with
            Phase = ReflectorPhase.Pausing(now |> Instant.add (backOff reflector.Failures), from)
            Failures = reflector.Failures + 1
    }

    /// A reflector that has just sent its first list.
    let start request kind space =
        list request {
            Kind = kind
            Namespace = space
            Phase = ReflectorPhase.Pausing(Instant.zero, None)
            Failures = 0
            Synced = false
        }

    /// After a list was refused: whether that is taken for an answer.
    let isHidden (reflector: Reflector) = Kind.isOptional reflector.Kind && reflector.Synced

    /// When it wants to be woken.
    let wakeAt (reflector: Reflector) =
        match reflector.Phase with
        | ReflectorPhase.Pausing(until, _) -> ValueSome until
        | ReflectorPhase.Listing _
        | ReflectorPhase.Watching _ -> ValueNone

    /// Goes on after a pause, when it is over.
    let wake now request (reflector: Reflector) =
        match reflector.Phase with
        | ReflectorPhase.Pausing(until, from) when until <= now ->
            match from with
            | Some from -> watch now from request reflector
            | None -> list request reflector
        | _ -> reflector, []

    /// Any list that fails is begun again from its first page: a `continue` token may have expired (410).
    let listed now next request outcome (reflector: Reflector) =
        match reflector.Phase, outcome with
        | ReflectorPhase.Listing(awaited, pages), Done(page: ListPage) when awaited = request ->
            match page.Continue with
            | Some token ->
                { reflector with Phase = ReflectorPhase.Listing(next, page.Items :: pages) },
                [ Effect.List(next, reflector.Kind, reflector.Namespace, None, Some token) ],
                []
            | None ->
                let everything = page.Items :: pages |> List.rev |> List.concat

                let reflector, effects =
                    { reflector with Synced = true; Failures = 0 }
                    |> watch now page.ResourceVersion next

                reflector, effects, [ Learnt.Everything(page.ResourceVersion, everything) ]
        // Of an optional kind nothing is shown: that is an answer, too. It is asked again later on.
        | ReflectorPhase.Listing(awaited, _), Refused { Code = 403 | 404 } when
            awaited = request && Kind.isOptional reflector.Kind
            ->
            {
                reflector with
                    Phase = ReflectorPhase.Pausing(now |> Instant.add askAgain, None)
                    Synced = true
            },
            [],
            []
        | ReflectorPhase.Listing(awaited, _), (Refused _ | Unknown _) when awaited = request ->
            pause now None reflector, [], []
        | _ -> reflector, [], []

    /// An error in the stream closes the watch; 410 means that history is lost, and only a list helps.
    let watched now request event (reflector: Reflector) =
        match reflector.Phase with
        | ReflectorPhase.Watching(awaited, _, opened) when awaited = request ->
            let told version learnt =
                let phase = ReflectorPhase.Watching(request, version, opened)
                { reflector with Phase = phase; Failures = 0 }, [], learnt

            let version object =
                object
                |> Json.stringAt [ "metadata"; "resourceVersion" ]
                |> Option.defaultValue ""
                |> ResourceVersion

            match event with
            | Added object
            | Modified object -> told (version object) [ Learnt.Present object ]
            | Deleted object -> told (version object) [ Learnt.Gone object ]
            | Bookmark version -> told version []
            | Failed error ->
                let from =
                    match reflector.Phase with
                    | ReflectorPhase.Watching(_, from, _) when error.Code <> 410 -> Some from
                    | _ -> None

                pause now from reflector, [ Effect.CloseWatch request ], []
        | _ -> reflector, [], []

    let watchEnded now next request ending (reflector: Reflector) =
        match reflector.Phase with
        | ReflectorPhase.Watching(awaited, from, opened) when awaited = request ->
            match ending with
            | WatchEnd.Closed when Instant.since opened now >= shortWatch -> watch now from next reflector
            | WatchEnd.Closed
            | WatchEnd.Broken _ -> pause now (Some from) reflector, []
            | WatchEnd.Refused error when error.Code = 410 -> list next reflector
            | WatchEnd.Refused _ -> pause now (Some from) reflector, []
        | _ -> reflector, []
