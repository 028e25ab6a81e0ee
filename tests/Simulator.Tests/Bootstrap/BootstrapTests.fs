module Tikv.Simulator.Tests.Bootstrap.BootstrapTests

open NUnit.Framework
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.World

let private scenario = Bootstrap.scenario Programs.alone Setup.ordinary Network.realistic
let private twin = lazy (Run.run scenario)

[<Test>]
let ``a cluster of three PD and three TiKV comes up`` () =
    Assert.That(Run.words twin.Value, Does.StartWith "reached after")

[<Test>]
let ``what a bootstrap can break was put to the test`` () =
    let tested = (Run.rest 60_000L twin.Value).Tested

    for id in [ "I08"; "I10"; "I11"; "I13"; "I43"; "I46"; "I47"; "I49"; "I54" ] do
        Assert.That(tested |> Map.tryFind id |> Option.defaultValue 0, Is.GreaterThan 0, id)

[<Test>]
let ``two bootstraps of one seed are the same, event for event`` () =
    Assert.That((Run.run scenario).Fingerprint, Is.EqualTo twin.Value.Fingerprint)

[<Test>]
let ``a settled cluster is left alone for a day`` () =
    let rested = Run.rest 86_400_000L twin.Value
    Assert.That(Run.words rested, Does.StartWith "reached after")
