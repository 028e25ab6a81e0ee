module Tikv.Simulator.Tests.World.KubeletTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Tests.World.Cluster

let private sleeper = pod "a" [ "sleep" ] []
let private running = fresh |> createPod sleeper |> wait 1_000L

/// PD whose configuration is what is given.
let private pd =
    pod "pd" [ "/pd-server"; "--config=/etc/pd/config.toml" ] [
        "volumes",
        Json.array [
            Json.object [
                "name", Json.String "config"
                "configMap", Json.object [ "name", Json.String "pd" ]
            ]
        ]
        "containers",
        Json.array [
            Json.object [
                "name", Json.String "pd"
                "image", Json.String "pingcap/pd:v8.5.2"
                "command", Json.strings [ "/pd-server"; "--config=/etc/pd/config.toml" ]
                "volumeMounts",
                Json.array [
                    Json.object [ "name", Json.String "config"; "mountPath", Json.String "/etc/pd" ]
                ]
            ]
        ]
    ]

let private configured (text: string) =
    object "v1" "ConfigMap" "pd" [ "data", Json.object [ "config.toml", Json.String text ] ]

let private restarts name world = Json.intAt [ "restartCount" ] (container name world)

[<Test>]
let ``a pod comes to run, has an address, and is ready`` () =
    Assert.That(phase "a" running, Is.EqualTo "Running")
    Assert.That(isReady "a" running)
    Assert.That(text [ "status"; "podIP" ] Builtins.pods "a" running, Does.StartWith "10.")

[<Test>]
let ``a deleted pod goes when its process has stopped, and not before`` () =
    let world = running |> delete Builtins.pods "a"
    Assert.That(exists Builtins.pods "a" world)
    Assert.That(exists Builtins.pods "a" (wait 1_000L world), Is.False)

[<Test>]
let ``a pod of the same name is another pod with another address`` () =
    let world =
        running
        |> delete Builtins.pods "a"
        |> wait 1_000L
        |> createPod sleeper
        |> wait 1_000L

    Assert.That(uid Builtins.pods "a" world, Is.Not.EqualTo(uid Builtins.pods "a" running))

    Assert.That(
        text [ "status"; "podIP" ] Builtins.pods "a" world,
        Is.Not.EqualTo(text [ "status"; "podIP" ] Builtins.pods "a" running)
    )

[<Test>]
let ``a pod whose config map is missing waits, and starts when it comes`` () =
    let world = fresh |> createPod pd |> wait 2_000L
    Assert.That(phase "pd" world, Is.EqualTo "Pending")

    Assert.That(
        Json.stringAt [ "state"; "waiting"; "reason" ] (container "pd" world),
        Is.EqualTo(Some "ContainerCreating")
    )

    let world = world |> create Builtins.configMaps (configured "name = \"pd\"") |> wait 5_000L
    Assert.That(phase "pd" world, Is.EqualTo "Running")

[<Test>]
let ``a container with a configuration that is no TOML crashes, and its back-off grows`` () =
    let world =
        fresh
        |> create Builtins.configMaps (configured "name = ")
        |> createPod pd
        |> wait 8_000L

    Assert.That(
        Json.stringAt [ "state"; "waiting"; "reason" ] (container "pd" world),
        Is.EqualTo(Some "CrashLoopBackOff")
    )

    Assert.That(
        Json.intAt [ "lastState"; "terminated"; "exitCode" ] (container "pd" world),
        Is.EqualTo(Some 1)
    )

    let counts =
        [ 0L; 10_000L; 30_000L; 70_000L; 150_000L ]
        |> List.map (fun after -> restarts "pd" (wait after world))

    Assert.That(counts, Is.EqualTo<int option list> [ Some 1; Some 2; Some 3; Some 4; Some 5 ])

[<Test>]
let ``a pod on a machine without power is not ready after the grace, and is back when power is`` () =
    let lost = running |> Power.set false true (node "a" running) |> wait 60_000L
    Assert.That(isReady "a" lost, Is.False)
    let back = lost |> Power.set true true (node "a" running) |> wait 5_000L
    Assert.That(isReady "a" back)
    Assert.That(uid Builtins.pods "a" back, Is.EqualTo(uid Builtins.pods "a" running))

[<Test>]
let ``a pod on a lost node is to be deleted after five minutes, and stays until the node is back`` () =
    let lost = running |> Power.set false true (node "a" running) |> wait 400_000L
    Assert.That(text [ "metadata"; "deletionTimestamp" ] Builtins.pods "a" lost, Is.Not.Empty)
    let back = lost |> Power.set true true (node "a" running) |> wait 40_000L
    Assert.That(exists Builtins.pods "a" back, Is.False)

[<Test>]
let ``a container that is deleted by force may still run for a while`` () =
    let forced =
        running
        |> ask (
            Requests.delete
                { Requests.deleteOptions with GraceSeconds = Some 0 }
                Builtins.pods
                (Some "default")
                "a"
        )

    Assert.That(exists Builtins.pods "a" forced, Is.False)
    Assert.That(forced.Runs.Count, Is.EqualTo 1)
    Assert.That((wait 2_000L forced).Runs, Is.Empty)
