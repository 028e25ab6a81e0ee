/// Every named scenario. An area adds its list here.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.All

/// Scenarios that do not pass yet, and why. To be empty.
let private notYet: Map<string, string> =
    Map [
        "T38", "a node that is drained keeps Pods"
        "F28", "a replacement is made for which there is no room"
        "TLS2", "the roll does not go on once the certificate is there"
        "S10", "the members of the former group stay"
        "T69", "the new Cluster does not become Ready"
        "T45", "the replacement does not come"
        "F03", "the lost instance is not told of"
        "T52", "the replacement does not come"
        "E-over", "the lost instance stays"
        "T54", "a status is still written some minutes after the loss"
        "C13", "a status is written again and again"
    ]

let stories: Story list =
    List.concat [
        Scaling.stories
        Groups.stories
        Rolling.stories
        Faults.stories
        Explorations.stories
        Life.stories
        Repair.stories
        Volumes.stories
        Security.stories
    ]
    |> List.map (fun story ->
        match Map.tryFind story.Id notYet with
        | Some why -> pending why story
        | None -> story)

let tryFind (id: string) =
    stories
    |> List.tryFind (fun story ->
        System.String.Equals(story.Id, id, System.StringComparison.OrdinalIgnoreCase))
