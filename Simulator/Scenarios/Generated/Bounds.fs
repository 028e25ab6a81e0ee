/// How long a cluster may take, by what there is to do in it (verification C7).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Bounds

/// The longest that Kubernetes itself may still hold something up when all is healed, one after another: the back-off of a
/// kubelet (5 min), the Pods of a node that was silent (5 min), a volume that is detached by force (6 min).
let private leftOver = minutes 16

/// Of one process: its leaders leave, it stops and starts, catches up, and has its leaders again.
let private restart = minutes 2

/// Of one store or member: another comes, regions move off it, and it is buried.
let private move = minutes 8

let private isTwice (kind: string) =
    kind.EndsWith("and back", System.StringComparison.Ordinal)
    || kind = "upgrade apart"
    || kind = "no config"
    || kind = "bad image"

let private moves (kind: string) =
    Changes.movesStores kind
    || Changes.movesMembers kind
    || Mishaps.isLoss kind
    || kind = "their removal"
    || kind = "out of service"

let private isChange (item: Item) = not item.Asks.IsEmpty

/// Milliseconds from the beginning within which all must be as asked: healing, what is left over by then, and what there is
/// to do, slower where the site is.
let within (given: Given) (items: Item list) : int64 =
    let instances = int64 (given.Pd + given.Tikv + 2)

    let work =
        items
        |> List.sumBy (fun item ->
            if moves item.Kind then move
            elif isTwice item.Kind then 2L * instances * restart
            elif isChange item || item.Kind = "drain" || item.Kind = "zone" then instances * restart
            else restart)

    let slowest = (100, given.Pace) ||> List.fold (fun most pace -> max most pace.Takes)
    Item.healedAt + leftOver + work * int64 slowest / 100L
