module Tikv.Core.Tests.Instance.ManifestTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private pod observed = ok (Rules.podBody observed)
let private file observed = ok (Toml.parse (ok (Manifest.configFile observed)))
let private both = [ pd; tikv ]

/// The member at a path whose parts are names, or indexes of lists.
let rec private at (path: string) json : Json option =
    (Some json, path.Split '/')
    ||> Array.fold (fun json part ->
        match json, System.Int32.TryParse part with
        | Some(Json.Array items), (true, index) -> List.tryItem index items
        | Some json, _ -> Json.tryField part json
        | None, _ -> None)

let private shouldSay (expected: (string * string) list) tree =
    expected
    |> List.map (fun (path, _) -> path, at path tree |> Option.map Json.print)
    |> shouldBe (expected |> List.map (fun (path, text) -> path, Some(Json.print (json text))))

let private withDns mode = withClusterSpec (fun spec -> { spec with Dns = { spec.Dns with Mode = mode } })
let private withTls = withClusterSpec (fun spec -> { spec with TlsCluster = Some { Enabled = true } })

let private withOverlay overlay =
    withTemplate (fun template -> { template with Overlay = Some { Pod = Some overlay; VolumeClaims = [] } })

// ---- Pod Security

[<Test>]
let ``the Pods pass Pod Security "restricted", field by field`` () =
    for observed in both do
        pod observed
        |> shouldSay [
            "spec/securityContext/runAsNonRoot", "true"
            "spec/securityContext/runAsUser", "1000"
            "spec/securityContext/seccompProfile/type", "\"RuntimeDefault\""
            "spec/containers/0/securityContext/allowPrivilegeEscalation", "false"
            "spec/containers/0/securityContext/capabilities", """{"drop":["ALL"]}"""
        ]

        let spec = Json.tryField "spec" (pod observed) |> Option.defaultValue Json.empty

        for field in [ "hostNetwork"; "hostPID"; "hostIPC"; "initContainers"; "ephemeralContainers" ] do
            Json.tryField field spec |> shouldBe None

        Json.itemsAt [ "ports" ] (at "containers/0" spec |> Option.defaultValue Json.empty)
        |> List.choose (Json.tryField "hostPort")
        |> shouldBe []

        let allowed = Set [ "configMap"; "persistentVolumeClaim"; "projected" ]

        Json.itemsAt [ "volumes" ] spec
        |> List.collect (fun volume -> Json.asMembers volume |> Option.defaultValue [])
        |> List.map fst
        |> List.filter (fun key -> key <> "name" && not (Set.contains key allowed))
        |> shouldBe []

[<Test>]
let ``a Pod has no token of the Kubernetes API`` () =
    for observed in both do
        pod observed
        |> shouldSay [ "spec/automountServiceAccountToken", "false"; "spec/enableServiceLinks", "false" ]

// ---- the process

[<Test>]
let ``a process is started with its file, and listens on its ports`` () =
    pod pd
    |> shouldSay [
        "spec/containers/0/name", "\"pd\""
        "spec/containers/0/image", "\"pingcap/pd:v8.5.2\""
        "spec/containers/0/command", """["/pd-server","--config=/etc/pd/config.toml"]"""
        "spec/containers/0/ports",
        """[{"name":"client","containerPort":2379,"protocol":"TCP"},{"name":"peer","containerPort":2380,"protocol":"TCP"}]"""
        "spec/containers/0/readinessProbe/tcpSocket/port", "2379"
        "spec/terminationGracePeriodSeconds", "30"
    ]

[<Test>]
let ``a probe asks the port that tells the truth`` () =
    pod tikv
    |> shouldSay [
        "spec/containers/0/name", "\"tikv\""
        "spec/containers/0/image", "\"pingcap/tikv:v8.5.2\""
        "spec/containers/0/command", """["/tikv-server","--config=/etc/tikv/config.toml"]"""
        "spec/containers/0/ports",
        """[{"name":"client","containerPort":20160,"protocol":"TCP"},{"name":"status","containerPort":20180,"protocol":"TCP"}]"""
        "spec/containers/0/readinessProbe/tcpSocket/port", "20180"
        "spec/terminationGracePeriodSeconds", "60"
    ]

[<Test>]
let ``a Pod mounts its configuration read-only, and each volume by its claim`` () =
    for observed, name, path in [ pd, "basic-pd-1", "/var/lib/pd"; tikv, "basic-tikv-2", "/var/lib/tikv" ] do
        let kind = Manifest.componentName observed

        pod observed
        |> shouldSay [
            "spec/volumes",
            $$$"""[{"name":"config","configMap":{"name":"{{{name}}}"}},
                  {"name":"vol-data","persistentVolumeClaim":{"claimName":"data-{{{name}}}"}}]"""
            "spec/containers/0/volumeMounts",
            $$$"""[{"name":"config","mountPath":"/etc/{{{kind}}}","readOnly":true},
                  {"name":"vol-data","mountPath":"{{{path}}}"}]"""
        ]

[<Test>]
let ``cpu and memory are both requested and limited`` () =
    tikv
    |> withTemplate (fun template -> {
        template with
            Resources = { Cpu = Some(ok (Quantity.parse "2")); Memory = Some(ok (Quantity.parse "8Gi")) }
    })
    |> pod
    |> shouldSay [
        "spec/containers/0/resources",
        """{"requests":{"cpu":"2","memory":"8Gi"},"limits":{"cpu":"2","memory":"8Gi"}}"""
    ]

// ---- names and labels

[<Test>]
let ``a Pod has the name of its instance, and its name in DNS`` () =
    pod tikv
    |> shouldSay [
        "metadata/name", "\"basic-tikv-2\""
        "metadata/namespace", "\"default\""
        "spec/hostname", "\"basic-tikv-2\""
        "spec/subdomain", "\"basic-tikv-peer\""
    ]

[<Test>]
let ``every object of an instance bears the same labels`` () =
    let expected =
        json
            """{"app.kubernetes.io/name":"tikv-cluster","app.kubernetes.io/instance":"basic",
                "app.kubernetes.io/component":"tikv","app.kubernetes.io/managed-by":"tikv-operator",
                "tikv.org/cluster":"basic","tikv.org/group":"basic-tikv","tikv.org/component":"tikv",
                "tikv.org/instance":"basic-tikv-2"}"""

    let volume, name = List.head (Seen.wantedClaims tikv)

    [
        pod tikv
        Manifest.configMap tikv "a = 1"
        Manifest.claim tikv volume name
        |> Json.setPath [ "metadata"; "labels"; Labels.volume ] None
    ]
    |> List.map (Json.tryPath [ "metadata"; "labels" ])
    |> shouldBe (List.replicate 3 (Some expected))

[<Test>]
let ``Pod and ConfigMap go with their instance, a claim outlives it`` () =
    let volume, name = List.head (Seen.wantedClaims tikv)
    let owners json = Meta.decode(json).OwnerReferences
    let expected = [ owner Kind.TiKV tikv.Meta ]
    owners (pod tikv) |> shouldBe expected
    owners (Manifest.configMap tikv "") |> shouldBe expected
    owners (Manifest.claim tikv volume name) |> shouldBe []

[<Test>]
let ``a claim asks for what its volume says`` () =
    let volume, name =
        tikv
        |> withTemplate (fun template -> {
            template with
                Volumes =
                    template.Volumes
                    |> List.map (fun volume -> { volume with StorageClassName = Some "fast" })
        })
        |> Seen.wantedClaims
        |> List.head

    let claim = Manifest.claim tikv volume name

    claim
    |> shouldSay [
        "metadata/name", "\"data-basic-tikv-2\""
        "spec",
        """{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"storageClassName":"fast"}"""
    ]

    Json.stringAt [ "metadata"; "labels"; Labels.volume ] claim
    |> shouldBe (Some "data")

[<Test>]
let ``the Pod is bound to the topology of its instance, and prefers a node without another of its group`` () =
    tikv
    |> withSettings (fun settings -> { settings with Topology = Map [ "zone", "z1" ] })
    |> pod
    |> shouldSay [
        "spec/nodeSelector", """{"zone":"z1"}"""
        "spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/podAffinityTerm",
        """{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"tikv.org/group":"basic-tikv"}}}"""
    ]

[<Test>]
let ``names of adopted objects are used as they are recorded`` () =
    let adopted =
        tikv
        |> withSettings (fun settings -> {
            settings with
                PodName = Some "old-2"
                VolumeClaimNames = Map [ "data", "tikv-old-2" ]
        })

    pod adopted
    |> shouldSay [
        "metadata/name", "\"old-2\""
        "spec/hostname", "\"old-2\""
        "spec/volumes/0/configMap/name", "\"old-2\""
        "spec/volumes/1/persistentVolumeClaim/claimName", "\"tikv-old-2\""
    ]

// ---- overlay

[<Test>]
let ``an overlay adds to the Pod and changes it, list by list`` () =
    let overlay = {
        Metadata = { Labels = Map [ "team", "db" ]; Annotations = Map [ "note", "x" ] }
        Spec =
            Some(
                json
                    """{"priorityClassName":"high",
                        "containers":[{"name":"tikv","env":[{"name":"A","value":"1"}]},{"name":"sidecar","image":"s:1"}]}"""
            )
    }

    let laid = tikv |> withOverlay overlay |> pod

    laid
    |> shouldSay [
        "metadata/labels/team", "\"db\""
        "metadata/annotations/note", "\"x\""
        "spec/priorityClassName", "\"high\""
    ]

    Json.itemsAt [ "spec"; "containers" ] laid
    |> List.map (fun one -> Json.stringAt [ "name" ] one, Json.stringAt [ "image" ] one)
    |> List.sort
    |> shouldBe [ Some "sidecar", Some "s:1"; Some "tikv", Some "pingcap/tikv:v8.5.2" ]

[<Test>]
let ``labels and annotations of the operator cannot be overlaid`` () =
    let overlay = {
        Metadata = {
            Labels = Map [ Labels.group, "mine" ]
            Annotations = Map [ Annotations.processRevision, "mine" ]
        }
        Spec = None
    }

    let laid = tikv |> withOverlay overlay
    let meta = Meta.decode (pod laid)

    (meta.Labels[Labels.group], meta.Annotations[Annotations.processRevision])
    |> shouldBe ("basic-tikv", Revision.ofProcess laid)

// ---- TLS

[<Test>]
let ``with TLS the certificates are mounted from the group's secret`` () =
    for observed, secret, kind in
        [ pd, "basic-pd-pd-cluster-secret", "pd"; tikv, "basic-tikv-tikv-cluster-secret", "tikv" ] do
        pod (withTls observed)
        |> shouldSay [
            "spec/volumes/1",
            $$$"""{"name":"tls","projected":{"sources":[
                    {"secret":{"name":"{{{secret}}}","items":[{"key":"ca.crt","path":"ca.crt"}]}},
                    {"secret":{"name":"{{{secret}}}","items":[{"key":"tls.crt","path":"tls.crt"},{"key":"tls.key","path":"tls.key"}]}}]}}"""
            "spec/containers/0/volumeMounts/1",
            $$$"""{"name":"tls","mountPath":"/var/lib/{{{kind}}}-tls","readOnly":true}"""
        ]

// ---- configuration

let private said key observed =
    (Some(file observed), List.ofArray ((key: string).Split '.'))
    ||> List.fold (fun value part ->
        match value with
        | Some(TomlValue.Table members) ->
            members
            |> List.tryPick (fun (name, value) -> if name = part then Some value else None)
        | _ -> None)

let private text value = Some(TomlValue.String value)

[<Test>]
let ``a first member is configured to bootstrap with all the others`` () =
    let first =
        barePd 1
        |> withPdRole (fun (spec, status) -> spec, { status with Id = None })
        |> withoutClusterId
        |> unasked

    [
        "name"
        "data-dir"
        "client-urls"
        "advertise-client-urls"
        "initial-cluster"
        "initial-cluster-state"
    ]
    |> List.map (fun key -> said key first)
    |> shouldBe [
        text "basic-pd-1"
        text "/var/lib/pd"
        text "http://0.0.0.0:2379"
        text "http://basic-pd-1.basic-pd-peer.default:2379"
        text
            "basic-pd-0=http://basic-pd-0.basic-pd-peer.default:2380,basic-pd-1=http://basic-pd-1.basic-pd-peer.default:2380,basic-pd-2=http://basic-pd-2.basic-pd-peer.default:2380"
        text "new"
    ]

    said "join" first |> shouldBe None

[<Test>]
let ``once a cluster id is recorded, a member is configured to join`` () =
    said "join" pd |> shouldBe (text "http://basic-pd.default:2379")
    said "initial-cluster" pd |> shouldBe None

[<Test>]
let ``TiKV is told where it is and where PD is`` () =
    [
        "server.addr"
        "server.advertise-addr"
        "server.advertise-status-addr"
        "storage.data-dir"
        "pd.endpoints"
    ]
    |> List.map (fun key -> said key tikv)
    |> shouldBe [
        text "0.0.0.0:20160"
        text "basic-tikv-2.basic-tikv-peer.default:20160"
        text "basic-tikv-2.basic-tikv-peer.default:20180"
        text "/var/lib/tikv"
        Some(TomlValue.Array [ TomlValue.String "basic-pd.default:2379" ])
    ]

[<Test>]
let ``every key that the operator manages and has use for is in the file`` () =
    let missing keys observed = keys |> List.filter (fun key -> (said key observed).IsNone)
    let bootstrap = [ "initial-cluster"; "initial-cluster-state"; "initial-cluster-token" ]
    missing ManagedKeys.pd (withTls pd) |> shouldBe bootstrap
    let first = pd |> withPdRole (fun (spec, status) -> spec, { status with Id = None })

    missing ManagedKeys.pd (withTls first |> withoutClusterId)
    |> shouldBe [ "join" ]

    missing ManagedKeys.tikv (withTls tikv) |> shouldBe []

[<Test>]
let ``the user's keys stay beside the operator's`` () =
    let observed =
        tikv
        |> withTemplate (fun template -> { template with Config = Some "[server]\ngrpc-concurrency = 5\n" })

    said "server.grpc-concurrency" observed
    |> shouldBe (said "server.grpc-concurrency" observed)

    Assert.That((said "server.grpc-concurrency" observed).IsSome)
    said "server.addr" observed |> shouldBe (text "0.0.0.0:20160")

[<Test>]
let ``names in DNS have the form that the Cluster says`` () =
    let table = [
        DnsMode.InCluster, "basic-tikv-2.basic-tikv-peer.default:20160"
        DnsMode.Legacy, "basic-tikv-2.basic-tikv-peer.default.svc:20160"
        DnsMode.FQDN, "basic-tikv-2.basic-tikv-peer.default.svc.cluster.local:20160"
    ]

    for mode, expected in table do
        said "server.advertise-addr" (withDns mode tikv) |> shouldBe (text expected)

[<Test>]
let ``with TLS every address of PD is https, and files are named where they are mounted`` () =
    let secure = withTls pd

    [ "client-urls"; "advertise-peer-urls"; "security.cacert-path"; "security.key-path" ]
    |> List.map (fun key -> said key secure)
    |> shouldBe [
        text "https://0.0.0.0:2379"
        text "https://basic-pd-1.basic-pd-peer.default:2380"
        text "/var/lib/pd-tls/ca.crt"
        text "/var/lib/pd-tls/tls.key"
    ]
