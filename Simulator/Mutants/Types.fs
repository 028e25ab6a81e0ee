namespace Tikv.Simulator.Mutants

open Tikv.Simulator.Run

/// A realistic fault of an operator, put on from outside: what it hears or what it does is altered, the core is not. A
/// harness that does not notice it is not worth its runs (verification E9).
type Mutant = {
    /// Such as `pvc-before-tombstone`.
    Id: string
    /// One sentence: what this operator does wrong.
    Does: string
    /// Where such a fault was seen: an issue of a peer, a law of the architecture, a property.
    Sources: string list
    /// The scenarios that are run with it, until one fails.
    Scenarios: string list
    /// The operator with the fault.
    Faulty: Program -> Program
}

/// What became of a mutant.
[<RequireQualifiedAccess>]
type Fate =
    /// In which scenario, by which property (or `stuck`), and how.
    | Killed of Scenario: string * Property: string * Words: string
    | Survived
