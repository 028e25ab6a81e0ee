namespace Tikv.Core.Tests

open FsCheck
open FsCheck.FSharp

/// What may be seen: all is as desired, but for what has happened.
[<StructuredFormatDisplay("{Text}")>]
type Look<'Observed> = {
    Start: string
    Happened: string list
    Observed: 'Observed
} with

    member look.Text = look.Start :: look.Happened |> String.concat "; "

module Look =
    type private Named<'Observed> = (string * 'Observed) list
    type private Changes<'Observed> = Named<'Observed -> 'Observed>

    let private find name named = named |> List.find (fun (other, _) -> other = name) |> snd

    /// The look that its text names.
    let named (starts: Named<'Observed>) (changes: Changes<'Observed>) start happened = {
        Start = start
        Happened = happened
        Observed =
            (find start starts, happened)
            ||> List.fold (fun observed name -> find name changes observed)
    }

    /// Any of the starts, with any of the changes, up to so many of them, in their order. A look that fails a property is
    /// shrunk to those changes that it takes.
    let any most (starts: Named<'Observed>) (changes: Changes<'Observed>) : Arbitrary<Look<'Observed>> =
        let looks =
            gen {
                let! start, _ = Gen.elements starts
                let! count = Gen.choose (0, most)
                let! happened = Gen.listOfLength count (Gen.choose (0, changes.Length - 1))

                return
                    happened
                    |> List.distinct
                    |> List.sort
                    |> List.map (fun index -> fst changes[index])
                    |> named starts changes start
            }

        let shrink look =
            look.Happened
            |> Seq.mapi (fun index _ ->
                look.Happened |> List.removeAt index |> named starts changes look.Start)

        Arb.fromGenShrink (looks, shrink)

    /// In the place of a parameter: what is seen.
    let (|At|) look = look.Observed
