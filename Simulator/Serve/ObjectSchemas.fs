/// Descriptions of configuration, network, storage, nodes and the rest.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.ObjectSchemas

let configuration = [
    kind "ConfigMap" "Configuration: named pieces of text." [
        "data", Words, "Text by name."
        "binaryData", Words, "Bytes by name, in base64."
        "immutable", Flag, "Whether its data can never change."
    ]
    kind "Secret" "Named pieces of secret data." [
        "data", Words, "Bytes by name, in base64."
        "stringData", Words, "Text by name; the server stores it in data."
        "type", Text, "What the data means, such as kubernetes.io/tls."
    ]
    kind "ServiceAccount" "The identity of processes in Pods." [
        "secrets", Free, "Secrets that its Pods may use."
        "imagePullSecrets", Free, "Secrets that its Pods pull images with."
    ]
    specified "Namespace" "A room for names."
    part "NamespaceSpec" "What a namespace is to be." [
        "finalizers", Texts, "What has to be cleared before it can go."
    ]
    part "NamespaceStatus" "What a namespace is doing." [
        "phase", Text, "Active or Terminating."
        conditions
    ]
]

let network = [
    specified "Service" "A name and an address for Pods that are selected by label."
    part "ServiceSpec" "What a Service is to be." [
        "type", Text, "ClusterIP (default), NodePort, LoadBalancer or ExternalName."
        "clusterIP", Text, "Its address; None makes it headless: its name leads to the Pods themselves."
        "selector", Words, "Labels of the Pods behind it."
        "ports", Free, "Ports: name, port, targetPort, protocol, nodePort."
        "publishNotReadyAddresses", Flag, "Whether Pods that are not ready are named too."
        "sessionAffinity", Text, "None or ClientIP."
        "externalName", Text, "The name that it stands for, of type ExternalName."
    ]
    part "ServiceStatus" "What a Service was given." [
        "loadBalancer", Free, "Addresses of its load balancer."
    ]
    kind "Endpoints" "The addresses behind a Service." [
        "subsets", Free, "Addresses (ready and not ready) and ports."
    ]
    kind "EndpointSlice" "Some of the addresses behind a Service." [
        "addressType", Text, "IPv4, IPv6 or FQDN."
        "endpoints", Free, "Addresses, each with its conditions, node and zone."
        "ports", Free, "Ports of every endpoint."
    ]
]

let storage = [
    specified "PersistentVolumeClaim" "A wish for a volume, and the volume that was bound to it."
    part "PersistentVolumeClaimSpec" "The wish. Only its size may grow, if the class allows it." [
        "accessModes", Texts, "ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod."
        "resources", One "ResourceRequirements", "requests.storage is the wanted size."
        "storageClassName", Text, "Who provisions it; empty: nobody, a volume has to be there."
        "volumeName", Text, "The volume that it is bound to."
        "volumeMode", Text, "Filesystem (default) or Block."
        "selector", One "LabelSelector", "Labels of the volumes that may be bound."
    ]
    part "PersistentVolumeClaimStatus" "What became of the wish." [
        "phase", Text, "Pending, Bound or Lost."
        "capacity", Quantities, "The size of the volume."
        "accessModes", Texts, "How the volume may be mounted."
        conditions
    ]
    specified "PersistentVolume" "A piece of storage."
    part "PersistentVolumeSpec" "What the storage is." [
        "capacity", Quantities, "Its size."
        "accessModes", Texts, "How it may be mounted."
        "claimRef", One "ObjectReference", "The claim that it is bound to."
        "persistentVolumeReclaimPolicy", Text, "Retain or Delete: what becomes of it without its claim."
        "storageClassName", Text, "Its class."
        "nodeAffinity", Free, "Nodes that it can be reached from."
        "volumeMode", Text, "Filesystem or Block."
    ]
    part "PersistentVolumeStatus" "What the storage is doing." [
        "phase", Text, "Available, Bound, Released or Failed."
        "reason", Text, "Why, in one word."
        "message", Text, "Why, in words."
    ]
    kind "StorageClass" "A way to provision volumes." [
        "provisioner", Text, "Who provisions."
        "parameters", Words, "What the provisioner is told."
        "reclaimPolicy", Text, "Delete (default) or Retain."
        "volumeBindingMode", Text, "Immediate, or WaitForFirstConsumer: when the Pod is scheduled."
        "allowVolumeExpansion", Flag, "Whether claims may grow."
    ]
]

let cluster = [
    specified "Node" "A machine that runs Pods."
    part "NodeSpec" "What a node is to be." [
        "unschedulable", Flag, "Whether new Pods keep away (cordon)."
        "taints", Free, "What Pods have to tolerate to be here."
        "providerID", Text, "The machine behind it."
    ]
    part "NodeStatus" "What a node is doing." [
        "capacity", Quantities, "What it has."
        "allocatable", Quantities, "What Pods may use of it."
        conditions
        "addresses", Free, "Its addresses, by type."
        "nodeInfo", Free, "Versions of kubelet, kernel, system and runtime."
    ]
    kind "Event" "Something that happened to an object." [
        "involvedObject", One "ObjectReference", "What it is about."
        "related", One "ObjectReference", "Another object that it is about."
        "type", Text, "Normal or Warning."
        "reason", Text, "What happened, in one word for programs."
        "message", Text, "What happened, in words for people."
        "count", Integer, "How often it was seen."
        "firstTimestamp", Time, "When it was first seen."
        "lastTimestamp", Time, "When it was last seen."
        "action", Text, "What was done."
        "reportingComponent", Text, "Who tells it."
    ]
    kind "Lease" "A right that is held for some time: leader election is made of it." [
        "spec", One "LeaseSpec", "Who holds it, and for how long."
    ]
    part "LeaseSpec" "Who holds a lease." [
        "holderIdentity", Text, "Who holds it."
        "leaseDurationSeconds", Integer, "Seconds after the renewal that others wait before they take it."
        "acquireTime", Time, "When it was taken."
        "renewTime", Time, "When it was renewed last."
        "leaseTransitions", Integer, "How often it changed hands."
    ]
    specified "PodDisruptionBudget" "How many of some Pods may be evicted at a time."
    part "PodDisruptionBudgetSpec" "The budget." [
        "selector", One "LabelSelector", "The Pods that it protects."
        "minAvailable", IntOrText, "Pods, or percent, that must stay available."
        "maxUnavailable", IntOrText, "Pods, or percent, that may be unavailable."
        "unhealthyPodEvictionPolicy",
        Text,
        "Whether Pods that are not ready may always go: IfHealthyBudget or AlwaysAllow."
    ]
    part "PodDisruptionBudgetStatus" "What is left of the budget." [
        "disruptionsAllowed", Integer, "Pods that may be evicted now."
        "currentHealthy", Integer, "Pods that are healthy."
        "desiredHealthy", Integer, "Pods that must be healthy."
        "expectedPods", Integer, "Pods that it counts."
        observed
        conditions
    ]
    specified "CustomResourceDefinition" "Makes the server serve another kind."
    part "CustomResourceDefinitionSpec" "The kind, and its versions." [
        "group", Text, "Its API group."
        "names", Free, "Kind, plural, singular, short names and categories."
        "scope", Text, "Namespaced or Cluster."
        "versions", Free, "Each with name, schema, subresources and printer columns."
        "conversion", Free, "How objects are converted between versions."
    ]
    part "CustomResourceDefinitionStatus" "Whether the kind is served." [
        conditions
        "acceptedNames", Free, "The names that are in use."
        "storedVersions", Texts, "Versions that objects were ever stored in."
    ]
]
