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

/// Whether what is ours of a Service's spec is as it should be: fields of others do not count.
let private asWanted wanted annotations (service: ServiceView) =
    let ported wanted actual =
        List.length wanted = List.length actual
        && List.forall2
            (fun wanted actual ->
                Json.membersAt [] wanted
                |> List.forall (fun (field, value) -> Json.tryField field actual = Some value))
            wanted
            actual

    let spec =
        Json.membersAt [] wanted
        |> List.forall (fun (key, value) ->
            match key, value, Json.tryField key service.Spec with
            | "ports", _, Some(Json.Array actual) ->
                ported (Json.asItems value |> Option.defaultValue []) actual
            // The default of every server, which one that was made by hand may lack.
            | "type", Json.String "ClusterIP", None -> true
            | _, Json.Null, actual -> actual = None || actual = Some Json.Null
            | _, _, actual -> actual = Some value)

    let has key value = Map.tryFind key service.Meta.Annotations = Some value

    spec
    && annotations |> Map.forall has
    && (not annotations.IsEmpty
        || not (Map.containsKey Annotations.writtenKeys service.Meta.Annotations))

/// The Services of the group stand before its instances.
let services (observed: Observed) =
    Decision.together [
        for name, spec in Manifest.services observed do
            match observed.Services |> Map.tryFind name with
            | None -> Decision.act [ CreateService(name, Manifest.service observed name spec) ]
            | Some service when not (Manifest.owns observed service.Meta) ->
                Decision.wait [ NotOurs("Service", name) ]
            | Some service when asWanted spec (Manifest.serviceAnnotations observed name) service ->
                Decision.settled
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
