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

let private growTo (size: string) =
    Requests.patch
        MergePatch
        claims
        (Some "default")
        "data"
        (Json.object [
            "spec",
            Json.object [
                "resources", Json.object [ "requests", Json.object [ "storage", Json.String size ] ]
            ]
        ])
    |> ask

let private capacity world = text [ "status"; "capacity"; "storage" ] claims "data" world

let private claimConditions world =
    get claims "data" world
    |> Option.map (Json.itemsAt [ "status"; "conditions" ])
    |> Option.defaultValue []
    |> List.choose (Json.stringAt [ "type" ])

let private resizing world = text [ "status"; "allocatedResourceStatuses"; "storage" ] claims "data" world

[<Test>]
let ``K56: a claim that asks for more gets it while a pod runs on it`` () =
    let larger = used |> growTo "2Gi" |> wait 2_000L
    Assert.That(capacity larger, Is.EqualTo "2Gi")
    Assert.That(claimConditions larger, Is.Empty)

[<Test>]
let ``K56: the file system of a claim grows only when a pod uses it`` () =
    let larger = bound |> growTo "2Gi" |> wait 2_000L
    Assert.That(capacity larger, Is.EqualTo "1Gi")
    Assert.That(claimConditions larger, Is.EqualTo<string list> [ "FileSystemResizePending" ])

    let mounted = larger |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ]) |> wait 3_000L

    Assert.That(capacity mounted, Is.EqualTo "2Gi")

[<Test>]
let ``K56: an expansion that cannot be done says so, and goes on when it can`` () =
    let key = "default/data"

    let stuck =
        used
        |> Tikv.Simulator.Run.Calamity.strike (Tikv.Simulator.Run.Misfortune.ResizeFails(key, true))
        |> growTo "2Gi"
        |> wait 2_000L

    Assert.That(capacity stuck, Is.EqualTo "1Gi")
    Assert.That(resizing stuck, Is.EqualTo "ControllerResizeInfeasible")
    Assert.That(claimConditions stuck, Does.Contain "ControllerResizeError")

    let freed =
        stuck
        |> Tikv.Simulator.Run.Calamity.strike (Tikv.Simulator.Run.Misfortune.ResizeFails(key, false))
        |> wait 2_000L

    Assert.That(capacity freed, Is.EqualTo "2Gi")

[<Test>]
let ``K51: a class whose provisioner is down makes no volume until it is up`` () =
    let down on = Tikv.Simulator.Run.Misfortune.ProvisionerDown("standard", on)

    let world =
        fresh
        |> Tikv.Simulator.Run.Calamity.strike (down true)
        |> create claims (claim "data" "1Gi" "")
        |> wait 60_000L

    Assert.That(phaseOf world, Is.EqualTo "Pending")
    let world = world |> Tikv.Simulator.Run.Calamity.strike (down false) |> wait 1_000L
    Assert.That(phaseOf world, Is.EqualTo "Bound")

[<Test>]
let ``K52: a new pod of a claim that is going waits until it has gone, and a new one has come`` () =
    let world =
        used
        |> delete claims "data"
        |> createPod (pod "b" [ "sleep" ] [ using [ "data" ] ])
        |> wait 1_000L

    Assert.That(
        Json.stringAt [ "message" ] (condition "PodScheduled" "b" world),
        Is.EqualTo(Some "0/3 nodes are available: persistentvolumeclaim \"data\" is being deleted.")
    )

let private modified (world: World) =
    world
    |> ask (
        Requests.patch
            MergePatch
            claims
            (Some "default")
            "data"
            (Json.object [ "spec", Json.object [ "volumeAttributesClassName", Json.String "gold" ] ])
    )
    |> wait 2_000L

[<Test>]
let ``a claim gets the attributes of another class where the cluster has such classes`` () =
    let served =
        Setup.world { shape with VolumeAttributes = [ "gold" ] }
        |> create claims (claim "data" "1Gi" "")
        |> wait 1_000L
        |> modified

    Assert.That(text [ "status"; "currentVolumeAttributesClassName" ] claims "data" served, Is.EqualTo "gold")

    Assert.That(
        text [ "status"; "currentVolumeAttributesClassName" ] claims "data" (modified bound),
        Is.Empty
    )

[<Test>]
let ``K17: a quota refuses one pod more than it allows`` () =
    let quota =
        object "v1" "ResourceQuota" "few" [
            "spec", Json.object [ "hard", Json.object [ "pods", Json.String "1" ] ]
        ]

    let full =
        fresh
        |> create (Builtins.key "" "v1" "resourcequotas") quota
        |> createPod (pod "a" [ "sleep" ] [])
        |> wait 1_000L

    let struct (_, response) =
        Machines.handle "test" (Requests.create Builtins.pods (Some "default") (pod "b" [ "sleep" ] [])) full

    Assert.That(response.Code, Is.EqualTo 403)

    Assert.That(
        Json.stringAt [ "message" ] response.Body,
        Is.EqualTo(
            Some
                "pods \"b\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"
        )
    )
