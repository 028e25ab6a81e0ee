namespace Tikv.Simulator.Ui

open Tikv.Simulator.Files
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What somebody asks for in the browser.
type Wish = {
    /// The scenario as it stands in the editor.
    Text: string
    /// The one that was played before; empty for none.
    Former: string
    /// A branch to try, by its place in `Branches.all`, at a moment of the world in milliseconds.
    Branch: (int * int64) option
}

/// A scenario that was played.
type Played = { Story: Story; Account: Account; Film: Film }

/// What comes of a wish.
[<RequireQualifiedAccess>]
type Outcome =
    /// What is wrong with it, a line each.
    | Refused of Problems: string list
    /// Beside the run before, where it was another one.
    | Ran of Played * Twin: Played option

/// Plays scenarios for the browser. The same wish has the same outcome.
[<RequireQualifiedAccess>]
module Playing =

    let private file = "scenario.yaml"

    let play (story: Story) : Played =
        let start = Catalogue.start story

        let account, film =
            Recording.account $"tikv-sim run %s{file} --transcript" {
                Start = { start with Scenario = { start.Scenario with Transcript = true } }
                Calms = story.Calm
                Rest = story.Rest
            }

        let account = { account with Result = Play.compared story account.Result }
        { Story = story; Account = account; Film = film }

    let private parse (text: string) : Result<Story, string list> =
        match StoryFile.parse (text.ReplaceLineEndings "\n") with
        | Ok [ story ] -> Ok story
        | Ok stories -> Error [ $"%s{file}: it holds %d{stories.Length} scenarios; one is played at a time" ]
        | Error problems -> Error(problems |> List.map (StoryFile.words file))

    /// A cluster that does not come up, for a patch of its manifests that is wrong, is told as it is.
    let private guarded action =
        try
            action ()
        with
        | :? System.ArgumentException
        | :? System.InvalidOperationException as problem ->
            Outcome.Refused [ $"%s{file}: %s{problem.Message}" ]

    let private branched (played: Played) (index, at) : Result<Story, string list> =
        match List.tryItem index (Branches.all played.Story) with
        | None -> Error [ $"there is no branch %d{index}" ]
        | Some branch ->
            let sent =
                played.Film.Orders.Values
                |> Seq.filter (fun order -> order.Operator = 0 && order.SentAt <= at)
                |> Seq.length

            Ok(played.Story |> Branches.add branch (at - Account.began played.Account) sent)

    let ofWish (wish: Wish) : Outcome =
        guarded (fun () ->
            match parse wish.Text, wish.Branch with
            | Error problems, _ -> Outcome.Refused problems
            | Ok story, Some branch ->
                let former = play story

                match branched former branch with
                | Ok story -> Outcome.Ran(play story, Some former)
                | Error problems -> Outcome.Refused problems
            | Ok story, None ->
                let former =
                    match parse wish.Former with
                    | Ok former when former <> story -> Some(play former)
                    | Ok _
                    | Error _ -> None

                Outcome.Ran(play story, former))
