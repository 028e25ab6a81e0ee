module Tikv.Core.Tests.Api.DefaultsTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core.Api
open Tikv.Core.Tests.Words

let private tikv = (sound (Codec.tikv Samples.tikv)).Spec
let private pd = (sound (Codec.pd Samples.pd)).Spec
let private withImage image = { tikv.Template.Component with Image = Some image }

[<Test>]
let ``the version is the tag of an image that has none`` () =
    Defaults.image Component.TiKV tikv.Template.Component
    |> shouldBe "pingcap/tikv:v8.5.2"

    Defaults.image Component.PD pd.Template.Component
    |> shouldBe "pingcap/pd:v8.5.2"

    Defaults.image Component.TiKV (withImage "registry:5000/tikv")
    |> shouldBe "registry:5000/tikv:v8.5.2"

[<Test>]
let ``an image with a tag or digest of its own keeps it`` () =
    for image in [ "registry:5000/tikv:nightly"; "tikv@sha256:0123" ] do
        Defaults.image Component.TiKV (withImage image) |> shouldBe image

[<Test>]
let ``ports are those of the components' own documentation`` () =
    (Defaults.pdClientPort pd.Template, Defaults.pdPeerPort pd.Template)
    |> shouldBe (2379, 2380)

    (Defaults.tikvClientPort tikv.Template, Defaults.tikvStatusPort tikv.Template)
    |> shouldBe (20160, 20180)

[<Test>]
let ``a volume without mounts is mounted once, at the component's path`` () =
    Defaults.mounts Component.PD pd.Template.Component.Volumes[0]
    |> shouldBe [ { Type = "data"; MountPath = Some "/var/lib/pd"; SubPath = None } ]

[<Test>]
let ``names of Pod and claims are those of the instance unless it was adopted`` () =
    Defaults.volumeClaimName "basic-tikv-2" tikv.Instance "data"
    |> shouldBe "data-basic-tikv-2"

    let adopted = {
        tikv.Instance with
            PodName = Some "old-2"
            VolumeClaimNames = Map [ "data", "tikv-old-2" ]
    }

    Defaults.podName "basic-tikv-2" adopted |> shouldBe "old-2"
    Defaults.volumeClaimName "basic-tikv-2" adopted "data" |> shouldBe "tikv-old-2"
    Defaults.volumeClaimName "basic-tikv-2" adopted "wal" |> shouldBe "wal-old-2"

[<Test>]
let ``certificates are in one secret of the group unless others are named`` () =
    Defaults.tlsSecrets Component.TiKV "basic-tikv" tikv.Template.Component
    |> shouldBe ("basic-tikv-tikv-cluster-secret", "basic-tikv-tikv-cluster-secret")

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a template whose defaults are written out has no more of them``
    (pd: PDTemplateSpec)
    (tikv: TiKVTemplateSpec)
    =
    let pd, tikv = Defaults.pdTemplate pd, Defaults.tikvTemplate tikv

    let tagged (template: ComponentTemplate) =
        template.Image |> Option.exists (fun image -> image.Contains ':')

    Defaults.pdClientPort pd = (Defaults.pdTemplate pd |> Defaults.pdClientPort)
    && Defaults.tikvTemplate tikv = tikv
    && tagged pd.Component
    && tagged tikv.Component
