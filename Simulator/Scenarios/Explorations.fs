/// What is explored with every single misfortune at every point (verification E5.2), and is no file: it begins with nothing.
module Tikv.Simulator.Scenarios.Explorations

open Tikv.Core
open Tikv.Simulator.Run

/// Few regions, so that a run is short.
let private given = { Given.ordinary with Regions = 20 }

/// The cluster comes up from nothing.
let creation (seed: uint64) : Scenario =
    let scenario = Settled.bootstrap { given with Seed = seed }

    {
        scenario with
            Name = "E-create"
            Shows = "A cluster of three PD and four TiKV comes up from nothing, with every single misfortune"
            Expect =
                scenario.Expect
                @ [ finally' settled; finally' (storesUp 4); finally' noEvictions ]
            Limit = hours 1
    }
