/// The messages that kubectl sends in protobuf even to servers that did not offer it (since 1.32): what `kubectl create
/// NAME` makes, evictions, and questions about the asker's rights. Numbers as in the generated.proto files of Kubernetes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.WireMessages

let private fields (fields: (int * string * WireField) list) : WireMessage =
    fields |> List.map (fun (at, name, field) -> at, (name, field)) |> Map.ofList

let private meta = 1, "metadata", Message "ObjectMeta"
let private parts name = 2, "spec", Message name

let private machinery = [
    "ObjectMeta",
    fields [
        1, "name", Str
        2, "generateName", Str
        3, "namespace", Str
        5, "uid", Str
        6, "resourceVersion", Str
        7, "generation", Int
        8, "creationTimestamp", Moment
        9, "deletionTimestamp", Moment
        10, "deletionGracePeriodSeconds", IntGiven
        11, "labels", MapOf Str
        12, "annotations", MapOf Str
        13, "ownerReferences", Several(Message "OwnerReference")
        14, "finalizers", Several Str
    ]
    "OwnerReference",
    fields [
        1, "kind", Str
        3, "name", Str
        4, "uid", Str
        5, "apiVersion", Str
        6, "controller", BoolGiven
        7, "blockOwnerDeletion", BoolGiven
    ]
    "DeleteOptions",
    fields [
        1, "gracePeriodSeconds", IntGiven
        2, "preconditions", Message "Preconditions"
        3, "orphanDependents", BoolGiven
        4, "propagationPolicy", Str
        5, "dryRun", Several Str
    ]
    "Preconditions", fields [ 1, "uid", Str; 2, "resourceVersion", Str ]
    "LabelSelector",
    fields [ 1, "matchLabels", MapOf Str; 2, "matchExpressions", Several(Message "Requirement") ]
    "Requirement", fields [ 1, "key", Str; 2, "operator", Str; 3, "values", Several Str ]
    "ObjectReference",
    fields [
        1, "kind", Str
        2, "namespace", Str
        3, "name", Str
        4, "uid", Str
        5, "apiVersion", Str
        6, "resourceVersion", Str
        7, "fieldPath", Str
    ]
    "LocalObjectReference", fields [ 1, "name", Str ]
]

let private core = [
    "Namespace", fields [ meta; parts "NamespaceSpec" ]
    "NamespaceSpec", fields [ 1, "finalizers", Several Str ]
    "ConfigMap",
    fields [ meta; 2, "data", MapOf Str; 3, "binaryData", MapOf Octets; 4, "immutable", BoolGiven ]
    "Secret",
    fields [
        meta
        2, "data", MapOf Octets
        3, "type", Str
        4, "stringData", MapOf Str
        5, "immutable", BoolGiven
    ]
    "ServiceAccount",
    fields [
        meta
        2, "secrets", Several(Message "ObjectReference")
        3, "imagePullSecrets", Several(Message "LocalObjectReference")
        4, "automountServiceAccountToken", BoolGiven
    ]
    "Service", fields [ meta; parts "ServiceSpec" ]
    "ServiceSpec",
    fields [
        1, "ports", Several(Message "ServicePort")
        2, "selector", MapOf Str
        3, "clusterIP", Str
        4, "type", Str
        5, "externalIPs", Several Str
        7, "sessionAffinity", Str
        10, "externalName", Str
        13, "publishNotReadyAddresses", Bool
        17, "ipFamilyPolicy", Str
        18, "clusterIPs", Several Str
        19, "ipFamilies", Several Str
    ]
    "ServicePort",
    fields [
        1, "name", Str
        2, "protocol", Str
        3, "port", Int
        4, "targetPort", IntOrStr
        5, "nodePort", Int
        6, "appProtocol", Str
    ]
    "Event",
    fields [
        meta
        2, "involvedObject", Message "ObjectReference"
        3, "reason", Str
        4, "message", Str
        5, "source", Message "EventSource"
        6, "firstTimestamp", Moment
        7, "lastTimestamp", Moment
        8, "count", Int
        9, "type", Str
        10, "eventTime", MicroMoment
        12, "action", Str
        13, "related", Message "ObjectReference"
        14, "reportingComponent", Str
        15, "reportingInstance", Str
    ]
    "EventSource", fields [ 1, "component", Str; 2, "host", Str ]
]

let private workloads = [
    "Deployment", fields [ meta; parts "DeploymentSpec" ]
    "DeploymentSpec",
    fields [
        1, "replicas", IntGiven
        2, "selector", Message "LabelSelector"
        3, "template", Message "PodTemplateSpec"
        5, "minReadySeconds", Int
    ]
    "PodTemplateSpec", fields [ meta; parts "PodSpec" ]
    "PodSpec",
    fields [
        2, "containers", Several(Message "Container")
        3, "restartPolicy", Str
        4, "terminationGracePeriodSeconds", IntGiven
        8, "serviceAccountName", Str
        10, "nodeName", Str
        20, "initContainers", Several(Message "Container")
    ]
    "Container",
    fields [
        1, "name", Str
        2, "image", Str
        3, "command", Several Str
        4, "args", Several Str
        6, "ports", Several(Message "ContainerPort")
        8, "resources", Message "Resources"
        14, "imagePullPolicy", Str
    ]
    "ContainerPort", fields [ 1, "name", Str; 3, "containerPort", Int; 4, "protocol", Str ]
    "Resources", fields [ 1, "limits", MapOf Amount; 2, "requests", MapOf Amount ]
    "PodDisruptionBudget", fields [ meta; parts "PodDisruptionBudgetSpec" ]
    "PodDisruptionBudgetSpec",
    fields [
        1, "minAvailable", IntOrStr
        2, "selector", Message "LabelSelector"
        3, "maxUnavailable", IntOrStr
        4, "unhealthyPodEvictionPolicy", Str
    ]
    "Eviction", fields [ meta; 2, "deleteOptions", Message "DeleteOptions" ]
    "Lease", fields [ meta; parts "LeaseSpec" ]
    "LeaseSpec",
    fields [
        1, "holderIdentity", Str
        2, "leaseDurationSeconds", IntGiven
        3, "acquireTime", MicroMoment
        4, "renewTime", MicroMoment
        5, "leaseTransitions", IntGiven
    ]
]

let private rights =
    let role = fields [ meta; 2, "rules", Several(Message "PolicyRule") ]

    let binding =
        fields [ meta; 2, "subjects", Several(Message "Subject"); 3, "roleRef", Message "RoleRef" ]

    [
        "Role", role
        "ClusterRole", role
        "RoleBinding", binding
        "ClusterRoleBinding", binding
        "PolicyRule",
        fields [
            1, "verbs", Several Str
            2, "apiGroups", Several Str
            3, "resources", Several Str
            4, "resourceNames", Several Str
            5, "nonResourceURLs", Several Str
        ]
        "RoleRef", fields [ 1, "apiGroup", Str; 2, "kind", Str; 3, "name", Str ]
        "Subject", fields [ 1, "kind", Str; 2, "apiGroup", Str; 3, "name", Str; 4, "namespace", Str ]
        "SelfSubjectReview", fields [ meta ]
        "SelfSubjectRulesReview", fields [ meta; parts "RulesOf" ]
        "RulesOf", fields [ 1, "namespace", Str ]
        "SelfSubjectAccessReview", fields [ meta; parts "Access" ]
        "Access",
        fields [
            1, "resourceAttributes", Message "ResourceAttributes"
            2, "nonResourceAttributes", Message "Path"
        ]
        "ResourceAttributes",
        fields [
            1, "namespace", Str
            2, "verb", Str
            3, "group", Str
            4, "version", Str
            5, "resource", Str
            6, "subresource", Str
            7, "name", Str
        ]
        "Path", fields [ 1, "path", Str; 2, "verb", Str ]
    ]

/// By kind.
let all: Map<string, WireMessage> = List.concat [ machinery; core; workloads; rights ] |> Map.ofList
