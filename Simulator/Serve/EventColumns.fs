/// The columns of `kubectl get events`, of both shapes that events have.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.EventColumns

open Tikv.Core

let private text = Column.text
let private wide = Column.wide

/// The object that an event is about, in either of the two shapes of events.
let private regarding field event =
    Json.stringAt [ "involvedObject"; field ] event
    |> Option.orElse (Json.stringAt [ "regarding"; field ] event)
    |> Option.defaultValue ""

let private eventTime paths event =
    paths
    |> List.tryPick (fun path -> Json.stringAt path event |> Option.filter (fun text -> text <> ""))

let private lastSeen =
    eventTime [
        [ "series"; "lastObservedTime" ]
        [ "lastTimestamp" ]
        [ "deprecatedLastTimestamp" ]
        [ "eventTime" ]
        [ "metadata"; "creationTimestamp" ]
    ]

let private firstSeen =
    eventTime [
        [ "firstTimestamp" ]
        [ "deprecatedFirstTimestamp" ]
        [ "eventTime" ]
        [ "metadata"; "creationTimestamp" ]
    ]

let private source event =
    Json.stringAt [ "source"; "component" ] event
    |> Option.orElse (Json.stringAt [ "reportingComponent" ] event)
    |> Option.orElse (Json.stringAt [ "reportingController" ] event)
    |> Option.defaultValue ""

let private message event =
    Json.stringAt [ "message" ] event
    |> Option.orElse (Json.stringAt [ "note" ] event)
    |> Option.defaultValue ""

let private times event =
    Json.intAt [ "series"; "count" ] event
    |> Option.orElse (Json.intAt [ "count" ] event)
    |> Option.orElse (Json.intAt [ "deprecatedCount" ] event)
    |> Option.defaultValue 1

let private subject event = $"""%s{(regarding "kind" event).ToLowerInvariant()}/%s{regarding "name" event}"""

let all = [
    Column.timed "Last Seen" "Time since it was last seen." (fun now event -> Ages.since now (lastSeen event))
    text "Type" "Normal or Warning." (Column.orElse "" [ "type" ])
    text "Reason" "One word that programs understand." (Column.orElse "" [ "reason" ])
    text "Object" "What it is about." subject
    text "Subobject" "The part of the object that it is about." (regarding "fieldPath")
    |> wide
    text "Source" "Who tells it." source |> wide
    text "Message" "What happened." message
    Column.timed "First Seen" "Time since it was first seen." (fun now event ->
        Ages.since now (firstSeen event))
    |> wide
    Column.integer "Count" "How often it was seen." times |> wide
    { Column.name with Priority = 1 }
]
