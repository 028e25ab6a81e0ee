/// Defaults of Pods (core/v1 PodSpec), and the words that defaults are written in.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.PodDefaults

open System
open Tikv.Core

/// Adds members that are absent, after those that are there.
let fill (defaults: (string * Json) list) (json: Json) : Json =
    match json with
    | Json.Object members ->
        match
            defaults
            |> List.filter (fun (key, _) -> not (members |> List.exists (fun (name, _) -> name = key)))
        with
        | [] -> json
        | missing -> Json.Object(members @ missing)
    | json -> json

/// Changes the member of that name, if it is there.
let inside name change json =
    match Json.tryField name json with
    | Some Json.Null
    | None -> json
    | Some inner -> Json.withField name (change inner) json

/// Changes every item of an array.
let each change json =
    match json with
    | Json.Array items -> Json.Array(items |> List.map change)
    | json -> json

let private probeDefaults = [
    "timeoutSeconds", Json.int 1
    "periodSeconds", Json.int 10
    "successThreshold", Json.int 1
    "failureThreshold", Json.int 3
]

let private probe json =
    json
    |> inside "httpGet" (fill [ "path", Json.String "/"; "scheme", Json.String "HTTP" ])
    |> fill probeDefaults

/// Images of the tag `latest`, or of none, are always pulled.
let private pullPolicy (image: string) =
    let name = image.Substring(image.LastIndexOf '/' + 1)

    if name.Contains '@' then "IfNotPresent"
    elif name.EndsWith(":latest", StringComparison.Ordinal) || not (name.Contains ':') then "Always"
    else "IfNotPresent"

let private protocol = fill [ "protocol", Json.String "TCP" ]
let private fieldRef = inside "fieldRef" (fill [ "apiVersion", Json.String "v1" ])

let private resources json =
    match Json.tryField "limits" json with
    | Some(Json.Object limits) ->
        let requests = Json.tryField "requests" json |> Option.defaultValue Json.empty
        Json.withField "requests" (fill limits requests) json
    | _ -> json

let private container json =
    let image = Json.stringAt [ "image" ] json |> Option.defaultValue ""

    json
    |> fill [
        "resources", Json.empty
        "terminationMessagePath", Json.String "/dev/termination-log"
        "terminationMessagePolicy", Json.String "File"
        "imagePullPolicy", Json.String(pullPolicy image)
    ]
    |> inside "resources" resources
    |> inside "ports" (each protocol)
    |> inside "env" (each (inside "valueFrom" fieldRef))
    |> inside "livenessProbe" probe
    |> inside "readinessProbe" probe
    |> inside "startupProbe" probe

let private mode = fill [ "defaultMode", Json.int 420 ] // 0644

let private projection json =
    json
    |> inside "serviceAccountToken" (fill [ "expirationSeconds", Json.int 3600 ])
    |> inside "downwardAPI" (inside "items" (each fieldRef))

let private volume json =
    json
    |> inside "configMap" mode
    |> inside "secret" mode
    |> inside "downwardAPI" (inside "items" (each fieldRef) >> mode)
    |> inside "projected" (inside "sources" (each projection) >> mode)
    |> inside "hostPath" (fill [ "type", Json.String "" ])

/// Defaults that a pod template has already.
let templateSpec json =
    json
    |> fill [
        "restartPolicy", Json.String "Always"
        "terminationGracePeriodSeconds", Json.int 30
        "dnsPolicy", Json.String "ClusterFirst"
        "securityContext", Json.empty
        "schedulerName", Json.String "default-scheduler"
    ]
    |> inside "containers" (each container)
    |> inside "initContainers" (each container)
    |> inside "volumes" (each volume)

let private toleration key =
    Json.object [
        "key", Json.String key
        "operator", Json.String "Exists"
        "effect", Json.String "NoExecute"
        "tolerationSeconds", Json.int 300
    ]

/// As the DefaultTolerationSeconds admission does: unless a toleration of that key is there.
let private tolerate json =
    let existing = Json.itemsAt [ "tolerations" ] json

    let missing =
        [ "node.kubernetes.io/not-ready"; "node.kubernetes.io/unreachable" ]
        |> List.filter (fun key ->
            not (
                existing
                |> List.exists (fun item ->
                    match Json.stringAt [ "key" ] item with
                    | Some found -> found = key
                    | None -> true)
            ))
        |> List.map toleration

    if List.isEmpty missing then
        json
    else
        Json.withField "tolerations" (Json.Array(existing @ missing)) json

let private qosClass spec =
    let containers = Json.itemsAt [ "containers" ] spec @ Json.itemsAt [ "initContainers" ] spec
    let amount kind name container = Json.tryPath [ "resources"; kind; name ] container

    let guaranteed =
        containers
        |> List.forall (fun container ->
            [ "cpu"; "memory" ]
            |> List.forall (fun name ->
                (amount "limits" name container).IsSome
                && amount "limits" name container = amount "requests" name container))

    let nothing =
        containers
        |> List.forall (fun container ->
            [ "cpu"; "memory" ]
            |> List.forall (fun name ->
                (amount "limits" name container).IsNone
                && (amount "requests" name container).IsNone))

    if nothing then "BestEffort"
    elif guaranteed then "Guaranteed"
    else "Burstable"

let defaults (json: Json) : Json =
    let account spec =
        let name = Json.stringAt [ "serviceAccountName" ] spec |> Option.defaultValue "default"
        fill [ "serviceAccountName", Json.String name; "serviceAccount", Json.String name ] spec

    let more =
        fill [
            "priority", Json.int 0
            "enableServiceLinks", Json.Bool true
            "preemptionPolicy", Json.String "PreemptLowerPriority"
        ]

    json |> inside "spec" (templateSpec >> account >> tolerate >> more)

/// A new Pod waits, whatever status it was sent with.
let fresh (json: Json) : Json =
    let spec = Json.tryField "spec" json |> Option.defaultValue Json.empty

    json
    |> Json.withField
        "status"
        (Json.object [ "phase", Json.String "Pending"; "qosClass", Json.String(qosClass spec) ])
