/// What stands before, beside and after the instances of a group.
module Tikv.Core.Group.Rules

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let private settings = Manifest.settings

/// A paused cluster is left alone in everything but status, deletion included.
let pause (observed: Observed) =
    match observed.Cluster with
    | Some cluster when cluster.Spec.Paused -> Decision.wait [ ClusterPaused ]
    | _ -> Decision.settled

/// A group without its Cluster is not built up: nothing says how.
let cluster (observed: Observed) =
    match observed.Cluster with
    | None -> Decision.wait [ ClusterAbsent (settings observed).Cluster.Name ]
    | Some _ -> Decision.settled

/// Our finalizer stands before anything exists that it must clean up after.
let finalizer (observed: Observed) =
    if List.contains Labels.finalizer observed.Meta.Finalizers then
        Decision.settled
    else
        Decision.act [ AddFinalizer ]

/// A group goes after the last of its instances, and its Services with it.
let ends (observed: Observed) =
    if not observed.Instances.IsEmpty then
        ScaleRules.drained observed
    else
        let ours =
            observed.Services
            |> Map.toList
            |> List.map snd
            |> List.filter (fun service -> Manifest.owns observed service.Meta)

        match ours |> List.filter (fun service -> service.Meta.DeletionTimestamp.IsNone) with
        | [] when List.contains Labels.finalizer observed.Meta.Finalizers -> Decision.act [ RemoveFinalizer ]
        | [] -> Decision.settled
        | ours -> Decision.act (ours |> List.map (fun service -> RemoveService service.Meta))

/// Whether what is ours of a Service's spec is as it should be: fields of others do not count.
let private asWanted wanted (service: ServiceView) =
    Json.asMembers wanted
    |> Option.defaultValue []
    |> List.forall (fun (key, value) ->
        match key, Json.tryField key service.Spec with
        | "ports", Some(Json.Array actual) ->
            let fields = [ "name"; "port"; "protocol"; "targetPort" ]
            let owned port = fields |> List.map (fun field -> Json.tryField field port)
            (Json.asItems value |> Option.defaultValue [] |> List.map owned) = (actual |> List.map owned)
        | _, actual -> actual = Some value)

/// The Services of the group stand before its instances.
let services (observed: Observed) =
    Decision.together [
        for name, spec in Manifest.services observed do
            match observed.Services |> Map.tryFind name with
            | None -> Decision.act [ CreateService(name, Manifest.service observed name spec) ]
            | Some service when not (Manifest.owns observed service.Meta) ->
                Decision.wait [ NotOurs("Service", name) ]
            | Some service when asWanted spec service -> Decision.settled
            | Some service ->
                Decision.act [ UpdateService(service.Meta, spec, Manifest.service observed name spec) ]
    ]

/// Once the cluster has an id, PD is bootstrapped for ever: members made from then on join.
let bootstrapped (observed: Observed) =
    match observed.Role, observed.Cluster |> Option.bind _.Status.Id with
    | PD(spec, _), Some _ when not spec.Bootstrapped -> Decision.act [ MarkBootstrapped ]
    | _ -> Decision.settled

let suspended (observed: Observed) =
    match observed.Cluster with
    | Some cluster when cluster.Spec.SuspendAction.SuspendCompute -> Decision.wait [ ClusterSuspended ]
    | _ -> Decision.settled

/// What is the matter with the certificates of the group's instances; none without TLS. Each instance looks at its own
/// name in them.
let certificateProblems (observed: Observed) =
    observed.Cluster
    |> Option.filter (fun cluster -> Defaults.isTls cluster.Spec)
    |> Option.map (fun _ ->
        Certificates.problems observed.Clock observed.Secrets (Manifest.tlsSecrets observed) [])
