/// The objects of one group: its Services and its instances.
module Tikv.Core.Group.Manifest

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let settings (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> spec.Group
    | TiKV(spec, _) -> spec.Group

let status (observed: Observed) =
    match observed.Role with
    | PD(_, status) -> status
    | TiKV(_, status) -> status

let kind (observed: Observed) =
    match observed.Role with
    | PD _ -> Kind.PDGroup
    | TiKV _ -> Kind.TiKVGroup

let instanceKind (observed: Observed) =
    match observed.Role with
    | PD _ -> Kind.PD
    | TiKV _ -> Kind.TiKV

let componentName (observed: Observed) =
    match observed.Role with
    | PD _ -> "pd"
    | TiKV _ -> "tikv"

let version (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> spec.Template.Spec.Component.Version
    | TiKV(spec, _) -> spec.Template.Spec.Component.Version

/// The Secrets of its instances' certificates: that of the authority, that of the pair.
let tlsSecrets (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> Defaults.tlsSecrets Component.PD observed.Meta.Name spec.Template.Spec.Component
    | TiKV(spec, _) -> Defaults.tlsSecrets Component.TiKV observed.Meta.Name spec.Template.Spec.Component

/// The headless Service that gives every Pod of the group its name in DNS.
let peerService (group: string) = group + "-peer"

let labels (observed: Observed) =
    Labels.ofGroup (settings observed).Cluster.Name observed.Meta.Name (componentName observed)

let owner (observed: Observed) =
    let (Uid uid) = observed.Meta.Uid
    let kind = kind observed

    Json.object [
        "apiVersion", Json.string (Kind.apiVersion kind)
        "kind", Json.string (Kind.name kind)
        "name", Json.string observed.Meta.Name
        "uid", Json.string uid
        "controller", Json.bool true
        "blockOwnerDeletion", Json.bool true
    ]

let owns (observed: Observed) (meta: Meta) =
    meta.OwnerReferences
    |> List.exists (fun owner -> owner.Uid = observed.Meta.Uid && owner.Controller)

// ---- Services

let private ports (observed: Observed) =
    match observed.Role with
    | PD(spec, _) ->
        let template = spec.Template.Spec
        [ "client", Defaults.pdClientPort template; "peer", Defaults.pdPeerPort template ]
    | TiKV(spec, _) ->
        let template = spec.Template.Spec
        [ "client", Defaults.tikvClientPort template; "status", Defaults.tikvStatusPort template ]

/// By which the Pods of the group, and no others, are found.
let selector (observed: Observed) =
    labels observed
    |> Map.filter (fun key _ -> key = Labels.group || key = Labels.``component``)
    |> Json.ofMap

/// The fields of a Service's spec that are the operator's; the API server and cloud controllers own the others.
let private serviceSpec (observed: Observed) headless (nodePort: int option) ports =
    Json.present [
        "clusterIP", (if headless then Some(Json.string "None") else None)
        // A member must find its siblings before any of them is ready.
        "publishNotReadyAddresses", (if headless then Some(Json.bool true) else None)
        "selector", Some(selector observed)
        "ports",
        ports
        |> List.map (fun (name, port) ->
            Json.present [
                "name", Some(Json.string name)
                "port", Some(Json.int port)
                "protocol", Some(Json.string "TCP")
                "targetPort", Some(Json.string name)
                "nodePort", nodePort |> Option.map Json.int
            ])
        |> Json.array
        |> Some
    ]

let private typeName (given: ServiceType) =
    match given with
    | ServiceType.ClusterIP -> "ClusterIP"
    | ServiceType.NodePort -> "NodePort"
    | ServiceType.LoadBalancer -> "LoadBalancer"

let private trafficName (given: ExternalTrafficPolicy) =
    match given with
    | ExternalTrafficPolicy.Cluster -> "Cluster"
    | ExternalTrafficPolicy.Local -> "Local"

/// A JSON null is a field that must not be there.
let private exposure (observed: Observed) (settings: ServiceSettings) =
    let outside = settings.Type <> ServiceType.ClusterIP
    let balanced = settings.Type = ServiceType.LoadBalancer
    let absent holds value = if holds then value else Some Json.Null

    // PD's `ready` API says no on the first leader until TiKV bootstraps, and TiKV finds PD by this Service (P 1).
    let early =
        observed.Cluster
        |> Option.exists (fun cluster -> Features.isOn Feature.UsePDReadyAPI cluster.Spec)

    Json.present [
        "type", Some(Json.string (typeName settings.Type))
        "loadBalancerSourceRanges",
        absent
            (balanced && not settings.LoadBalancerSourceRanges.IsEmpty)
            (Some(Json.strings settings.LoadBalancerSourceRanges))
        "loadBalancerClass", absent balanced (settings.LoadBalancerClass |> Option.map Json.string)
        "externalTrafficPolicy",
        absent outside (settings.ExternalTrafficPolicy |> Option.map (trafficName >> Json.string))
        "publishNotReadyAddresses", (if early then Some(Json.bool true) else None)
    ]

let private clientService (observed: Observed) (settings: ServiceSettings) =
    let nodePort = if settings.Type = ServiceType.ClusterIP then None else settings.NodePort
    let own = serviceSpec observed false nodePort (ports observed |> List.truncate 1)

    Json.membersAt [] own @ Json.membersAt [] (exposure observed settings)
    |> Json.object

/// Name and owned spec of every Service of the group: the headless one, and for PD the one that clients use.
let services (observed: Observed) = [
    peerService observed.Meta.Name, serviceSpec observed true None (ports observed)
    match observed.Role with
    | PD(spec, _) -> observed.Meta.Name, clientService observed spec.Service
    | TiKV _ -> ()
]

/// The annotations that a user gives to the client Service of PD.
let serviceAnnotations (observed: Observed) name =
    match observed.Role with
    | PD(spec, _) when name = observed.Meta.Name && not spec.Service.Annotations.IsEmpty ->
        spec.Service.Annotations
        |> Map.add
            Annotations.writtenKeys
            (String.Join(",", spec.Service.Annotations |> Map.toSeq |> Seq.map fst))
    | _ -> Map.empty

/// An object of ours beside the instances, such as a Service.
let object apiVersion kind (observed: Observed) name annotations spec =
    let present = spec |> Json.membersAt [] |> List.filter (fun (_, value) -> value <> Json.Null)

    Json.object [
        "apiVersion", Json.string apiVersion
        "kind", Json.string kind
        "metadata",
        Json.present [
            "name", Some(Json.string name)
            "namespace", Some(Json.string observed.Meta.Namespace)
            "labels", Some(Json.ofMap (labels observed))
            "annotations", (if Map.isEmpty annotations then None else Some(Json.ofMap annotations))
            "ownerReferences", Some(Json.array [ owner observed ])
        ]
        "spec", Json.object present
    ]

let service (observed: Observed) name spec =
    object "v1" "Service" observed name (serviceAnnotations observed name) spec

// ---- instances

let private noMetadata: ObjectMetadata = { Labels = Map.empty; Annotations = Map.empty }

let private keys (metadata: ObjectMetadata) =
    let names map = map |> Map.toList |> List.map fst |> Json.strings

    Json.object [ "labels", names metadata.Labels; "annotations", names metadata.Annotations ]
    |> Json.print

let private instanceMetadata (observed: Observed) name =
    let template =
        match observed.Role with
        | PD(spec, _) -> spec.Template.Metadata
        | TiKV(spec, _) -> spec.Template.Metadata

    let laid over map = over |> Map.fold (fun all key value -> Map.add key value all) map

    let labels =
        template.Labels
        |> laid (labels observed)
        |> Map.add Labels.instance name
        |> Map.add Labels.revision (Shared.revision observed)

    let annotations =
        template.Annotations
        |> Map.add Annotations.templateMetadata (Shared.metadataHash template)
        |> if template = noMetadata then id else Map.add Annotations.templateKeys (keys template)

    labels, annotations

/// Keys that came from the template once and are no more in it: a merge patch takes away only what it names.
let private leftOver (seen: Meta) labels annotations =
    let before =
        seen.Annotations
        |> Map.tryFind Annotations.templateKeys
        |> Option.bind (Json.parse >> Result.toOption)
        |> Option.defaultValue Json.empty

    let gone field kept =
        before
        |> Json.itemsAt [ field ]
        |> List.choose Json.asString
        |> List.filter (fun key -> not (Map.containsKey key kept))
        |> List.map (fun key -> key, Json.Null)

    let unmarked =
        if
            Map.containsKey Annotations.templateKeys seen.Annotations
            && not (Map.containsKey Annotations.templateKeys annotations)
        then
            [ Annotations.templateKeys, Json.Null ]
        else
            []

    gone "labels" labels, gone "annotations" annotations @ unmarked

let private instanceSettings (observed: Observed) index topology : InstanceSettings = {
    Cluster = (settings observed).Cluster
    Subdomain = peerService observed.Meta.Name
    Index = index
    Topology = topology
    VolumeReclaimPolicy = (settings observed).VolumeReclaimPolicy
    Drain = (settings observed).Drain
    PodName = None
    VolumeClaimNames = Map.empty
}

/// A new instance. `initial` are the members of the first bootstrap of PD, when it is one of them.
let instance (observed: Observed) initial (index, topology) =
    let name = Names.instance observed.Meta.Name index
    let kind = instanceKind observed
    let labels, annotations = instanceMetadata observed name
    let settings = instanceSettings observed index topology

    let spec =
        match observed.Role with
        | PD(spec, _) ->
            Codec.encode {
                PDSpec.Instance = settings
                InitialCluster = initial
                Template = spec.Template.Spec
            }
        | TiKV(spec, _) ->
            Codec.encode {
                TiKVSpec.Instance = settings
                Offline = false
                Eviction = spec.Eviction
                Template = spec.Template.Spec
            }

    Json.object [
        "apiVersion", Json.string (Kind.apiVersion kind)
        "kind", Json.string (Kind.name kind)
        "metadata",
        Json.object [
            "name", Json.string name
            "namespace", Json.string observed.Meta.Namespace
            "labels", Json.ofMap labels
            "annotations", Json.ofMap annotations
            "finalizers", Json.strings [ Labels.finalizer ]
            "ownerReferences", Json.array [ owner observed ]
        ]
        "spec", spec
    ]

/// What an instance is brought to: the group's template and settings; its own identity, topology and initial members
/// stay. The body holds the metadata and the parts of spec that the group gives.
let update (observed: Observed) (seen: Meta) =
    let labels, annotations = instanceMetadata observed seen.Name
    let goneLabels, goneAnnotations = leftOver seen labels annotations
    let members gone map = Json.object ((Json.ofMap map |> Json.asMembers |> Option.defaultValue []) @ gone)

    let given =
        match observed.Role with
        | PD(spec, _) -> Codec.encode spec.Template.Spec
        | TiKV(spec, _) ->
            match Codec.encode spec.Template.Spec, Codec.encode spec.Eviction with
            | Json.Object template, Json.Object eviction -> Json.Object(template @ eviction)
            | template, _ -> template

    let policy =
        match (settings observed).VolumeReclaimPolicy with
        | ReclaimPolicy.Retain -> "Retain"
        | ReclaimPolicy.Delete -> "Delete"

    let drain =
        match (settings observed).Drain with
        | DrainPolicy.Move -> "Move"
        | DrainPolicy.Hold -> "Hold"
        | DrainPolicy.Unmanaged -> "Unmanaged"

    Json.object [
        "metadata",
        Json.object [
            "labels", members goneLabels labels
            "annotations", members goneAnnotations annotations
        ]
        "spec",
        given
        |> Json.withField "volumeReclaimPolicy" (Json.string policy)
        |> Json.withField "drain" (Json.string drain)
    ]
