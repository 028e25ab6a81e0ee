/// What a user can do about an instance that PD cannot let go (docs/lifecycle.md).
module Tikv.Core.Instance.Abandon

open System
open Tikv.Core
open Tikv.Core.Instance

/// Time enough for PD to come back by itself.
let private patience = TimeSpan.FromMinutes 1.0

/// PD has been silent for so long that the user is told how to do without.
let hint (observed: Observed) : Decision<Action, Reason> =
    let late =
        observed.Meta.DeletionTimestamp
        |> Option.bind (fun at -> Seen.since at observed)
        |> Option.exists (fun span -> span >= patience)

    match Evidence.departed observed, Seen.facts observed with
    | None, None when late -> Decision.wait [ LeaveNeedsPd ]
    | _ -> Decision.settled

/// The Pod and the ConfigMap of an instance that was given up go, and it; its claims stay whatever the policy says.
let rule (observed: Observed) : Decision<Action, Reason> =
    match Evidence.abandoned observed with
    | Some given -> Rules.tearDown (Evidence.GivenUp given) observed
    | None -> Decision.settled
