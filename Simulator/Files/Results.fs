/// Several results taken together.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Results

/// All values, or all that is wrong with any of them.
let all (results: Result<'Value, 'Problem list> list) : Result<'Value list, 'Problem list> =
    match
        results
        |> List.collect (fun one ->
            match one with
            | Ok _ -> []
            | Error problems -> problems)
    with
    | [] -> Ok(results |> List.choose Result.toOption)
    | problems -> Error problems
