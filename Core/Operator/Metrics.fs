namespace Tikv.Core.Operator

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

type Sample = { Labels: (string * string) list; Value: float }

/// All series of one name, as Prometheus has them.
type Metric = {
    Name: string
    Help: string
    /// Otherwise it is a gauge.
    IsCounter: bool
    Samples: Sample list
}

/// What the state says of itself to Prometheus. Names of controller-runtime and client-go where the meaning is theirs
/// (U 4.4), so that dashboards for Go operators show ours too.
[<RequireQualifiedAccess>]
module Metrics =

    let private sample labels value = { Labels = labels; Value = value }

    let private gauge name help samples = { Name = name; Help = help; IsCounter = false; Samples = samples }
    let private counter name help samples = { gauge name help samples with IsCounter = true }

    let private controller = [ "controller", "tikv" ]
    let private queue name = [ "controller", "tikv"; "name", name ]

    let private total name state = state.Totals |> Map.tryFind name |> Option.defaultValue 0L |> float

    /// Metadata and conditions of every object of ours that can be read.
    let private objects (cache: Cache) = [
        for held in cache.Clusters.Values do
            match held.Object with
            | Ok object -> Kind.Cluster, held.Meta, held.Meta.Name, object.Status.Conditions
            | Error _ -> ()

        for held in cache.PdGroups.Values do
            match held.Object with
            | Ok object -> Kind.PDGroup, held.Meta, object.Spec.Group.Cluster.Name, object.Status.Conditions
            | Error _ -> ()

        for held in cache.TikvGroups.Values do
            match held.Object with
            | Ok object -> Kind.TiKVGroup, held.Meta, object.Spec.Group.Cluster.Name, object.Status.Conditions
            | Error _ -> ()

        for instance in cache.Pds.Values do
            match instance.Held.Object with
            | Ok object ->
                Kind.PD,
                instance.Held.Meta,
                object.Spec.Instance.Cluster.Name,
                object.Status.Instance.Conditions
            | Error _ -> ()

        for instance in cache.Tikvs.Values do
            match instance.Held.Object with
            | Ok object ->
                Kind.TiKV,
                instance.Held.Meta,
                object.Spec.Instance.Cluster.Name,
                object.Status.Instance.Conditions
            | Error _ -> ()
    ]

    let private conditions cache = [
        for kind, meta, cluster, conditions in objects cache do
            for condition in conditions do
                sample
                    [
                        "namespace", meta.Namespace
                        "cluster", cluster
                        "kind", Kind.name kind
                        "name", meta.Name
                        "type", condition.Type
                    ]
                    (match condition.Status with
                     | ConditionStatus.True -> 1.0
                     | ConditionStatus.False -> 0.0
                     | ConditionStatus.Unknown -> -1.0)
    ]

    let private clusters (cache: Cache) = [
        for held in cache.Clusters.Values do
            match held.Object with
            | Ok object ->
                sample
                    [
                        "namespace", held.Meta.Namespace
                        "cluster", held.Meta.Name
                        "version", Option.defaultValue "" object.Status.Version
                        "paused", (if object.Spec.Paused then "true" else "false")
                    ]
                    1.0
            | Error _ -> ()
    ]

    let private cached (cache: Cache) =
        [
            Kind.Cluster, cache.Clusters.Count
            Kind.PDGroup, cache.PdGroups.Count
            Kind.TiKVGroup, cache.TikvGroups.Count
            Kind.PD, cache.Pds.Count
            Kind.TiKV, cache.Tikvs.Count
            Kind.Pod, cache.Pods.Count
            Kind.ConfigMap, cache.ConfigMaps.Count
            Kind.PersistentVolumeClaim, cache.Claims.Count
            Kind.Service, cache.Services.Count
        ]
        |> List.map (fun (kind, count) -> sample [ "kind", Kind.name kind ] (float count))

    let private election state =
        match state.Settings.Election with
        | None -> []
        | Some settings -> [ sample [ "name", settings.Name ] (if state.Leading then 1.0 else 0.0) ]

    let ofState (state: OperatorState) : Metric list = [
        gauge "workqueue_depth" "Current depth of workqueue" [
            sample (queue "tikv") (float (Queue.depth state.Queue))
            sample (queue "pd") (float (Queue.depth state.PollQueue))
        ]
        counter "controller_runtime_reconcile_total" "Total number of reconciliations per controller" [
            sample (controller @ [ "result", "success" ]) (total "reconciles" state)
            sample (controller @ [ "result", "error" ]) (total "errors" state)
        ]
        counter
            "controller_runtime_reconcile_errors_total"
            "Total number of reconciliation errors per controller"
            [ sample controller (total "errors" state) ]
        gauge
            "controller_runtime_max_concurrent_reconciles"
            "Maximum number of concurrent reconciles per controller"
            [ sample controller (float state.Settings.MaxConcurrent) ]
        gauge "controller_runtime_active_workers" "Number of currently used workers per controller" [
            sample controller (float state.Rounds.Count)
        ]
        gauge
            "leader_election_master_status"
            "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name."
            (election state)
        gauge
            "tikv_operator_cluster_info"
            "One for each Cluster; its labels say what it is."
            (clusters state.Cache)
        gauge
            "tikv_operator_condition"
            "A condition of an object of ours: 1 True, 0 False, -1 Unknown."
            (conditions state.Cache)
        gauge "tikv_operator_cache_objects" "Objects in the operator's cache." (cached state.Cache)
    ]
