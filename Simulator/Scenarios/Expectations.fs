namespace Tikv.Simulator.Scenarios

open Tikv.Simulator.Run

/// What generated runs and relations wait for and expect. Scenarios of people are files, which have every word.
[<AutoOpen>]
module States =
    let settled = Fact.Settled
    let storesUp count = Fact.StoresUp count
    let noEvictions = Fact.NoEvictions
    let pdAtRest = Fact.PdAtRest

    /// The note of a `restart` has reached the instances of a group, and they are Ready again.
    let restarted target note = Fact.Restarted(target, note)

/// What is expected.
[<AutoOpen>]
module Expect =
    let finally' fact = Check.Finally fact
