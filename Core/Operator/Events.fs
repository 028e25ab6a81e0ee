/// Kubernetes Events: what the operator did, for `kubectl describe`. They are never an input of a decision.
module Tikv.Core.Operator.Events

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// The name is made from what the event says and of which version of the object, so that a repeated one collides
/// instead of piling up.
let create
    (clock: DateTimeOffset)
    (object: ObjectRef)
    (meta: Meta)
    (kind: string)
    (reason: string)
    (note: string)
    =
    let (Uid uid), (ResourceVersion version) = meta.Uid, meta.ResourceVersion
    let now = Json.string (Timestamp.print clock)

    let regarding =
        Json.object [
            "apiVersion", Json.string (Kind.apiVersion object.Kind)
            "kind", Json.string (Kind.name object.Kind)
            "namespace", Json.string object.Namespace
            "name", Json.string object.Name
            "uid", Json.string uid
        ]

    let hash = Hash.ofJson (Json.strings [ uid; version; reason; note ])
    let name = $"%s{object.Name}.%s{hash}"

    Create(
        { Kind = Kind.Event; Namespace = object.Namespace; Name = name },
        Json.object [
            "apiVersion", Json.string "v1"
            "kind", Json.string "Event"
            "metadata", Json.object [ "name", Json.string name; "namespace", Json.string object.Namespace ]
            "involvedObject", regarding
            "type", Json.string kind
            "reason", Json.string reason
            "message", Json.string note
            "source", Json.object [ "component", Json.string Labels.manager ]
            "reportingComponent", Json.string "tikv.org/operator"
            "reportingInstance", Json.string Labels.manager
            "firstTimestamp", now
            "lastTimestamp", now
            "count", Json.int 1
        ]
    )
