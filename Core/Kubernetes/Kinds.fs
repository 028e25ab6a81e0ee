namespace Tikv.Core.Kubernetes

open System
open Tikv.Core

/// The kinds of object that the operator reads or writes. (No struct: it stands in keys of maps, and would be copied to the
/// heap at each comparison.)
[<RequireQualifiedAccess>]
type Kind =
    | Cluster
    | PDGroup
    | TiKVGroup
    | PD
    | TiKV
    | Pod
    | ConfigMap
    | PersistentVolumeClaim
    | Service
    | Lease
    | Event
    | Node
    | PersistentVolume
    | StorageClass
    | PodDisruptionBudget
    | ControllerRevision
    | Secret

/// Where a kind is served.
type Resource = {
    /// API group; empty for the core group.
    Group: string
    Version: string
    /// Plural name, as in the URL.
    Plural: string
    /// Kind, as in manifests.
    Name: string
}

[<RequireQualifiedAccess>]
module Kind =
    /// The API group and version of our own kinds.
    let group = "core.tikv.org"
    let version = "v1alpha1"

    /// Our own five kinds, from the top layer down.
    let ours = [ Kind.Cluster; Kind.PDGroup; Kind.TiKVGroup; Kind.PD; Kind.TiKV ]

    /// Kinds whose objects belong to no namespace.
    let isClusterWide kind =
        match kind with
        | Kind.Node
        | Kind.PersistentVolume
        | Kind.StorageClass -> true
        | _ -> false

    /// What the operator can do without: it may not be allowed to see them (an operator of some namespaces only), or the
    /// server may not have them (`policy/v1` needs Kubernetes 1.21). What it then does not know, it does not act on.
    let isOptional kind = isClusterWide kind || kind = Kind.PodDisruptionBudget

    /// The kinds that the operator keeps a cache of, each by a reflector of its own.
    let watched =
        ours
        @ [
            Kind.Pod
            Kind.ConfigMap
            Kind.PersistentVolumeClaim
            Kind.Service
            Kind.ControllerRevision
            Kind.PodDisruptionBudget
            Kind.Node
            Kind.PersistentVolume
            Kind.StorageClass
        ]

    let private own plural name = { Group = group; Version = version; Plural = plural; Name = name }
    let private core plural name = { Group = ""; Version = "v1"; Plural = plural; Name = name }

    let private clusters = own "clusters" "Cluster"
    let private pdGroups = own "pdgroups" "PDGroup"
    let private tikvGroups = own "tikvgroups" "TiKVGroup"
    let private pds = own "pds" "PD"
    let private tikvs = own "tikvs" "TiKV"
    let private pods = core "pods" "Pod"
    let private configMaps = core "configmaps" "ConfigMap"
    let private claims = core "persistentvolumeclaims" "PersistentVolumeClaim"
    let private services = core "services" "Service"
    let private events = core "events" "Event"
    let private nodes = core "nodes" "Node"
    let private volumes = core "persistentvolumes" "PersistentVolume"
    let private secrets = core "secrets" "Secret"

    let private leases = { Group = "coordination.k8s.io"; Version = "v1"; Plural = "leases"; Name = "Lease" }

    let private storageClasses = {
        Group = "storage.k8s.io"
        Version = "v1"
        Plural = "storageclasses"
        Name = "StorageClass"
    }

    let private budgets = {
        Group = "policy"
        Version = "v1"
        Plural = "poddisruptionbudgets"
        Name = "PodDisruptionBudget"
    }

    let private revisions = {
        Group = "apps"
        Version = "v1"
        Plural = "controllerrevisions"
        Name = "ControllerRevision"
    }

    let resource kind =
        match kind with
        | Kind.Cluster -> clusters
        | Kind.PDGroup -> pdGroups
        | Kind.TiKVGroup -> tikvGroups
        | Kind.PD -> pds
        | Kind.TiKV -> tikvs
        | Kind.Pod -> pods
        | Kind.ConfigMap -> configMaps
        | Kind.PersistentVolumeClaim -> claims
        | Kind.Service -> services
        | Kind.Lease -> leases
        | Kind.Event -> events
        | Kind.Node -> nodes
        | Kind.PersistentVolume -> volumes
        | Kind.Secret -> secrets
        | Kind.StorageClass -> storageClasses
        | Kind.PodDisruptionBudget -> budgets
        | Kind.ControllerRevision -> revisions

    /// `v1` or `group/version`, as manifests have it.
    let apiVersion kind =
        let resource = resource kind
        if resource.Group = "" then resource.Version else $"%s{resource.Group}/%s{resource.Version}"

    let name kind = (resource kind).Name

/// The name of one object, whichever life it is in. In order by kind, namespace and name. The comparison is written out:
/// most maps of the operator have such keys.
[<CustomEquality; CustomComparison>]
type ObjectRef = {
    Kind: Kind
    Namespace: string
    Name: string
} with

    override this.Equals(other: obj) =
        match other with
        | :? ObjectRef as other ->
            String.Equals(this.Name, other.Name)
            && this.Kind = other.Kind
            && String.Equals(this.Namespace, other.Namespace)
        | _ -> false

    override this.GetHashCode() = HashCode.Combine(this.Kind, this.Namespace, this.Name)

    interface IComparable with
        member this.CompareTo other =
            match other with
            | :? ObjectRef as other ->
                match compare this.Kind other.Kind with
                | 0 ->
                    match String.CompareOrdinal(this.Namespace, other.Namespace) with
                    | 0 -> String.CompareOrdinal(this.Name, other.Name)
                    | order -> order
                | order -> order
            | _ -> 1

/// What the server is asked to check before a delete: which life, and (where the decision read the object's content)
/// which version.
type Precondition = { Uid: Uid; ResourceVersion: ResourceVersion option }

/// A write to the API server. Every one carries the version it was decided on (architecture, law 1).
type Write =
    /// A name that is taken is refused (AlreadyExists): names are deterministic, so a stale cache can only collide.
    | Create of Object: ObjectRef * Body: Json
    /// A JSON merge patch. Its body carries `metadata.uid` and `metadata.resourceVersion`; the server refuses it
    /// (Conflict) when the object is another or has changed. With `Status`, it goes to the status subresource.
    | Patch of Object: ObjectRef * Status: bool * Body: Json
    /// `Grace` in seconds; none leaves it to the object. Dependants go in the background.
    | Delete of Object: ObjectRef * Precondition: Precondition * Grace: int option

[<RequireQualifiedAccess>]
module Write =
    let object write =
        match write with
        | Create(object, _)
        | Patch(object, _, _)
        | Delete(object, _, _) -> object

/// Why the API server refused a request, as its Status object says (Kubernetes API, metav1.Status).
type ApiError = {
    /// HTTP status code.
    Code: int
    /// `metav1.StatusReason`, such as NotFound, AlreadyExists, Conflict, Invalid, Forbidden, Expired, Gone; may be empty.
    Reason: string
    Message: string
    /// The fields at fault, with what is wrong with each.
    Causes: (string * string) list
    /// Seconds, from the Retry-After header or `details.retryAfterSeconds`.
    RetryAfter: int option
}

[<RequireQualifiedAccess>]
module ApiError =
    /// A server that fails, or one on the way to it, does not say that nothing was changed: a time-out of etcd is a 500, one
    /// of a proxy a 504 (Kubernetes API conventions, "HTTP status codes"). Of a refusal (4xx) it is certain.
    let leavesDoubt error = error.Code >= 500

/// What became of a request.
type Outcome<'Answer> =
    /// The server executed it.
    | Done of Answer: 'Answer
    /// The server refused it, and nothing was changed; unless the error leaves that in doubt.
    | Refused of Error: ApiError
    /// No answer came: it may have been executed, or may be yet (architecture, law 8).
    | Unknown of Problem: string

/// One page of a list.
type ListPage = {
    Items: Json list
    ResourceVersion: ResourceVersion
    /// To be sent with the request for the next page; none on the last.
    Continue: string option
}

/// One line of a watch.
type WatchEvent =
    | Added of Object: Json
    | Modified of Object: Json
    | Deleted of Object: Json
    | Bookmark of ResourceVersion: ResourceVersion
    /// An error of the stream, such as 410 Expired.
    | Failed of Error: ApiError
