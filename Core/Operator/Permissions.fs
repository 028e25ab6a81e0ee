namespace Tikv.Core.Operator

open Tikv.Core.Kubernetes

/// What the operator has to be allowed on one resource, as RBAC names things.
type Permission = {
    /// Empty: the core group.
    ApiGroup: string
    /// Plural, with the subresource after a slash.
    Resource: string
    Verbs: string list
}

/// Everything that the effects of `step` need, and nothing more: the roles in `deploy/` grant it, and the operator asks
/// at its start whether they do.
[<RequireQualifiedAccess>]
module Permissions =

    let private look = [ "get"; "list"; "watch" ]

    let private on kind verbs =
        let resource = Kind.resource kind
        { ApiGroup = resource.Group; Resource = resource.Plural; Verbs = verbs }

    let private under kind subresource verbs =
        let whole = on kind verbs
        { whole with Resource = $"%s{whole.Resource}/%s{subresource}" }

    let private verbs kind =
        match kind with
        | Kind.Cluster -> look @ [ "patch" ]
        | Kind.PDGroup
        | Kind.TiKVGroup -> look @ [ "patch"; "delete" ]
        | Kind.PD
        | Kind.TiKV
        | Kind.ConfigMap
        | Kind.PersistentVolumeClaim
        | Kind.Pod
        | Kind.Service -> look @ [ "create"; "patch"; "delete" ]
        | Kind.Lease -> [ "get"; "create"; "patch" ]
        | Kind.Event -> [ "create" ]
        | Kind.ControllerRevision
        | Kind.PodDisruptionBudget -> look @ [ "create"; "patch"; "delete" ]
        | Kind.Node
        | Kind.PersistentVolume
        | Kind.StorageClass -> look
        | Kind.Secret -> [ "get" ]

    /// In every namespace that is watched. `finalizers`: an owner that blocks deletion needs it where the admission
    /// plugin OwnerReferencesPermissionEnforcement is on.
    let watched = [
        for kind in Kind.watched |> List.filter (Kind.isClusterWide >> not) do
            on kind (verbs kind)

        for kind in Kind.ours do
            under kind "status" [ "patch" ]

        for kind in [ Kind.PDGroup; Kind.TiKVGroup; Kind.PD; Kind.TiKV ] do
            under kind "finalizers" [ "update" ]

        on Kind.Event (verbs Kind.Event)
        on Kind.Secret (verbs Kind.Secret)
    ]

    /// Of objects that belong to no namespace. Without these the operator does its work, and knows less of why a Pod waits.
    let clusterWide = [
        for kind in Kind.watched |> List.filter Kind.isClusterWide do
            on kind (verbs kind)
    ]

    /// In the namespace of the lease.
    let election = [ on Kind.Lease (verbs Kind.Lease) ]

    /// To reach PD through the API server: the verb is that of the HTTP method.
    let proxy = [
        under Kind.Pod "proxy" [ "get"; "create"; "delete" ]
        under Kind.Service "proxy" [ "get"; "create"; "delete" ]
    ]
