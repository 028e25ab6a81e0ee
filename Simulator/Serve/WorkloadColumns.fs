/// The columns of `kubectl get` for what makes and guards Pods.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.WorkloadColumns

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private text = Column.text
let private wide = Column.wide

let private number path object = Json.intAt path object |> Option.defaultValue 0

let private intOrText path object =
    match Json.tryPath path object with
    | Some(Json.String text)
    | Some(Json.Number text) -> text
    | _ -> "N/A"

let budgets = [
    Column.name
    text "Min Available" "Pods that must stay available." (intOrText [ "spec"; "minAvailable" ])
    text "Max Unavailable" "Pods that may be unavailable." (intOrText [ "spec"; "maxUnavailable" ])
    Column.integer
        "Allowed Disruptions"
        "Pods that may be evicted now."
        (number [ "status"; "disruptionsAllowed" ])
    Column.age
]

let private ofTemplate field object =
    Json.itemsAt [ "spec"; "template"; "spec"; "containers" ] object
    |> List.choose (Json.stringAt [ field ])
    |> Column.joined

let private replicas object = Json.intAt [ "spec"; "replicas" ] object |> Option.defaultValue 1

let private readyOf object = $"""%d{number [ "status"; "readyReplicas" ] object}/%d{replicas object}"""

let private images = [
    text "Containers" "Names of its containers." (ofTemplate "name") |> wide
    text "Images" "Images of its containers." (ofTemplate "image") |> wide
]

let statefulSets =
    [ Column.name; text "Ready" "Pods that are ready, of those wanted." readyOf; Column.age ]
    @ images

let deployments =
    [
        Column.name
        text "Ready" "Pods that are ready, of those wanted." readyOf
        Column.integer "Up-to-date" "Pods of the newest template." (number [ "status"; "updatedReplicas" ])
        Column.integer "Available" "Pods that are available." (number [ "status"; "availableReplicas" ])
        Column.age
    ]
    @ images
    @ [
        text "Selector" "Labels of its pods." (Column.labelSelector [ "spec"; "selector"; "matchLabels" ])
        |> wide
    ]

let revisions =
    let controller object =
        Meta.ownerReferences object
        |> List.tryFind (fun owner -> Json.boolAt [ "controller" ] owner = Some true)
        |> Option.map (fun owner ->
            let text field = Json.stringAt [ field ] owner |> Option.defaultValue ""
            let kind = (text "kind").ToLowerInvariant()

            match (text "apiVersion").Split '/' with
            | [| group; _ |] -> $"""%s{kind}.%s{group}/%s{text "name"}"""
            | _ -> $"""%s{kind}/%s{text "name"}""")
        |> Option.defaultValue Column.none

    [
        Column.name
        text "Controller" "Whose revision it is." controller
        Column.integer "Revision" "Its number." (number [ "revision" ])
        Column.age
    ]
