module Tikv.Core.Tests.Group.RollTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

let private allOutdated = outdated 0 >> outdated 1 >> outdated 2

[<Test>]
let ``outdated instances are brought to the template one at a time, the highest index first`` () =
    for observed in [ allOutdated tikv; allOutdated pd ] do
        decide observed |> shouldBe (act [ update 2 observed ])

    let second = tikv |> outdated 0 |> outdated 1
    decide second |> shouldBe (act [ update 1 second ])

[<Test>]
let ``the next one waits until the one before serves again`` () =
    for spoil in [ notReady 2; unsettled 2 ] do
        decide (tikv |> outdated 0 |> outdated 1 |> spoil)
        |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-2" ] ])

[<Test>]
let ``the next one waits until the one before has been ready for minReadySeconds`` () =
    let observed = tikv |> outdated 0 |> outdated 1

    decide (readySince 2 2 observed)
    |> shouldBe (wait [ InstanceSoaking("basic-tikv-2", TimeSpan.FromSeconds 3L) ])

    let ready = readySince 5 2 observed
    decide ready |> shouldBe (act [ update 1 ready ])

[<Test>]
let ``an outdated instance that is not ready goes first, since that costs nothing`` () =
    let observed = tikv |> allOutdated |> notReady 0
    decide observed |> shouldBe (act [ update 0 observed ])

[<Test>]
let ``a revert heals though the instance that was changed is not ready`` () =
    let observed = tikv |> outdated 1 |> notReady 1 |> notReady 2
    decide observed |> shouldBe (act [ update 1 observed ])

[<Test>]
let ``a change of settings alone reaches all instances at once`` () =
    let observed = tikv |> oldSettings 0 |> oldSettings 2 |> notReady 1
    decide observed |> shouldBe (act [ update 0 observed; update 2 observed ])

[<Test>]
let ``instances that are being deleted are not brought to the template`` () =
    decide (tikv |> outdated 1 |> ending 1)
    |> shouldBe (wait [ InstanceTerminating "basic-tikv-1" ])

[<Test>]
let ``a group is as desired when its instances are`` () =
    for spoil in [ notReady 1; unsettled 1 ] do
        decide (spoil tikv) |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-1" ] ])

// ---- the path of versions

let private upgraded = tikv |> version "v8.5.3" |> allOutdated

[<Test>]
let ``TiKV waits until PD has been upgraded`` () =
    decide upgraded |> shouldBe (wait [ PdUpgradesFirst "v8.5.3" ])

    for reached in [ "v8.5.3"; "v8.6.0"; "v9.0.0" ] do
        let observed = { upgraded with PdGroups = [ "basic-pd", Some reached ] }
        decide observed |> shouldBe (act [ update 2 observed ])

[<Test>]
let ``TiKV waits for every group of PD`` () =
    { upgraded with PdGroups = [ "a-pd", Some "v8.5.3"; "b-pd", None ] }
    |> decide
    |> shouldBe (wait [ PdUpgradesFirst "v8.5.3" ])

[<Test>]
let ``without constraints TiKV does not wait for PD`` () =
    let observed =
        upgraded
        |> withClusterSpec (fun spec -> { spec with UpgradePolicy = UpgradePolicy.NoConstraints })

    decide observed |> shouldBe (act [ update 2 observed ])

[<Test>]
let ``PD waits for nobody's version`` () =
    let observed = pd |> version "v8.5.3" |> allOutdated
    decide observed |> shouldBe (act [ update 2 observed ])

// ---- the revision

[<Test>]
let ``the revision changes with the template, and not with replicas or settings`` () =
    let same change = Shared.revision (change tikv) = Shared.revision tikv

    [
        same (replicas 5)
        same (without [ 1 ])
        same (withSettings (fun settings -> { settings with MinReadySeconds = 9 }))
        same (withSettings (fun settings -> { settings with VolumeReclaimPolicy = ReclaimPolicy.Delete }))
        same suspended
    ]
    |> shouldBe [ true; true; true; true; true ]

    [
        same (version "v8.5.3")
        same (withTemplate (fun template -> { template with Config = Some "a = 1" }))
        same (fun observed ->
            match observed.Role with
            | TiKV(spec, status) ->
                let metadata = { spec.Template.Metadata with Labels = Map [ "a", "1" ] }

                {
                    observed with
                        Role =
                            TiKV({ spec with Template = { spec.Template with Metadata = metadata } }, status)
                }
            | PD _ -> observed)
    ]
    |> shouldBe [ false; false; false ]
