namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Run

/// What people do.
[<AutoOpen>]
module Acts =

    let act (act: Act) : Misfortune = Misfortune.Acts act

    /// A JSON merge patch.
    let patch target (body: Json) = act (Act.Patch(target, body))

    /// A value as JSON has it.
    let json (text: string) =
        match Json.parse text with
        | Ok value -> value
        | Error problem -> invalidArg (nameof text) $"%A{problem}"

    let private spec (path: string list) value = Json.setPath ("spec" :: path) (Some value) Json.empty

    let scale group replicas = act (Act.Scale(group, replicas))
    let set target (path: string list) value = patch target (spec path value)
    let version group (version: string) = act (Act.SetVersion(group, version))
    let config group (toml: string) = set group [ "template"; "spec"; "config" ] (Json.String toml)
    let image group (image: string) = set group [ "template"; "spec"; "image" ] (Json.String image)

    /// Restarts every Pod of the group without changing anything else.
    let restart group (note: string) = act (Act.Restart(group, note))

    let storage group (size: string) =
        set
            group
            [ "template"; "spec"; "volumes" ]
            (Json.array [ Json.object [ "name", Json.String "data"; "storage", Json.String size ] ])

    let pause value = set "Cluster/basic" [ "paused" ] (Json.Bool value)
    let suspend value = set "Cluster/basic" [ "suspendAction"; "suspendCompute" ] (Json.Bool value)

    let delete target = act (Act.Delete target)

    /// The Pod's object goes at once, whether its process ends or not.
    let deleteNow target = act (Act.DeleteNow target)

    /// Cuts or mends a node's power.
    let power node isOn = Misfortune.NodePower(node, isOn)

    // an administrator of PD, with pd-ctl
    let pdEvictLeaders pod = act (Act.PdEvictLeaders pod)
    let pdStopEvicting pod = act (Act.PdStopEvicting pod)
    let pdRemoveStore pod = act (Act.PdRemoveStore pod)
    let pdTransferLeader name = act (Act.PdTransferLeader name)

    let crash: Misfortune = Misfortune.Crash 0
    let stopOperator = Misfortune.StopOperator
    let startOperator = Misfortune.StartOperator

/// What befalls one write.
[<AutoOpen>]
module Fates =
    let tooMany = Misfortune.ToWrite(WriteFate.Refused 429)
    let serverError = Misfortune.ToWrite(WriteFate.Refused 500)
    let serverErrorAfter = Misfortune.ToWrite(WriteFate.ErrorAfter 500)
    let conflict = Misfortune.ToWrite(WriteFate.Refused 409)
    let replyLost = Misfortune.ToWrite WriteFate.ReplyLost
    let crashBefore = Misfortune.ToWrite WriteFate.CrashBefore
    let crashAfter = Misfortune.ToWrite WriteFate.CrashAfter
    let late span = Misfortune.ToWrite(WriteFate.Late span)
    let zombie span = Misfortune.ToWrite(WriteFate.Zombie span)

/// When.
[<AutoOpen>]
module Steps =
    /// So long after the beginning.
    let at (time: int64) what : Step = { When = Trigger.AtTime time; What = what }

    /// As soon as the world is first seen to be so.
    let once fact what : Step = { When = Trigger.AtMoment(fact, 0L); What = what }

    /// So long after the world is first seen to be so.
    let after (time: int64) fact what : Step = { When = Trigger.AtMoment(fact, time); What = what }

    /// The nth write of the operator.
    let atWrite number what : Step = { When = Trigger.AtWrite(0, number); What = what }

    /// Each nth write of the operator, as long as it runs.
    let atEachWrite multiple what : Step = { When = Trigger.AtEachWrite(0, multiple); What = what }

    /// Each nth question of the operator, to PD or before a cut.
    let atEachRead multiple what : Step = { When = Trigger.AtEachRead(0, multiple); What = what }

    /// From one time to another, again and again.
    let each (first: int64) (every: int64) (last: int64) what : Step list = [
        for time in first..every..last do
            at time what
    ]
