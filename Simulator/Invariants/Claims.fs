/// Data outlives mistakes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Claims

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private objects plural ``namespace`` (world: World) =
    ApiServer.listObjects (Builtins.key "core.tikv.org" "v1alpha1" plural) (Some ``namespace``) world.Server

/// Somebody asked, in a spec, for the data to go: with the cluster, or with an instance that has left.
let private asked ``namespace`` (world: World) =
    objects "clusters" ``namespace`` world
    |> List.exists (fun cluster ->
        Json.stringAt [ "spec"; "deletionPolicy" ] cluster = Some "Delete"
        && Meta.isTerminating cluster)
    || [ "pdgroups"; "tikvgroups" ]
       |> List.exists (fun plural ->
           objects plural ``namespace`` world
           |> List.exists (fun group ->
               Json.stringAt [ "spec"; "volumeReclaimPolicy" ] group = Some "Delete"))

/// I02 and I13.
let areKept: Invariant =
    Invariant.make
        {
            Id = "I02"
            Means =
                "No volume claim is deleted, nor can be by the garbage collector, unless a spec asks for it"
            Source = "architecture, law 7; verification C1 (I02, I13)"
        }
        ()
        (fun () world sight ->
            match sight with
            | Sight.Landed(_, Delete({ Kind = Kind.PersistentVolumeClaim } as claim, _, _), code) when
                code < 300
                ->
                if asked claim.Namespace world then
                    struct ((), Finding.Held)
                else
                    struct ((),
                            Finding.Broken $"the claim %s{claim.Name} was deleted though its data is to stay")
            | Sight.Changed {
                                Resource = { Plural = "persistentvolumeclaims" }
                                Object = claim
                                Type = ChangeType.Added
                            } ->
                if
                    List.isEmpty (Meta.ownerReferences claim)
                    || asked (Meta.``namespace`` claim) world
                then
                    struct ((), Finding.Held)
                else
                    struct ((),
                            Finding.Broken
                                $"the claim %s{Meta.name claim} has an owner: deleting that would delete the data")
            | _ -> struct ((), Finding.Nothing))
