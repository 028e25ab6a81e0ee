namespace Tikv.Simulator.Run

open Tikv.Simulator.Pd

/// The states that were met, by their fingerprints: 16 bytes a place, nothing boxed. At a time of one thread only, but for
/// questions.
[<Sealed>]
type StateTable() =
    /// A power of two of them; a fingerprint of zeros is an empty place.
    let mutable places: Fingerprint array = Array.zeroCreate (1 <<< 12)
    let mutable count = 0

    static let isEmpty (place: Fingerprint) = place.Low = 0UL && place.High = 0UL

    static let isSame (one: Fingerprint) (other: Fingerprint) = one.Low = other.Low && one.High = other.High

    /// Where it is, or the empty place where it would be.
    static let rec find (places: Fingerprint array) (state: Fingerprint) at =
        let place = places[at]

        if isEmpty place || isSame place state then
            at
        else
            find places state ((at + 1) &&& (places.Length - 1))

    static let first (places: Fingerprint array) (state: Fingerprint) =
        find places state (int (state.Low &&& uint64 (places.Length - 1)))

    let grow () =
        let larger = Array.zeroCreate (2 * places.Length)

        for place in places do
            if not (isEmpty place) then
                larger[first larger place] <- place

        places <- larger

    member _.Count = count

    /// Of memory, all places together.
    member _.Bytes = 16L * int64 places.Length

    member _.Contains(state: Fingerprint) : bool = not (isEmpty places[first places state])

    /// Whether it was not there.
    member _.Add(state: Fingerprint) : bool =
        let at = first places state

        if isEmpty places[at] then
            places[at] <- state
            count <- count + 1

            // at most three quarters are full: the next empty place is not far
            if count > places.Length / 4 * 3 then
                grow ()

            true
        else
            false

    /// So many states that look arbitrary, for measurements.
    static member Arbitrary(number: int) : Fingerprint = {
        Low = Hash.mix (uint64 number) 1UL
        High = Hash.mix (uint64 number) 2UL
    }
