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
        let rec go index hash =
            if index = bytes.Length then hash else go (index + 1) ((hash ^^^ uint64 bytes[index]) * prime)

        go 0 offsetBasis

    /// Ten characters, safe in label values and object names: the hash modulo 27^10 (47 bits).
    let private encode (hash: uint64) =
        let root = uint64 alphabet.Length

        let rec letters count rest text =
            if count = 0 then
                text
            else
                letters (count - 1) (rest / root) (text + string alphabet[int (rest % root)])

        letters length hash ""

    /// The fingerprint of a tree: the same for every order of keys.
    let ofJson (json: Json) : string = json |> Json.canonical |> Json.toBytes |> ofBytes |> encode
