namespace Tikv.Simulator.Run

open Tikv.Core.Operator

/// An operator as the engine drives it: a state machine behind its step. `Operator.step` in earnest, a script in tests.
[<AbstractClass>]
type Program() =
    abstract Step: Input -> struct (Program * Effect list)

    /// What it remembers, for reports; a script has nothing to show.
    abstract Believes: OperatorState voption
    default _.Believes = ValueNone

    /// What it remembers beside that, for who asks whether two states are the same; null for nothing.
    abstract Remembers: objnull
    default _.Remembers = null

[<RequireQualifiedAccess>]
module Program =
    let rec ofStep (step: 'State -> Input -> struct ('State * Effect list)) (state: 'State) : Program = {
        new Program() with
            member _.Step input =
                let struct (state, effects) = step state input
                struct (ofStep step state, effects)
    }

    /// The operator's own state machine.
    let rec ofOperator (state: OperatorState) : Program = {
        new Program() with
            member _.Step input =
                let struct (state, effects) = Operator.step state input
                struct (ofOperator state, effects)

            member _.Believes = ValueSome state
    }
