module Tikv.Core.Tests.Group.RollTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

module One = Tikv.Core.Tests.Instance.Given

let private current (observed: Observed) = Some(Shared.revision observed)
let private allOutdated = outdated 0 >> outdated 1 >> outdated 2

[<Test>]
let ``outdated instances are brought to the template one at a time, the highest index first`` () =
    for observed in [ allOutdated tikv; allOutdated pd ] do
        decide observed |> shouldBe (act [ update 2 observed ])

    let second = tikv |> outdated 0 |> outdated 1
    decide second |> shouldBe (act [ update 1 second ])

[<Test>]
let ``one that was changed by hand gets the template at once: it is restarted once, and not twice`` () =
    let changed = withTemplate (fun template -> { template with Config = Some "log.level = 'warn'" })

    for observed in [ changed tikv; changed pd ] do
        let former = Shared.revision (if observed.Role.IsTiKV then tikv else pd)

        let rolling =
            observed
            |> withStatus (fun status -> { status with CurrentRevision = Some former })

        decide rolling |> shouldBe (act [ update 2 rolling ])

        let edited =
            rolling
            |> withInstance 0 (fun one -> { one with Shared = "edited"; Process = "edited" })

        decide edited |> shouldBe (act [ update 0 edited ])

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
let ``the last one too must have been ready for minReadySeconds`` () =
    decide (readySince 2 0 tikv)
    |> shouldBe (wait [ InstanceSoaking("basic-tikv-0", TimeSpan.FromSeconds 3L) ])

[<Test>]
let ``those whose process is known not to run are brought to the template all at once`` () =
    let observed = tikv |> allOutdated |> broken 0 |> broken 1 |> broken 2
    decide observed |> shouldBe (act [ for index in 0..2 -> update index observed ])

    let some = tikv |> allOutdated |> broken 0 |> broken 2 |> notReady 1
    decide some |> shouldBe (act [ update 0 some; update 2 some ])

[<Test>]
let ``while PD is silent, and nobody knows who serves, the template reaches one instance and no other`` () =
    let silent = unknown 0 >> unknown 1 >> unknown 2
    let observed = pd |> allOutdated |> silent
    decide observed |> shouldBe (act [ update 2 observed ])

    decide (pd |> outdated 0 |> outdated 1 |> unproven 2 |> silent)
    |> shouldBe (wait [ InstancesNotReady [ "basic-pd-2" ] ])

[<Test>]
let ``one that fails does not wait for those that once served with the template, but for those that never did``
    ()
    =
    let observed = tikv |> outdated 0 |> outdated 1 |> notReady 1 |> notReady 2
    decide observed |> shouldBe (act [ update 1 observed ])

    decide (tikv |> outdated 0 |> outdated 1 |> notReady 1 |> unproven 2)
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-2" ] ])

[<Test>]
let ``the leader of PD goes last`` () =
    let observed = pd |> allOutdated |> leads 2
    decide observed |> shouldBe (act [ update 1 observed ])

    let last = pd |> outdated 2 |> leads 2
    decide last |> shouldBe (act [ update 2 last ])

[<Test>]
let ``the priority that people gave goes before the index`` () =
    let observed = tikv |> allOutdated |> priority 1 1 |> priority 0 0
    decide observed |> shouldBe (act [ update 0 observed ])

let private lightly index =
    withInstance index (fun one -> {
        one with
            Shared = "older"
            Meta = { one.Meta with Labels = Map.add Labels.revision "older" one.Meta.Labels }
    })

[<Test>]
let ``what restarts nothing reaches all instances at once`` () =
    let observed = tikv |> lightly 0 |> lightly 1 |> outdated 2 |> notReady 1
    decide observed |> shouldBe (act [ update 0 observed; update 1 observed ])

[<Test>]
let ``labels of stores, volume sizes, and a config that is reloaded restart nothing`` () =
    let hot =
        withTemplate (fun template -> {
            template with
                UpdateStrategy = { Config = Some ConfigUpdate.HotReload }
        })

    let serverLabels (observed: Observed) =
        match observed.Role with
        | TiKV(spec, status) ->
            let inner = {
                spec.Template.Spec with
                    Server = { spec.Template.Spec.Server with Labels = Map [ "disk", "ssd" ] }
            }

            {
                observed with
                    Role = TiKV({ spec with Template = { spec.Template with Spec = inner } }, status)
            }
        | PD _ -> observed

    let grown =
        withTemplate (fun template -> {
            template with
                Volumes =
                    template.Volumes
                    |> List.map (fun volume -> { volume with Storage = Quantity.bytes 5_000_000_000L })
        })

    let config = withTemplate (fun template -> { template with Config = Some "a = 1" })
    let same before change = Shared.wantedProcess before = Shared.wantedProcess (change before)
    let isNew before change = Shared.revision before <> Shared.revision (change before)

    [
        same tikv serverLabels
        same tikv grown
        same (hot tikv) config
        same tikv config
        same tikv (version "v8.5.3")
    ]
    |> shouldBe [ true; true; true; false; false ]

    [ isNew tikv serverLabels; isNew tikv grown; isNew (hot tikv) config ]
    |> shouldBe [ true; true; true ]

[<Test>]
let ``new instances come first, then the updates`` () =
    let observed = tikv |> replicas 5 |> allOutdated
    decide observed |> shouldBe (act (create [] [ 3; 4 ] observed))

    decide (observed |> withSurplus [ 3; 4 ] |> unproven 4)
    |> shouldBe (wait [ InstancesNotReady [ "basic-tikv-4" ] ])

// ---- shrink and roll together (T 3.1)

let private shrinking = tikv |> withSurplus [ 3; 4 ] |> allOutdated |> outdated 3 |> outdated 4

[<Test>]
let ``what is surplus stays until those that stay have been updated`` () =
    let marking = shrinking

    decide marking
    |> shouldBe (act [ DeferDeletion(metaOf 4 marking); DeferDeletion(metaOf 3 marking); update 2 marking ])

    let marked =
        tikv
        |> withSurplus [ 3; 4 ]
        |> outdated 0
        |> outdated 3
        |> outdated 4
        |> deferred 3
        |> deferred 4

    decide marked
    |> shouldBe {
        Actions = [ update 0 marked ]
        Waiting = [ DeletionDeferred [ "basic-tikv-4"; "basic-tikv-3" ] ]
    }

    let updated =
        tikv
        |> withSurplus [ 3; 4 ]
        |> outdated 3
        |> outdated 4
        |> deferred 3
        |> deferred 4

    decide updated |> shouldBe (act [ takeOffline 4 updated ])

[<Test>]
let ``surplus that does not serve goes at once`` () =
    let observed = shrinking |> notReady 3 |> deferred 4

    decide observed |> shouldBe (act [ takeOffline 3 observed; update 2 observed ])

[<Test>]
let ``a deferred deletion is called back`` () =
    let observed = tikv |> replicas 5 |> withSurplus [ 3; 4 ] |> deferred 3 |> deferred 4

    decide observed
    |> shouldBe (act [ CancelDeferral(metaOf 3 observed); CancelDeferral(metaOf 4 observed) ])

[<Test>]
let ``a roll that must not begin holds no deletion up`` () =
    let observed =
        { shrinking with PdGroups = [ pdGroup "basic-pd" (Some "v8.5.2") ] }
        |> version "v8.5.9"

    decide observed
    |> shouldBe { Actions = [ takeOffline 4 observed ]; Waiting = [ PdUpgradesFirst "v8.5.9" ] }

[<Test>]
let ``an outdated instance that is not ready goes first, since that costs nothing`` () =
    let observed = tikv |> allOutdated |> notReady 0
    decide observed |> shouldBe (act [ update 0 observed ])

[<Test>]
let ``a revert heals though the instance that was changed is not ready`` () =
    let observed = tikv |> outdated 1 |> notReady 1 |> notReady 2
    decide observed |> shouldBe (act [ update 1 observed ])

[<Test>]
let ``a template that is taken back reaches at once the instance that was to have another`` () =
    // nobody is known to serve, and the process of the changed one is the one from before
    let taken observed =
        observed
        |> outdated 2
        |> withInstance 2 (fun one -> { one with Current = current observed })

    let silent = unknown 0 >> unknown 1 >> unknown 2

    for observed in [ tikv |> taken |> silent; pd |> taken |> silent; tikv |> taken |> notReady 1 ] do
        decide observed |> shouldBe (act [ update 2 observed ])

[<Test>]
let ``a change of settings alone reaches all instances at once`` () =
    let observed = tikv |> oldSettings 0 |> oldSettings 2 |> notReady 1
    decide observed |> shouldBe (act [ update 0 observed; update 2 observed ])

[<Test>]
let ``instances that are being deleted are not brought to the template`` () =
    let observed = tikv |> outdated 1 |> ending 1

    decide observed
    |> shouldBe { Actions = create [] [ 3 ] observed; Waiting = [ ScalingIn "basic-tikv-1" ] }

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
        let observed = { upgraded with PdGroups = [ pdGroup "basic-pd" (Some reached) ] }
        decide observed |> shouldBe (act [ update 2 observed ])

[<Test>]
let ``TiKV waits for every group of PD`` () =
    { upgraded with PdGroups = [ pdGroup "a-pd" (Some "v8.5.3"); pdGroup "b-pd" None ] }
    |> decide
    |> shouldBe (wait [ PdUpgradesFirst "v8.5.3" ])

[<Test>]
let ``without constraints TiKV does not wait for PD`` () =
    let observed =
        upgraded
        |> withClusterSpec (fun spec -> { spec with UpgradePolicy = UpgradePolicy.NoConstraints })

    decide observed |> shouldBe (act [ update 2 observed ])

let private withStores versions (observed: Observed) =
    let facts = Tikv.Core.Tests.Instance.Given.facts

    let stores =
        List.zip (List.truncate (List.length versions) facts.Stores) versions
        |> List.map (fun (store, version) -> { store with Version = version })

    { observed with Pd = PdView.Answered { facts with Stores = stores } }

[<Test>]
let ``no group goes beneath the version of the cluster, and nothing is disrupted by asking for it`` () =
    for group in [ tikv; pd ] do
        let observed = group |> version "v8.1.0" |> allOutdated |> withStores [ "8.5.2"; "8.5.3" ]
        decide observed |> shouldBe (wait [ Downgrade("v8.1.0", "8.5.2") ])

        let silent =
            { observed with Pd = PdView.Silent "no answer" }
            |> withStatus (fun status -> { status with Version = Some "v8.5.2" })

        decide silent |> shouldBe (wait [ Downgrade("v8.1.0", "v8.5.2") ])

[<Test>]
let ``patches go back, and so does an upgrade that is not complete`` () =
    let patch = tikv |> version "v8.5.0" |> allOutdated |> withStores [ "8.5.2"; "8.5.2" ]
    decide patch |> shouldBe (act [ update 2 patch ])

    let half =
        tikv
        |> withStatus (fun status -> { status with Version = Some "v9.0.0" })
        |> outdated 2
        |> withStores [ "8.5.2"; "9.0.0" ]

    decide half |> shouldBe (act [ update 2 half ])

[<Test>]
let ``PD goes back after TiKV`` () =
    let observed =
        pd
        |> allOutdated
        |> withStatus (fun status -> { status with Version = Some "v9.0.0" })
        |> withStores [ "8.5.2"; "9.0.0" ]

    decide observed |> shouldBe (wait [ StoresAreNewer("v8.5.2", "9.0.0") ])

[<Test>]
let ``while a version must wait, new instances are made with the template that the others have`` () =
    let observed = tikv |> version "v8.5.9" |> replicas 4
    let before = tikv |> replicas 4

    decide observed
    |> shouldBe { Actions = create [] [ 3 ] before; Waiting = [ PdUpgradesFirst "v8.5.9" ] }

[<Test>]
let ``while a version must wait, an instance whose process does not run gets the template that the others have``
    ()
    =
    let observed = tikv |> version "v8.5.9" |> outdated 1 |> broken 1
    let decision = decide observed

    decision.Actions |> shouldBe [ update 1 (tikv |> outdated 1 |> broken 1) ]
    Assert.That(decision.Waiting, Does.Contain(PdUpgradesFirst "v8.5.9"))

    (decide (tikv |> version "v8.5.9" |> broken 1)).Actions |> shouldBe []

[<Test>]
let ``while a version must wait, an instance that is just being restarted keeps the template that it was restarted for``
    ()
    =
    let away since =
        tikv
        |> version "v8.5.9"
        |> outdated 1
        |> broken 1
        |> withInstance 1 (fun one -> { one with Unready = since })
        |> withCluster (fun cluster ->
            let held = {
                One.disruptionOf One.tikv with
                    Name = tikv.Instances[1].Meta.Name
                    Uid = tikv.Instances[1].Meta.Uid
            }

            { cluster with Status = { cluster.Status with Disruption = Some held } })

    for since in [ None; Some(One.ago 28) ] do
        (decide (away since)).Actions |> shouldBe []

    (decide (away (Some(One.ago 600)))).Actions |> List.length |> shouldBe 1

[<Test>]
let ``a group that has no version yet is made beside a PD group of the same minor version, and no older one``
    ()
    =
    let empty =
        { tikv with Instances = Map.empty }
        |> withStatus (fun status -> { status with Version = None; CurrentRevision = None })

    let beside wanted = {
        empty with
            Pd = PdView.Unasked
            PdGroups = [ { pdGroup "basic-pd" None with Wanted = wanted } ]
    }

    decide (beside "v8.5.0")
    |> shouldBe (act (create [] [ 0; 1; 2 ] (beside "v8.5.0")))

    decide (beside "v8.1.0") |> shouldBe (wait [ PdUpgradesFirst "v8.5.2" ])

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
