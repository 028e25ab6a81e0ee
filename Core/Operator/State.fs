namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

type Settings = {
    /// The namespaces to look after; empty means all.
    Namespaces: string list
    /// None: there is no other operator.
    Election: ElectionSettings option
    /// How many objects may be worked on at a time.
    MaxConcurrent: int
}

/// Where the work on one object stands.
[<RequireQualifiedAccess>]
type Stage =
    /// Law 4: the objects that the decision read are being read anew, and PD is asked again.
    | Looking of
        Awaited: Map<RequestId, ObjectRef> *
        Since: Instant *
        Cluster: string *
        Steps: Steps.Step list
    /// A step has been sent; the rest follow if it succeeds.
    | Carrying of Request: RequestId * Step: Steps.Step * Rest: Steps.Step list
    /// The status has been sent; it is the last of a round.
    | Reporting of Request: RequestId * Failed: bool * Recheck: TimeSpan voption * Words: Json
    /// Law 8: nobody knows what became of a write until this read tells. Of a step at which the server failed, with these
    /// words, they are told if it turns out that nothing was changed.
    | Settling of Request: RequestId * Object: ObjectRef * Failed: (Steps.Step * string) voption

/// One round of reads of the Secrets of one cluster.
type SecretReads = {
    Namespace: string
    Cluster: string
    Awaited: Map<RequestId, string>
    /// By name; what could not be read stays as it was.
    Seen: Map<string, Sighting<SecretView>>
}

/// What is known of the Secrets of one cluster with TLS.
type SecretsKnown = {
    /// When the last round of reads was over, and when in wall-clock time.
    ReadAt: Instant
    Clock: DateTimeOffset
    Seen: Map<string, Sighting<SecretView>>
    /// Those that wait for the next round of reads.
    Waiting: Set<ObjectRef>
}

/// An object has changed something in PD, or tried to: facts older than the answer would have it do the same again.
type AwaitedPoll = {
    /// `namespace/cluster`.
    Cluster: string
    /// The poll that it waits for is begun no earlier.
    Since: Instant
    /// It is to be looked at as soon as the poll is complete.
    Wanted: bool
}

/// All that an operator remembers. Losing it at any moment loses nothing: what must last is in the cluster's objects.
type OperatorState = {
    Settings: Settings
    NextRequest: int64
    Reflectors: Map<Kind * string option, Reflector>
    /// Which reflector, round, or poll a request belongs to.
    OfReflector: Map<RequestId, Kind * string option>
    Rounds: Map<ObjectRef, Stage>
    OfRound: Map<RequestId, ObjectRef>
    /// Polls under way; the key is `namespace/cluster`.
    Polls: Map<string, Poll>
    OfPoll: Map<RequestId, string>
    Cache: Cache
    Pds: Map<string, PdView>
    /// Since when a PD that had answered does not, or hears from hardly any store; the key is `namespace/cluster`.
    SilentSince: Map<string, Instant>
    /// When the last complete poll of each cluster was begun.
    PolledAt: Map<string, Instant>
    /// Rounds of reads under way, and what earlier ones found; the key is `namespace/cluster`.
    SecretReads: Map<string, SecretReads>
    OfSecrets: Map<RequestId, string>
    Secrets: Map<string, SecretsKnown>
    Queue: Queue
    /// The polls to come. They have a queue of their own: work in hand may wait for one.
    PollQueue: Queue
    /// How many rounds in a row an object has had something done for it: an endless one must slow down.
    Streaks: Map<ObjectRef, int>
    /// The last status that each object was given, without its times, and when. Who finds it changed by somebody else, who
    /// sees the world otherwise, insists slowly.
    Told: Map<ObjectRef, struct (Instant * Json)>
    /// Objects whose last write has an unknown outcome, by the object that was worked on.
    Doubts: Map<ObjectRef, ObjectRef>
    /// Objects of others whose names are needed, by the object that needs them, and when each was last read: no watch tells
    /// when they go.
    Strangers: Map<ObjectRef, struct (ObjectRef * Instant)>
    AwaitsPd: Map<ObjectRef, AwaitedPoll>
    /// Objects that wait for something, with codes and texts, by cluster.
    Waiting: Map<string, Map<ObjectRef, (string * string) list>>
    Election: Election option
    Leading: bool
    Wake: Instant voption
    Stopping: bool
    Stopped: bool
    Totals: Map<string, int64>
}
