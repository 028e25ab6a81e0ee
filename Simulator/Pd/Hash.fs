namespace Tikv.Simulator.Pd

/// Numbers that look arbitrary and are the same in every run.
[<RequireQualifiedAccess>]
module Hash =

    /// One step of SplitMix64 over both.
    let mix (one: uint64) (other: uint64) : uint64 =
        let z = one + other * 0x9E3779B97F4A7C15UL + 0x9E3779B97F4A7C15UL
        let z = (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    let ofText (text: string) : uint64 =
        (0xCBF29CE484222325UL, text)
        ||> Seq.fold (fun hash letter -> (hash ^^^ uint64 letter) * 0x100000001B3UL)

    /// The one of several that a number falls on which is below the sum of their weights.
    let rec weighed (number: int) (items: (int * 'Item) list) : 'Item =
        match items with
        | (weight, item) :: _ when number < weight -> item
        | (weight, _) :: rest -> weighed (number - weight) rest
        | [] -> invalidOp "nothing to choose from"
