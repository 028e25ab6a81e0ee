module Tikv.Simulator.Tests.World.StorageTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Tests.World.Cluster

let private claims = Builtins.persistentVolumeClaims
let private bound = fresh |> create claims (claim "data" "1Gi" "") |> wait 1_000L
let private used = bound |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ]) |> wait 1_000L
let private volumeOf world = text [ "spec"; "volumeName" ] claims "data" world
let private phaseOf world = text [ "status"; "phase" ] claims "data" world
let private volumeExists name (world: World) = Map.containsKey name world.Volumes

[<Test>]
let ``a claim without a class gets the default one, and a volume`` () =
    Assert.That(phaseOf bound, Is.EqualTo "Bound")
    Assert.That(text [ "spec"; "storageClassName" ] claims "data" bound, Is.EqualTo "standard")
    Assert.That(volumeExists (volumeOf bound) bound)

[<Test>]
let ``a claim that a pod uses stays until the pod has gone`` () =
    let world = used |> delete claims "data" |> wait 1_000L
    Assert.That(text [ "metadata"; "deletionTimestamp" ] claims "data" world, Is.Not.Empty)
    let world = world |> delete Builtins.pods "a" |> wait 2_000L
    Assert.That(exists claims "data" world, Is.False)

[<Test>]
let ``a volume is destroyed with its claim`` () =
    let world = bound |> delete claims "data" |> wait 1_000L
    Assert.That(exists claims "data" world, Is.False)
    Assert.That(volumeExists (volumeOf bound) world, Is.False)

[<Test>]
let ``a volume that is to be retained is released with its claim, and not bound again`` () =
    let retained =
        bound
        |> ask (
            Requests.patch
                MergePatch
                Builtins.persistentVolumes
                None
                (volumeOf bound)
                (Json.object [ "spec", Json.object [ "persistentVolumeReclaimPolicy", Json.String "Retain" ] ])
        )
        |> delete claims "data"
        |> wait 1_000L

    Assert.That(retained.Volumes[volumeOf bound].Phase, Is.EqualTo "Released")
    let again = retained |> create claims (claim "data" "1Gi" "") |> wait 1_000L
    Assert.That(volumeOf again, Is.Not.EqualTo(volumeOf bound))

[<Test>]
let ``a claim that asks for more gets it where the class can expand`` () =
    let larger =
        bound
        |> ask (
            Requests.patch
                MergePatch
                claims
                (Some "default")
                "data"
                (Json.object [
                    "spec",
                    Json.object [
                        "resources", Json.object [ "requests", Json.object [ "storage", Json.String "2Gi" ] ]
                    ]
                ])
        )
        |> wait 1_000L

    Assert.That(
        get claims "data" larger
        |> Option.bind (Json.stringAt [ "status"; "capacity"; "storage" ]),
        Is.EqualTo(Some "2Gi")
    )
