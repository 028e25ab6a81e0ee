namespace Tikv.Simulator.Pd

open System
open Tikv.Core
open Tikv.Core.Pd

/// What the leader has to do with a request: the world afterwards, the answer, and after how many milliseconds it comes.
type Handled = PdWorld * PdReply * int64

/// Members and leadership, as the leader answers (P 21, 22).
[<RequireQualifiedAccess>]
module MemberApi =

    /// An ordinary answer takes a millisecond.
    let answer reply (world: PdWorld) : Handled = world, reply, 1L

    let private putGroup (group: PdGroup) (world: PdWorld) = {
        world with
            Groups = Map.add group.Id group world.Groups
    }

    let private named name (group: PdGroup) =
        group.Members
        |> Map.toList
        |> List.map snd
        |> List.tryFind (fun one -> one.Name = name)

    let private noTarget = Replies.refused 500 "no valid pd to transfer etcd leader"

    let transfer now name (group: PdGroup) (world: PdWorld) : Handled =
        let submitted = Replies.said "The transfer command is submitted."
        let timings = world.Timings

        match named name group with
        | None -> answer noTarget world
        | Some target when Leaders.leader group = Some target.Id -> answer submitted world
        | Some target when Map.containsKey target.Id (Leaders.able world (Leaders.live world group) group) ->
            putGroup (Leaders.handOver now timings.LeaderTransfer target.Id group) world,
            submitted,
            timings.LeaderTransfer
        | Some _ ->
            let message = "etcdserver: request timed out, leader transfer took too long"

            world,
            Replies.refused 500 $"[PD:etcd:ErrEtcdMoveLeader]%s{message}: %s{message}",
            timings.TransferToDead

    let resign now (group: PdGroup) (world: PdWorld) : Handled =
        let submitted = Replies.said "The resign command is submitted."
        let resigned = Leaders.resign world now world.Timings.LeaderTransfer group

        if Map.count group.Members = 1 then answer submitted world
        elif LanguagePrimitives.PhysicalEquality resigned group then answer noTarget world
        else putGroup resigned world, submitted, world.Timings.LeaderTransfer

    let private remove now id (said: string) (group: PdGroup) (world: PdWorld) : Handled =
        match Members.remove now id group world with
        | Ok world -> answer (Replies.said $"removed, pd: %s{said}") world
        | Error message -> answer (Replies.etcd message) world

    let removeByName now name (group: PdGroup) (world: PdWorld) : Handled =
        match named name group with
        | Some one when name <> "" -> remove now one.Id name group world
        | _ -> answer (Replies.refused 404 $"not found, pd: %s{name}") world

    let removeById now (id: string) (group: PdGroup) (world: PdWorld) : Handled =
        match UInt64.TryParse id with
        | true, number -> remove now (MemberId number) id group world
        | false, _ ->
            answer (Replies.refused 400 $"strconv.ParseUint: parsing \"%s{id}\": invalid syntax") world

    let setPriority name body (group: PdGroup) (world: PdWorld) : Handled =
        match named name group, Json.intAt [ "leader-priority" ] body with
        | None, _ -> answer (Replies.refused 404 $"not found, pd: %s{name}") world
        | _, None -> answer (Replies.refused 400 "bad format leader priority") world
        | Some one, Some priority ->
            world
            |> putGroup { group with Members = Map.add one.Id { one with Priority = priority } group.Members }
            |> answer (Replies.said "success")
