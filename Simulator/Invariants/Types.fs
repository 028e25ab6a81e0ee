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

/// Sorts of sight.
[<System.Flags>]
type Sights =
    | Changed = 1
    | Landed = 2
    | AskedPd = 4
    | Sent = 8
    | Heard = 16
    | Processes = 32
    | Settled = 64
    | Unsettled = 128
    | All = 255

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
type Invariant(property: Property, sights: Sights) =
    new(property) = Invariant(property, Sights.All)
    member _.Property = property
    /// The sorts of sight that it looks at: any other one finds nothing, and leaves it as it is.
    member _.Sights = sights
    abstract See: Scene -> Sight -> struct (Invariant * Finding)
    /// What of the run so far what it finds later depends on, as a value; null for nothing.
    abstract Remembers: objnull
    default _.Remembers = null

[<RequireQualifiedAccess>]
module Invariant =
    /// From a property, the sights that it looks at, what of its memory matters later, what it remembers first, and how a
    /// sight changes that.
    let rec makeTelling
        (sights: Sights)
        (property: Property)
        (remembers: 'State -> objnull)
        (state: 'State)
        (see: 'State -> Scene -> Sight -> struct ('State * Finding))
        : Invariant = {
        new Invariant(property, sights) with
            member this.See scene sight =
                let struct (next, finding) = see state scene sight

                let isSame =
                    if typeof<'State>.IsValueType then
                        EqualityComparer<'State>.Default.Equals(next, state)
                    else
                        LanguagePrimitives.PhysicalEquality (box next) (box state)

                struct ((if isSame then this else makeTelling sights property remembers next see), finding)

            member _.Remembers = remembers state
    }

    /// The same, where all that it remembers matters.
    let makeOf sights property (state: 'State) see = makeTelling sights property box state see

    /// The same, of whatever is seen.
    let make property state see = makeOf Sights.All property state see

    /// From a property that remembers nothing, and the sights that it looks at: what a sight means.
    let plainOf (sights: Sights) (property: Property) (see: Scene -> Sight -> Finding) : Invariant = {
        new Invariant(property, sights) with
            member this.See scene sight = struct (this, see scene sight)
    }

    /// The same, of whatever is seen.
    let plain property see = plainOf Sights.All property see

    let property id means source : Property = { Id = id; Means = means; Source = source }

type Violation = { Property: Property; At: int64; What: string }

/// The invariants of a run, how often each was put to the test, and where one broke.
type Judge = {
    /// In their order. Never changed in place.
    Standing: Invariant array
    /// For each sort of sight, by the place of its bit, the places of those that look at it.
    Lookers: int array array
    Ledger: Ledger
    /// How often each was put to the test, in the order of the invariants. Never changed in place.
    Counts: int array
    Violations: Violation list
} with

    member judge.Invariants: Invariant list = List.ofArray judge.Standing

    /// By id of property: how often it was put to the test.
    member judge.Tested: Map<string, int> =
        (Map.empty, judge.Standing, judge.Counts)
        |||> Array.fold2 (fun tested invariant count ->
            let id = invariant.Property.Id
            Map.add id (count + (Map.tryFind id tested |> Option.defaultValue 0)) tested)

[<RequireQualifiedAccess>]
module Judge =
    let private lookers (invariants: Invariant array) =
        Array.init 8 (fun bit ->
            let sort: Sights = enum (1 <<< bit)

            invariants
            |> Array.indexed
            |> Array.filter (fun (_, invariant) -> invariant.Sights.HasFlag sort)
            |> Array.map fst)

    let private place sight =
        match sight with
        | Sight.Changed _ -> 0
        | Sight.Landed _ -> 1
        | Sight.AskedPd _ -> 2
        | Sight.Sent _ -> 3
        | Sight.Heard _ -> 4
        | Sight.Processes -> 5
        | Sight.Settled -> 6
        | Sight.Unsettled -> 7

    /// The sort of a sight.
    let sort (sight: Sight) : Sights = enum (1 <<< place sight)

    let private ofArray (invariants: Invariant array) : Judge = {
        Standing = invariants
        Lookers = lookers invariants
        Ledger = Ledger.empty
        Counts = Array.zeroCreate invariants.Length
        Violations = []
    }

    let start (invariants: Invariant list) : Judge = ofArray (Array.ofList invariants)

    /// The same invariants with what they remember, and more of them; nothing is counted yet.
    let anew (more: Invariant list) (judge: Judge) : Judge = {
        ofArray (Array.append judge.Standing (Array.ofList more)) with
            Ledger = judge.Ledger
    }

    /// Some of the invariants, with what they remember and were counted for.
    let only (isMeant: Invariant -> bool) (judge: Judge) : Judge =
        let kept = Array.zip judge.Standing judge.Counts |> Array.filter (fst >> isMeant)

        {
            ofArray (Array.map fst kept) with
                Ledger = judge.Ledger
                Counts = Array.map snd kept
                Violations = judge.Violations
        }

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

    let private isSame one other = LanguagePrimitives.PhysicalEquality one other

    /// Shows something to every invariant that looks at such things. They see the ledger as it was before what is shown.
    /// Most find nothing: nothing is made anew for those.
    let see (world: World) (sight: Sight) (judge: Judge) : Judge =
        let scene = { World = world; Ledger = judge.Ledger }
        let mutable standing = judge.Standing
        let mutable counts = judge.Counts
        let mutable violations = judge.Violations

        for index in judge.Lookers[place sight] do
            let invariant = judge.Standing[index]
            let struct (next, finding) = invariant.See scene sight

            if not (isSame next invariant) then
                if isSame standing judge.Standing then
                    standing <- Array.copy standing

                standing[index] <- next

            match finding with
            | Finding.Nothing -> ()
            | Finding.Held
            | Finding.Broken _ ->
                if isSame counts judge.Counts then
                    counts <- Array.copy counts

                counts[index] <- counts[index] + 1

                match finding with
                | Finding.Broken what ->
                    violations <- { Property = invariant.Property; At = world.Now; What = what } :: violations
                | _ -> ()

        let ledger = note world sight judge.Ledger

        if
            isSame standing judge.Standing
            && isSame counts judge.Counts
            && isSame ledger judge.Ledger
        then
            judge
        else
            { judge with Standing = standing; Ledger = ledger; Counts = counts; Violations = violations }
