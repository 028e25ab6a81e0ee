namespace Tikv.Simulator.World

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// A Pod, as schedulers, kubelets and controllers read it.
type Pod = {
    Namespace: string
    Name: string
    Uid: string
    Labels: Map<string, string>
    Spec: PodSpec
    Node: string
    /// Milliseconds of grace once it is being deleted.
    Deleting: int64 voption
    Phase: string
    Ip: string
    Ready: bool
    /// RFC 3339.
    Created: string
    /// The status as it stands, to be compared with the one that would be written.
    Status: Json
    Version: string
}

type Claim = {
    Namespace: string
    Name: string
    Uid: string
    Class: string
    /// Milli-bytes.
    Wanted: int64
    WantedText: string
    Capacity: int64
    Volume: string
    Phase: string
    SelectedNode: string
    Deleting: bool
    Finalizers: string list
    Modes: Json
    /// Names of the VolumeAttributesClass that is asked for, and of the one that the volume has.
    Attributes: string
    CurrentAttributes: string
    /// The one that its driver cannot give it.
    RefusedAttributes: string
    /// The resizer has begun with it.
    Resizing: bool
    /// Since when its node is to enlarge the file system (RFC 3339); empty when it is not.
    PendingSince: string
    Wishes: Map<string, string>
}

type Volume = {
    Name: string
    Uid: string
    Class: string
    Capacity: int64
    /// Namespace, name and uid of the claim that it is or was bound to.
    Claim: struct (string * string * string)
    Phase: string
    Reclaim: string
    Wishes: Map<string, string>
    NodeTerms: LabelRequirement list list
    /// RFC 3339.
    Created: string
    Deleting: bool
}

type Service = {
    Namespace: string
    Name: string
    Selector: Map<string, string>
    Headless: bool
    /// Name and target port (as a number; 0 when it is named).
    Ports: (string * int * int) list
    PublishNotReady: bool
}

type Node = {
    Name: string
    Labels: Map<string, string>
    Unschedulable: bool
    Ready: bool
    /// Key, value, effect.
    Taints: (string * string * string) list
    /// Since when each taint of effect NoExecute has been there, by key.
    TaintedSince: Map<string, int64>
    /// What a person asks of the machine under it: annotations of `simulator.tikv.org/`, without that prefix.
    Wishes: Map<string, string>
    Cpu: int64
    Memory: int64
    Pods: int
    /// All that it offers, by name.
    Allocatable: Json
}

type StorageClass = {
    Name: string
    Waits: bool
    Reclaim: string
    Expands: bool
    Default: bool
    Provisioner: string
    /// Milli-bytes that its pool can give to one volume; 0 for any number. The parameter `largest`.
    Largest: int64
    /// File systems grow only when a Pod is started. The parameter `expansion: offline`.
    GrowsAtMount: bool
}

/// Reading of objects, each once a change.
[<RequireQualifiedAccess>]
module View =
    let private text path json = Json.stringAt path json |> Option.defaultValue ""

    let private quantity path json =
        match Json.tryPath path json with
        | Some(Json.String text)
        | Some(Json.Number text) -> text
        | _ -> ""

    let private wish = "simulator.tikv.org/"

    let private wishes object =
        match Json.mapAt [ "metadata"; "annotations" ] object with
        | annotations when Map.isEmpty annotations -> annotations
        | annotations ->
            (Map.empty, annotations)
            ||> Map.fold (fun found key value ->
                if key.StartsWith(wish, System.StringComparison.Ordinal) then
                    Map.add (key.Substring wish.Length) value found
                else
                    found)

    let key (``namespace``: string) (name: string) = ``namespace`` + "/" + name
    let keyOf object = key (Meta.``namespace`` object) (Meta.name object)

    /// Reads a Pod; what its last view says of the spec stands as long as it is the same Pod.
    let pod (before: Pod voption) (object: Json) : Pod =
        let uid = Meta.uid object

        let spec =
            match before with
            | ValueSome pod when pod.Uid = uid -> pod.Spec
            | _ -> PodSpec.read object

        let status = Json.tryField "status" object |> Option.defaultValue Json.empty

        {
            Namespace = Meta.``namespace`` object
            Name = Meta.name object
            Uid = uid
            Labels = Meta.labels object
            Spec = spec
            Node = text [ "spec"; "nodeName" ] object
            Deleting =
                if Meta.isTerminating object then
                    ValueSome(1000L * int64 (Meta.graceSeconds object |> Option.defaultValue 0))
                else
                    ValueNone
            Phase = text [ "phase" ] status
            Ip = text [ "podIP" ] status
            Ready =
                Json.itemsAt [ "conditions" ] status
                |> List.exists (fun condition ->
                    Json.stringAt [ "type" ] condition = Some "Ready"
                    && Json.stringAt [ "status" ] condition = Some "True")
            Created = text [ "metadata"; "creationTimestamp" ] object
            Status = status
            Version = Meta.resourceVersion object
        }

    let claim object : Claim = {
        Namespace = Meta.``namespace`` object
        Name = Meta.name object
        Uid = Meta.uid object
        Class = text [ "spec"; "storageClassName" ] object
        Wanted = Amount.milli (quantity [ "spec"; "resources"; "requests"; "storage" ] object)
        WantedText = quantity [ "spec"; "resources"; "requests"; "storage" ] object
        Capacity = Amount.milli (quantity [ "status"; "capacity"; "storage" ] object)
        Volume = text [ "spec"; "volumeName" ] object
        Phase = text [ "status"; "phase" ] object
        SelectedNode = text [ "metadata"; "annotations"; "volume.kubernetes.io/selected-node" ] object
        Deleting = Meta.isTerminating object
        Finalizers = Meta.finalizers object
        Modes =
            Json.tryPath [ "spec"; "accessModes" ] object
            |> Option.defaultValue (Json.Array [])
        Attributes = text [ "spec"; "volumeAttributesClassName" ] object
        CurrentAttributes = text [ "status"; "currentVolumeAttributesClassName" ] object
        RefusedAttributes =
            if text [ "status"; "modifyVolumeStatus"; "status" ] object = "Infeasible" then
                text [ "status"; "modifyVolumeStatus"; "targetVolumeAttributesClassName" ] object
            else
                ""
        PendingSince =
            Json.itemsAt [ "status"; "conditions" ] object
            |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some "FileSystemResizePending")
            |> Option.map (text [ "lastTransitionTime" ])
            |> Option.defaultValue ""
        Resizing =
            Json.itemsAt [ "status"; "conditions" ] object
            |> List.exists (fun condition -> Json.stringAt [ "type" ] condition = Some "Resizing")
        Wishes = wishes object
    }

    let volume object : Volume = {
        Name = Meta.name object
        Uid = Meta.uid object
        Class = text [ "spec"; "storageClassName" ] object
        Capacity = Amount.milli (quantity [ "spec"; "capacity"; "storage" ] object)
        Claim =
            struct (text [ "spec"; "claimRef"; "namespace" ] object,
                    text [ "spec"; "claimRef"; "name" ] object,
                    text [ "spec"; "claimRef"; "uid" ] object)
        Phase = text [ "status"; "phase" ] object
        Reclaim = text [ "spec"; "persistentVolumeReclaimPolicy" ] object
        Wishes = wishes object
        NodeTerms =
            object
            |> Json.itemsAt [ "spec"; "nodeAffinity"; "required"; "nodeSelectorTerms" ]
            |> List.map Selectors.ofObject
        Created = text [ "metadata"; "creationTimestamp" ] object
        Deleting = Meta.isTerminating object
    }

    let service object : Service = {
        Namespace = Meta.``namespace`` object
        Name = Meta.name object
        Selector = Json.mapAt [ "spec"; "selector" ] object
        Headless = text [ "spec"; "clusterIP" ] object = "None"
        Ports =
            Json.itemsAt [ "spec"; "ports" ] object
            |> List.map (fun port ->
                let number = Json.intAt [ "port" ] port |> Option.defaultValue 0
                let target = Json.intAt [ "targetPort" ] port |> Option.defaultValue number
                text [ "name" ] port, number, target)
        PublishNotReady =
            Json.boolAt [ "spec"; "publishNotReadyAddresses" ] object
            |> Option.defaultValue false
    }

    /// Reads a node; a taint that its last view had has been there since then.
    let node (before: Node option) (now: int64) object : Node = {
        Name = Meta.name object
        TaintedSince =
            Json.itemsAt [ "spec"; "taints" ] object
            |> List.filter (fun taint -> text [ "effect" ] taint = "NoExecute")
            |> List.map (fun taint ->
                let key = text [ "key" ] taint

                key,
                before
                |> Option.bind (fun before -> Map.tryFind key before.TaintedSince)
                |> Option.defaultValue now)
            |> Map.ofList
        Wishes = wishes object
        Labels = Meta.labels object
        Unschedulable = Json.boolAt [ "spec"; "unschedulable" ] object |> Option.defaultValue false
        Ready =
            Json.itemsAt [ "status"; "conditions" ] object
            |> List.exists (fun condition ->
                Json.stringAt [ "type" ] condition = Some "Ready"
                && Json.stringAt [ "status" ] condition = Some "True")
        Taints =
            Json.itemsAt [ "spec"; "taints" ] object
            |> List.map (fun taint -> text [ "key" ] taint, text [ "value" ] taint, text [ "effect" ] taint)
        Cpu = Amount.milli (quantity [ "status"; "allocatable"; "cpu" ] object)
        Memory = Amount.milli (quantity [ "status"; "allocatable"; "memory" ] object)
        Pods =
            match System.Int32.TryParse(quantity [ "status"; "allocatable"; "pods" ] object) with
            | true, pods -> pods
            | _ -> 110
        Allocatable =
            Json.tryPath [ "status"; "allocatable" ] object
            |> Option.defaultValue Json.empty
    }

    let storageClass object : StorageClass = {
        Name = Meta.name object
        Waits = text [ "volumeBindingMode" ] object = "WaitForFirstConsumer"
        Reclaim =
            match text [ "reclaimPolicy" ] object with
            | "" -> "Delete"
            | policy -> policy
        Expands = Json.boolAt [ "allowVolumeExpansion" ] object |> Option.defaultValue false
        Default =
            text [ "metadata"; "annotations"; "storageclass.kubernetes.io/is-default-class" ] object = "true"
        Provisioner = text [ "provisioner" ] object
        Largest =
            match quantity [ "parameters"; "largest" ] object with
            | "" -> 0L
            | largest -> Amount.milli largest
        GrowsAtMount = text [ "parameters"; "expansion" ] object = "offline"
    }
