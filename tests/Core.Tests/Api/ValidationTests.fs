module Tikv.Core.Tests.Api.ValidationTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

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

[<Test>]
let ``a text of any length is judged, and only by its length`` () =
    let value = "\"" + String.replicate 300_000 "a" + "!\""

    Samples.pdGroup
    |> Samples.having "spec.cluster.name" value
    |> problems Kind.PDGroup
    |> List.map (fun problem -> problem.Substring(problem.IndexOf ": it must"))
    |> shouldBe [ ": it must have at most 37 characters" ]

[<Test>]
let ``a key of unreasonable length is cut in the message`` () =
    let key = String.replicate 5000 "a"

    Samples.pdGroup
    |> Samples.having "spec.template.metadata" $"""{{"labels":{{"%s{key}":"a"}}}}"""
    |> problems Kind.PDGroup
    |> List.map _.Length
    |> List.map (fun length -> length < 600)
    |> shouldBe [ true ]
