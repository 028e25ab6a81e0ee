/// The user's word that PD will not be asked any more (docs/lifecycle.md).
module Tikv.Core.Instance.Abandon

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

let private isAsked (observed: Observed) =
    observed.Meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

/// PD cannot let it go: it does not answer, or does not know it, or there is no other member to agree. While PD can, the
/// usual way is taken all the same.
let applies (observed: Observed) =
    isAsked observed
    && match Seen.facts observed, observed.Role with
       | None, _ -> true
       | Some facts, TiKV _ -> (Seen.storeOf observed facts).IsNone
       | Some facts, PD _ ->
           match Seen.memberOf observed facts, facts.Members with
           | Some self, [ only ] -> self.Id = only.Id
           | _ -> false

/// Time enough for PD to come back by itself.
let private patience = TimeSpan.FromMinutes 1.0

/// What the user can do about an instance that does not go because PD is gone.
let hint (observed: Observed) : Decision<Action, Reason> =
    let late =
        observed.Meta.DeletionTimestamp
        |> Option.bind (fun at -> Rules.since at observed)
        |> Option.exists (fun span -> span >= patience)

    match Seen.facts observed with
    | None when late -> Decision.wait [ LeaveNeedsPd ]
    | _ -> Decision.settled

/// Its Pod and its ConfigMap go. Its claims stay whatever the policy says: nobody can tell that the data is elsewhere.
let rule (observed: Observed) : Decision<Action, Reason> = Rules.tearDown false observed
