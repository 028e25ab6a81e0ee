namespace Tikv.Core

open System

/// One life of a Kubernetes object. An action that carries it is refused once the object has been replaced.
[<Struct>]
type Uid = Uid of Value: string

/// The version of one Kubernetes object, or of a list. Opaque: compare for equality only (Kubernetes API concepts,
/// "Resource versions").
[<Struct>]
type ResourceVersion = ResourceVersion of Value: string

/// A TiKV store, as PD numbers it. PD never reuses a number: a store whose disk was lost comes back as another store.
[<Struct>]
type StoreId = StoreId of Value: uint64

/// A PD member, as its etcd numbers it: a uint64 above 2^53, so never a double.
[<Struct>]
type MemberId = MemberId of Value: uint64

/// A PD cluster: made once at bootstrap, never replaced. A uint64 above 2^53.
[<Struct>]
type ClusterId = ClusterId of Value: uint64

/// A point on the operator's monotonic clock, in milliseconds from an arbitrary start. It never jumps, and means
/// nothing after a restart.
[<Struct>]
type Instant = Instant of Milliseconds: int64

[<RequireQualifiedAccess>]
module Instant =
    let zero = Instant 0L
    let add (span: TimeSpan) (Instant at) = Instant(at + int64 span.TotalMilliseconds)

    /// The time from one instant to a later one; negative when it is earlier.
    let since (Instant earlier) (Instant later) = TimeSpan.FromMilliseconds(float (later - earlier))
