/// Defaults of Pods and what is wrong with them (core/v1 PodSpec).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.PodRules

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

let private each change json =
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

// ---- what is wrong

let private text field json = Json.stringAt [ field ] json |> Option.defaultValue ""

let private badResources path (container: Json) : Errors.Cause list = [
    for kind in [ "limits"; "requests" ] do
        for name, value in Json.membersAt [ "resources"; kind ] container do
            match Quantities.ofJson value with
            | None ->
                Causes.invalid
                    $"%s{path}.resources.%s{kind}[%s{name}]"
                    (Causes.printed value)
                    Quantities.complaint
            | Some amount ->
                if amount < 0m then
                    Causes.invalid
                        $"%s{path}.resources.%s{kind}[%s{name}]"
                        (Causes.printed value)
                        "must be greater than or equal to 0"

    for name, request in Json.membersAt [ "resources"; "requests" ] container do
        match
            Quantities.ofJson request,
            Json.tryPath [ "resources"; "limits"; name ] container
            |> Option.bind Quantities.ofJson
        with
        | Some request', Some limit when request' > limit ->
            Causes.invalid
                $"%s{path}.resources.requests"
                (Causes.printed request)
                $"must be less than or equal to %s{name} limit"
        | _ -> ()
]

let private badPorts path container : Errors.Cause list = [
    for index, port in Json.itemsAt [ "ports" ] container |> List.indexed do
        match Json.intAt [ "containerPort" ] port |> Option.defaultValue 0 with
        | 0 -> Causes.required $"%s{path}.ports[%d{index}].containerPort"
        | number when number < 1 || number > 65535 ->
            Causes.invalid
                $"%s{path}.ports[%d{index}].containerPort"
                (string number)
                "must be between 1 and 65535, inclusive"
        | _ -> ()
]

let private badMounts path volumes container : Errors.Cause list = [
    for index, mount in Json.itemsAt [ "volumeMounts" ] container |> List.indexed do
        let name = text "name" mount

        if not (List.contains name volumes) then
            Causes.notFound $"%s{path}.volumeMounts[%d{index}].name" name

        if text "mountPath" mount = "" then
            Causes.required $"%s{path}.volumeMounts[%d{index}].mountPath"
]

let private badContainers volumes (field: string) spec : Errors.Cause list =
    let containers = Json.itemsAt [ field ] spec |> List.indexed

    [
        for index, container in containers do
            let path = $"spec.%s{field}[%d{index}]"
            let name = text "name" container

            if name = "" then
                Causes.required (path + ".name")
            else
                for problem in MetadataRules.label name do
                    Causes.invalidText (path + ".name") name problem

            if
                containers
                |> List.exists (fun (other, item) -> other < index && text "name" item = name && name <> "")
            then
                Causes.duplicate (path + ".name") ("\"" + name + "\"")

            if text "image" container = "" && name <> "" then
                Causes.required (path + ".image")

            yield! badPorts path container
            yield! badResources path container
            yield! badMounts path volumes container
    ]

let private badVolumes spec : Errors.Cause list =
    let volumes = Json.itemsAt [ "volumes" ] spec |> List.indexed

    [
        for index, volume in volumes do
            let path = $"spec.volumes[%d{index}]"
            let name = text "name" volume

            if name = "" then
                Causes.required (path + ".name")
            else
                for problem in MetadataRules.label name do
                    Causes.invalidText (path + ".name") name problem

            if
                volumes
                |> List.exists (fun (other, item) -> other < index && text "name" item = name && name <> "")
            then
                Causes.duplicate (path + ".name") ("\"" + name + "\"")

            match
                Json.asMembers volume
                |> Option.defaultValue []
                |> List.filter (fun (key, _) -> key <> "name")
            with
            | []
            | [ _ ] -> ()
            | _ :: (second, _) :: _ ->
                Causes.forbidden $"%s{path}.%s{second}" "may not specify more than 1 volume type"
    ]

let private choice (path: string) (spec: Json) (field: string) allowed : Errors.Cause list =
    match Json.stringAt [ field ] spec with
    | Some value when not (List.contains value allowed) -> [
        Causes.unsupported $"%s{path}.%s{field}" ("\"" + value + "\"") allowed
      ]
    | _ -> []

let causes (json: Json) : Errors.Cause list =
    let spec = Json.tryField "spec" json |> Option.defaultValue Json.empty
    let volumes = Json.itemsAt [ "volumes" ] spec |> List.map (text "name")

    [
        yield! badVolumes spec

        if List.isEmpty (Json.itemsAt [ "containers" ] spec) then
            Causes.required "spec.containers"

        yield! badContainers volumes "containers" spec
        yield! badContainers volumes "initContainers" spec
        yield! choice "spec" spec "restartPolicy" [ "Always"; "OnFailure"; "Never" ]
        yield! choice "spec" spec "dnsPolicy" [ "ClusterFirstWithHostNet"; "ClusterFirst"; "Default"; "None" ]

        match Json.int64At [ "terminationGracePeriodSeconds" ] spec with
        | Some seconds when seconds < 0L ->
            Causes.invalid
                "spec.terminationGracePeriodSeconds"
                (string seconds)
                "must be greater than or equal to 0"
        | _ -> ()
    ]

let private frozen =
    "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)"

/// A Pod's spec as far as it may not change.
let private fixedPart spec =
    let withoutImages = each (Json.withoutField "image")

    spec
    |> inside "containers" withoutImages
    |> inside "initContainers" withoutImages
    |> Json.withoutField "activeDeadlineSeconds"
    |> Json.withoutField "tolerations"

let changeCauses (old: Json) (json: Json) : Errors.Cause list =
    let spec object = Json.tryField "spec" object |> Option.defaultValue Json.empty
    let before, after = spec old, spec json

    if Object.ReferenceEquals(before, after) || before = after then
        []
    else
        let tolerations = Json.itemsAt [ "tolerations" ]

        let lost =
            tolerations before
            |> List.exists (fun item -> not (List.contains item (tolerations after)))

        if lost || fixedPart before <> fixedPart after then [ Causes.forbidden "spec" frozen ] else []
