namespace Tikv.Simulator.Invariants

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// Something that happened, as an invariant is told of it, with the world right after it.
[<RequireQualifiedAccess>]
type Sight =
    /// An object of the API server changed, by whomever.
    | Changed of Change
    /// A write of an operator was executed or refused by the API server.
    | Landed of Operator: int * Write: Write * Code: int
    /// A call of an operator was answered by PD.
    | AskedPd of Operator: int * Call: PdCall * Status: int
    /// Processes of PD or TiKV started, stopped or changed.
    | Processes
    /// What was asked for is reached, and nothing has been written for a while: from now on nothing need be.
    | Settled
    /// Something new is about to be asked for, or to befall it.
    | Unsettled

/// What one sight means to an invariant.
[<RequireQualifiedAccess>]
type Finding =
    /// It does not concern it.
    | Nothing
    /// It was put to the test, and held.
    | Held
    | Broken of What: string

/// A property that must hold in every run.
type Property = {
    /// Such as `I43` (verification reference, part C).
    Id: string
    /// In one sentence.
    Means: string
    /// Where the rule comes from.
    Source: string
}

/// A property with what it remembers of the run so far.
[<AbstractClass>]
type Invariant(property: Property) =
    member _.Property = property
    abstract See: World -> Sight -> struct (Invariant * Finding)

[<RequireQualifiedAccess>]
module Invariant =
    /// From a property, what it remembers first, and how a sight changes that.
    let rec make
        (property: Property)
        (state: 'State)
        (see: 'State -> World -> Sight -> struct ('State * Finding))
        : Invariant = {
        new Invariant(property) with
            member this.See world sight =
                let struct (next, finding) = see state world sight

                if LanguagePrimitives.PhysicalEquality (box next) (box state) then
                    struct (this, finding)
                else
                    struct (make property next see, finding)
    }

type Violation = { Property: Property; At: int64; What: string }

/// The invariants of a run, how often each was put to the test, and where one broke.
type Judge = {
    Invariants: Invariant list
    /// By id of property: how often it was put to the test.
    Tested: Map<string, int>
    Violations: Violation list
}

[<RequireQualifiedAccess>]
module Judge =
    let start (invariants: Invariant list) : Judge = {
        Invariants = invariants
        Tested = invariants |> List.map (fun invariant -> invariant.Property.Id, 0) |> Map.ofList
        Violations = []
    }

    /// The same invariants with what they remember, and more of them; nothing is counted yet.
    let anew (more: Invariant list) (judge: Judge) : Judge = start (judge.Invariants @ more)

    let private count id (tested: Map<string, int>) =
        Map.add id (1 + (Map.tryFind id tested |> Option.defaultValue 0)) tested

    /// Shows something to every invariant.
    let see (world: World) (sight: Sight) (judge: Judge) : Judge =
        let struct (invariants, tested, violations) =
            (struct ([], judge.Tested, judge.Violations), judge.Invariants)
            ||> List.fold (fun struct (seen, tested, violations) invariant ->
                let struct (next, finding) = invariant.See world sight

                match finding with
                | Finding.Nothing -> struct (next :: seen, tested, violations)
                | Finding.Held -> struct (next :: seen, count invariant.Property.Id tested, violations)
                | Finding.Broken what ->
                    let violation = { Property = invariant.Property; At = world.Now; What = what }
                    struct (next :: seen, count invariant.Property.Id tested, violation :: violations))

        { Invariants = List.rev invariants; Tested = tested; Violations = violations }
