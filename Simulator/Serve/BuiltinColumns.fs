/// The columns of `kubectl get` for the kinds that every server has.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.BuiltinColumns

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private text = Column.text
let private at = Column.at
let private wide = Column.wide
let private count path object = Json.membersAt path object |> List.length

let private port item =
    let text field = Json.stringAt [ field ] item |> Option.defaultValue ""
    let number field = Json.intAt [ field ] item

    match number "port", number "nodePort" with
    | Some port, Some node -> $"""%d{port}:%d{node}/%s{text "protocol"}"""
    | Some port, None ->
        match text "protocol" with
        | "" -> $"%d{port}/TCP"
        | protocol -> $"%d{port}/%s{protocol}"
    | None, _ -> text "name"

let private externalIps service =
    let ingress =
        Json.itemsAt [ "status"; "loadBalancer"; "ingress" ] service
        |> List.choose (fun item ->
            Json.stringAt [ "ip" ] item |> Option.orElse (Json.stringAt [ "hostname" ] item))

    let given = Json.itemsAt [ "spec"; "externalIPs" ] service |> List.choose Json.asString

    match Json.stringAt [ "spec"; "type" ] service, ingress @ given with
    | Some "ExternalName", _ -> at [ "spec"; "externalName" ] service
    | Some "LoadBalancer", [] -> "<pending>"
    | _, found -> Column.joined found

let private services = [
    Column.name
    text "Type" "How the service is reached." (Column.orElse "ClusterIP" [ "spec"; "type" ])
    text "Cluster-IP" "Its address inside the cluster; None: headless." (at [ "spec"; "clusterIP" ])
    text "External-IP" "Its addresses outside the cluster." externalIps
    text
        "Port(s)"
        "Ports that it serves."
        (Json.itemsAt [ "spec"; "ports" ] >> List.map port >> Column.joined)
    Column.age
    text "Selector" "Labels of the pods behind it." (Column.labelSelector [ "spec"; "selector" ])
    |> wide
]

let private data object = count [ "data" ] object + count [ "binaryData" ] object

let private configMaps = [ Column.name; Column.integer "Data" "How many entries it has." data; Column.age ]

let private secrets = [
    Column.name
    text "Type" "What its entries mean." (Column.orElse "Opaque" [ "type" ])
    Column.integer "Data" "How many entries it has." data
    Column.age
]

/// A claim that is being deleted says so in the place of its phase.
let private phase object =
    match Json.stringAt [ "metadata"; "deletionTimestamp" ] object with
    | Some _ -> "Terminating"
    | None -> Column.orElse "" [ "status"; "phase" ] object

let private unset path = Column.orElse "<unset>" path

let private claims = [
    Column.name
    text "Status" "Pending, Bound or Lost." phase
    text "Volume" "The volume that it is bound to." (Column.orElse "" [ "spec"; "volumeName" ])
    text "Capacity" "Size of the bound volume." (Column.quantity [ "status"; "capacity"; "storage" ])
    text "Access Modes" "How the volume may be mounted." (Column.accessModes [ "status"; "accessModes" ])
    text "StorageClass" "Who provisions it." (Column.orElse "" [ "spec"; "storageClassName" ])
    text "VolumeAttributesClass" "Class of its attributes." (unset [ "spec"; "volumeAttributesClassName" ])
    Column.age
    text "VolumeMode" "Filesystem or Block." (unset [ "spec"; "volumeMode" ])
    |> wide
]

let private claimOf volume =
    match
        Json.stringAt [ "spec"; "claimRef"; "namespace" ] volume,
        Json.stringAt [ "spec"; "claimRef"; "name" ] volume
    with
    | Some ``namespace``, Some name -> $"%s{``namespace``}/%s{name}"
    | _ -> ""

let private volumes = [
    Column.name
    text "Capacity" "Its size." (Column.quantity [ "spec"; "capacity"; "storage" ])
    text "Access Modes" "How it may be mounted." (Column.accessModes [ "spec"; "accessModes" ])
    text
        "Reclaim Policy"
        "What becomes of it without its claim."
        (Column.orElse "" [ "spec"; "persistentVolumeReclaimPolicy" ])
    text "Status" "Available, Bound, Released or Failed." phase
    text "Claim" "The claim that it is bound to." claimOf
    text "StorageClass" "Who provisioned it." (Column.orElse "" [ "spec"; "storageClassName" ])
    text "VolumeAttributesClass" "Class of its attributes." (unset [ "spec"; "volumeAttributesClassName" ])
    text "Reason" "Why it is in this state." (Column.orElse "" [ "status"; "reason" ])
    Column.age
    text "VolumeMode" "Filesystem or Block." (unset [ "spec"; "volumeMode" ])
    |> wide
]

let private nodeStatus node =
    let ready =
        Json.itemsAt [ "status"; "conditions" ] node
        |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some "Ready")
        |> Option.bind (Json.stringAt [ "status" ])

    let word =
        match ready with
        | Some "True" -> "Ready"
        | Some _ -> "NotReady"
        | None -> "Unknown"

    match Json.boolAt [ "spec"; "unschedulable" ] node with
    | Some true -> word + ",SchedulingDisabled"
    | _ -> word

let private roles node =
    let prefix = "node-role.kubernetes.io/"

    Meta.labels node
    |> Map.toList
    |> List.choose (fun (key, _) ->
        if key.StartsWith(prefix, StringComparison.Ordinal) then Some(key.Substring prefix.Length) else None)
    |> Column.joined

let private address kind node =
    Json.itemsAt [ "status"; "addresses" ] node
    |> List.tryFind (fun address -> Json.stringAt [ "type" ] address = Some kind)
    |> Option.bind (Json.stringAt [ "address" ])
    |> Option.defaultValue Column.none

let private info field = Column.orElse "<unknown>" [ "status"; "nodeInfo"; field ]

let private nodes = [
    Column.name
    text "Status" "Whether its kubelet reports it ready." nodeStatus
    text "Roles" "Its roles, by label." roles
    Column.age
    text "Version" "Version of its kubelet." (Column.orElse "" [ "status"; "nodeInfo"; "kubeletVersion" ])
    text "Internal-IP" "Its address in the cluster." (address "InternalIP") |> wide
    text "External-IP" "Its address outside." (address "ExternalIP") |> wide
    text "OS-Image" "Its operating system." (info "osImage") |> wide
    text "Kernel-Version" "Its kernel." (info "kernelVersion") |> wide
    text "Container-Runtime" "What runs its containers." (info "containerRuntimeVersion")
    |> wide
]

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

let private events = [
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

let private leases = [
    Column.name
    text "Holder" "Who holds it." (Column.orElse "" [ "spec"; "holderIdentity" ])
    Column.age
]

let private namespaces = [
    Column.name
    text "Status" "Active or Terminating." (Column.orElse "Active" [ "status"; "phase" ])
    Column.age
]

/// The first three of several, and how many more there are.
let private firstThree (found: string list) =
    match found with
    | [] -> Column.none
    | found when found.Length <= 3 -> String.concat "," found
    | found -> $"""%s{found |> List.take 3 |> String.concat ","} + %d{found.Length - 3} more..."""

let private addresses endpoints = [
    for subset in Json.itemsAt [ "subsets" ] endpoints do
        let ips = Json.itemsAt [ "addresses" ] subset |> List.choose (Json.stringAt [ "ip" ])

        match Json.itemsAt [ "ports" ] subset |> List.choose (Json.intAt [ "port" ]) with
        | [] -> yield! ips
        | ports ->
            for port in ports do
                for ip in ips -> $"%s{ip}:%d{port}"
]

let private endpoints = [
    Column.name
    text "Endpoints" "Addresses of the ready pods." (addresses >> firstThree)
    Column.age
]

let private slices = [
    Column.name
    text "AddressType" "IPv4, IPv6 or FQDN." (at [ "addressType" ])
    text
        "Ports"
        "Ports of its endpoints."
        (Json.itemsAt [ "ports" ]
         >> List.choose (Json.intAt [ "port" ])
         >> List.map string
         >> firstThree)
    text
        "Endpoints"
        "Addresses of its endpoints."
        (Json.itemsAt [ "endpoints" ]
         >> List.collect (Json.itemsAt [ "addresses" ] >> List.choose Json.asString)
         >> firstThree)
    Column.age
]

let private storageClasses =
    let isDefault object =
        Json.mapAt [ "metadata"; "annotations" ] object
        |> Map.tryFind "storageclass.kubernetes.io/is-default-class"
            =
            Some "true"

    let name object = if isDefault object then Meta.name object + " (default)" else Meta.name object

    [
        text "Name" "Name of the class." name
        text "Provisioner" "Who provisions its volumes." (at [ "provisioner" ])
        text
            "ReclaimPolicy"
            "What becomes of a volume without its claim."
            (Column.orElse "Delete" [ "reclaimPolicy" ])
        text
            "VolumeBindingMode"
            "When a volume is chosen."
            (Column.orElse "Immediate" [ "volumeBindingMode" ])
        {
            text "AllowVolumeExpansion" "Whether claims may grow." (fun _ -> "") with
                Type = "boolean"
                Cell =
                    fun _ object ->
                        Json.boolAt [ "allowVolumeExpansion" ] object
                        |> Option.defaultValue false
                        |> Json.bool
        }
        Column.age
    ]

let private number path object = Json.intAt path object |> Option.defaultValue 0

let private intOrText path object =
    match Json.tryPath path object with
    | Some(Json.String text)
    | Some(Json.Number text) -> text
    | _ -> "N/A"

let private budgets = [
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

let private statefulSets =
    [ Column.name; text "Ready" "Pods that are ready, of those wanted." readyOf; Column.age ]
    @ images

let private deployments =
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

let private revisions =
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

let private serviceAccounts = [
    Column.name
    Column.integer "Secrets" "Secrets that its pods may use." (Json.itemsAt [ "secrets" ] >> List.length)
    Column.age
]

let private bindings = [
    Column.name
    text "Role" "The role that is given." (fun object ->
        $"""%s{at [ "roleRef"; "kind" ] object}/%s{at [ "roleRef"; "name" ] object}""")
    Column.age
]

let private dated = [ Column.name; Column.createdAt ]

/// The columns of a resource; of a built-in one without columns of its own, name and date.
let ofResource (resource: ResourceType) : Column list =
    match resource.Key.Group, resource.Key.Plural with
    | _ when resource.Custom && List.isEmpty resource.Columns -> [ Column.name; Column.age ]
    | _ when resource.Custom -> Column.name :: (resource.Columns |> List.map Column.declared)
    | "", "pods" -> PodColumns.all
    | "", "services" -> services
    | "", "configmaps" -> configMaps
    | "", "secrets" -> secrets
    | "", "persistentvolumeclaims" -> claims
    | "", "persistentvolumes" -> volumes
    | "", "nodes" -> nodes
    | _, "events" -> events
    | _, "leases" -> leases
    | "", "namespaces" -> namespaces
    | "", "endpoints" -> endpoints
    | _, "endpointslices" -> slices
    | _, "storageclasses" -> storageClasses
    | _, "poddisruptionbudgets" -> budgets
    | _, "statefulsets" -> statefulSets
    | _, "deployments" -> deployments
    | _, "controllerrevisions" -> revisions
    | "", "serviceaccounts" -> serviceAccounts
    | _, ("rolebindings" | "clusterrolebindings") -> bindings
    | _ -> dated
