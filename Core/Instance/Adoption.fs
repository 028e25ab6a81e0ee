/// Volume claims that were there before the instance.
module Tikv.Core.Instance.Adoption

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

let private hasIdentity (observed: Observed) =
    match observed.Role with
    | PD(_, status) -> status.Id.IsSome
    | TiKV(_, status) -> status.Id.IsSome

/// A new instance does not start on the data of an earlier Cluster that bore the same name, unless its user says so
/// (V I14). One that has its store or member id has started on that data before.
let rule (observed: Observed) : Decision<Action, Reason> =
    match observed.Cluster with
    | None -> Decision.settled
    | Some _ when hasIdentity observed -> Decision.settled
    | Some cluster ->
        let adopted = cluster.Meta.Annotations |> Map.tryFind Annotations.adoptVolumesOf

        let stranger (_, name) =
            observed.Claims
            |> Map.tryFind name
            |> Option.bind (fun claim -> claim.Meta.Annotations |> Map.tryFind Annotations.clusterUid)
            |> Option.filter (fun uid -> Uid uid <> cluster.Meta.Uid && Some uid <> adopted)
            |> Option.map (fun uid -> ClaimOfAnotherCluster(name, Uid uid))

        Decision.wait (Seen.wantedClaims observed |> List.choose stranger)
