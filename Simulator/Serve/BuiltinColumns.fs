/// The columns of `kubectl get` for the kinds that every server has.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.BuiltinColumns

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
    | "", "persistentvolumeclaims" -> StorageColumns.claims
    | "", "persistentvolumes" -> StorageColumns.volumes
    | "", "nodes" -> NodeColumns.all
    | _, "events" -> EventColumns.all
    | _, "leases" -> leases
    | "", "namespaces" -> namespaces
    | "", "endpoints" -> endpoints
    | _, "endpointslices" -> slices
    | _, "storageclasses" -> StorageColumns.storageClasses
    | _, "poddisruptionbudgets" -> WorkloadColumns.budgets
    | _, "statefulsets" -> WorkloadColumns.statefulSets
    | _, "deployments" -> WorkloadColumns.deployments
    | _, "controllerrevisions" -> WorkloadColumns.revisions
    | "", "serviceaccounts" -> serviceAccounts
    | _, ("rolebindings" | "clusterrolebindings") -> bindings
    | _ -> dated
