/// Every named scenario. An area adds its list here.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.All

/// By topic: the folder that they stand in as files.
let topics: (string * Story list) list = [
    "scaling", Scaling.stories
    "groups", Groups.stories
    "rolling", Rolling.stories
    "leaving", Leaving.stories
    "growing", Growing.stories
    "members", Members.stories
    "disturbed", Disturbed.stories
    "outages", Outages.stories
    "faults", Faults.stories
    "explorations", Explorations.stories
    "life", Life.stories
    "repair", Repair.stories
    "volumes", Volumes.stories
    "security", Security.stories
    "found", Found.stories
    "parallel", Parallel.stories
]

let stories: Story list = topics |> List.collect snd

let tryFind (id: string) =
    stories
    |> List.tryFind (fun story ->
        System.String.Equals(story.Id, id, System.StringComparison.OrdinalIgnoreCase))
