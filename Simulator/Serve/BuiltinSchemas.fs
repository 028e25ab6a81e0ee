/// Descriptions of the built-in kinds: what `kubectl explain` prints. The main fields are listed; the server allows the
/// others too. In our own words; the full reference is Kubernetes' API documentation.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.BuiltinSchemas

let private part name description fields = { Name = name; Description = description; Fields = fields }

let private kind name description fields = part name description (KindSchemas.heads @ fields)

/// A kind of the usual two halves.
let private specified name description =
    kind name description [
        "spec", One(name + "Spec"), "What is wanted."
        "status", One(name + "Status"), "What is the case, as controllers saw it last."
    ]

let private conditions = "conditions", Many "Condition", "Observations, at most one of a type."
let private observed = "observedGeneration", Integer, "The generation that this status tells about."

let private meta = [
    part "ObjectMeta" "What every object has." [
        "name", Text, "Unique among the objects of a kind in a namespace; it never changes."
        "generateName", Text, "Beginning of a name that the server completes, when no name is given."
        "namespace", Text, "The namespace that the object lives in; it never changes."
        "labels", Words, "Short keys and values to select objects by."
        "annotations", Words, "Keys and values for programs, not to select by."
        "uid", Text, "One life of the object; made by the server."
        "resourceVersion",
        Text,
        "Changes with every write. Sent back with an update, it makes the server refuse it if somebody else wrote in between."
        "generation", Integer, "Grows with every change of what is wanted."
        "creationTimestamp", Time, "When the object was made."
        "deletionTimestamp", Time, "Set when deletion was asked for; the object is gone after its finalizers."
        "deletionGracePeriodSeconds", Integer, "Seconds that a graceful deletion may take."
        "finalizers", Texts, "Each has to be removed, by whom it names, before the object can go."
        "ownerReferences",
        Many "OwnerReference",
        "Objects that this one depends on; it is collected when they are gone."
    ]
    part "OwnerReference" "One owner of an object." [
        "apiVersion", Text, "Group and version of the owner."
        "kind", Text, "Kind of the owner."
        "name", Text, "Name of the owner, in the same namespace or of the cluster."
        "uid", Text, "Uid of the owner: another object of the same name is not the owner."
        "controller", Flag, "Whether the owner is the controller of the object; at most one is."
        "blockOwnerDeletion", Flag, "Whether a foreground deletion of the owner waits for this object."
    ]
    part "Condition" "One observation about an object." [
        "type", Text, "What is observed, in CamelCase."
        "status", Text, "True, False or Unknown."
        "reason", Text, "Why, in one word for programs."
        "message", Text, "Why, in words for people."
        "lastTransitionTime", Time, "When the status changed last."
        "observedGeneration", Integer, "The generation that this was observed at."
    ]
    part "LabelSelector" "Selects objects by their labels; all requirements must hold." [
        "matchLabels", Words, "Labels that must be there with these values."
        "matchExpressions",
        Free,
        "Requirements of key, operator (In, NotIn, Exists, DoesNotExist) and values."
    ]
    part "ObjectReference" "Points to an object." [
        "apiVersion", Text, "Its group and version."
        "kind", Text, "Its kind."
        "namespace", Text, "Its namespace."
        "name", Text, "Its name."
        "uid", Text, "Its uid."
        "fieldPath", Text, "The part of it that is meant."
    ]
]

let private pods = [
    specified "Pod" "Containers that run together on one node, and share its network and volumes."
    part "PodSpec" "What a Pod is to be. Nearly nothing of it can change." [
        "containers", Many "Container", "The containers; at least one."
        "initContainers", Many "Container", "Run to their end, one after another, before the others start."
        "volumes", Many "Volume", "Volumes that its containers may mount."
        "nodeName", Text, "The node that it was bound to; set by the scheduler."
        "nodeSelector", Words, "Labels that its node must have."
        "affinity", Free, "Wishes and needs about nodes and other pods."
        "tolerations", Free, "Taints of nodes that it endures."
        "topologySpreadConstraints", Free, "How it is to be spread over zones or nodes."
        "restartPolicy", Text, "Always (default), OnFailure or Never."
        "terminationGracePeriodSeconds",
        Integer,
        "Seconds between the signal to stop and the kill; 30 by default."
        "serviceAccountName", Text, "Whose rights its processes have."
        "hostname", Text, "Its host name; its own name by default."
        "subdomain", Text, "The headless Service that gives it a DNS name."
        "priorityClassName", Text, "How important it is to the scheduler."
        "readinessGates", Free, "Conditions that must be true, beside its containers, for it to be ready."
        "securityContext", Free, "Users, groups and restrictions of all its containers."
        "imagePullSecrets", Free, "Secrets to pull images with."
    ]
    part "Container" "One process, and its image." [
        "name", Text, "Unique in the Pod; it never changes."
        "image", Text, "Image to run."
        "command", Texts, "Program to run instead of the image's entry point."
        "args", Texts, "Arguments of the program."
        "env", Free, "Environment variables."
        "ports", Free, "Ports that it listens on: name, containerPort, protocol."
        "resources", One "ResourceRequirements", "What it needs, and what it may use."
        "volumeMounts", Free, "Where volumes of the Pod are mounted: name, mountPath."
        "livenessProbe", Free, "Restarts the container when it fails."
        "readinessProbe", Free, "Takes the Pod out of Services while it fails."
        "startupProbe", Free, "Holds the other probes back until it succeeds."
        "lifecycle", Free, "What to do after the start and before the stop."
        "securityContext", Free, "Restrictions of the process."
    ]
    part "ResourceRequirements" "What is needed, and what may be used." [
        "requests", Quantities, "What is set aside, such as cpu: 500m, memory: 2Gi, storage: 10Gi."
        "limits", Quantities, "What may be used at most."
    ]
    part "Volume" "A volume of a Pod." [
        "name", Text, "Its name in the Pod."
        "persistentVolumeClaim", Free, "The claim (claimName) whose volume it is."
        "configMap", Free, "Files from a ConfigMap."
        "secret", Free, "Files from a Secret."
        "emptyDir", Free, "Space that lives as long as the Pod."
    ]
    part "PodStatus" "What a Pod is doing, as its kubelet saw it last." [
        "phase", Text, "Pending, Running, Succeeded, Failed or Unknown."
        "reason", Text, "Why, in one word."
        "message", Text, "Why, in words."
        conditions
        "podIP", Text, "Its address."
        "hostIP", Text, "The address of its node."
        "startTime", Time, "When the kubelet took it up."
        "containerStatuses", Free, "State, readiness and restarts of each container."
        "initContainerStatuses", Free, "The same of each init container."
    ]
]

let private configuration = [
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

let private network = [
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

let private storage = [
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

let private cluster = [
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

let private workloads = [
    specified "StatefulSet" "Numbered Pods with lasting names and volumes."
    part "StatefulSetSpec" "What the set is to be." [
        "replicas", Integer, "How many Pods."
        "serviceName", Text, "The headless Service that names the Pods."
        "selector", One "LabelSelector", "Its Pods."
        "template", Free, "What each Pod is made of."
        "volumeClaimTemplates", Free, "Claims that each Pod gets."
        "podManagementPolicy", Text, "OrderedReady or Parallel."
        "updateStrategy", Free, "RollingUpdate (with partition) or OnDelete."
    ]
    part "StatefulSetStatus" "What the set is doing." [
        "replicas", Integer, "Pods that there are."
        "readyReplicas", Integer, "Pods that are ready."
        "updatedReplicas", Integer, "Pods of the newest revision."
        "currentRevision", Text, "The revision of Pods that are not updated yet."
        "updateRevision", Text, "The newest revision."
        observed
        conditions
    ]
    specified "Deployment" "Pods without identity, replaced gradually."
    part "DeploymentSpec" "What the deployment is to be." [
        "replicas", Integer, "How many Pods."
        "selector", One "LabelSelector", "Its Pods."
        "template", Free, "What each Pod is made of."
        "strategy", Free, "RollingUpdate or Recreate."
    ]
    part "DeploymentStatus" "What the deployment is doing." [
        "replicas", Integer, "Pods that there are."
        "readyReplicas", Integer, "Pods that are ready."
        "updatedReplicas", Integer, "Pods of the newest template."
        "availableReplicas", Integer, "Pods that are available."
        observed
        conditions
    ]
    kind "ControllerRevision" "One kept revision of what a controller makes its Pods of." [
        "data", Free, "The kept state."
        "revision", Integer, "Its number; it grows."
    ]
]

/// By name.
let all: Map<string, Definition> =
    List.concat [ meta; pods; configuration; network; storage; cluster; workloads ]
    |> List.map (fun definition -> definition.Name, definition)
    |> Map.ofList

/// What is said of a kind that is not described here.
let undescribed name = kind name $"%s{name}, not described by the embedded cluster." []
