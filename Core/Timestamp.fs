namespace Tikv.Core

open System
open System.Globalization

/// Moments as Kubernetes writes them: RFC 3339 in whole seconds, UTC.
[<RequireQualifiedAccess>]
module Timestamp =
    let print (at: DateTimeOffset) =
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)

    /// None when it cannot be read.
    let tryParse (text: string) : DateTimeOffset option =
        match DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) with
        | true, at -> Some at
        | false, _ -> None
