namespace Tikv.Core

open Tikv.Core.Kubernetes

/// Labels and annotations that the operator writes. Those with the prefix `tikv.org/` are ours alone.
[<RequireQualifiedAccess>]
module Labels =
    let managedBy = "app.kubernetes.io/managed-by"
    let manager = "tikv-operator"
    let cluster = "tikv.org/cluster"
    let group = "tikv.org/group"
    let ``component`` = "tikv.org/component"
    let instance = "tikv.org/instance"
    /// On an instance: the revision of the group's template that it was made from.
    let revision = "tikv.org/revision"
    let volume = "tikv.org/volume"
    /// On a claim: which PD cluster, and which store or member of it, its data belongs to (decimal).
    let clusterId = "tikv.org/cluster-id"
    let storeId = "tikv.org/store-id"
    let memberId = "tikv.org/member-id"

    /// The finalizer of all our kinds.
    let finalizer = "tikv.org/finalizer"

    /// The labels of everything that belongs to one group.
    let ofGroup clusterName groupName componentName =
        Map.ofList [
            "app.kubernetes.io/name", "tikv-cluster"
            "app.kubernetes.io/instance", clusterName
            "app.kubernetes.io/component", componentName
            managedBy, manager
            cluster, clusterName
            group, groupName
            ``component``, componentName
        ]

    /// The labels of everything that belongs to one instance.
    let ofInstance clusterName groupName componentName (instanceName: string) =
        ofGroup clusterName groupName componentName |> Map.add instance instanceName

    /// The group of an instance; empty when it does not say so.
    let groupOf (meta: Meta) = meta.Labels |> Map.tryFind group |> Option.defaultValue ""

    /// Which objects of a kind the operator keeps in its caches: all of our own kinds, and of Kubernetes' kinds those that
    /// it has made, so that its memory does not grow with other people's Pods. Nodes, volumes and storage classes are made
    /// by others, and so is a PodDisruptionBudget that stands in the way of drains.
    let selector kind =
        if
            List.contains kind Kind.ours
            || Kind.isClusterWide kind
            || kind = Kind.PodDisruptionBudget
        then
            None
        else
            Some $"%s{managedBy}=%s{manager}"

[<RequireQualifiedAccess>]
module Annotations =
    /// On an instance: hash of the template's metadata. A change restarts the Pod once.
    let templateMetadata = "tikv.org/template-metadata"
    /// On a Pod: hash of all that the process was started with; see `Revision.ofProcess`.
    let processRevision = "tikv.org/process-revision"
    /// On a Pod: as `processRevision`, without the configuration; see `Revision.ofBase`.
    let processBase = "tikv.org/process-base"
    /// On a Pod: fingerprint of the configuration that is in effect in its process; see `Reload`.
    let configInEffect = "tikv.org/config-in-effect"
    /// On a Pod: fingerprint of a configuration that its process would not take over without a restart.
    let configRefused = "tikv.org/config-refused"
    /// On a Pod: since when the disruption was held under which it was not restarted after all; see `Rules.spared`.
    let spared = "tikv.org/spared"
    /// On a ConfigMap or a Service: hash of what the operator wrote, to see at a glance whether it is still wanted.
    let written = "tikv.org/written"
    /// On an instance: another one takes its place, and then it leaves.
    let replaced = "tikv.org/replaced"
    /// On a claim: the keys that an overlay has put there, as JSON, so that they go when the overlay does.
    let overlayKeys = "tikv.org/overlay-keys"
    /// On a claim: the VolumeAttributesClass that was asked for last, also when the API server has dropped it.
    let attributesClass = "tikv.org/volume-attributes-class"
    /// On a claim: the store or member (decimal) that held its data has left the cluster for ever.
    let removed = "tikv.org/removed"
    /// On a StorageClass, by its administrator: `Offline` says that a volume grows only when its Pod is started anew.
    let volumeExpansion = "tikv.org/volume-expansion"
    /// On an instance, set by people: a number from 0; the lowest is the first to go, to be updated, and to be called back.
    /// Without it, last (T 3.2).
    let priority = "tikv.org/priority"
    /// On an instance: it goes once the roll that is under way has ended (T 3.1). Taken away, it stays.
    let deferDelete = "tikv.org/defer-delete"
    /// On a group, set by people or `kubectl tikv rollback`: the revision to go back to, by its number, its hash or its
    /// name; `previous` or `0` for the one before. The operator takes it away when it is done.
    let rollbackTo = "tikv.org/rollback-to"
    /// On an instance: the keys that came from the template's metadata, so that those that leave it leave the instance.
    let templateKeys = "tikv.org/template-keys"
    /// On a Service: the keys of the annotations that the operator wrote, with commas between them; only these it takes away.
    let writtenKeys = "tikv.org/written-annotations"
    /// On an instance or a group that is being deleted: `true` lets it go without PD, when PD cannot let it go. Its volume
    /// claims stay.
    let abandon = "tikv.org/abandon"
    /// On a TiKVGroup, set by people: gates that do not hold its instances up until a time; see `Gate.overridden`.
    let overrideGates = "tikv.org/override-gates"
    /// On a PersistentVolumeClaim: the uid of the Cluster that it was made for.
    let clusterUid = "tikv.org/cluster-uid"
    /// On a Cluster: the uid of an earlier Cluster, whose volume claims it may take over.
    let adoptVolumesOf = "tikv.org/adopt-volumes-of"
