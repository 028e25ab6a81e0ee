namespace Tikv.Core.Kubernetes

open Tikv.Core

/// Why a container does not run, in the kubelet's words.
type ContainerProblem = {
    /// Such as CrashLoopBackOff, ImagePullBackOff, OOMKilled, Error.
    Reason: string
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
}

/// What the operator reads of a ConfigMap.
type ConfigMapView = { Meta: Meta; Data: Map<string, string> }

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
}

/// What the operator reads of a Service: all of its spec, to compare what is ours in it.
type ServiceView = { Meta: Meta; Spec: Json }

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
                Reason = text [ "reason" ] detail
                Message = text [ "message" ] detail
            }))
        |> Option.filter (fun problem ->
            problem.Reason <> "ContainerCreating" && problem.Reason <> "PodInitializing")

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
        }

    let configMap json : ConfigMapView = { Meta = Meta.decode json; Data = Json.mapAt [ "data" ] json }

    let claim json : ClaimView = {
        Meta = Meta.decode json
        Phase = text [ "status"; "phase" ] json
        Requested = text [ "spec"; "resources"; "requests"; "storage" ] json
        Capacity = text [ "status"; "capacity"; "storage" ] json
        StorageClass = Json.stringAt [ "spec"; "storageClassName" ] json
        Volume = text [ "spec"; "volumeName" ] json
    }

    let service json : ServiceView = {
        Meta = Meta.decode json
        Spec = json |> Json.tryPath [ "spec" ] |> Option.defaultValue Json.empty
    }
