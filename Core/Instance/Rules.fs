/// The rules that PD and TiKV instances share: what stands before, beside and after the life of the process.
module Tikv.Core.Instance.Rules

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

/// A paused cluster is left alone in everything but status, deletion included.
let pause (observed: Observed) =
    if Seen.paused observed then Decision.wait [ ClusterPaused ] else Decision.settled

/// An instance without its Cluster is not built up: nothing says how. It can still be deleted.
let cluster (observed: Observed) =
    match observed.Cluster with
    | None when not (Seen.deleting observed) ->
        Decision.wait [ ClusterAbsent (Seen.settings observed).Cluster.Name ]
    | _ -> Decision.settled

/// Our finalizer stands before anything exists that it must clean up after.
let finalizer (observed: Observed) =
    if
        Seen.deleting observed
        || List.contains Labels.finalizer observed.Meta.Finalizers
    then
        Decision.settled
    else
        Decision.act [ AddFinalizer ]

/// A Pod under our name that somebody else owns is neither restarted nor removed, and nothing is built beside it.
let foreign (observed: Observed) =
    match observed.Pod with
    | Some pod when not (Seen.owns observed pod.Meta) -> Decision.wait [ NotOurs("Pod", pod.Meta.Name) ]
    | _ -> Decision.settled

/// A suspended instance has no Pod; claims, store and member stay as they are.
let suspend (observed: Observed) =
    match Seen.suspended observed, observed.Pod with
    | false, _ -> Decision.settled
    | true, None -> Decision.wait [ ClusterSuspended ]
    | true, Some pod when not (Seen.owns observed pod.Meta) -> Decision.wait [ NotOurs("Pod", pod.Meta.Name) ]
    | true, Some pod when pod.Meta.DeletionTimestamp.IsSome -> Decision.wait [ PodTerminating ]
    | true, Some pod -> Decision.act [ RemovePod(pod.Meta, "Suspended") ]

let private keptConfig (observed: Observed) =
    match observed.Config with
    | Some config when Seen.owns observed config.Meta -> Decision.settled
    | Some config -> Decision.wait [ NotOurs("ConfigMap", config.Meta.Name) ]
    | None -> Decision.wait [ Seen.pdReason observed ]

let private wantedConfig (observed: Observed) =
    match Manifest.configFile observed, observed.Config with
    | Error problem, _ -> Decision.wait [ InvalidSpec $"spec.config is not TOML: %s{problem}" ]
    | Ok file, None -> Decision.act [ CreateConfig(Manifest.configMap observed file) ]
    | Ok _, Some config when not (Seen.owns observed config.Meta) ->
        Decision.wait [ NotOurs("ConfigMap", config.Meta.Name) ]
    | Ok file, Some config when config.Data <> Map.ofList [ "config.toml", file ] ->
        Decision.act [ UpdateConfig(config.Meta, Manifest.configMap observed file) ]
    | Ok _, Some _ -> Decision.settled

/// The ConfigMap says what the process is to be started with; it is in place before the Pod. While PD would have to say
/// how a member enters and does not answer, it stays as it is.
let config (observed: Observed) =
    match Seen.entry observed with
    | EntryUnknown -> keptConfig observed
    | Bootstraps
    | Joins -> wantedConfig observed

/// The Pod that is to be made, for those who may make it.
let withPod (observed: Observed) (make: Json -> Decision<Action, Reason>) =
    match Manifest.pod observed (Revision.ofProcess observed) with
    | Ok body -> make body
    | Error problem -> Decision.wait [ InvalidSpec $"spec.overlay.pod.spec cannot be merged: %s{problem}" ]

/// Why a Pod that exists does not serve.
let private podProblem (pod: PodView) =
    match pod.Problem with
    | Some problem when problem.Message = "" -> problem.Reason
    | Some problem -> $"%s{problem.Reason}: %s{problem.Message}"
    | None -> "its readiness probe has not succeeded yet"

/// The process is started, and serves. A Pod that has ended for good (evicted, or of a lost node's past) is replaced.
let podServes (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod when pod.Meta.DeletionTimestamp.IsSome -> Decision.wait [ PodTerminating ]
    | Some pod when pod.Phase = "Failed" || pod.Phase = "Succeeded" ->
        Decision.act [ RemovePod(pod.Meta, $"Pod%s{pod.Phase}") ]
    | Some pod when pod.Unschedulable <> "" -> Decision.wait [ PodPending pod.Unschedulable ]
    | Some pod when not pod.Ready && pod.Problem.IsNone && pod.Phase <> "Running" ->
        Decision.wait [ PodPending "its containers are being started" ]
    | Some pod when not pod.Ready -> Decision.wait [ PodNotReady(podProblem pod) ]
    | Some _ -> Decision.settled

/// Whether the running process was started with other settings than are wanted now, or must be started anew for its volume
/// to grow.
let outdated (observed: Observed) (pod: PodView) =
    pod.Meta.DeletionTimestamp.IsNone
    && (pod.Meta.Annotations |> Map.tryFind Annotations.processRevision
        <> Some(Revision.ofProcess observed)
        || Volumes.awaitsRestart observed pod)

/// A process that does not run loses nothing by being replaced: a revert must always heal (law 5).
let broken (pod: PodView) = not pod.Running

/// Who may take a process down now: nobody but the holder of the single disruption.
let withDisruption why (observed: Observed) (act: unit -> Decision<Action, Reason>) =
    match observed.Cluster with
    | None -> Decision.wait [ ClusterAbsent (Seen.settings observed).Cluster.Name ]
    | Some cluster ->
        match cluster.Status.Disruption with
        | Some held when held.Uid <> observed.Meta.Uid ->
            Decision.wait [ DisruptionHeldBy(held.Name, held.Reason) ]
        | Some _ -> act ()
        | None -> Decision.act [ TakeDisruption(cluster.Meta, why) ]

/// The disruption is given back once the instance is as desired.
let release (observed: Observed) =
    match observed.Cluster with
    | Some cluster when Seen.holdsDisruption observed -> Decision.act [ ReleaseDisruption cluster.Meta ]
    | _ -> Decision.settled

/// An instance on its way out needs the disruption no more while its process serves: leaving may take hours.
let releaseEarly (observed: Observed) =
    match observed.Pod with
    | Some pod when pod.Ready && pod.Meta.DeletionTimestamp.IsNone -> release observed
    | _ -> Decision.settled

/// What is left of an instance that has no part in the cluster any more, from the process down to the finalizer. `keep` is
/// what becomes of claims that stay.
let private tearDownWith keep deletesClaims (observed: Observed) =
    let claims =
        if deletesClaims then
            Seen.wantedClaims observed
            |> List.choose (fun (_, name) -> observed.Claims |> Map.tryFind name)
            |> List.filter (Ownership.isOurs observed)
        else
            []

    match observed.Pod, observed.Config, claims with
    | Some pod, _, _ when Seen.owns observed pod.Meta ->
        if pod.Meta.DeletionTimestamp.IsSome then
            Decision.wait [ PodTerminating ]
        else
            Decision.act [ RemovePod(pod.Meta, "Removed") ]
    | _, Some config, _ when Seen.owns observed config.Meta -> Decision.act [ RemoveConfig config.Meta ]
    // It may be using the data.
    | Some foreign, _, _ :: _ -> Decision.wait [ NotOurs("Pod", foreign.Meta.Name) ]
    | None, _, _ :: _ ->
        Decision.together [
            for claim in claims do
                if claim.Meta.DeletionTimestamp.IsSome then
                    Decision.wait [ ClaimTerminating claim.Meta.Name ]
                else
                    Decision.act [ RemoveClaim claim.Meta ]
        ]
    | _ when List.contains Labels.finalizer observed.Meta.Finalizers ->
        observed |> Rule.inTurn [ keep; (fun _ -> Decision.act [ RemoveFinalizer ]) ]
    | _ -> Decision.settled

/// An instance that has left the cluster: nobody starts from its data again.
let tearDown deletesClaims (observed: Observed) = tearDownWith Ownership.retire deletesClaims observed

/// An instance that goes with its whole cluster: nothing is drained, data goes by the Cluster's policy.
let endsWithCluster (observed: Observed) =
    let deletes =
        observed.Cluster
        |> Option.exists (fun cluster -> cluster.Spec.DeletionPolicy = ReclaimPolicy.Delete)

    tearDownWith (fun _ -> Decision.settled) deletes observed

/// The time since a moment that was written down (RFC 3339); none when it cannot be read.
let since (moment: string) (observed: Observed) =
    match DateTimeOffset.TryParse(moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) with
    | true, at -> Some(observed.Clock - at)
    | false, _ -> None
