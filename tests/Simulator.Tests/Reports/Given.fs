/// Runs to report on.
module Tikv.Simulator.Tests.Reports.Given

open System
open System.IO
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Mutants
open Tikv.Simulator.Reports

let private told (run: Simulation) = { run with Scenario = { run.Scenario with Transcript = true } }

let private recorded replay start : Account * Film =
    Recording.account replay { Start = start; Calms = false; Rest = 0L }

let ofStory (story: Story) : Account * Film =
    Catalogue.start story
    |> told
    |> recorded $"tikv-sim run %s{Markup.quoted story.Id} --transcript"

let private named id = All.tryFind id |> Option.get

/// While the node of a store is down no further store is restarted; it comes right.
let good = lazy (ofStory (named "T40"))

/// Two stores are restarted at once.
let broken =
    lazy
        (match Mutants.tryFind "restart-two" with
         | Some mutant ->
             Mutants.begin' true mutant "T21"
             |> recorded "tikv-sim mutants --only restart-two --transcript"
         | None -> invalidOp "there is no such mutant")

/// A store that does not run is taken for one that does.
let deceived =
    lazy
        (match Mutants.tryFind "down-is-up" with
         | Some mutant ->
             Mutants.begin' true mutant "T40"
             |> recorded "tikv-sim mutants --only down-is-up --transcript"
         | None -> invalidOp "there is no such mutant")

/// A store more, which the operator's cache of Pods learns of late.
let late =
    lazy
        (ofStory (
            scenario "late" "A cache lags" [] { Givens.ordinary with Regions = 20 } [
                at (seconds 5) (scale "TiKVGroup/basic-tikv" 5)
                { When = Trigger.AtTime(seconds 5); What = Misfortune.HoldBack(Some Kind.Pod, 2, seconds 9) }
                { When = Trigger.AtTime(minutes 3); What = Misfortune.EndHoldBack }
            ] [ Check.Finally(Fact.StoresUp 5) ]
        ))

/// Two stores are restarted at once, by an operator that has heard late of the first.
let belated =
    lazy
        (match Mutants.tryFind "restart-two" with
         | Some mutant ->
             scenario "belated" "A cache lags" [] Givens.ordinary [
                 {
                     When = Trigger.AtTime(seconds 10)
                     What = Misfortune.HoldBack(Some Kind.TiKVGroup, 1, seconds 9)
                 }
                 at (seconds 20) (restart "TiKVGroup/basic-tikv" "once")
             ] [ Check.Finally Fact.Settled ]
             |> Catalogue.start
             |> told
             |> Mutants.infected mutant
             |> recorded "tikv-sim run belated.yaml"
         | None -> invalidOp "there is no such mutant")

/// What would break out of any page that trusts its names.
let hostile = "]]><b>\"T40\"&'</script><script>alert(1)</script>\u0001"

/// A restart that ends with fewer stores than are expected of it, and whose third write lands when its sender has died.
let stuck =
    lazy
        (ofStory {
            scenario hostile hostile [] { Givens.ordinary with Regions = 20 } [
                at (seconds 5) (restart "TiKVGroup/basic-tikv" "once")
                { When = Trigger.AtWrite(0, 3); What = Misfortune.ToWrite(WriteFate.Zombie 20_000L) }
            ] [ Check.Finally(Fact.StoresUp 7) ] with
                Limit = minutes 20
                Rest = 0L
        })

/// A folder of one's own, which is gone afterwards.
let inFolder (look: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "reports"

    try
        look folder.FullName
    finally
        folder.Delete true

/// What a command prints, and its exit code.
let command (arguments: string list) : int * string =
    let before, beforeError = Console.Out, Console.Error
    use told = new StringWriter()
    Console.SetOut told
    Console.SetError told

    try
        Tikv.Simulator.Program.main (Array.ofList arguments), told.ToString()
    finally
        Console.SetOut before
        Console.SetError beforeError
