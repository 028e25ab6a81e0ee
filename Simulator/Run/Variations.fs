namespace Tikv.Simulator.Run

open Tikv.Core.Kubernetes

/// One run of an exploration: the same run with one misfortune in it, from the state just before it strikes.
type Variation = {
    Name: string
    From: Simulation
    /// What was put into it, at times of its world; nothing where that cannot be said as faults.
    Faults: Fault list
    /// As many objects must be made and taken away as without it (verification C6, I62).
    IsBenign: bool
}

/// Every single misfortune at every point of a run (verification E5.2, depth 1). All runs share the part before theirs.
[<RequireQualifiedAccess>]
module Variations =

    let private with' (fault: Fault) (run: Simulation) =
        match fault.When with
        | Trigger.AtTime time -> Simulation.enter time (Coming.Strikes fault.What) run
        | _ -> { run with Faults = fault :: run.Faults }

    let private varied isBenign name (faults: Fault list) (before: Simulation) = {
        Name = name
        From = (before, faults) ||> List.fold (fun run fault -> with' fault run)
        Faults = faults
        IsBenign = isBenign
    }

    let private benign name faults before = varied true name faults before

    let private later after misfortune (run: Simulation) : Fault = {
        When = Trigger.AtTime(run.World.Now + after)
        What = misfortune
    }

    let private now misfortune run = later 0L misfortune run

    /// What may befall each single write. A call may land 60 s after it was sent, in the worst case 10 minutes (I57).
    let private writeFates = [
        "crash before", WriteFate.CrashBefore
        "crash after", WriteFate.CrashAfter
        "lost reply of", WriteFate.ReplyLost
        "429 for", WriteFate.Refused 429
        "500 for", WriteFate.Refused 500
        "500 after", WriteFate.ErrorAfter 500
        "conflict for", WriteFate.Refused 409
        "delay by 45 s of", WriteFate.Late 45_000L
        "zombie by 10 s of", WriteFate.Zombie 10_000L
        "zombie by 60 s of", WriteFate.Zombie 60_000L
        "zombie by 10 min of", WriteFate.Zombie 600_000L
    ]

    let private writesWith fates (twin: Twin) : Variation list = [
        for KeyValue(number, before) in twin.BeforeWrite do
            for name, fate in fates do
                benign
                    $"%s{name} write %d{number}"
                    [ { When = Trigger.AtWrite(0, number); What = Misfortune.ToWrite fate } ]
                    before
    ]

    /// Each call that changes something, of Kubernetes and of PD, with each fate.
    let writes (twin: Twin) : Variation list = writesWith writeFates twin

    /// Those after which an operator does not know what it has done, or somebody else does it later.
    let private darkFates = [
        "crash before", WriteFate.CrashBefore
        "crash after", WriteFate.CrashAfter
        "lost reply of", WriteFate.ReplyLost
        "zombie by 60 s of", WriteFate.Zombie 60_000L
    ]

    /// Each write with each of the fates that are tried two at a time.
    let dark (twin: Twin) : Variation list = writesWith darkFates twin

    /// After what has befallen a run: each of them at one later write of it, that of this number.
    let then' (former: Variation) (number: int) (before: Simulation) : Variation list = [
        for name, fate in darkFates do
            let fault: Fault = { When = Trigger.AtWrite(0, number); What = Misfortune.ToWrite fate }

            {
                benign $"%s{former.Name}, then %s{name} write %d{number}" [ fault ] before with
                    Faults = former.Faults @ [ fault ]
            }
    ]

    /// Nine seconds: a member of PD that is silent for ten is taken for lost.
    let private readFates = [
        "no answer to", ReadFate.Unanswered
        "an answer from 9 s ago to", ReadFate.Old 9_000L
    ]

    /// How long before a write a question may matter to it, in milliseconds.
    let private asked = 12_000L

    /// Each question to PD and each look before a cut, of those that a write follows: while nothing is done and nothing
    /// changes, one answer is as good as another.
    let reads (twin: Twin) : Variation list =
        let writes = twin.BeforeWrite.Values |> Seq.map _.World.Now |> Array.ofSeq

        let matters (before: Simulation) =
            writes
            |> Array.exists (fun at -> at >= before.World.Now && at - before.World.Now <= asked)

        [
            for KeyValue(number, before) in twin.BeforeRead |> Map.filter (fun _ before -> matters before) do
                for name, fate in readFates do
                    benign
                        $"%s{name} read %d{number}"
                        [ { When = Trigger.AtRead(0, number); What = Misfortune.ToRead fate } ]
                        before
        ]

    /// How long a cache lags, in milliseconds.
    let private lag = 10_000L

    let private at (run: Simulation) = Simulation.clock run.World.Now

    /// A cache that is one or two versions behind from each change of its kind on, and all caches from the beginning.
    let staleCaches (twin: Twin) : Variation list = [
        for versions in [ 1; 2 ] do
            benign
                $"every cache %d{versions} versions behind, always"
                [ now (Misfortune.HoldBack(None, versions, lag)) twin.Start ]
                twin.Start

            for index, (kind, before) in List.indexed twin.Changes do
                benign
                    $"cache of %s{Kind.name kind} %d{versions} versions behind at %s{at before} (change %d{index + 1})"
                    [
                        now (Misfortune.HoldBack(Some kind, versions, lag)) before
                        later lag Misfortune.EndHoldBack before
                    ]
                    before
    ]

    /// Longer than any run: what is held back so long is never told of.
    let private never = 1_000_000_000L

    /// The changes of one kind within ten seconds are not told of; then the kind is listed (I61). Where only one change
    /// falls into that time this is no more than a watch that ends, which is tried apart.
    let missedEvents (twin: Twin) : Variation list =
        let rec coalesced changes =
            match changes with
            | [] -> []
            | (kind, before: Simulation) :: rest ->
                let soon (other, state: Simulation) =
                    other = kind && state.World.Now - before.World.Now <= lag

                if List.exists soon (List.truncate 200 rest) then
                    (kind, before) :: coalesced rest
                else
                    coalesced rest

        [
            for index, (kind, before) in List.indexed (coalesced twin.Changes) do
                benign
                    $"events of %s{Kind.name kind} missed for 10 s from %s{at before} (%d{index + 1})"
                    [
                        now (Misfortune.HoldBack(Some kind, System.Int32.MaxValue, never)) before
                        later lag (Misfortune.CutWatches(Some kind, true)) before
                        later (lag + 1L) Misfortune.EndHoldBack before
                    ]
                    before
        ]

    /// A new process that reads the past first (V K22): each write's last two states, and older ones now and then.
    let timeTravel (twin: Twin) : Variation list = [
        for behind, each in [ 1, 1; 2, 1; 5, 3; 20, 3 ] do
            for KeyValue(number, before) in twin.BeforeWrite do
                if number % each = 0 then
                    let network = { before.Scenario.Network with ListsBehind = behind }
                    let crash = Misfortune.ToWrite WriteFate.CrashAfter

                    // that lists come from the past is no fault of a scenario
                    {
                        benign
                            $"crash after write %d{number}, lists %d{behind} states behind"
                            [ { When = Trigger.AtWrite(0, number); What = crash } ]
                            { before with Scenario = { before.Scenario with Network = network } } with
                            Faults = []
                    }
    ]

    /// A process that dies as the world changes, between its writes.
    let crashes (twin: Twin) : Variation list = [
        for index, before in twin.Changes |> List.map snd |> List.distinctBy _.World.Now |> List.indexed do
            benign $"crash at %s{at before} (%d{index + 1})" [ now (Misfortune.Crash 0) before ] before
    ]

    let private beforeEachWrite name misfortune isBenign (twin: Twin) = [
        for KeyValue(number, before) in twin.BeforeWrite do
            varied isBenign $"%s{name} write %d{number}" [ now misfortune before ] before
    ]

    /// Long after the last write, too.
    let private secondOperators (twin: Twin) =
        let span = max 1L ((twin.Result.ReachedAt - twin.Start.World.Now) / 10L)

        let states =
            twin.Start :: (twin.BeforeRead |> Map.toList |> List.map snd)
            |> List.distinctBy (fun run -> (run.World.Now - twin.Start.World.Now) / span)

        [
            for before in states do
                varied
                    false
                    $"a second operator from %s{at before}"
                    [ now (Misfortune.StartOperator 1) before ]
                    before
        ]

    /// Every variation of a run.
    let all (twin: Twin) : Variation list =
        writes twin
        @ reads twin
        @ staleCaches twin
        @ missedEvents twin
        @ timeTravel twin
        @ crashes twin
        @ beforeEachWrite "all watches cut before" (Misfortune.CutWatches(None, false)) true twin
        @ beforeEachWrite "410 for all watches before" (Misfortune.CutWatches(None, true)) true twin
        // of two leaders no more is asked than that nothing is harmed, and that it ends alike (I58)
        @ beforeEachWrite "a second operator from" (Misfortune.StartOperator 1) false twin
        @ secondOperators twin
