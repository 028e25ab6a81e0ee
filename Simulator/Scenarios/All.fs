/// Every named scenario. An area adds its list here.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.All

let stories: Story list =
    List.concat [
        Scaling.stories
        Groups.stories
        Rolling.stories
        Leaving.stories
        Growing.stories
        Members.stories
        Disturbed.stories
        Outages.stories
        Faults.stories
        Explorations.stories
        Life.stories
        Repair.stories
        Volumes.stories
        Security.stories
        Found.stories
        Parallel.stories
    ]

let tryFind (id: string) =
    stories
    |> List.tryFind (fun story ->
        System.String.Equals(story.Id, id, System.StringComparison.OrdinalIgnoreCase))
