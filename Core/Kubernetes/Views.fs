namespace Tikv.Core.Kubernetes

open Tikv.Core

/// Why a container does not run, in the kubelet's words.
type ContainerProblem = {
    /// Such as CrashLoopBackOff, ImagePullBackOff, OOMKilled, Error.
    Reason: string
    Message: string
}

/// How a container ended.
type ContainerEnd = {
    /// Such as OOMKilled, Error, Completed.
    Reason: string
    ExitCode: int
    /// The last lines that it wrote.
    Message: string
}

/// What the operator reads of a Pod.
type PodView = {
    Meta: Meta
    /// Pending, Running, Succeeded, Failed or Unknown; empty before the kubelet has spoken.
    Phase: string
    Ready: bool
    /// When `Ready` last changed (RFC 3339); empty when it was never set.
    ReadySince: string
    /// Empty before the scheduler has chosen one.
    Node: string
    Ip: string
    /// The scheduler's message while no node fits; empty otherwise.
    Unschedulable: string
    /// The main container runs.
    Running: bool
    Restarts: int
    Problem: ContainerProblem option
    /// How the main container ended the last time that it did.
    LastEnd: ContainerEnd option
    /// Why the kubelet or a controller ended the whole Pod, such as Evicted; empty otherwise.
    EndReason: string
    /// When it was put on its node (RFC 3339); empty before that.
    ScheduledSince: string
}

/// What the operator reads of a ConfigMap.
type ConfigMapView = { Meta: Meta; Data: Map<string, string> }

/// A condition of a claim that is true.
type ClaimCondition = {
    /// Such as Resizing, FileSystemResizePending, ControllerResizeError, NodeResizeError, ModifyVolumeError.
    Type: string
    Message: string
    /// RFC 3339.
    Since: string
}

/// What the operator reads of a PersistentVolumeClaim.
type ClaimView = {
    Meta: Meta
    /// Pending, Bound or Lost.
    Phase: string
    /// Quantities as they are written.
    Requested: string
    Capacity: string
    StorageClass: string option
    Volume: string
    /// The VolumeAttributesClass that is asked for, and the one that the volume has.
    AttributesClass: string option
    CurrentAttributesClass: string option
    /// `status.allocatedResourceStatuses.storage`, such as ControllerResizeInfeasible; empty when nothing is resized.
    ResizeStatus: string
    /// `status.modifyVolumeStatus.status`: Pending, InProgress or Infeasible; empty when nothing is modified.
    ModifyStatus: string
    Conditions: ClaimCondition list
}

/// What the operator reads of a Service: all of its spec, to compare what is ours in it.
type ServiceView = { Meta: Meta; Spec: Json }

/// What the operator reads of a Node.
type NodeView = {
    Meta: Meta
    /// Its kubelet reports that it is ready.
    Ready: bool
    /// When that last changed (RFC 3339); empty when it was never said.
    ReadySince: string
    /// Cordoned: no new Pod is put here.
    Unschedulable: bool
    /// Keys and effects of its taints.
    Taints: (string * string) list
}

/// What the operator reads of a PersistentVolume.
type VolumeView = {
    Meta: Meta
    /// Available, Bound, Released or Failed.
    Phase: string
    /// Retain or Delete.
    ReclaimPolicy: string
    /// The names of the only nodes that can use it; empty when it is not bound to nodes.
    Nodes: string list
    /// The life of the claim that it is bound to; empty when there is none.
    ClaimUid: Uid
}

/// What the operator reads of a StorageClass.
type StorageClassView = { Meta: Meta; AllowsExpansion: bool; IsDefault: bool; Provisioner: string }

/// What the operator reads of a PodDisruptionBudget: all of its spec, to compare what is ours in it.
type BudgetView = {
    Meta: Meta
    Spec: Json
    /// How many of its Pods may be evicted now; none while that has not been worked out for its present generation, as
    /// Kubernetes has it (policy/v1, `status.disruptionsAllowed`).
    Allowed: int
}

/// What the operator reads of a ControllerRevision.
type RevisionView = {
    Meta: Meta
    /// Grows with each change of the template.
    Revision: int64
    Data: Json
}

/// What is known of an object that the operator may not be allowed to see. Not seeing is not the same as absence.
[<RequireQualifiedAccess>]
type Sighting<'View> =
    | Unknown
    | Absent
    | Known of View: 'View

/// Reading of Kubernetes' own objects. What is absent reads as empty: these objects were checked by the API server.
[<RequireQualifiedAccess>]
module View =
    let private text path json = json |> Json.stringAt path |> Option.defaultValue ""

    let private condition kind json =
        json
        |> Json.itemsAt [ "status"; "conditions" ]
        |> List.tryFind (fun item -> Json.stringAt [ "type" ] item = Some kind)

    let private problem state =
        [ "waiting"; "terminated" ]
        |> List.tryPick (fun kind ->
            state
            |> Json.tryPath [ kind ]
            |> Option.map (fun detail -> {
                ContainerProblem.Reason = text [ "reason" ] detail
                Message = text [ "message" ] detail
            }))
        |> Option.filter (fun problem ->
            problem.Reason <> "ContainerCreating" && problem.Reason <> "PodInitializing")

    /// A container that has ended and is not started yet says so in `state`, one that has been started again in
    /// `lastState`.
    let private lastEnd status =
        [ "state"; "lastState" ]
        |> List.tryPick (fun state -> Json.tryPath [ state; "terminated" ] status)
        |> Option.map (fun ended -> {
            Reason = text [ "reason" ] ended
            ExitCode = Json.intAt [ "exitCode" ] ended |> Option.defaultValue 0
            Message = text [ "message" ] ended
        })

    /// `main` names the container that is the instance's process; sidecars do not count.
    let pod (main: string) json : PodView =
        let status =
            json
            |> Json.itemsAt [ "status"; "containerStatuses" ]
            |> List.tryFind (fun item -> Json.stringAt [ "name" ] item = Some main)

        let ready = condition "Ready" json

        {
            Meta = Meta.decode json
            Phase = text [ "status"; "phase" ] json
            Ready = ready |> Option.bind (Json.stringAt [ "status" ]) = Some "True"
            ReadySince = ready |> Option.map (text [ "lastTransitionTime" ]) |> Option.defaultValue ""
            Node = text [ "spec"; "nodeName" ] json
            Ip = text [ "status"; "podIP" ] json
            Unschedulable =
                condition "PodScheduled" json
                |> Option.filter (fun found -> Json.stringAt [ "status" ] found = Some "False")
                |> Option.map (text [ "message" ])
                |> Option.defaultValue ""
            Running = status |> Option.bind (Json.tryPath [ "state"; "running" ]) |> Option.isSome
            Restarts = status |> Option.bind (Json.intAt [ "restartCount" ]) |> Option.defaultValue 0
            Problem = status |> Option.bind (Json.tryPath [ "state" ]) |> Option.bind problem
            LastEnd = status |> Option.bind lastEnd
            EndReason = text [ "status"; "reason" ] json
            ScheduledSince =
                condition "PodScheduled" json
                |> Option.filter (fun found -> Json.stringAt [ "status" ] found = Some "True")
                |> Option.map (text [ "lastTransitionTime" ])
                |> Option.defaultValue ""
        }

    let configMap json : ConfigMapView = { Meta = Meta.decode json; Data = Json.mapAt [ "data" ] json }

    let claim json : ClaimView = {
        Meta = Meta.decode json
        Phase = text [ "status"; "phase" ] json
        Requested = text [ "spec"; "resources"; "requests"; "storage" ] json
        Capacity = text [ "status"; "capacity"; "storage" ] json
        StorageClass = Json.stringAt [ "spec"; "storageClassName" ] json
        Volume = text [ "spec"; "volumeName" ] json
        AttributesClass = Json.stringAt [ "spec"; "volumeAttributesClassName" ] json
        CurrentAttributesClass = Json.stringAt [ "status"; "currentVolumeAttributesClassName" ] json
        ResizeStatus = text [ "status"; "allocatedResourceStatuses"; "storage" ] json
        ModifyStatus = text [ "status"; "modifyVolumeStatus"; "status" ] json
        Conditions =
            json
            |> Json.itemsAt [ "status"; "conditions" ]
            |> List.filter (fun one -> Json.stringAt [ "status" ] one = Some "True")
            |> List.map (fun one -> {
                Type = text [ "type" ] one
                Message = text [ "message" ] one
                Since = text [ "lastTransitionTime" ] one
            })
    }

    let node json : NodeView = {
        Meta = Meta.decode json
        Ready = condition "Ready" json |> Option.bind (Json.stringAt [ "status" ]) = Some "True"
        ReadySince =
            condition "Ready" json
            |> Option.map (text [ "lastTransitionTime" ])
            |> Option.defaultValue ""
        Unschedulable =
            json
            |> Json.tryPath [ "spec"; "unschedulable" ]
            |> Option.bind Json.asBool
            |> Option.defaultValue false
        Taints =
            json
            |> Json.itemsAt [ "spec"; "taints" ]
            |> List.map (fun taint -> text [ "key" ] taint, text [ "effect" ] taint)
    }

    /// A local volume names its node by the host name's label, or by the field of the node's own name.
    let private nodesOf term =
        [ "matchExpressions"; "matchFields" ]
        |> List.collect (fun path -> Json.itemsAt [ path ] term)
        |> List.filter (fun one ->
            List.contains (text [ "key" ] one) [ "kubernetes.io/hostname"; "metadata.name" ]
            && text [ "operator" ] one = "In")
        |> List.collect (fun one -> Json.itemsAt [ "values" ] one |> List.choose Json.asString)

    let volume json : VolumeView = {
        Meta = Meta.decode json
        Phase = text [ "status"; "phase" ] json
        ReclaimPolicy = text [ "spec"; "persistentVolumeReclaimPolicy" ] json
        Nodes =
            json
            |> Json.itemsAt [ "spec"; "nodeAffinity"; "required"; "nodeSelectorTerms" ]
            |> List.collect nodesOf
        ClaimUid = Uid(text [ "spec"; "claimRef"; "uid" ] json)
    }

    let storageClass json : StorageClassView = {
        Meta = Meta.decode json
        AllowsExpansion =
            json
            |> Json.tryField "allowVolumeExpansion"
            |> Option.bind Json.asBool
            |> Option.defaultValue false
        IsDefault =
            json
            |> Json.mapAt [ "metadata"; "annotations" ]
            |> Map.tryFind "storageclass.kubernetes.io/is-default-class"
                =
                Some "true"
        Provisioner = text [ "provisioner" ] json
    }

    let budget json : BudgetView =
        let meta = Meta.decode json
        let ofStatus name = Json.int64At [ "status"; name ] json |> Option.defaultValue 0L

        {
            Meta = meta
            Spec = json |> Json.tryPath [ "spec" ] |> Option.defaultValue Json.empty
            Allowed =
                if ofStatus "observedGeneration" < meta.Generation then
                    0
                else
                    int (ofStatus "disruptionsAllowed")
        }

    let revision json : RevisionView = {
        Meta = Meta.decode json
        Revision = json |> Json.int64At [ "revision" ] |> Option.defaultValue 0L
        Data = json |> Json.tryField "data" |> Option.defaultValue Json.Null
    }

    let service json : ServiceView = {
        Meta = Meta.decode json
        Spec = json |> Json.tryPath [ "spec" ] |> Option.defaultValue Json.empty
    }
