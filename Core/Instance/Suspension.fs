/// Sleep and waking. TiKV stops while PD still serves, and PD after it; PD starts first, and TiKV once it answers (L B24).
/// Only Pods go: claims, stores and members stay as they are.
module Tikv.Core.Instance.Suspension

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

/// What an instance was about is given up when its Pod has stopped: the disruption, and the eviction of its leaders while
/// PD can still be told. What PD cannot be told now is made good after the resumption.
let private atRest (observed: Observed) =
    let eviction =
        match Seen.facts observed with
        | Some _ -> TikvRules.endOfEviction
        | None -> fun _ -> Decision.settled

    observed
    |> Rule.inTurn [ Rules.release; eviction; fun _ -> Decision.wait [ ClusterSuspended ] ]

/// Settled while the cluster is awake.
let rule (observed: Observed) : Decision<Action, Reason> =
    match Evidence.suspensionAsked observed, observed.Pod with
    | Some _, None -> atRest observed
    | Some _, Some pod when not (Seen.owns observed pod.Meta) ->
        Decision.wait [ NotOurs("Pod", pod.Meta.Name) ]
    | Some _, Some pod when pod.Meta.DeletionTimestamp.IsSome -> Decision.wait [ PodTerminating ]
    | Some asked, Some pod -> Decision.act [ RemovePod(pod.Meta, "Suspended", Evidence.Suspended asked) ]
    | None, _ when Seen.suspended observed -> Decision.wait [ StoresStopFirst ]
    | None, None when observed.Role.IsTiKV && Seen.storesStopped observed -> Decision.wait [ PdStartsFirst ]
    | None, _ -> Decision.settled

/// Its Pod is gone, and nothing of what it was about is left in PD that could be taken back now.
let isAtRest (observed: Observed) =
    Seen.suspended observed
    && observed.Pod.IsNone
    && match observed.Role, Seen.facts observed with
       | TiKV(_, status), Some _ -> status.Evicting.IsNone
       | _ -> true
