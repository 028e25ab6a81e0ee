namespace Tikv.Simulator.Reports

open System

/// Where times stand on the page. Long silence is squeezed: a run is minutes of happenings and hours of waiting.
type Axis = private {
    /// Ascending; the first is the beginning, the last is the end.
    Times: int64 array
    Xs: float array
} with

    member axis.Width = axis.Xs[axis.Xs.Length - 1]
    member axis.Start = axis.Times[0]
    member axis.End = axis.Times[axis.Times.Length - 1]

[<RequireQualifiedAccess>]
module Axis =

    /// Milliseconds of silence that are drawn in full.
    let private full = 10_000.0

    /// What a silence counts for: ten times as long a one is little wider.
    let private weight (gap: int64) =
        let gap = float gap
        if gap <= full then gap else full * (1.0 + 0.4 * Math.Log(gap / full))

    /// From the times at which something happens, the beginning and the end among them.
    let make (width: float) (times: int64 seq) : Axis =
        let times =
            match times |> Seq.distinct |> Seq.sort |> Array.ofSeq with
            | [||] -> [| 0L; 1L |]
            | [| only |] -> [| only; only + 1L |]
            | times -> times

        let sums =
            times
            |> Array.pairwise
            |> Array.scan (fun sum (one, next) -> sum + weight (next - one)) 0.0

        let whole = Array.last sums
        { Times = times; Xs = sums |> Array.map (fun sum -> sum / whole * width) }

    /// The index of the last entry that is not above.
    let private below (value: 'Value) (entries: 'Value array) =
        let found = Array.BinarySearch(entries, value)
        let index = if found >= 0 then found else ~~~found - 1
        max 0 (min index (entries.Length - 2))

    let x (time: int64) (axis: Axis) : float =
        let time = max axis.Start (min axis.End time)
        let index = below time axis.Times
        let one, next = axis.Times[index], axis.Times[index + 1]
        let part = float (time - one) / float (next - one)
        axis.Xs[index] + part * (axis.Xs[index + 1] - axis.Xs[index])

    let time (x: float) (axis: Axis) : int64 =
        let index = below x axis.Xs
        let one, next = axis.Xs[index], axis.Xs[index + 1]
        let part = if next > one then (x - one) / (next - one) else 0.0

        axis.Times[index]
        + int64 (part * float (axis.Times[index + 1] - axis.Times[index]))

    /// Silences that are drawn much shorter than they are: from when, to when.
    let squeezed (axis: Axis) : (int64 * int64) list =
        axis.Times
        |> Array.pairwise
        |> Array.filter (fun (one, next) -> float (next - one) > 4.0 * weight (next - one))
        |> List.ofArray

    /// A span as people say it.
    let span (milliseconds: int64) : string =
        let seconds = float milliseconds / 1_000.0

        if seconds < 1.0 then $"%d{milliseconds} ms"
        elif seconds < 120.0 then Markup.number 1 seconds + " s"
        elif seconds < 7_200.0 then Markup.number 0 (seconds / 60.0) + " min"
        else Markup.number 1 (seconds / 3_600.0) + " h"
