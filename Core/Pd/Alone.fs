namespace Tikv.Core.Pd

open Tikv.Core

/// Why stores are taken down one at a time, although several were asked for.
[<RequireQualifiedAccess>]
type Alone =
    | PdUnknown
    | NoIsolation
    | FewReplicas of MaxReplicas: int
    | Unlabelled of Address: string * Label: string
    | FewValues of Label: string * Values: int * Needed: int
    | Crowded of Label: string * Value: string
    | OtherValue of Address: string * Label: string
    | Silent of Address: string
    | Leaving of Address: string
    | Evicted of Address: string
    | Lagging of Address: string
    | StoreUnknown of Instance: string

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Alone =
    /// For people.
    let text alone =
        match alone with
        | Alone.PdUnknown -> "PD has not said where replicas are"
        | Alone.NoIsolation ->
            "PD does not keep the replicas of a region apart: replication.isolation-level is none of replication.location-labels"
        | Alone.FewReplicas replicas ->
            $"regions have %d{replicas} replicas, and lose their majority with one"
        | Alone.Unlabelled(address, label) -> $"the store %s{address} has no label %s{label}"
        | Alone.FewValues(label, values, needed) ->
            $"stores live in %d{values} other values of the label %s{label}, and %d{needed} are needed"
        | Alone.Crowded(label, value) ->
            $"the stores with %s{label}=%s{value} have more peers than there are regions: PD has still to move replicas apart"
        | Alone.OtherValue(address, label) ->
            $"the store %s{address} has another value of the label %s{label}"
        | Alone.Silent address -> $"the store %s{address} is silent"
        | Alone.Leaving address -> $"the store %s{address} is leaving"
        | Alone.Evicted address -> $"leaders are being moved away from the store %s{address}"
        | Alone.Lagging address -> $"peers on the store %s{address} lag behind"
        | Alone.StoreUnknown instance -> $"PD does not list the store of %s{instance}"
