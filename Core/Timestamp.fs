namespace Tikv.Core

open System
open System.Globalization

/// Moments as Kubernetes writes them: RFC 3339 in whole seconds, UTC.
[<RequireQualifiedAccess>]
module Timestamp =
    let print (at: DateTimeOffset) =
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)

    let private number (text: string) start count =
        match Int32.TryParse(text.AsSpan(start, count), NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, number -> number
        | false, _ -> -1

    let private isBetween least most (number: int) = number >= least && number <= most

    /// What `print` writes, as nearly every moment is written; by far quicker than what reads all forms.
    let private tryUsual (text: string) =
        if
            text.Length = 20
            && text[4] = '-'
            && text[7] = '-'
            && text[10] = 'T'
            && text[13] = ':'
            && text[16] = ':'
            && text[19] = 'Z'
        then
            let year, month, day = number text 0 4, number text 5 2, number text 8 2
            let hour, minute, second = number text 11 2, number text 14 2, number text 17 2

            if
                isBetween 1 9999 year
                && isBetween 1 12 month
                && isBetween 1 (DateTime.DaysInMonth(year, month)) day
                && isBetween 0 23 hour
                && isBetween 0 59 minute
                && isBetween 0 59 second
            then
                ValueSome(DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero))
            else
                ValueNone
        else
            ValueNone

    let private tryAny (text: string) =
        match DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) with
        | true, at -> Some at
        | false, _ -> None

    /// None when it cannot be read.
    let tryParse (text: string) : DateTimeOffset option =
        match tryUsual text with
        | ValueSome at -> Some at
        | ValueNone -> tryAny text
