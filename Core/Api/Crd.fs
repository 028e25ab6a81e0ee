namespace Tikv.Core.Api

open Tikv.Core
open Tikv.Core.Kubernetes

/// A column of `kubectl get`. Priority 1 is shown with `-o wide` only.
type PrinterColumn = {
    Name: string
    /// `string`, `integer` or `date`.
    Type: string
    Path: string
    Priority: int
}

/// The CustomResourceDefinitions of our five kinds, made from their records.
[<RequireQualifiedAccess>]
module Crd =

    let private column priority kind name path = {
        Name = name
        Type = kind
        Path = path
        Priority = priority
    }

    let private text name path = column 0 "string" name path
    let private number name path = column 0 "integer" name path
    let private wide name path = column 1 "string" name path
    let private condition name = $".status.conditions[?(@.type==\"%s{name}\")].status"
    let private message = wide "Message" ".status.conditions[?(@.type==\"Ready\")].message"
    /// Why it is not (yet) as desired: empty in a settled object.
    let private reason = text "Reason" ".status.conditions[?(@.type==\"Reconciling\")].reason"
    let private age = column 0 "date" "Age" ".metadata.creationTimestamp"
    let private componentSummary name = $".status.components[?(@.kind==\"%s{name}\")].summary"

    let private group = [
        text "Cluster" ".spec.cluster.name"
        number "Desired" ".spec.replicas"
        number "Ready" ".status.readyReplicas"
        number "Updated" ".status.updatedReplicas"
        text "Synced" (condition ConditionType.Synced)
        text "State" ".status.summary"
        reason
        wide "Revision" ".status.updateRevision"
        message
        age
    ]

    /// Columns in the order in which they are shown.
    let columns (kind: Kind) : PrinterColumn list =
        match kind with
        | Kind.Cluster -> [
            text "Version" ".status.version"
            text "PD" (componentSummary "PD")
            text "TiKV" (componentSummary "TiKV")
            text "Ready" (condition ConditionType.Ready)
            text "State" ".status.summary"
            wide "Blocked-By" ".status.blockedBy[0].gate"
            wide "Stores-Up" ".status.storesUp"
            column 1 "integer" "Regions-Unhealthy" ".status.regionsUnhealthy"
            message
            age
          ]
        | Kind.PDGroup
        | Kind.TiKVGroup -> group
        | Kind.PD -> [
            text "Cluster" ".spec.cluster.name"
            wide "Member-Id" ".status.id"
            text "Role" ".status.role"
            text "Ready" (condition ConditionType.Ready)
            text "Synced" (condition ConditionType.Synced)
            reason
            wide "Node" ".status.nodeName"
            wide "Zone" ".status.zone"
            message
            age
          ]
        | Kind.TiKV -> [
            text "Cluster" ".spec.cluster.name"
            text "Store" ".status.id"
            text "State" ".status.state"
            number "Leaders" ".status.leaders"
            number "Regions" ".status.regions"
            text "Ready" (condition ConditionType.Ready)
            text "Synced" (condition ConditionType.Synced)
            reason
            wide "Zone" ".status.zone"
            wide "Node" ".status.nodeName"
            wide "Capacity-Used" ".status.capacityUsed"
            message
            age
          ]
        | Kind.Pod
        | Kind.ConfigMap
        | Kind.PersistentVolumeClaim
        | Kind.Service
        | Kind.Lease
        | Kind.Event
        | Kind.Node
        | Kind.PersistentVolume
        | Kind.StorageClass
        | Kind.PodDisruptionBudget
        | Kind.ControllerRevision
        | Kind.Secret -> []

    /// Names in the layers, top to bottom: short name, second category, longest name of an object.
    let private words (kind: Kind) =
        match kind with
        | Kind.Cluster -> "tkc", [], 37
        | Kind.PDGroup -> "pdg", [ "tikv-group" ], 40
        | Kind.TiKVGroup -> "kvg", [ "tikv-group" ], 40
        | Kind.PD -> "tkpd", [ "tikv-instance" ], 47
        | Kind.TiKV -> "tkv", [ "tikv-instance" ], 47
        | Kind.Pod
        | Kind.ConfigMap
        | Kind.PersistentVolumeClaim
        | Kind.Service
        | Kind.Lease
        | Kind.Event
        | Kind.Node
        | Kind.PersistentVolume
        | Kind.StorageClass
        | Kind.PodDisruptionBudget
        | Kind.ControllerRevision
        | Kind.Secret -> "", [], 253

    /// Characters of the name of an object: it begins the names of Pods and Services, which end at 63, and values of labels.
    let longestName (kind: Kind) : int =
        let _, _, longest = words kind
        longest

    let private columnJson (column: PrinterColumn) =
        Json.present [
            "name", Some(Json.string column.Name)
            "type", Some(Json.string column.Type)
            "jsonPath", Some(Json.string column.Path)
            "priority", (if column.Priority = 0 then None else Some(Json.int column.Priority))
        ]

    let private isGroup kind = kind = Kind.PDGroup || kind = Kind.TiKVGroup

    let private subresources kind =
        Json.object [
            "status", Json.empty
            if isGroup kind then
                "scale",
                Json.object [
                    "specReplicasPath", Json.string ".spec.replicas"
                    "statusReplicasPath", Json.string ".status.replicas"
                    "labelSelectorPath", Json.string ".status.selector"
                ]
        ]

    let private schema kind (spec: RecordShape) (status: RecordShape) =
        let standard text = Json.object [ "description", Json.string text; "type", Json.string "string" ]

        Json.object [
            "description", Json.string spec.Rules.Doc
            "type", Json.string "object"
            "required", Json.strings [ "spec" ]
            "properties",
            Json.object [
                "apiVersion", standard "Version of the schema of this object."
                "kind", standard "Kind of this object."
                "metadata", Json.object [ "type", Json.string "object" ]
                "spec",
                Schema.ofRecord spec
                |> Json.withField "description" (Json.string "What is wanted.")
                "status",
                Schema.ofRecord status
                |> Json.withField "description" (Json.string "What was seen; written by the operator.")
            ]
            "x-kubernetes-validations",
            Json.array [
                Json.object [
                    "rule", Json.string $"size(self.metadata.name) <= %d{longestName kind}"
                    "message", Json.string $"the name must have no more than %d{longestName kind} characters"
                ]
            ]
        ]

    let private definition kind (spec, status) =
        let resource = Kind.resource kind
        let short, categories, _ = words kind

        Json.object [
            "apiVersion", Json.string "apiextensions.k8s.io/v1"
            "kind", Json.string "CustomResourceDefinition"
            "metadata",
            Json.object [
                "name", Json.string $"%s{resource.Plural}.%s{resource.Group}"
                "labels",
                Json.object [
                    "app.kubernetes.io/name", Json.string "tikv-operator"
                    "app.kubernetes.io/component", Json.string "crd"
                ]
            ]
            "spec",
            Json.object [
                "group", Json.string resource.Group
                "names",
                Json.object [
                    "kind", Json.string resource.Name
                    "listKind", Json.string (resource.Name + "List")
                    "plural", Json.string resource.Plural
                    "singular", Json.string (resource.Name.ToLowerInvariant())
                    "shortNames", Json.strings [ short ]
                    "categories", Json.strings ("tikv-all" :: categories)
                ]
                "scope", Json.string "Namespaced"
                "versions",
                Json.array [
                    Json.object [
                        "name", Json.string resource.Version
                        "served", Json.bool true
                        "storage", Json.bool true
                        "subresources", subresources kind
                        "additionalPrinterColumns", Json.array (columns kind |> List.map columnJson)
                        "schema", Json.object [ "openAPIV3Schema", schema kind spec status ]
                    ]
                ]
            ]
        ]

    /// Every CRD with the name of its file.
    let all: (string * Json) list = [
        for kind in Kind.ours do
            match Codec.shapes kind with
            | Some shapes ->
                let resource = Kind.resource kind
                $"%s{resource.Group}_%s{resource.Plural}.yaml", definition kind shapes
            | None -> ()
    ]
