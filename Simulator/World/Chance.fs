namespace Tikv.Simulator.World

/// Numbers that look like chance and are a function of who asks: one stream a subject, so that leaving out one fault or
/// Pod does not shift what befalls the others.
[<RequireQualifiedAccess>]
module Chance =

    /// SplitMix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
    let mix (value: uint64) =
        let value = (value ^^^ (value >>> 30)) * 0xBF58476D1CE4E5B9UL
        let value = (value ^^^ (value >>> 27)) * 0x94D049BB133111EBUL
        value ^^^ (value >>> 31)

    let private golden = 0x9E3779B97F4A7C15UL

    /// 64-bit FNV-1a over the UTF-16 code units of a text, continued from a hash.
    let text (hash: uint64) (text: string) =
        let rec go at hash =
            if at = text.Length then hash else go (at + 1) ((hash ^^^ uint64 text[at]) * 0x100000001B3UL)

        go 0 hash

    /// Where every FNV-1a hash begins.
    let offset = 0xCBF29CE484222325UL

    /// The counter-th value of the stream of one entity.
    let value (seed: uint64) (stream: string) (entity: string) (counter: int64) =
        mix (
            mix (text (text (offset ^^^ seed) stream) entity)
            + golden * uint64 (counter + 1L)
        )

    /// A value from least to most, both included.
    let between (seed: uint64) stream entity counter (least: int64) (most: int64) =
        if most <= least then
            least
        else
            least + int64 (value seed stream entity counter % uint64 (most - least + 1L))
