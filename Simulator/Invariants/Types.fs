namespace Tikv.Simulator.Invariants

open System.Collections.Generic
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// What an operator sends.
[<RequireQualifiedAccess>]
type Sent =
    | Write of Write
    /// A call that changes something in PD.
    | Change of PdCall
    /// A quorum read of an object.
    | Look of ObjectRef
    /// A call that changes nothing in PD.
    | Question

/// Something that happened, as an invariant is told of it, with the world right after it.
[<RequireQualifiedAccess>]
type Sight =
    /// An object of the API server changed, by whomever.
    | Changed of Change
    /// A write of an operator was executed or refused by the API server; with the world just before.
    | Landed of Operator: int * Write: Write * Code: int * Before: World
    /// A call of an operator that changes something was answered by PD; with the world just before.
    | AskedPd of Operator: int * Call: PdCall * Status: int * Before: World
    /// An operator sends something; leases, events, lists and watches apart. Requests are numbered within its life.
    | Sent of Operator: int * Life: int * Request: int64 * What: Sent
    /// An operator hears what became of a request; not `IsKnown`: it gave up waiting.
    | Heard of Operator: int * Life: int * Request: int64 * IsKnown: bool
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

/// The world right after a sight, with what the judges' ledger noted before it.
[<Struct>]
type Scene = { World: World; Ledger: Ledger }

/// A property with what it remembers of the run so far.
[<AbstractClass>]
type Invariant(property: Property) =
    member _.Property = property
    abstract See: Scene -> Sight -> struct (Invariant * Finding)

[<RequireQualifiedAccess>]
module Invariant =
    /// From a property, what it remembers first, and how a sight changes that.
    let rec make
        (property: Property)
        (state: 'State)
        (see: 'State -> Scene -> Sight -> struct ('State * Finding))
        : Invariant = {
        new Invariant(property) with
            member this.See scene sight =
                let struct (next, finding) = see state scene sight

                let isSame =
                    if typeof<'State>.IsValueType then
                        EqualityComparer<'State>.Default.Equals(next, state)
                    else
                        LanguagePrimitives.PhysicalEquality (box next) (box state)

                struct ((if isSame then this else make property next see), finding)
    }

    /// From a property that remembers nothing: what a sight means.
    let plain (property: Property) (see: Scene -> Sight -> Finding) : Invariant = {
        new Invariant(property) with
            member this.See scene sight = struct (this, see scene sight)
    }

    let property id means source : Property = { Id = id; Means = means; Source = source }

type Violation = { Property: Property; At: int64; What: string }

/// The invariants of a run, how often each was put to the test, and where one broke.
type Judge = {
    Invariants: Invariant list
    Ledger: Ledger
    /// How often each was put to the test, in the order of the invariants. Never changed in place.
    Counts: int array
    Violations: Violation list
} with

    /// By id of property: how often it was put to the test.
    member judge.Tested: Map<string, int> =
        (Map.empty, judge.Invariants, List.ofArray judge.Counts)
        |||> List.fold2 (fun tested invariant count ->
            let id = invariant.Property.Id
            Map.add id (count + (Map.tryFind id tested |> Option.defaultValue 0)) tested)

[<RequireQualifiedAccess>]
module Judge =
    let start (invariants: Invariant list) : Judge = {
        Invariants = invariants
        Ledger = Ledger.empty
        Counts = Array.zeroCreate invariants.Length
        Violations = []
    }

    /// The same invariants with what they remember, and more of them; nothing is counted yet.
    let anew (more: Invariant list) (judge: Judge) : Judge = {
        start (judge.Invariants @ more) with
            Ledger = judge.Ledger
    }

    /// Some of the invariants, with what they remember and were counted for.
    let only (isMeant: Invariant -> bool) (judge: Judge) : Judge =
        let kept =
            List.zip judge.Invariants (List.ofArray judge.Counts)
            |> List.filter (fst >> isMeant)

        { judge with Invariants = kept |> List.map fst; Counts = kept |> List.map snd |> Array.ofList }

    let private note world sight (ledger: Ledger) =
        match sight with
        | Sight.Processes -> Ledger.observe world ledger
        | Sight.Changed change -> Ledger.changed world change ledger
        | Sight.Sent(_, _, _, Sent.Write write) -> Ledger.sent world write ledger
        | Sight.Landed(_, write, code, before) when code < 300 -> Ledger.landed before world write ledger
        | Sight.AskedPd(_, call, status, before) when status < 300 -> Ledger.asked before world call ledger
        | Sight.Landed _
        | Sight.AskedPd _
        | Sight.Sent _
        | Sight.Heard _
        | Sight.Settled
        | Sight.Unsettled -> ledger

    /// Shows something to every invariant. They see the ledger as it was before what is shown. Most are not concerned:
    /// nothing is made anew for those.
    let see (world: World) (sight: Sight) (judge: Judge) : Judge =
        let scene = { World = world; Ledger = judge.Ledger }

        let tested index (counts: int array) =
            let counts =
                if LanguagePrimitives.PhysicalEquality counts judge.Counts then Array.copy counts else counts

            counts[index] <- counts[index] + 1
            counts

        let rec show index (invariants: Invariant list) counts violations : struct (Invariant list * _ * _) =
            match invariants with
            | [] -> struct ([], counts, violations)
            | invariant :: others ->
                let struct (next, finding) = invariant.See scene sight

                let struct (left, counts, violations) =
                    match finding with
                    | Finding.Nothing -> show (index + 1) others counts violations
                    | Finding.Held -> show (index + 1) others (tested index counts) violations
                    | Finding.Broken what ->
                        let violation = { Property = invariant.Property; At = world.Now; What = what }
                        show (index + 1) others (tested index counts) (violation :: violations)

                let isSame =
                    LanguagePrimitives.PhysicalEquality next invariant
                    && LanguagePrimitives.PhysicalEquality left others

                struct ((if isSame then invariants else next :: left), counts, violations)

        let struct (invariants, counts, violations) = show 0 judge.Invariants judge.Counts judge.Violations

        {
            Invariants = invariants
            Ledger = note world sight judge.Ledger
            Counts = counts
            Violations = violations
        }
