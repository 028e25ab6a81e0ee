/// The Kubernetes objects of one instance: ConfigMap, PersistentVolumeClaims and Pod.
module Tikv.Core.Instance.Manifest

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let private clientPort (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> Defaults.pdClientPort spec.Template
    | TiKV(spec, _) -> Defaults.tikvClientPort spec.Template

/// PD: the peer port. TiKV: the status port.
let private secondPort (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> Defaults.pdPeerPort spec.Template
    | TiKV(spec, _) -> Defaults.tikvStatusPort spec.Template

let private ``component`` (observed: Observed) =
    match observed.Role with
    | PD _ -> Component.PD
    | TiKV _ -> Component.TiKV

/// The name of the component in labels, containers, paths and images.
let componentName (observed: Observed) = Defaults.word (``component`` observed)

let private dataPath (observed: Observed) = Defaults.dataPath (``component`` observed)
let private configPath (observed: Observed) = $"/etc/%s{componentName observed}"
let private tlsPath (observed: Observed) = $"/var/lib/%s{componentName observed}-tls"

let private tls (observed: Observed) =
    observed.Cluster |> Option.exists (fun cluster -> Defaults.isTls cluster.Spec)

let private scheme (observed: Observed) = if tls observed then "https" else "http"

/// The DNS name of an instance's Pod.
let host (dns: Dns option) pod subdomain space =
    match dns |> Option.map (fun dns -> dns.Mode, dns.ClusterDomain) with
    | Some(DnsMode.FQDN, domain) -> pod + "." + subdomain + "." + space + ".svc." + domain
    | Some(DnsMode.Legacy, _) -> pod + "." + subdomain + "." + space + ".svc"
    | Some(DnsMode.InCluster, _)
    | None -> pod + "." + subdomain + "." + space

let private hostOf (observed: Observed) pod =
    let dns = observed.Cluster |> Option.map _.Spec.Dns
    host dns pod (Seen.settings observed).Subdomain observed.Meta.Namespace

let private groupName (observed: Observed) = Labels.groupOf observed.Meta

/// The labels of every object of the instance.
let labels (observed: Observed) =
    let group = groupName observed

    match Seen.prints observed with
    | Some prints when prints.Group = group -> prints.Labels.Value
    | _ ->
        let cluster = (Seen.settings observed).Cluster.Name
        Labels.ofInstance cluster group (componentName observed) observed.Meta.Name

let private owner (observed: Observed) =
    let (Uid uid) = observed.Meta.Uid
    let kind = Seen.kind observed

    Json.object [
        "apiVersion", Json.string (Kind.apiVersion kind)
        "kind", Json.string (Kind.name kind)
        "name", Json.string observed.Meta.Name
        "uid", Json.string uid
        "controller", Json.bool true
        "blockOwnerDeletion", Json.bool true
    ]

let private metadata (observed: Observed) name labels annotations owned =
    Json.present [
        "name", Some(Json.string name)
        "namespace", Some(Json.string observed.Meta.Namespace)
        "labels", Some(Json.ofMap labels)
        "annotations", (if Map.isEmpty annotations then None else Some(Json.ofMap annotations))
        "ownerReferences", (if owned then Some(Json.array [ owner observed ]) else None)
    ]

// ---- configuration

/// Where a process finds its certificates; nothing without TLS. Every component calls the authority by another key.
let private security (observed: Observed) authority =
    if tls observed then
        [
            "security",
            TomlValue.Table [
                authority, TomlValue.String(tlsPath observed + "/ca.crt")
                "cert-path", TomlValue.String(tlsPath observed + "/tls.crt")
                "key-path", TomlValue.String(tlsPath observed + "/tls.key")
            ]
        ]
    else
        []

let private pdKeys (observed: Observed) (spec: PDSpec) =
    let name = Seen.podName observed
    let url port = scheme observed + "://" + hostOf observed name + ":" + string port
    let listen port = scheme observed + "://0.0.0.0:" + string port
    let client, peer = clientPort observed, secondPort observed

    let membership =
        if Seen.entry observed = Bootstraps then
            let initial =
                spec.InitialCluster
                |> List.map (fun one ->
                    one + "=" + scheme observed + "://" + hostOf observed one + ":" + string peer)

            [
                "initial-cluster", TomlValue.String(String.Join(",", (initial: string list)))
                "initial-cluster-state", TomlValue.String "new"
                "initial-cluster-token", TomlValue.String (Seen.settings observed).Cluster.Name
            ]
        else
            [ "join", TomlValue.String(String.Join(",", (observed.PdUrls: string list))) ]

    [
        "name", TomlValue.String name
        "data-dir", TomlValue.String(dataPath observed)
        "client-urls", TomlValue.String(listen client)
        "peer-urls", TomlValue.String(listen peer)
        "advertise-client-urls", TomlValue.String(url client)
        "advertise-peer-urls", TomlValue.String(url peer)
    ]
    @ membership
    @ security observed "cacert-path"

let private tikvKeys (observed: Observed) =
    let host = hostOf observed (Seen.podName observed)
    let client, status = clientPort observed, secondPort observed
    let withoutScheme (url: string) = url.Substring(url.IndexOf("//", StringComparison.Ordinal) + 2)

    let pd = observed.PdUrls |> List.map (withoutScheme >> TomlValue.String)

    [
        "server",
        TomlValue.Table [
            "addr", TomlValue.String("0.0.0.0:" + string client)
            "advertise-addr", TomlValue.String(host + ":" + string client)
            "status-addr", TomlValue.String("0.0.0.0:" + string status)
            "advertise-status-addr", TomlValue.String(host + ":" + string status)
        ]
        "storage", TomlValue.Table [ "data-dir", TomlValue.String(dataPath observed) ]
        "pd", TomlValue.Table [ "endpoints", TomlValue.Array pd ]
    ]
    @ security observed "ca-path"

/// The configuration file: what the user wrote, with the operator's keys laid over it. `Error` when it is not TOML.
let configFile (observed: Observed) =
    let given =
        match Seen.prints observed with
        | Some prints -> prints.Document.Value
        | None -> Toml.parse ((Seen.template observed).Config |> Option.defaultValue "")

    let ours =
        match observed.Role with
        | PD(spec, _) -> pdKeys observed spec
        | TiKV _ -> tikvKeys observed

    given |> Result.map (Toml.lay (TomlValue.Table ours) >> Toml.print)

let configMap (observed: Observed) file =
    let body =
        Json.object [
            "apiVersion", Json.string "v1"
            "kind", Json.string "ConfigMap"
            "metadata", metadata observed (Seen.podName observed) (labels observed) Map.empty true
            "data", Json.object [ "config.toml", Json.string file ]
        ]

    body

// ---- volumes

let private claimOverlay (observed: Observed) (volume: Volume) =
    (Seen.template observed).Overlay
    |> Option.bind (fun overlay -> overlay.VolumeClaims |> List.tryFind (fun one -> one.Name = volume.Name))
    |> Option.map _.VolumeClaim.Metadata
    |> Option.defaultValue { Labels = Map.empty; Annotations = Map.empty }

/// The labels that a claim is to bear. An overlay displaces none of ours.
let claimLabels (observed: Observed) (volume: Volume) =
    let ours = labels observed |> Map.add Labels.volume volume.Name
    let overlaid = (claimOverlay observed volume).Labels

    if overlaid.IsEmpty then
        ours
    else
        ours |> Map.fold (fun all key value -> Map.add key value all) overlaid

/// The annotations that a claim is to bear: which life of the Cluster it is for, those of the overlay, and which keys the
/// overlay has put there.
let claimAnnotations (observed: Observed) (volume: Volume) =
    let overlay = claimOverlay observed volume
    let keys map = map |> Map.toList |> List.map fst |> Json.strings

    let given =
        if overlay.Labels.IsEmpty && overlay.Annotations.IsEmpty then
            Map.empty
        else
            let keys = Json.object [ "labels", keys overlay.Labels; "annotations", keys overlay.Annotations ]
            overlay.Annotations |> Map.add Annotations.overlayKeys (Json.print keys)

    match observed.Cluster with
    | Some cluster ->
        let (Uid uid) = cluster.Meta.Uid
        given |> Map.add Annotations.clusterUid uid
    | None -> given

/// A claim has no owner reference: it outlives its instance unless the policy says otherwise (V I13).
let claim (observed: Observed) (volume: Volume) name =
    let annotations = claimAnnotations observed volume

    let annotations =
        match volume.VolumeAttributesClassName with
        | Some asked -> annotations |> Map.add Annotations.attributesClass asked
        | None -> annotations

    Json.object [
        "apiVersion", Json.string "v1"
        "kind", Json.string "PersistentVolumeClaim"
        "metadata", metadata observed name (claimLabels observed volume) annotations false
        "spec",
        Json.present [
            "accessModes", Some(Json.strings [ "ReadWriteOnce" ])
            "resources",
            Some(
                Json.object [
                    "requests", Json.object [ "storage", Json.string (Quantity.text volume.Storage) ]
                ]
            )
            "storageClassName", volume.StorageClassName |> Option.map Json.string
            "volumeAttributesClassName", volume.VolumeAttributesClassName |> Option.map Json.string
        ]
    ]

// ---- the Pod

let private image (observed: Observed) = Defaults.image (``component`` observed) (Seen.template observed)

let private volumeName (volume: Volume) = $"vol-%s{volume.Name}"

let private mounts (observed: Observed) =
    let ofVolume (volume: Volume) =
        Defaults.mounts (``component`` observed) volume
        |> List.map (fun mount ->
            Json.present [
                "name", Some(Json.string (volumeName volume))
                "mountPath", Some(Json.string (mount.MountPath |> Option.defaultValue (dataPath observed)))
                "subPath", mount.SubPath |> Option.map Json.string
            ])

    let readOnly name path =
        Json.object [ "name", Json.string name; "mountPath", Json.string path; "readOnly", Json.bool true ]

    [ readOnly "config" (configPath observed) ]
    @ (if tls observed then [ readOnly "tls" (tlsPath observed) ] else [])
    @ ((Seen.template observed).Volumes |> List.collect ofVolume)

/// The Secrets of the certificates: that of the authority, that of the pair. None without TLS.
let tlsSecrets (observed: Observed) =
    if tls observed then
        Some(Defaults.tlsSecrets (``component`` observed) (groupName observed) (Seen.template observed))
    else
        None

/// TiKV's own HTTP server, reached with the client certificate of `tls`.
let statusEndpoint (observed: Observed) tls : Pd.PdEndpoint = {
    Namespace = observed.Meta.Namespace
    IsPod = true
    Name = Seen.podName observed
    Host = hostOf observed (Seen.podName observed)
    Port = secondPort observed
    Tls = tls
}

/// The DNS name that the others know the process by.
let advertisedHost (observed: Observed) = hostOf observed (Seen.podName observed)

let private tlsVolume (observed: Observed) =
    let ca, own = Defaults.tlsSecrets (``component`` observed) (groupName observed) (Seen.template observed)

    let source name files =
        Json.object [
            "secret",
            Json.object [
                "name", Json.string name
                "items",
                files
                |> List.map (fun file -> Json.object [ "key", Json.string file; "path", Json.string file ])
                |> Json.array
            ]
        ]

    Json.object [
        "name", Json.string "tls"
        "projected",
        Json.object [ "sources", Json.array [ source ca [ "ca.crt" ]; source own [ "tls.crt"; "tls.key" ] ] ]
    ]

let private volumes (observed: Observed) =
    let name = Seen.podName observed

    [
        Json.object [ "name", Json.string "config"; "configMap", Json.object [ "name", Json.string name ] ]
        if tls observed then
            tlsVolume observed
        for volume, claim in Seen.wantedClaims observed do
            Json.object [
                "name", Json.string (volumeName volume)
                "persistentVolumeClaim", Json.object [ "claimName", Json.string claim ]
            ]
    ]

let private quantity value = Json.string (Quantity.text value)

let private resources (observed: Observed) =
    let given = (Seen.template observed).Resources

    let both =
        Json.present [
            "cpu", given.Cpu |> Option.map quantity
            "memory", given.Memory |> Option.map quantity
        ]

    if both = Json.empty then Json.empty else Json.object [ "requests", both; "limits", both ]

let private command (observed: Observed) =
    let file = $"%s{configPath observed}/config.toml"

    match observed.Role with
    | PD _ -> [ "/pd-server"; $"--config=%s{file}" ]
    | TiKV _ -> [ "/tikv-server"; $"--config=%s{file}" ]

let private ports (observed: Observed) =
    let port name number =
        Json.object [
            "name", Json.string name
            "containerPort", Json.int number
            "protocol", Json.string "TCP"
        ]

    match observed.Role with
    | PD _ -> [ port "client" (clientPort observed); port "peer" (secondPort observed) ]
    | TiKV _ -> [ port "client" (clientPort observed); port "status" (secondPort observed) ]

/// Long enough for TiKV's own hand-over of leaders at SIGTERM (20 s, V B1), and for PD's (P: up to 8 s).
let private gracePeriod (observed: Observed) =
    match observed.Role with
    | PD _ -> 30
    | TiKV _ -> 60

/// PD listens before it has a leader, and its `ready` API waits for TiKV (P 1), so a TCP probe is what tells the truth;
/// the `ready` APIs are asked where a feature gate says so. With TLS they want a certificate, which a kubelet has not.
let private readinessProbe (observed: Observed) =
    let isOn feature =
        observed.Cluster
        |> Option.exists (fun cluster -> Features.isOn feature cluster.Spec)

    let tcp port = "tcpSocket", Json.object [ "port", Json.int port ]
    let http port path = "httpGet", Json.object [ "path", Json.string path; "port", Json.int port ]

    let handler =
        match observed.Role with
        | PD _ when isOn Feature.UsePDReadyAPI && not (tls observed) ->
            Some(http (clientPort observed) "/pd/api/v2/ready")
        | PD _ when isOn Feature.DisablePDDefaultReadinessProbe -> None
        | PD _ -> Some(tcp (clientPort observed))
        | TiKV _ when isOn Feature.UseTiKVReadyAPI && not (tls observed) ->
            Some(http (secondPort observed) "/ready")
        | TiKV _ -> Some(tcp (secondPort observed))

    handler
    |> Option.map (fun handler ->
        Json.object [
            handler
            "initialDelaySeconds", Json.int 1
            "periodSeconds", Json.int 5
            "timeoutSeconds", Json.int 1
            "successThreshold", Json.int 1
            "failureThreshold", Json.int 3
        ])

let private container (observed: Observed) =
    Json.present [
        "name", Some(Json.string (componentName observed))
        "image", Some(Json.string (image observed))
        "imagePullPolicy", Some(Json.string "IfNotPresent")
        "command", Some(Json.strings (command observed))
        "ports", Some(Json.array (ports observed))
        "resources", Some(resources observed)
        "readinessProbe", readinessProbe observed
        // What a process wrote before it died is what tells why (`Death`).
        "terminationMessagePolicy", Some(Json.string "FallbackToLogsOnError")
        "securityContext",
        Some(
            Json.object [
                "allowPrivilegeEscalation", Json.bool false
                "capabilities", Json.object [ "drop", Json.strings [ "ALL" ] ]
            ]
        )
        "volumeMounts", Some(Json.array (mounts observed))
    ]

/// Instances of one group prefer nodes without another of them.
let private affinity (observed: Observed) =
    Json.object [
        "podAntiAffinity",
        Json.object [
            "preferredDuringSchedulingIgnoredDuringExecution",
            Json.array [
                Json.object [
                    "weight", Json.int 100
                    "podAffinityTerm",
                    Json.object [
                        "topologyKey", Json.string "kubernetes.io/hostname"
                        "labelSelector",
                        Json.object [
                            "matchLabels", Json.ofMap (Map.ofList [ Labels.group, groupName observed ])
                        ]
                    ]
                ]
            ]
        ]
    ]

let private spec (observed: Observed) =
    let settings = Seen.settings observed

    Json.present [
        "hostname", Some(Json.string (Seen.podName observed))
        "subdomain", Some(Json.string settings.Subdomain)
        "nodeSelector", (if settings.Topology.IsEmpty then None else Some(Json.ofMap settings.Topology))
        "affinity", Some(affinity observed)
        "terminationGracePeriodSeconds", Some(Json.int (gracePeriod observed))
        "automountServiceAccountToken", Some(Json.bool false)
        "enableServiceLinks", Some(Json.bool false)
        "securityContext",
        // Pod Security "restricted"; the group lets a process without root write to its volumes.
        Some(
            Json.object [
                "runAsNonRoot", Json.bool true
                "runAsUser", Json.int 1000
                "runAsGroup", Json.int 1000
                "fsGroup", Json.int 1000
                "seccompProfile", Json.object [ "type", Json.string "RuntimeDefault" ]
            ]
        )
        "containers", Some(Json.array [ container observed ])
        "volumes", Some(Json.array (volumes observed))
    ]

/// The Pod, with the user's overlay merged upon it; our labels cannot be overlaid. `Error` when the overlay cannot be
/// merged.
let pod (observed: Observed) revision extraAnnotations =
    let overlay = (Seen.template observed).Overlay |> Option.bind _.Pod
    let extra = overlay |> Option.map _.Metadata
    let laid map over = over |> Map.fold (fun all key value -> Map.add key value all) map
    let overLabels = extra |> Option.map _.Labels |> Option.defaultValue Map.empty
    let overAnnotations = extra |> Option.map _.Annotations |> Option.defaultValue Map.empty
    let scrape = Map.ofList [ "prometheus.io/scrape", "true"; "prometheus.io/path", "/metrics" ]

    let port =
        match observed.Role with
        | PD _ -> clientPort observed
        | TiKV _ -> secondPort observed

    let annotations =
        laid (scrape |> Map.add "prometheus.io/port" (string port)) overAnnotations
        |> Map.add Annotations.processRevision revision
        |> fun annotations ->
            extraAnnotations
            |> Map.fold (fun all key value -> Map.add key value all) annotations

    let labels = laid overLabels (labels observed)

    let spec =
        match overlay |> Option.bind _.Spec with
        | Some over -> StrategicMerge.apply over (spec observed)
        | None -> Ok(spec observed)

    spec
    |> Result.map (fun spec ->
        Json.object [
            "apiVersion", Json.string "v1"
            "kind", Json.string "Pod"
            "metadata", metadata observed (Seen.podName observed) labels annotations true
            "spec", spec
        ])
