module Tikv.Simulator.Tests.Mutants.MutantTests

open NUnit.Framework
open Tikv.Simulator.Mutants

let private ids = Mutants.all |> List.map _.Id

[<TestCaseSource(nameof ids); Parallelizable(ParallelScope.All)>]
let ``a faulty operator is found`` (id: string) =
    let mutant = Mutants.tryFind id |> Option.get

    match Mutants.fate mutant with
    | Fate.Killed(_, _, words) ->
        // it is for people to read, and no value of F#
        for notation in [ "UL"; "Some "; "StoreId"; "MemberId"; "ClusterId"; "ValueSome"; "[\""; "\"; \"" ] do
            Assert.That(words, Does.Not.Contain notation, $"`%s{notation}`")
    | Fate.Survived -> Assert.Fail $"nothing finds an operator that %s{mutant.Does}"

[<Test>]
let ``every faulty operator has a name of its own, a source, and scenarios that there are`` () =
    let known = "bootstrap" :: (Tikv.Simulator.Scenarios.All.stories |> List.map _.Id)
    Assert.That(ids, Is.Unique)
    Assert.That(ids.Length, Is.GreaterThanOrEqualTo 60)

    for mutant in Mutants.all do
        Assert.That(mutant.Sources, Is.Not.Empty, mutant.Id)
        Assert.That(mutant.Scenarios, Is.SubsetOf known, mutant.Id)
