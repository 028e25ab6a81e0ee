namespace Tikv.Simulator.Pd

/// How many there are of each; what is not in the map is not there.
[<RequireQualifiedAccess>]
module Counts =

    let of' key (counts: Map<'Key, int>) = Map.tryFind key counts |> Option.defaultValue 0

    /// So many more; fewer, where the number is negative.
    let add key more counts = Map.add key (of' key counts + more) counts
