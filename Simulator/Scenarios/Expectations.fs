namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Simulator.Run

/// States of the world, to wait for (`once`), or to expect (`eventually`, `always`, `finally'`).
[<AutoOpen>]
module States =

    let exists target = Fact.Exists target
    let absent target = Fact.Absent target
    let terminating target = Fact.Terminating target

    /// A field of an object, by its path and value.
    let field target (path: string list) (value: Json) = Fact.Field(target, path, value)

    /// A condition of an object, which is of its present generation.
    let condition target kind status reason =
        Fact.Condition(target, kind, Some status, Some reason, None, false)

    /// A condition whatever its reason.
    let says target kind status = Fact.Condition(target, kind, Some status, None, None, false)

    /// A condition of whatever generation: a change of the specification is told a moment later.
    let saysStill target kind status = Fact.Condition(target, kind, Some status, None, None, true)

    /// A condition whose message has these words.
    let mentions target kind words = Fact.Condition(target, kind, None, None, Some words, false)

    let ready target = says target "Ready" "True"

    /// Some condition of the object has this reason.
    let reason target reason = Fact.Reason(target, reason)

    /// So many Pods of a group are there, and not going.
    let pods group count = Fact.Pods(group, count)

    let storesUp count = Fact.StoresUp count
    let tombstones count = Fact.Tombstones count
    let oneStoreLeaves = Fact.OneStoreLeaves
    let onePdCluster = Fact.OnePdCluster
    let members count = Fact.Members count
    let removing pod = Fact.Removing pod
    let tombstone pod = Fact.Tombstone pod
    let preparing pod = Fact.Preparing pod
    let keepsStore pod = Fact.KeepsStore pod
    let evicting pod = Fact.Evicting pod
    let noEvictions = Fact.NoEvictions
    let pdAtRest = Fact.PdAtRest
    let hasPdLeader = Fact.PdHasLeader
    let settled = Fact.Settled
    let onePodStops = Fact.OnePodStops

    /// The note of a `restart` has reached the instances of a group, and they are Ready again.
    let restarted target note = Fact.Restarted(target, note)

    let allAt group version = Fact.RunsVersion(group, version)
    let notBefore group former version = Fact.NotBefore(group, former, version)

    let not' fact = Fact.Not fact
    let all facts = Fact.All facts
    let any facts = Fact.Any facts

    /// While the first is so, the second is.
    let implies condition fact = any [ not' condition; fact ]

    /// In words of one's own.
    let called name fact = Fact.Called(name, fact)

/// Writes and calls of the operators, as they happen.
[<AutoOpen>]
module Sights =
    let creates kind = Counted.Creates kind
    let deletes kind = Counted.Deletes(kind, None)
    let deletesOf kind name = Counted.Deletes(kind, Some name)
    let writes = Counted.Writes
    let pdCalls = Counted.PdCalls
    let removesStore = Counted.RemovesStore
    let restoresStore = Counted.RestoresStore
    let removesMember = Counted.RemovesMember
    let evictsLeaders = Counted.EvictsLeaders
    let transfersLeader = Counted.TransfersLeader

/// What is expected.
[<AutoOpen>]
module Expect =
    let finally' fact = Check.Finally fact
    let eventually within fact = Check.Eventually(within, fact)
    let always fact = Check.Always fact
    let never counted = Check.Never(counted, None)
    let neverWhile fact counted = Check.Never(counted, Some fact)
    let exactly count counted = Check.Exactly(count, counted)
    let atMost count counted = Check.AtMost(count, counted)
    let atLeast count counted = Check.AtLeast(count, counted)
