/// The resources that every server has, with the names that kubectl knows them by.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Builtins

open Tikv.Core

let key group version plural : ResourceKey = { Group = group; Version = version; Plural = plural }

let private make
    group
    version
    plural
    singular
    kind
    namespaced
    shortNames
    categories
    subresources
    : ResourceType = {
    Key = key group version plural
    Singular = singular
    Kind = kind
    ShortNames = shortNames
    Categories = categories
    Namespaced = namespaced
    Subresources = subresources
    ScalePaths = None
    Schema = None
    Columns = []
    Custom = false
}

let private scaled (resource: ResourceType) = {
    resource with
        ScalePaths = Some(".spec.replicas", ".status.replicas", Some ".status.selector")
}

let namespaces = key "" "v1" "namespaces"
let pods = key "" "v1" "pods"
let configMaps = key "" "v1" "configmaps"
let services = key "" "v1" "services"
let persistentVolumeClaims = key "" "v1" "persistentvolumeclaims"
let persistentVolumes = key "" "v1" "persistentvolumes"
let nodes = key "" "v1" "nodes"
let events = key "" "v1" "events"
let leases = key "coordination.k8s.io" "v1" "leases"
let storageClasses = key "storage.k8s.io" "v1" "storageclasses"
let podDisruptionBudgets = key "policy" "v1" "poddisruptionbudgets"
let resourceQuotas = key "" "v1" "resourcequotas"
let volumeAttributesClasses = key "storage.k8s.io" "v1" "volumeattributesclasses"
let customResourceDefinitions = key "apiextensions.k8s.io" "v1" "customresourcedefinitions"

let all: ResourceType list =
    let rbac = "rbac.authorization.k8s.io"

    [
        make "" "v1" "namespaces" "namespace" "Namespace" false [ "ns" ] [] [ "status"; "finalize" ]
        make "" "v1" "pods" "pod" "Pod" true [ "po" ] [ "all" ] [
            "status"
            "binding"
            "eviction"
            "log"
            "proxy"
            "exec"
        ]
        make "" "v1" "configmaps" "configmap" "ConfigMap" true [ "cm" ] [] []
        make "" "v1" "secrets" "secret" "Secret" true [] [] []
        make "" "v1" "services" "service" "Service" true [ "svc" ] [ "all" ] [ "status"; "proxy" ]
        make "" "v1" "endpoints" "endpoints" "Endpoints" true [ "ep" ] [] []
        make "" "v1" "persistentvolumeclaims" "persistentvolumeclaim" "PersistentVolumeClaim" true [ "pvc" ] [] [
            "status"
        ]
        make "" "v1" "persistentvolumes" "persistentvolume" "PersistentVolume" false [ "pv" ] [] [ "status" ]
        make "" "v1" "nodes" "node" "Node" false [ "no" ] [] [ "status"; "proxy" ]
        make "" "v1" "serviceaccounts" "serviceaccount" "ServiceAccount" true [ "sa" ] [] []
        make "" "v1" "resourcequotas" "resourcequota" "ResourceQuota" true [ "quota" ] [] [ "status" ]
        make "" "v1" "events" "event" "Event" true [ "ev" ] [] []
        make "events.k8s.io" "v1" "events" "event" "Event" true [ "ev" ] [] []
        make "coordination.k8s.io" "v1" "leases" "lease" "Lease" true [] [] []
        make "apps" "v1" "statefulsets" "statefulset" "StatefulSet" true [ "sts" ] [ "all" ] [
            "status"
            "scale"
        ]
        |> scaled
        make "apps" "v1" "deployments" "deployment" "Deployment" true [ "deploy" ] [ "all" ] [
            "status"
            "scale"
        ]
        |> scaled
        make "apps" "v1" "controllerrevisions" "controllerrevision" "ControllerRevision" true [] [] []
        make "storage.k8s.io" "v1" "storageclasses" "storageclass" "StorageClass" false [ "sc" ] [] []
        make "policy" "v1" "poddisruptionbudgets" "poddisruptionbudget" "PodDisruptionBudget" true [ "pdb" ] [] [
            "status"
        ]
        make "discovery.k8s.io" "v1" "endpointslices" "endpointslice" "EndpointSlice" true [] [] []
        make rbac "v1" "roles" "role" "Role" true [] [] []
        make rbac "v1" "rolebindings" "rolebinding" "RoleBinding" true [] [] []
        make rbac "v1" "clusterroles" "clusterrole" "ClusterRole" false [] [] []
        make rbac "v1" "clusterrolebindings" "clusterrolebinding" "ClusterRoleBinding" false [] [] []
        make
            "apiextensions.k8s.io"
            "v1"
            "customresourcedefinitions"
            "customresourcedefinition"
            "CustomResourceDefinition"
            false
            [ "crd"; "crds" ] [ "api-extensions" ] [ "status" ]
    ]

/// Served by clusters that have them only (Kubernetes 1.34 and later).
let volumeAttributesClass: ResourceType =
    make
        "storage.k8s.io"
        "v1"
        "volumeattributesclasses"
        "volumeattributesclass"
        "VolumeAttributesClass"
        false
        [ "vac" ] [] []

/// The refusal of a resource that is not served: groups and versions of the server's own answer as an API does.
let unserved group version : Response =
    let isOwn =
        all
        |> List.exists (fun resource -> resource.Key.Group = group && resource.Key.Version = version)

    if isOwn then Errors.notServed else Errors.noSuchPath
