namespace Tikv.Simulator.Run

open Tikv.Core.Operator

/// An operator as the engine drives it: a state machine behind its step. `Operator.step` in earnest, a script in tests.
[<AbstractClass>]
type Program() =
    abstract Step: Input -> struct (Program * Effect list)

    /// What it remembers, for onlookers; none of a script, and of an operator with a fault put on.
    abstract State: OperatorState voption
    default _.State = ValueNone

[<RequireQualifiedAccess>]
module Program =
    let rec ofStep (step: 'State -> Input -> struct ('State * Effect list)) (state: 'State) : Program = {
        new Program() with
            member _.Step input =
                let struct (state, effects) = step state input
                struct (ofStep step state, effects)

            member _.State =
                match box state with
                | :? OperatorState as state -> ValueSome state
                | _ -> ValueNone
    }
