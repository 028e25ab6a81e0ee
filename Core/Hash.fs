namespace Tikv.Core

open System

/// A stable fingerprint, for revisions. Not a cryptographic hash: who can choose the content can make two collide.
[<RequireQualifiedAccess>]
module Hash =

    // FNV-1a, 64 bits (draft-eastlake-fnv).
    let private offsetBasis = 14695981039346656037UL
    let private prime = 1099511628211UL

    /// Kubernetes' safe alphabet (apimachinery, `rand.SafeEncodeString`): no vowels, and no 0, 1 and 3, so that no
    /// words and no look-alikes arise.
    let private alphabet = "bcdfghjklmnpqrstvwxz2456789"

    let private length = 10

    /// FNV-1a 64 of some bytes.
    let ofBytes (bytes: byte array) : uint64 =
        bytes
        |> Array.fold (fun hash byte -> (hash ^^^ uint64 byte) * prime) offsetBasis

    /// Ten characters, safe in label values and object names: the hash modulo 27^10 (47 bits).
    let private encode (hash: uint64) =
        let root = uint64 alphabet.Length

        List.init length id
        |> List.mapFold (fun rest _ -> alphabet[int (rest % root)], rest / root) hash
        |> fst
        |> Array.ofList
        |> String

    /// The fingerprint of a tree: the same for every order of keys.
    let ofJson (json: Json) : string = json |> Json.canonical |> Json.toBytes |> ofBytes |> encode
