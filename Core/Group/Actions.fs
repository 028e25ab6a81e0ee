namespace Tikv.Core.Group

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group.Evidence

/// Everything that may be done for a group. What takes an instance away carries the evidence that it may.
type Action =
    | AddFinalizer
    | CreateService of Name: string * Body: Json
    | UpdateService of Seen: Meta * Spec: Json * Body: Json
    | CreateInstance of Name: string * Body: Json
    /// Gives an instance the group's present template and settings.
    | UpdateInstance of Seen: Meta * Spec: Json
    /// TiKV: the first step of removal; revocable.
    | TakeOffline of Instance: Meta * NoStoreLeaves
    | KeepOnline of Instance: Meta
    | DeleteInstance of Instance: Meta * DeletionGrounds
    | MarkBootstrapped
    | RemoveService of Service: Meta
    | RemoveFinalizer of NoneLeft
    | CreateRevision of Name: string * Body: Json
    /// An old template is wanted again.
    | RenumberRevision of Revision: Meta * Number: int64
    | RemoveRevision of Revision: Meta
    /// Another template has the same hash: the next one is taken with a count in it.
    | CountCollision of Count: int
    /// The template is brought back to a former revision, and the request for that is taken away.
    | RollBack of Revision: string * Template: Json
    /// A surplus instance stays until the roll is over.
    | DeferDeletion of Instance: Meta
    | CancelDeferral of Instance: Meta
    /// Another instance takes its place, and then it leaves.
    | Replace of Instance: Meta
    | CancelReplacement of Instance: Meta
    | CreateBudget of Body: Json
    | UpdateBudget of Seen: Meta * Spec: Json
    | RemoveBudget of Budget: Meta
    /// The user lets the whole group go without PD: each of its instances is told.
    | AbandonInstance of Instance: Meta * AbandonAsked
    /// All that is recorded of failed instances, as it is to be.
    | RecordFailures of Failures: Failure list * Event: string * Note: string
