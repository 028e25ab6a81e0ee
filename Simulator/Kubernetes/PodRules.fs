/// What is wrong with Pods (core/v1 PodSpec).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.PodRules

open System
open Tikv.Core

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
    let withoutImages = PodDefaults.each (Json.withoutField "image")

    spec
    |> PodDefaults.inside "containers" withoutImages
    |> PodDefaults.inside "initContainers" withoutImages
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
