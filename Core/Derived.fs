namespace Tikv.Core

/// What follows from a source alone, kept together with the source so that it is worked out once. It adds nothing to what
/// the source says: any two are equal, and for another source, be it an equal one, everything is worked out anew.
[<CustomEquality; NoComparison>]
type Derived<'Value> = private {
    Source: objnull
    Kept: 'Value option
} with

    override _.Equals(other: obj) =
        match other with
        | :? Derived<'Value> -> true
        | _ -> false

    override _.GetHashCode() = 0

[<RequireQualifiedAccess>]
module Derived =
    /// Of nothing: everything is worked out anew.
    let none<'Value> : Derived<'Value> = { Source = null; Kept = None }

    let from (source: 'Source) (value: 'Value) : Derived<'Value> = { Source = box source; Kept = Some value }

    /// What was derived from that very source.
    let tryOf (source: 'Source) (derived: Derived<'Value>) : 'Value option =
        if LanguagePrimitives.PhysicalEquality derived.Source (box source) then derived.Kept else None
