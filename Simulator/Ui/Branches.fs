namespace Tikv.Simulator.Ui

open Tikv.Core.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// Something that may be tried at a moment of a run.
type Branch = {
    Name: string
    /// Milliseconds since the beginning of the scenario, and the writes of operator 0 that were sent by then.
    Step: int64 -> int -> Step
}

/// What may be tried at a moment of a run: "what if it crashed here".
[<RequireQualifiedAccess>]
module Branches =

    let private now name what : Branch = {
        Name = name
        Step = fun at _ -> { When = Trigger.AtTime at; What = what }
    }

    let private nextWrite name fate : Branch = {
        Name = name
        Step = fun _ writes -> { When = Trigger.AtWrite(0, writes + 1); What = Misfortune.ToWrite fate }
    }

    let private ofOperators: Branch list = [
        now "operator0 crashes" (Misfortune.Crash 0)
        now "operator0 stands still for a minute" (Misfortune.OperatorPause(0, minutes 1))
        now "a second operator starts, without a lease" (Misfortune.StartOperator 1)
        now "the clock of operator0 jumps ahead by an hour" (Misfortune.ClockJump(0, hours 1))
        nextWrite "operator0 crashes before its next write" WriteFate.CrashBefore
        nextWrite "operator0 crashes after its next write" WriteFate.CrashAfter
        nextWrite "operator0 crashes, and its next write lands a minute later" (WriteFate.Zombie(minutes 1))
        nextWrite "the answer to its next write is lost" WriteFate.ReplyLost
        nextWrite "its next write lands a minute late" (WriteFate.Late(minutes 1))
        nextWrite "its next write is refused as a conflict" (WriteFate.Refused 409)
    ]

    let private ofServer: Branch list = [
        now "caches lag by two versions for 30 s each" (Misfortune.HoldBack(None, 2, seconds 30))
        now "all watches are cut" (Misfortune.CutWatches(None, false))
        now "history is compacted" Misfortune.Compacted
        now "the API server is down for a minute" (Misfortune.Api(None, ApiTrouble.Down, 100, minutes 1))
        now
            "each request takes 5 s for a minute"
            (Misfortune.Api(None, ApiTrouble.Slow(seconds 5), 100, minutes 1))
        now "PD's leader is killed" (Misfortune.Acts Act.KillPdLeader)
    ]

    let private ofPod name : Branch list = [
        now $"somebody deletes the Pod %s{name}" (act (Act.Delete("Pod/" + name)))
        now $"the container of %s{name} ends" (Misfortune.ContainerKill("default/" + name, 137, "killed"))
        now $"%s{name} is cut off from everybody" (Misfortune.Partition(name, "*", true))
    ]

    let private ofNode name : Branch list = [
        now $"%s{name} loses its power" (Misfortune.NodePower(name, false))
        now $"%s{name} has power again" (Misfortune.NodePower(name, true))
        now $"%s{name} is lost for good, with its disks" (Misfortune.NodeLost name)
        now $"%s{name} is drained" (Misfortune.NodeDrain(name, true))
    ]

    /// What may be tried in the cluster that a scenario begins with, always in the same order.
    let all (story: Story) : Branch list =
        let world = (Settled.from story.Given).World
        let pods = world.Pods.Values |> Seq.map _.Name |> Seq.sort |> List.ofSeq
        let nodes = world.Nodes.Keys |> Seq.sort |> List.ofSeq

        ofOperators @ ofServer @ List.collect ofPod pods @ List.collect ofNode nodes

    /// The scenario with that tried as well.
    let add (branch: Branch) (at: int64) (writes: int) (story: Story) : Story = {
        story with
            Steps = story.Steps @ [ branch.Step (max 0L at) writes ]
    }
