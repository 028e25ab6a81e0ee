/// What goes wrong in generated runs: each mishap ends by itself, is undone, or leaves something that the operator can heal.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Mishaps

open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let nodes = [ "node-a1"; "node-a2"; "node-b1"; "node-b2"; "node-c1"; "node-c2" ]

let private fates = [
    3, crashBefore
    4, crashAfter
    4, replyLost
    2, late (seconds 45)
    2, late (seconds 5)
    2, zombie (seconds 10)
    1, zombie (seconds 60)
    1, Misfortune.ToWrite(WriteFate.Paused(seconds 50))
    2, tooMany
    1, serverError
    1, serverErrorAfter
    2, conflict
]

let private atSomeWrite (dice: Dice) =
    let number = 1 + dice.Next 120
    let what = dice.Weighed fates
    Item.ofSteps [ atWrite number what ]

// ---- misfortunes that have an end

let private link node on = Misfortune.KubeletLink(node, on)
let private cordon node on = Misfortune.NodeCordon(node, on)
let private drain node on = Misfortune.NodeDrain(node, on)

let private outOfService node on =
    Misfortune.NodeTaint(node, "node.kubernetes.io/out-of-service", "NoExecute", on)

let private cut one other on = Misfortune.Partition(one, other, on)

let private oneWay from into on = Misfortune.OneWay(from, into, on)

let private slow pod on = Misfortune.SlowDisk(pod, on)
let private full claim on = Misfortune.DiskFull(claim, on)

let private stuck claim on = Misfortune.AttachStuck(claim, on)

let private provisioner on = Misfortune.ProvisionerDown("standard", on)

let private jump (span: int64) = Misfortune.ClockJump(0, span)

/// One mishap, by its name.
let private make (given: Given) (dice: Dice) name : Item =
    let store () = $"basic-tikv-%d{dice.Next given.Tikv}"
    let member' () = $"basic-pd-%d{dice.Next given.Pd}"
    let any () = if dice.Next 3 = 0 then member' () else store ()
    let node () = dice.Of nodes
    let spell most thing = Item.spell dice most (thing true) (thing false)
    let outage most thing = Item.spell dice most (thing false) (thing true)

    match name with
    | "write" -> atSomeWrite dice
    | "crash" -> Item.once dice crash
    | "stale" ->
        let kind = dice.Of(None :: List.map Some Kind.watched)
        let versions = 1 + dice.Next 2

        Item.spell dice 60 (Misfortune.HoldBack(kind, versions, seconds 10)) Misfortune.EndHoldBack
    | "cut" -> Item.once dice (Misfortune.CutWatches(None, false))
    | "gone" -> Item.once dice (Misfortune.CutWatches(None, true))
    | "compacted" -> Item.once dice Misfortune.Compacted
    | "second" -> Item.spell dice 120 (startOperator 1) (stopOperator 1)
    | "pause" ->
        let span = seconds (5 + dice.Next 90)
        Item.once dice (Misfortune.OperatorPause(0, span))
    | "clock" ->
        let span = dice.Of [ minutes -40; minutes -5; minutes 5; minutes 40 ]
        Item.spell dice 240 (jump span) (jump -span)
    | "api" ->
        let trouble =
            dice.Of [
                ApiTrouble.Down
                ApiTrouble.Throttles
                ApiTrouble.Fails
                ApiTrouble.Slow 8_000L
                ApiTrouble.Denies "no"
                ApiTrouble.WebhookDown
            ]

        let kind = dice.Of(None :: None :: List.map Some Kind.watched)
        let percent, span = dice.Of [ 30; 100 ], seconds (5 + dice.Next 60)

        Item.once dice (Misfortune.Api(kind, trouble, percent, span))
    | "node" -> outage 240 (power (node ()))
    | "reboot" ->
        let node, span = node (), seconds (20 + dice.Next 100)
        Item.once dice (Misfortune.NodeReboot(node, span))
    | "zone" ->
        let zone, span = dice.Of [ Some "a"; Some "b"; Some "c"; None ], seconds (5 + dice.Next 120)

        Item.once dice (Misfortune.SitePower(zone, span))
    | "kubelet link" -> outage 120 (link (node ()))
    | "kubelet" ->
        let node = node ()

        Item.spell dice 180 (Misfortune.KubeletStops node) (Misfortune.KubeletStarts node)
    | "drain" ->
        let node = node ()
        let start = Item.time dice
        let until = start + seconds (30 + dice.Next 180)
        Item.ofSteps [ at start (drain node true); at until (drain node false); at until (cordon node false) ]
    | "cordon" -> spell 180 (cordon (node ()))
    | "out of service" ->
        let node = node ()
        let start = Item.time dice
        let until = start + seconds (60 + dice.Next 160)

        Item.ofSteps [
            at start (power node false)
            at (start + seconds 20) (outOfService node true)
            at until (outOfService node false)
            at until (power node true)
        ]
    | "kill" ->
        let pod = any ()

        Item.once dice (Misfortune.ContainerKill("default/" + pod, 1, ""))
    | "memory" ->
        let pod = store ()

        Item.once dice (Misfortune.OutOfMemory("default/" + pod))
    | "crash loop" ->
        let pod, times = any (), 2 + dice.Next 4

        Item.once dice (Misfortune.CrashLoop("default/" + pod, times, "its disk is slow"))
    | "evicted" ->
        let pod = any ()

        Item.once dice (Misfortune.PodEvicted("default/" + pod, "ephemeral-storage"))
    | "cut off" -> spell 120 (cut (any ()) "*")
    | "cut in two" -> spell 120 (cut (any ()) (any ()))
    | "one way" -> spell 120 (oneWay (any ()) (dice.Of [ "*"; member' (); "operator0" ]))
    | "operator cut off" -> spell 120 (cut "operator0" (dice.Of [ "api"; member' () ]))
    | "slow disk" -> spell 180 (slow (store ()))
    | "full disk" -> spell 180 (full $"default/data-%s{any ()}")
    | "attach" -> spell 180 (stuck $"default/data-%s{any ()}")
    | "provisioner" -> spell 180 provisioner
    | "leader" ->
        let name = member' ()
        Item.once dice (pdTransferLeader name)
    | "pd clock" ->
        let name = member' ()

        Item.once dice (Misfortune.PdClockJump(name, minutes 31))
    | "their eviction" ->
        let name = store ()
        let stop = pdStopEvicting name

        Item.spell dice 180 (pdEvictLeaders name) stop |> Item.undoneLater stop
    | "their removal" ->
        let name = store ()
        Item.once dice (pdRemoveStore name)
    | "lost disk" ->
        let name = store ()

        if dice.Next 2 = 0 then
            Item.together dice [ delete $"PersistentVolumeClaim/data-%s{name}"; deleteNow $"Pod/%s{name}" ]
        else
            Item.asking dice [
                0L, None, (Misfortune.DiskLost $"default/data-%s{name}")
                seconds (60 + dice.Next 60), None, delete $"TiKV/%s{name}"
            ]
    | _ ->
        let name = member' ()

        Item.together dice [ delete $"PersistentVolumeClaim/data-%s{name}"; deleteNow $"Pod/%s{name}" ]

let private usual = [
    14, "write"
    3, "crash"
    2, "stale"
    1, "cut"
    1, "gone"
    1, "compacted"
    1, "second"
    1, "pause"
    1, "clock"
    2, "api"
    2, "node"
    1, "reboot"
    1, "zone"
    1, "kubelet link"
    1, "kubelet"
    1, "drain"
    1, "cordon"
    1, "out of service"
    2, "kill"
    1, "memory"
    1, "crash loop"
    1, "evicted"
    1, "cut off"
    1, "cut in two"
    1, "one way"
    1, "operator cut off"
    1, "slow disk"
    1, "full disk"
    1, "attach"
    1, "provisioner"
    1, "leader"
    1, "pd clock"
    1, "their eviction"
    1, "their removal"
]

/// What is lost for good: one of it in a run, and only where nothing else is on its way out that the rest of the data or
/// of the quorum would be missed with.
let private losses (given: Given) storesMove membersMove = [
    if given.StorageClass = "standard" && given.Tikv > 3 && not storesMove then
        2, "lost disk"
    if given.StorageClass = "standard" && given.Pd > 2 && not membersMove then
        1, "lost member"
]

let isLoss name = name = "lost disk" || name = "lost member"

/// The sorts of mishap that there are, but for what is lost for good.
let kinds: string list = usual |> List.map snd

/// A mishap of one of these sorts.
let drawOf (given: Given) (isIn: string -> bool) (dice: Dice) : string * Item =
    let name = dice.Weighed(usual @ losses given false false |> List.filter (snd >> isIn))

    name, make given dice name

/// A mishap, with its name.
let draw (given: Given) storesMove membersMove (dice: Dice) : string * Item =
    let name = dice.Weighed(usual @ losses given storesMove membersMove)
    name, make given dice name
