namespace Tikv.Simulator.Run

open System

/// One of several parts of a campaign, such as the second of eight: machines beside one another take a part each, and
/// together all of it.
type Shard = {
    /// From 1.
    Number: int
    Count: int
}

[<RequireQualifiedAccess>]
module Shard =
    let whole = { Number = 1; Count = 1 }

    /// `2/8`; or `1+1/8`, for who counts from 0 and cannot add, as the template of an Indexed Job.
    let tryParse (text: string) : Result<Shard, string> =
        let tryInt (text: string) =
            match Int32.TryParse(text, Globalization.NumberStyles.None, null) with
            | true, number -> Some number
            | false, _ -> None

        let trySum (text: string) =
            match text.Split '+' |> Array.map tryInt with
            | [| Some one; Some other |] -> Some(one + other)
            | _ -> tryInt text

        match
            text.Split '/'
            |> Array.mapi (fun index part -> if index = 0 then trySum part else tryInt part)
        with
        | [| Some number; Some count |] when 1 <= number && number <= count ->
            Ok { Number = number; Count = count }
        | _ -> Error $"--shard is `%s{text}`; allowed: i/n with 1 <= i <= n, such as 2/8"

    let isWhole shard = shard.Count = 1

    /// The cases that are this part's: each nth of them.
    let cases (shard: Shard) (all: 'Case list) : 'Case list =
        all
        |> List.indexed
        |> List.filter (fun (index, _) -> index % shard.Count = shard.Number - 1)
        |> List.map snd
