namespace Tikv.Tests

open System
open System.Globalization
open NUnit.Framework.Interfaces
open NUnit.Framework.Internal
open FsCheck.NUnit

/// How many cases, and which: the same in each run, unless the environment asks for more or for others.
module private Cases =
    let private variable name =
        match Environment.GetEnvironmentVariable name with
        | null
        | "" -> None
        | value -> Some value

    /// So many times the number of cases that a property asks for.
    let times =
        variable "PROPERTY_TIMES"
        |> Option.map (fun value -> Int32.Parse(value, CultureInfo.InvariantCulture))
        |> Option.defaultValue 1

    /// What FsCheck's `Replay` takes: two numbers, the second of them odd, and a size where one failing case is to be seen
    /// again. None for seeds by chance.
    let seed =
        match variable "PROPERTY_SEED" with
        | Some "random" -> None
        | Some seed -> Some seed
        | None -> Some "20260301,7"

/// A property, as FsCheck's attribute makes one. A merge is not refused by chance: each run has the same cases, and
/// `build.fsx hunt` looks for others.
[<AttributeUsage(AttributeTargets.Method, AllowMultiple = false)>]
type PropertyAttribute() as property =
    inherit FsCheck.NUnit.PropertyAttribute()

    do
        Cases.seed |> Option.iter (fun seed -> property.Replay <- seed)
        property.MaxTest <- 100

    /// Cases, before they are multiplied.
    member _.MaxTest
        with get () = base.MaxTest / Cases.times
        and set cases = base.MaxTest <- cases * Cases.times

    interface ISimpleTestBuilder with
        member _.BuildFrom(method, suite) =
            let test = FsCheckTestMethod(method, Unchecked.nonNull suite)
            test.Properties.Add(PropertyNames.Category, "Property")
            test
