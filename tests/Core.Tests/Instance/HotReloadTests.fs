module Tikv.Core.Tests.Instance.HotReloadTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private strategy update =
    withTemplate (fun template -> { template with UpdateStrategy = { Config = Some update } })

let private config text = withTemplate (fun template -> { template with Config = Some text })

/// Runs with one configuration, as its Pod and its ConfigMap say; then another is wanted.
let private changed update before after observed =
    let started = observed |> strategy update |> config before
    let pod = ok (Rules.podBody started)

    { started with Config = Some(configOf started) }
    |> withPod (fun view -> {
        view with
            Meta = { view.Meta with Annotations = (Meta.decode pod).Annotations }
    })
    |> config after

let private hot before after observed = changed ConfigUpdate.HotReload before after observed

let private reloads observed (settings: (string * Json) list) =
    act [
        ReloadConfig(podMeta observed, Map.ofList settings, Reload.wanted observed)
        MarkConfig(podMeta observed, Reload.wanted observed)
    ]

let private annotated name value =
    withPod (fun pod -> {
        pod with
            Meta = { pod.Meta with Annotations = Map.add name value pod.Meta.Annotations }
    })

/// What the process did is written down on its Pod.
let private done' observed = annotated Annotations.configInEffect (Reload.wanted observed) observed

[<Test>]
let ``PD is given what has changed in its tables of schedules and replication`` () =
    let observed =
        pd
        |> hot
            "lease = 3\n[schedule]\nleader-schedule-limit = 4"
            "lease = 3\n[schedule]\nleader-schedule-limit = 8\nenable-cross-table-merge = true\n[replication]\nlocation-labels = ['zone', 'host']"

    decide observed
    |> shouldBe (
        reloads observed [
            "schedule.leader-schedule-limit", Json.int 8
            "schedule.enable-cross-table-merge", Json.string "true"
            "replication.location-labels", Json.string "zone,host"
        ]
    )

[<Test>]
let ``TiKV is given what has changed`` () =
    let observed =
        tikv
        |> withTemplate (fun template -> { template with Version = "v8.5.2" })
        |> hot
            "[raftstore]\nsync-log = true"
            "[raftstore]\nsync-log = false\n[readpool.unified]\nmax-thread-count = 4"

    decide observed
    |> shouldBe (
        reloads observed [
            "raftstore.sync-log", Json.bool false
            "readpool.unified.max-thread-count", Json.int 4
        ]
    )

[<Test>]
let ``what is in effect is written down, and then the ConfigMap follows`` () =
    let observed =
        pd
        |> hot "[schedule]\nleader-schedule-limit = 4" "[schedule]\nleader-schedule-limit = 8"
        |> done'

    let file = ok (Manifest.configFile observed)

    match decide observed with
    | { Actions = [ UpdateConfig(_, body) ]; Waiting = [] } ->
        body |> shouldBe (Manifest.configMap observed file)
    | other -> Assert.Fail $"%A{other}"

    decide { observed with Config = Some(configOf observed) } |> shouldBe settled

[<Test>]
let ``comments and order restart nothing and reload nothing`` () =
    for update in [ ConfigUpdate.Restart; ConfigUpdate.HotReload ] do
        let observed =
            pd
            |> changed
                update
                "[schedule]\nleader-schedule-limit = 4\nregion-schedule-limit = 2"
                "# more regions\n[schedule]\nleader-schedule-limit = 4\nregion-schedule-limit = 2"

        match decide { observed with Config = Some(configOf observed) } with
        | decision -> decision |> shouldBe settled

[<Test>]
let ``a setting that cannot be changed online restarts the process, the ConfigMap first`` () =
    for before, after in
        [
            "lease = 3", "lease = 5"
            "[log]\nlevel = 'info'", "[log]\nlevel = 'warn'"
            "[schedule]\na = 1", ""
        ] do
        let observed = pd |> hot before after

        match decide observed with
        | { Actions = [ UpdateConfig _ ] } -> ()
        | other -> Assert.Fail $"%A{other}"

        match decide (holding { observed with Config = Some(configOf observed) }) with
        | { Actions = [ RestartPod _ ] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``settings that the process has refused restart it`` () =
    let observed = pd |> hot "[schedule]\na = 1" "[schedule]\na = 2"
    let refused = observed |> annotated Annotations.configRefused (Reload.wanted observed)

    match decide (holding { refused with Config = Some(configOf refused) }) with
    | { Actions = [ RestartPod _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a TiKV that would write its file is restarted`` () =
    let observed =
        tikv
        |> withTemplate (fun template -> { template with Version = "v6.5.0" })
        |> hot "[raftstore]\nsync-log = true" "[raftstore]\nsync-log = false"

    match decide observed with
    | { Actions = [ UpdateConfig _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a change of the strategy alone restarts nothing, either way`` () =
    let text = "[schedule]\na = 1"

    pd
    |> changed ConfigUpdate.Restart text text
    |> strategy ConfigUpdate.HotReload
    |> decide
    |> shouldBe settled

    pd
    |> hot text text
    |> strategy ConfigUpdate.Restart
    |> decide
    |> shouldBe settled

[<Test>]
let ``what was reloaded is not lost when the strategy goes back to Restart`` () =
    let observed = pd |> hot "[schedule]\na = 1" "[schedule]\na = 2" |> done'

    { observed with Config = Some(configOf observed) }
    |> strategy ConfigUpdate.Restart
    |> decide
    |> shouldBe settled

[<Test>]
let ``with Restart a change of the configuration restarts the process`` () =
    let observed = pd |> changed ConfigUpdate.Restart "[schedule]\na = 1" "[schedule]\na = 2"

    match decide (holding { observed with Config = Some(configOf observed) }) with
    | { Actions = [ RestartPod _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``when nobody knows what is in effect the process is restarted`` () =
    let observed = pd |> hot "[schedule]\na = 1" "[schedule]\na = 2"

    match decide (holding { observed with Config = Some(configOf observed) }) with
    | { Actions = [ RestartPod _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a process that does not run is given its file at once`` () =
    let observed = pd |> hot "[schedule]\na = 1" "[schedule]\na = 2" |> broken

    match decide observed with
    | { Actions = [ UpdateConfig _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an instance whose process lacks settings is not up to date`` () =
    let observed = pd |> hot "[schedule]\na = 1" "[schedule]\na = 2"
    let _, status = Report.status observed Decision.settled

    status
    |> Json.itemsAt [ "conditions" ]
    |> List.find (fun one -> Json.stringAt [ "type" ] one = Some "Synced")
    |> Json.stringAt [ "status" ]
    |> shouldBe (Some "False")
