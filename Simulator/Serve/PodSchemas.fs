/// Descriptions of metadata, Pods and what makes them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.PodSchemas

let meta = [
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

let pods = [
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

let workloads = [
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
