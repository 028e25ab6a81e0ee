module Tikv.Core.Tests.Operator.SecretTests

open System
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Operator.Scripted

module One = Tikv.Core.Tests.Instance.Given

let private certificate (names: string list) (notAfter: DateTimeOffset) =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256
    let request = CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
    let alternatives = SubjectAlternativeNameBuilder()
    names |> List.iter alternatives.AddDnsName

    if not names.IsEmpty then
        request.CertificateExtensions.Add(alternatives.Build())

    use made = request.CreateSelfSigned(One.clock.AddDays -100.0, notAfter)
    made.ExportCertificatePem()

let private later = One.clock.AddDays 400.0
let private privateKey = "the private key itself"
let private encoded (text: string) = Convert.ToBase64String(Encoding.UTF8.GetBytes text)
let private refOf name : ObjectRef = { Kind = Kind.Secret; Namespace = "default"; Name = name }

let private secret name hosts notAfter =
    refOf name,
    Json.object [
        "metadata",
        Json.object [
            "name", Json.string name
            "namespace", Json.string "default"
            "resourceVersion", Json.string (string (Hash.ofJson (Json.string (string notAfter))))
        ]
        "data",
        [ "ca.crt", certificate [] later; "tls.crt", certificate hosts notAfter; "tls.key", privateKey ]
        |> List.map (fun (key, value) -> key, Json.string (encoded value))
        |> Json.object
    ]

let private client = "basic-cluster-client-secret"
let private pd = "basic-pd-pd-cluster-secret"
let private tikv = "basic-tikv-tikv-cluster-secret"

let private withSecret (object, body) (world: World) = {
    world with
        Objects = Map.add object body world.Objects
}

let private withSecrets world =
    world
    |> withSecret (secret client [] later)
    |> withSecret (secret pd [ "*.basic-pd-peer.default" ] later)
    |> withSecret (secret tikv [ "*.basic-tikv-peer.default" ] later)

let private without name (world: World) = { world with Objects = Map.remove (refOf name) world.Objects }

let private secured =
    let world = applied None
    let cluster: ObjectRef = { Kind = Kind.Cluster; Namespace = "default"; Name = "basic" }

    {
        world with
            Objects =
                world.Objects
                |> Map.change
                    cluster
                    (Option.map (
                        Json.setPath
                            [ "spec"; "tlsCluster" ]
                            (Some(Json.object [ "enabled", Json.bool true ]))
                    ))
    }

let private runFor seconds world = world |> step Started |> until seconds
let private serving = lazy (secured |> withSecrets |> runFor 120.0)

let private isRead name effect =
    match effect with
    | Effect.Read(_, object) -> object = refOf name
    | _ -> false

let private reads name (world: World) = world.Sent |> List.filter (snd >> isRead name) |> List.length

let private condition kind name (world: World) =
    world.Objects[{ Kind = kind; Namespace = "default"; Name = name }]
    |> Json.itemsAt [ "status"; "conditions" ]
    |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some "CertificatesValid")
    |> Option.bind (Json.stringAt [ "reason" ])

let private warnings (world: World) =
    world.Sent
    |> List.choose (fun (_, effect) ->
        match effect with
        | Effect.Write(_, Create({ Kind = Kind.Event }, body)) when
            Json.stringAt [ "type" ] body = Some "Warning"
            ->
            Json.stringAt [ "reason" ] body
        | _ -> None)

[<Test>]
let ``with its Secrets a cluster with TLS comes up`` () =
    let world = serving.Value
    names Kind.Pod world |> List.length |> shouldBe 6
    condition Kind.Cluster "basic" world |> shouldBe (Some "Valid")
    condition Kind.TiKVGroup "basic-tikv" world |> shouldBe (Some "Valid")
    condition Kind.PD "basic-pd-0" world |> shouldBe (Some "Valid")

[<Test>]
let ``PD is asked with the certificate that the Secret holds`` () =
    let endpoints =
        serving.Value.Sent
        |> List.collect (fun (_, effect) ->
            match effect with
            | Effect.CallPd(_, endpoints, _) -> endpoints
            | _ -> [])

    let tls = endpoints |> List.map _.Tls |> List.distinct
    tls.Length |> shouldBe 1
    tls.Head.Value.Pair |> shouldBe client
    tls.Head.Value.Version |> String.IsNullOrEmpty |> shouldBe false

[<Test>]
let ``without its Secret no Pod of a group is made, and the others are`` () =
    let world = secured |> withSecrets |> without pd |> runFor 300.0
    names Kind.Pod world |> shouldBe []

    condition Kind.PDGroup "basic-pd" world
    |> shouldBe (Some "CertificateSecretMissing")

    condition Kind.Cluster "basic" world
    |> shouldBe (Some "CertificateSecretMissing")

    let world =
        world
        |> withSecret (secret pd [ "*.basic-pd-peer.default" ] later)
        |> until 420.0

    names Kind.Pod world |> List.length |> shouldBe 6

[<Test>]
let ``a settled cluster's Secrets are read every 30 seconds, by name, and nothing is written`` () =
    let world = { serving.Value with Sent = [] } |> until 420.0
    reads client world |> shouldBe 10
    reads pd world |> shouldBe 10
    writes world |> shouldBe []

[<Test>]
let ``without TLS no Secret is read`` () =
    Scripted.serving.Value.Sent
    |> List.exists (fun (_, effect) ->
        match effect with
        | Effect.Read(_, { Kind = Kind.Secret }) -> true
        | _ -> false)
    |> shouldBe false

[<Test>]
let ``a Pod is made only on what has just been read`` () =
    let world = { serving.Value with Sent = [] } |> until 128.0
    let gone: ObjectRef = { Kind = Kind.Pod; Namespace = "default"; Name = "basic-tikv-1" }
    let world = world |> without tikv |> remove gone |> until 180.0
    names Kind.Pod world |> List.contains "basic-tikv-1" |> shouldBe false

    condition Kind.TiKV "basic-tikv-1" world
    |> shouldBe (Some "CertificateSecretMissing")

[<Test>]
let ``of a certificate that expires soon an event tells once`` () =
    let world =
        { serving.Value with Sent = [] }
        |> withSecret (secret tikv [ "*.basic-tikv-peer.default" ] (One.clock.AddDays 10.0))
        |> until 900.0

    condition Kind.TiKVGroup "basic-tikv" world
    |> shouldBe (Some "CertificateExpiresSoon")

    warnings world |> List.countBy id |> shouldBe [ "CertificateExpiring", 5 ] // three instances, their group, the Cluster

[<Test>]
let ``time alone turns a certificate into one that expires soon`` () =
    let days = 30.0 + 300.0 / 86400.0

    let world =
        { serving.Value with Sent = [] }
        |> withSecret (secret client [] (One.clock.AddDays days))
        |> until 200.0

    condition Kind.Cluster "basic" world |> shouldBe (Some "Valid")

    world
    |> until 400.0
    |> condition Kind.Cluster "basic"
    |> shouldBe (Some "CertificateExpiresSoon")

[<Test>]
let ``a Secret that may not be read is not taken for one that is missing`` () =
    let fate _ effect = if isRead client effect then Fate.Refused 403 else Fate.Ordinary
    let world = { (withSecrets secured) with Fate = fate } |> runFor 120.0
    condition Kind.Cluster "basic" world |> shouldBe (Some "CertificatesNotRead")

[<Test>]
let ``a read that fails changes nothing of what is known`` () =
    let fate _ effect = if isRead tikv effect then Fate.RequestLost else Fate.Ordinary
    let world = { serving.Value with Sent = []; Fate = fate } |> until 600.0
    condition Kind.TiKVGroup "basic-tikv" world |> shouldBe (Some "Valid")
    writes world |> shouldBe []

[<Test>]
let ``neither the state nor anything that is sent holds a value of a Secret`` () =
    let world = serving.Value
    let text = $"%A{world.State}%A{world.Sent}"
    Assert.That(text, Does.Not.Contain privateKey)
    Assert.That(text, Does.Not.Contain(encoded privateKey))
