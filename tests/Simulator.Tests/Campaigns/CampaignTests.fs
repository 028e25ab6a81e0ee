module Tikv.Simulator.Tests.Campaigns.CampaignTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Campaigns
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private conduct mode runs : Campaign.Conduct = {
    Charter = {
        Mode = mode
        Seed = 1UL
        Runs = Some runs
        Shard = Shard.whole
        Mutant = None
        Fidelity = Level.L1
        Build = Charter.build
    }
    Until = None
}

let private setup mode : Setup = {
    Setting = { Search.ordinary with Cells = (mode = Mode.Guided) }
    Fidelity = Level.L1
    CheckEach = 0
}

let private silent: Progress.Teller = {
    new Progress.Teller() with
        member _.Says _ = ()
        member _.Stands _ _ = ()
}

let private recordedBy makers (conduct: Campaign.Conduct) there =
    let entries = Collections.Generic.List<Entry>()

    let keeper = {
        new Keeper() with
            member _.Add entry = entries.Add entry
            member _.Close() = ()
    }

    let tally = Campaign.run conduct makers keeper silent there
    tally, List.ofSeq entries

let private recorded (conduct: Campaign.Conduct) there =
    recordedBy (Maker.threads (setup conduct.Charter.Mode)) conduct there

[<Test>]
let ``a guided search that was interrupted goes on as if it had not been`` () =
    let guided = conduct Mode.Guided 36
    let tally, entries = recorded guided []
    Assert.That(entries |> List.map _.Run, Has.Some.Contains ".", "none goes on from another")

    for interrupted in [ 28; 34 ] do
        let again, rest = recorded guided (List.truncate interrupted entries)
        Assert.That(List.truncate interrupted entries @ rest, Is.EqualTo(box entries))
        Assert.That(again, Is.EqualTo tally)

[<Test>]
let ``a search goes on with the runs that are not made yet, and comes to the same`` () =
    let tally, entries = recorded (conduct Mode.Plain 6) []
    let first = entries |> List.filter (fun entry -> entry.Run = "seed-3")
    // what is new in a run depends on those before it
    let first = first |> List.map (fun entry -> { entry with New = [] })
    let again, rest = recorded (conduct Mode.Plain 6) first

    Assert.That(
        rest |> List.map _.Run |> List.sort,
        Is.EqualTo(box [ "seed-1"; "seed-2"; "seed-4"; "seed-5"; "seed-6" ])
    )

    Assert.That(again.Goals, Is.EqualTo(box tally.Goals))
    Assert.That(again.Runs, Is.EqualTo 6)

let private beside mode =
    List.init 2 (fun _ ->
        Maker.beside [ "search"; "--serves"; "--mode"; Mode.name mode; "--check-determinism"; "0" ])

[<Test>]
let ``processes beside one another come to the same as threads, in a search that leads on from what was found``
    ()
    =
    let guided = conduct Mode.Guided 33
    let tally, entries = recorded guided []
    let again, others = recordedBy (beside Mode.Guided) guided []
    Assert.That(others, Is.EqualTo(box entries))
    Assert.That(again, Is.EqualTo tally)

[<Test>]
let ``a process that does not answer ends the search, with the run that it was to make`` () =
    let nobody = [ Maker.beside [ "search"; "--serves"; "--mode"; "nothing" ] ]

    let words =
        try
            recordedBy nobody (conduct Mode.Plain 2) [] |> ignore
            "it goes on"
        with Ended _ as problem ->
            problem.Message

    Assert.That(words, Is.EqualTo "a process of tikv-sim ended with 2 before it had answered `seed-1`")

let private plan = Plans.make 1UL

let private trial fingerprint : Trial = {
    Outcome = Outcome.Good
    Marks = Set.empty
    Fingerprint = fingerprint
    Ended = 0L
    ReachedAt = 0L
    Rested = true
}

[<Test>]
let ``a run that is not the same when it is made again fails, with the first event that differs`` () =
    let mutable count = 0UL

    let next _ =
        count <- count + 1UL
        count

    let transcript plan = [ "one"; $"two %d{next plan}" ]

    match (Maker.checkedTwice transcript (next >> trial) plan).Outcome with
    | Outcome.Bad("indeterminate", words) -> Assert.That(words, Does.Contain "`two 3`, and then `two 4`")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a run that is the same when it is made again is good`` () =
    let same _ = trial 7UL
    Assert.That((Maker.checkedTwice (fun _ -> []) same plan).Outcome, Is.EqualTo Outcome.Good)

[<TestCase("seed-17")>]
[<TestCase("swarm-17")>]
[<TestCase("guided-17")>]
[<TestCase("guided-17.203.5")>]
let ``a plan is made again from its name`` (name: string) =
    match Charter.tryPlan Level.L2 name with
    | Some plan ->
        Assert.That(plan.Name, Is.EqualTo name)
        Assert.That(plan.Given.Fidelity, Is.EqualTo Level.L2)
    | None -> Assert.Fail "there is none"

[<TestCase("seed-")>]
[<TestCase("swarm-x")>]
[<TestCase("guided-17.")>]
[<TestCase("17")>]
let ``what is no name of a plan has none`` (name: string) =
    Assert.That((Charter.tryPlan Level.L1 name).IsNone)

[<Test>]
let ``every reason and action of the core is known by a name of its own`` () =
    Assert.That(Marks.all.Value, Is.Unique)
    Assert.That(Cases.reasons.Value, Does.Contain "Instance.ProcessEnded.DiskFull")
    Assert.That(Cases.actions.Value, Does.Contain "Instance.RestartPod")

[<Test>]
let ``a reason is told from others with its code by its words`` () =
    let leaders = [
        Tikv.Core.Instance.LeadersRemain 17
        Tikv.Core.Instance.LeadersUnconfirmed
        Tikv.Core.Instance.EvictionUnsettled
    ]

    let names =
        leaders
        |> List.map (fun reason ->
            Cases.reason
                Tikv.Core.Kubernetes.Kind.TiKV
                (Tikv.Core.Instance.Reason.code reason)
                (Tikv.Core.Instance.Reason.text reason))

    Assert.That(
        names,
        Is.EqualTo(
            box [ "Instance.LeadersRemain"; "Instance.LeadersUnconfirmed"; "Instance.EvictionUnsettled" ]
        )
    )

[<Test>]
let ``what is known not to be reached is something that there is`` () =
    Assert.That(Unreached.known, Is.Unique)
    Assert.That(Unreached.known, Is.SubsetOf Marks.all.Value)

[<Test>]
let ``what no run reaches and tests of Core do is named in one of them`` () =
    let root = Tikv.Simulator.Tests.Scenarios.ScenarioTests.root (DirectoryInfo AppContext.BaseDirectory)

    let text =
        Directory.GetFiles(Path.Combine(root, "tests", "Core.Tests"), "*.fs", SearchOption.AllDirectories)
        |> Seq.map File.ReadAllText
        |> String.concat "\n"

    let last (mark: string) = mark.Substring(mark.LastIndexOf '.' + 1)
    Assert.That(Unreached.byTests |> List.filter (fun mark -> not (text.Contains(last mark))), Is.Empty)

[<Test>]
let ``a search that is to reach everything fails for what it did not reach, by name`` () =
    let reachable = Set.difference (Set.ofList Marks.all.Value) (Set.ofList Unreached.known)
    Assert.That(Account.offences reachable, Is.Empty)

    Assert.That(
        Account.offences (Set.remove "action Instance.RestartPod" reachable),
        Is.EqualTo(box [ "never reached: action Instance.RestartPod" ])
    )

[<Test>]
let ``it tells what is reached and listed as something that is not, and does not fail for it`` () =
    let reachable = Set.difference (Set.ofList Marks.all.Value) (Set.ofList Unreached.known)
    let listed = List.head Unreached.known

    Assert.That(Account.offences (Set.add listed reachable), Is.Empty)
    Assert.That(Account.surprises reachable, Is.Empty)

    Assert.That(
        Account.surprises (Set.add listed reachable),
        Is.EqualTo(box [ $"reached, though Campaigns/Unreached.fs names it: %s{listed}" ])
    )

/// The runs of the nightly search, in small.
