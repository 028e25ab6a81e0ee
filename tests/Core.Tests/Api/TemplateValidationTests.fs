module Tikv.Core.Tests.Api.TemplateValidationTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

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
let ``an overlay changes volumes that there are, and a Pod by an object`` () =
    refusesInTemplate
        "overlay"
        """{"volumeClaims":[{"name":"wal"}]}"""
        "spec.overlay.volumeClaims[0].name is \"wal\": it must be the name of one of the volumes"

    refusesInTemplate
        "overlay"
        """{"pod":{"spec":[]}}"""
        "spec.overlay.pod.spec is []: it must be a part of a PodSpec: an object"
