module Tikv.Core.Tests.Api.ValidationTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

/// One value put into a valid object gives exactly this one problem.
let private refuses (kind: Kind) (path: string) (value: string) (problem: string) =
    Samples.of' kind
    |> Samples.having path value
    |> problems kind
    |> shouldBe [ problem ]

let private templates = [ Kind.PDGroup; Kind.TiKVGroup; Kind.PD; Kind.TiKV ]

/// The same for each kind that has a template; paths and problems are written as those of an instance.
let private refusesInTemplate (path: string) (value: string) (problem: string) =
    for kind in templates do
        let template = Samples.template kind
        refuses kind $"%s{template}.%s{path}" value (problem.Replace("spec.", template + "."))

[<Test>]
let ``the sample objects are valid`` () =
    for kind in Kind.ours do
        problems kind (Samples.of' kind) |> shouldBe []

[<Test>]
let ``an unknown field is told`` () =
    refuses
        Kind.Cluster
        "spec.dns.zone"
        "1"
        "spec.dns.zone is an unknown field: it must be one of clusterDomain, mode"

    Samples.tikvGroup
    |> Samples.having "spec.template.spec.volumes" """[{"name":"data","storage":"1Gi","size":"2Gi"}]"""
    |> problems Kind.TiKVGroup
    |> shouldBe [
        "spec.template.spec.volumes[0].size is an unknown field: it must be one of mounts, name, storage, storageClassName, volumeAttributesClassName"
    ]

[<Test>]
let ``names leave room for what is added to them`` () =
    for kind, longest in
        [ Kind.Cluster, 37; Kind.PDGroup, 40; Kind.TiKVGroup, 40; Kind.PD, 47; Kind.TiKV, 47 ] do
        let named length =
            let tail =
                if kind = Kind.PD then "-0"
                elif kind = Kind.TiKV then "-2"
                else "xx"

            let name = String.replicate (length - 2) "x" + tail

            Samples.of' kind
            |> Samples.having "metadata.name" $"\"%s{name}\""
            |> Samples.without "spec.initialCluster"
            |> problems kind
            |> List.map (fun problem -> problem.Replace(name, "NAME"))

        named longest |> shouldBe []

        named (longest + 1)
        |> shouldBe [ $"metadata.name is \"NAME\": it must have at most %d{longest} characters" ]

[<Test>]
let ``a name begins with a letter, for it begins the name of a Service`` () =
    refuses
        Kind.PDGroup
        "metadata.name"
        "\"1-pd\""
        "metadata.name is \"1-pd\": it must consist of a-z, 0-9 and '-', begin with a letter and end with a letter or digit"

[<Test>]
let ``the name of an instance ends with its index`` () =
    refuses Kind.TiKV "spec.index" "3" "metadata.name is basic-tikv-2: it must end with -3, the index"

[<Test>]
let ``replicas are 0 or more`` () =
    for kind in [ Kind.PDGroup; Kind.TiKVGroup ] do
        refuses kind "spec.replicas" "-1" "spec.replicas is -1: it must be a number from 0 to 10000"

[<Test>]
let ``a group says how many instances it wants`` () =
    Samples.pdGroup
    |> Samples.without "spec.replicas"
    |> problems Kind.PDGroup
    |> shouldBe [ "spec.replicas is missing: it must be a whole number" ]

[<Test>]
let ``a group names its cluster`` () =
    refuses
        Kind.PDGroup
        "spec.cluster"
        """{"name":"Basic"}"""
        "spec.cluster.name is \"Basic\": it must be a DNS-1123 subdomain"

[<Test>]
let ``offline indexes are different numbers of 0 or more`` () =
    refuses
        Kind.TiKVGroup
        "spec.offlineIndexes"
        "[1,2,1]"
        "spec.offlineIndexes[2] is \"1\": it must differ from all others of the list"

    refuses Kind.TiKVGroup "spec.offlineIndexes" "[-1]" "spec.offlineIndexes[0] is -1: it must be 0 or more"

[<Test>]
let ``limits of settings are told`` () =
    refuses
        Kind.TiKVGroup
        "spec.maxUnavailable"
        "0"
        "spec.maxUnavailable is 0: it must be a number from 1 to 100"

    refuses
        Kind.Cluster
        "spec.revisionHistoryLimit"
        "-1"
        "spec.revisionHistoryLimit is -1: it must be a number from 0 to 1000"

    refuses
        Kind.TiKVGroup
        "spec.evictLeaderTimeout"
        "\"-5m\""
        "spec.evictLeaderTimeout is \"-5m\": it must be a duration, such as 90s, 30m or 1h30m"

[<Test>]
let ``enumerations take the values they have`` () =
    refuses
        Kind.Cluster
        "spec.dns"
        """{"mode":"Short"}"""
        "spec.dns.mode is \"Short\": it must be FQDN or InCluster or Legacy"

[<Test>]
let ``a version is a semantic version`` () =
    refusesInTemplate
        "version"
        "\"latest\""
        "spec.version is \"latest\": it must be a semantic version, with or without v before it, such as v8.5.2"

[<Test>]
let ``a volume has the name data`` () =
    refusesInTemplate
        "volumes"
        """[{"name":"wal","storage":"1Gi","mounts":[{"type":"wal","mountPath":"/wal"}]}]"""
        "spec.volumes is wal: it must have a volume with the name data"

[<Test>]
let ``there is at least one volume`` () =
    Samples.pd
    |> Samples.without "spec.volumes"
    |> problems Kind.PD
    |> shouldBe [ "spec.volumes is missing: it must be given" ]

[<Test>]
let ``volumes have different names and different paths`` () =
    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"1Gi"},{"name":"data","storage":"1Gi","mounts":[{"type":"x","mountPath":"/x"}]}]"""
        "spec.volumes[1] is \"data\": it must differ from all others of the list"

    refuses
        Kind.TiKV
        "spec.volumes"
        """[{"name":"data","storage":"1Gi"},{"name":"wal","storage":"1Gi"}]"""
        "spec.volumes is \"/var/lib/tikv\": it must mount one volume at one path: this is mounted twice"

[<Test>]
let ``a volume has a size`` () =
    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"0"}]"""
        "spec.volumes[0].storage is 0: it must be more than 0"

    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"10GB"}]"""
        "spec.volumes[0].storage is \"10GB\": it must be a quantity, such as 500m, 4, 1.5Gi or 100G"

[<Test>]
let ``a mount of another type than data has a path`` () =
    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"1Gi","mounts":[{"type":"wal"}]}]"""
        "spec.volumes[0].mounts[0].mountPath is missing: it must be given for a mount of the type wal; only the type data has a path of its own"

    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"1Gi","mounts":[{"type":"data","mountPath":"data"}]}]"""
        "spec.volumes[0].mounts[0].mountPath is \"data\": it must be an absolute path without ':'"

    refusesInTemplate
        "volumes"
        """[{"name":"data","storage":"1Gi","mounts":[{"type":"data","subPath":"../x"}]}]"""
        "spec.volumes[0].mounts[0].subPath is \"../x\": it must be a relative path without '..'"

[<Test>]
let ``resources are more than nothing`` () =
    refusesInTemplate "resources" """{"cpu":"0"}""" "spec.resources.cpu is 0: it must be more than 0"

    refusesInTemplate
        "resources"
        """{"memory":"-1Gi"}"""
        "spec.resources.memory is -1Gi: it must be more than 0"

[<Test>]
let ``config is TOML`` () =
    for kind in templates do
        Samples.of' kind
        |> Samples.having (Samples.template kind + ".config") "\"a = \""
        |> problems kind
        |> List.map (fun problem -> problem.Split(" line 1")[0])
        |> shouldBe [ $"%s{Samples.template kind}.config is not TOML: it must be TOML:" ]

[<Test>]
let ``config leaves the operator's keys to the operator`` () =
    for kind, key in
        [
            yield! ManagedKeys.pd |> List.map (fun key -> Kind.PDGroup, key)
            yield! ManagedKeys.tikv |> List.map (fun key -> Kind.TiKVGroup, key)
        ] do
        refuses
            kind
            "spec.template.spec.config"
            $"\"%s{key} = 'x'\""
            $"spec.template.spec.config is setting %s{key}: it must leave that key out: the operator sets it"

[<Test>]
let ``config may set every other key`` () =
    Samples.tikvGroup
    |> Samples.having "spec.template.spec.config" "\"name = 'x'\\n[storage]\\nreserve-space = '1GB'\\n\""
    |> problems Kind.TiKVGroup
    |> shouldBe []

[<Test>]
let ``ports of one process differ`` () =
    refuses
        Kind.TiKV
        "spec.server"
        """{"ports":{"client":{"port":20180}}}"""
        "spec.server.ports is 20180: it must differ from each other"

    refuses
        Kind.PD
        "spec.server"
        """{"ports":{"client":{"port":0}}}"""
        "spec.server.ports.client.port is 0: it must be a number from 1 to 65535"

[<Test>]
let ``store labels that the operator sets are refused`` () =
    for name in [ "host"; "zone"; "k/x"; "$k/x" ] do
        let object = Samples.tikv |> Samples.having "spec.server.labels" $"{{\"%s{name}\":\"a\"}}"

        Assert.That(
            problems Kind.TiKV object,
            Has.Member
                $"spec.server.labels[%s{name}] is \"%s{name}\": it must not be host, region, zone, and not begin with k/ or $k/: the operator sets those"
        )

[<Test>]
let ``labels are those that Kubernetes takes, without the operator's own`` () =
    let label =
        "be a label key: up to 63 of letters, digits, '-', '_' and '.', with an optional DNS name and '/' before it"

    refuses
        Kind.TiKVGroup
        "spec.template.metadata"
        """{"labels":{"a b":"c"}}"""
        $"spec.template.metadata.labels[a b] is \"a b\": it must %s{label}"

    refuses
        Kind.TiKVGroup
        "spec.template.metadata"
        """{"labels":{"a":"b c"}}"""
        "spec.template.metadata.labels[a] is \"b c\": it must be a label value: up to 63 of letters, digits, '-', '_' and '.'"

    refusesInTemplate
        "overlay"
        """{"pod":{"metadata":{"labels":{"tikv.org/cluster":"x"}}}}"""
        "spec.overlay.pod.metadata.labels[tikv.org/cluster] is \"tikv.org/cluster\": it must not begin with tikv.org/, which is the operator's"

    refuses
        Kind.TiKVGroup
        "spec.schedulePolicies"
        """[{"type":"EvenlySpread","evenlySpread":{"topologies":[{"topology":{"-":"a"}}]}}]"""
        $"spec.schedulePolicies[0].evenlySpread.topologies[0].topology[-] is \"-\": it must %s{label}"

[<Test>]
let ``a schedule policy says how`` () =
    refuses
        Kind.PDGroup
        "spec.schedulePolicies"
        """[{"type":"EvenlySpread"}]"""
        "spec.schedulePolicies[0].evenlySpread is missing: it must be given for the type EvenlySpread"

[<Test>]
let ``an overlay changes volumes that there are, and a Pod by an object`` () =
    refusesInTemplate
        "overlay"
        """{"volumeClaims":[{"name":"wal"}]}"""
        "spec.overlay.volumeClaims[0].name is \"wal\": it must be the name of one of the volumes"

    refusesInTemplate
        "overlay"
        """{"pod":{"spec":[]}}"""
        "spec.overlay.pod.spec is []: it must be a part of a PodSpec: an object"

[<Test>]
let ``a member of the first bootstrap is among its members`` () =
    refuses
        Kind.PD
        "spec.initialCluster"
        """["basic-pd-1"]"""
        "spec.initialCluster is basic-pd-1: it must be empty, or hold the member itself (basic-pd-0)"

[<Test>]
let ``a text of unreasonable length is cut in the message`` () =
    let value = "\"" + String.replicate 5000 "a" + "\""

    let told =
        Samples.cluster
        |> Samples.having "spec.upgradePolicy" value
        |> problems Kind.Cluster

    Assert.That(told |> List.map _.Length, Is.All.LessThan 300)
    Assert.That(List.length told, Is.EqualTo 1)
