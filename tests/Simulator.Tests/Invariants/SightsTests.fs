/// Which sights a property looks at.
module Tikv.Simulator.Tests.Invariants.SightsTests

open System.Collections.Generic
open NUnit.Framework
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// Everything that a judge is shown while a store leaves and operators crash, and in the end.
let private shown: Lazy<struct (Scene * Sight) list> =
    lazy
        (let seen = List<struct (Scene * Sight)>()

         let onlooker =
             Invariant.plain (Invariant.property "I00" "Whatever is shown is seen" "") (fun scene sight ->
                 seen.Add(struct (scene, sight))
                 Finding.Nothing)

         match Catalogue.tryStart "E-in" 1UL with
         | None -> invalidOp "there is no E-in"
         | Some start ->
             let crash: Fault = {
                 When = Trigger.AtWrite(0, 5)
                 What = Misfortune.ToWrite WriteFate.CrashAfter
             }

             let result =
                 Run.continue' { start with Judge = Judge.start [ onlooker ]; Faults = [ crash ] }
                 |> Run.thenRest 60_000L

             Assert.That(Run.isGood result, Is.True, Run.words result)
             Simulation.see Sight.Unsettled result.Final |> ignore
             List.ofSeq seen)

[<Test>]
let ``every sort of sight is shown`` () =
    let sorts =
        (enum<Sights> 0, shown.Value)
        ||> List.fold (fun sorts (struct (_, sight)) -> sorts ||| Judge.sort sight)

    Assert.That(sorts, Is.EqualTo Sights.All)

/// Else it would miss what it is there for: the judge shows a property nothing else than what it looks at.
[<Test>]
let ``a property looks at every sort of sight that means something to it`` () =
    for invariant in All.invariants do
        (invariant, shown.Value)
        ||> List.fold (fun invariant (struct (scene, sight)) ->
            let struct (next, finding) = invariant.See scene sight

            if not (invariant.Sights.HasFlag(Judge.sort sight)) then
                Assert.That(
                    finding.IsNothing && LanguagePrimitives.PhysicalEquality next invariant,
                    Is.True,
                    $"%s{invariant.Property.Id} does not look at %A{Judge.sort sight}"
                )

            next)
        |> ignore
