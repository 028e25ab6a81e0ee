namespace Tikv.Simulator.Run

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// A state of the world to wait for, such as "store 4 is Removing". Equal when it says the same.
[<CustomEquality; NoComparison>]
type Moment = {
    Says: string
    Holds: World -> bool
} with

    override moment.Equals(other: obj) =
        match other with
        | :? Moment as other -> moment.Says = other.Says
        | _ -> false

    override moment.GetHashCode() = moment.Says.GetHashCode()

/// What somebody beside the operators does: a user, an administrator of PD, another controller. Answers with the world
/// after it, and with what came of it in a few words. Equal when it says the same.
[<CustomEquality; NoComparison>]
type Act = {
    Says: string
    Do: World -> struct (World * string)
} with

    override act.Equals(other: obj) =
        match other with
        | :? Act as other -> act.Says = other.Says
        | _ -> false

    override act.GetHashCode() = act.Says.GetHashCode()

/// What a fault waits for. Writes are counted from 1, per operator, over all its lives: those to Kubernetes and those to
/// PD. So are reads: those of single objects by quorum, and questions to PD.
[<RequireQualifiedAccess>]
type Trigger =
    | AtTime of Milliseconds: int64
    | AtWrite of Operator: int * Number: int
    | AtWriteTo of Operator: int * Kind: Kind * Number: int
    | AtRead of Operator: int * Number: int
    /// At each write whose number is a multiple, again and again, but for each eighth of them.
    | AtEachWrite of Operator: int * Multiple: int
    /// The same of reads.
    | AtEachRead of Operator: int * Multiple: int
    /// At the nth input that an operator takes, before it takes it.
    | AtStep of Operator: int * Number: int
    /// So many milliseconds after the world is first seen to be so.
    | AtMoment of Moment * After: int64

/// What befalls one write. The rest of the effects of the same step goes on, save after a crash.
[<RequireQualifiedAccess>]
type WriteFate =
    /// Refused before it is executed.
    | Refused of ApiError
    /// Executed, and answered by an error of the server all the same: etcd was slow, or a proxy gave up.
    | ErrorAfter of ApiError
    /// Executed, but the answer never comes: the client gives up at its time-out.
    | ReplyLost
    /// Executed only so many milliseconds after it was sent; a client that has given up by then has no answer.
    | Late of Milliseconds: int64
    /// The operator dies before it is sent.
    | CrashBefore
    /// The operator dies when it is sent; it is executed.
    | CrashAfter
    /// The operator dies when it is sent; it is executed so many milliseconds later.
    | Zombie of Milliseconds: int64
    /// The operator's process is stopped right before it is sent (a long pause of its machine), and sends it when it
    /// goes on: by then it may lead no longer.
    | Paused of Milliseconds: int64

/// What befalls one read.
[<RequireQualifiedAccess>]
type ReadFate =
    /// The answer never comes: the client gives up at its time-out.
    | Unanswered
    /// The answer comes so many milliseconds late, and tells how it was before them.
    | Old of Milliseconds: int64

/// What is the matter with the API server, as its clients see it.
[<RequireQualifiedAccess>]
type ApiTrouble =
    /// Nobody listens: connections are refused, watches break.
    | Down
    /// Every request takes so many milliseconds more.
    | Slow of Milliseconds: int64
    /// 429: too many requests; not executed (V K19).
    | Throttles
    /// 500; every other write is executed nevertheless (V K18).
    | Fails
    /// 403: a validating webhook denies what is created or changed (V K17).
    | Denies of Message: string
    /// 500: the webhook cannot be reached, and fails closed.
    | WebhookDown

/// Everything that can go wrong on purpose.
[<RequireQualifiedAccess>]
type Misfortune =
    /// Needs a trigger that names a write.
    | ToWrite of WriteFate
    /// Needs a trigger that names a read.
    | ToRead of ReadFate
    /// The operator's process dies, and starts again with nothing but what it reads.
    | Crash of Operator: int
    /// Another operator starts, beside those that run.
    | StartOperator of Operator: int
    /// An operator ends for good.
    | StopOperator of Operator: int
    /// Watches of a kind (or of all) are cut; `Gone` answers with 410, so that a new list is needed.
    | CutWatches of Kind: Kind option * Gone: bool
    /// Caches of a kind (or of all) lag by so many versions, each for so long, until `for` is over.
    | HoldBack of Kind: Kind option * Versions: int * Hold: int64
    | EndHoldBack
    | NodePower of Node: string * On: bool
    | KubeletLink of Node: string * On: bool
    /// Not a mishap: somebody acts.
    | Acts of Act
    /// Power is lost, and back after so many milliseconds.
    | NodeReboot of Node: string * Milliseconds: int64
    /// The same for every node of a zone, or of the whole site (V P59).
    | SitePower of Zone: string option * Milliseconds: int64
    /// The machine is gone for good, with its local disks; its Node stays until somebody deletes it.
    | NodeLost of Node: string
    /// Somebody, or the cloud, deletes the Node.
    | NodeDeleted of Node: string
    /// Another machine under the same name and address, with empty disks (V K44).
    | NodeReplaced of Node: string
    | NodeCordon of Node: string * On: bool
    /// `kubectl drain` begins, or is given up.
    | NodeDrain of Node: string * On: bool
    /// A taint comes or goes: key, effect. `node.kubernetes.io/out-of-service` frees the Pods of a lost node.
    | NodeTaint of Node: string * Key: string * Effect: string * On: bool
    | KubeletStops of Node: string
    | KubeletStarts of Node: string
    /// Open files that containers may have on a node, from their next start on.
    | FileLimit of Node: string * Files: int
    /// A container ends; Pods are named `namespace/name` from here on.
    | ContainerKill of Pod: string * Code: int * Message: string
    | OutOfMemory of Pod: string
    /// The container fails now and at its next starts.
    | CrashLoop of Pod: string * Times: int * Message: string
    /// The kubelet evicts the Pod for want of a resource, such as `ephemeral-storage`.
    | PodEvicted of Pod: string * Resource: string
    /// No registry gives out the image, until it does again.
    | BadImage of Image: string * On: bool
    /// The data behind a claim (`namespace/name`) is gone; the volume is there, and empty.
    | DiskLost of Claim: string
    | DiskFull of Claim: string * On: bool
    | DiskBroken of Claim: string * On: bool
    /// The volume of a claim cannot be attached anywhere.
    | AttachStuck of Claim: string * On: bool
    /// The provisioner of a class makes no volumes.
    | ProvisionerDown of Class: string * On: bool
    /// A claim cannot be enlarged.
    | ResizeFails of Claim: string * On: bool
    /// The API server troubles requests of operators about a kind (or all), each by a chance of so many per cent, for so
    /// many milliseconds.
    | Api of Kind: Kind option * Trouble: ApiTrouble * Percent: int * Milliseconds: int64
    /// The API server's history is compacted: watches from the past end with 410.
    | Compacted
    /// The wall clock of an operator's machine jumps.
    | ClockJump of Operator: int * Milliseconds: int64
    /// An operator's process stands still for so long, and goes on as if nothing had been.
    | OperatorPause of Operator: int * Milliseconds: int64
    /// Nothing passes between two places, or does again (V P57): `operator0`, `api`, or the name of a Pod; `*` is any.
    | Partition of One: string * Other: string * On: bool
    /// The same one way only.
    | OneWay of From: string * Into: string * On: bool
    /// The disk of a TiKV's Pod (by name) is slow: its heartbeats come late (V P58).
    | SlowDisk of Pod: string * On: bool
    /// The wall clock of a PD's Pod (by name) jumps: half an hour ahead makes every store Down at once (V P60).
    | PdClockJump of Pod: string * Milliseconds: int64
    /// Somebody asks PD for something (see `PdActs`): method, path, body.
    | PdAct of Method: string * Path: string * Body: string

type Fault = { When: Trigger; What: Misfortune }

/// How the operators reach the API server and PD.
type Network = {
    Request: Delay
    Reply: Delay
    WatchLag: Delay
    /// Milliseconds until a client gives a request up.
    Timeout: int64
    /// Milliseconds from the death of an operator to its next start.
    Restart: int64
    /// Lists that allow the server's cache are served from the state so many revisions ago (time travel, V K22).
    ListsBehind: int
}

/// A state that is to be reached: says what is still missing, or nothing.
type Expectation = { Name: string; Missing: World -> string option }

/// What is expected of a run, beside every invariant.
[<RequireQualifiedAccess>]
type Check =
    /// Holds once all is done, and when the run ends.
    | Finally of Expectation
    /// Holds at some time before so many milliseconds after the beginning of the scenario.
    | Eventually of Within: int64 * Expectation
    /// Holds after everything that happens.
    | Always of Expectation
    /// As many of such sights, the bounds included.
    | Times of Says: string * Least: int * Most: int * Concerns: (Sight -> bool)

type Scenario = {
    Name: string
    /// One sentence: what it shows.
    Shows: string
    World: World
    /// The program of an operator, by its number and its life; each start makes a new one.
    Program: int -> int -> Program
    Operators: int
    Network: Network
    /// Requests of users, at milliseconds of the world.
    Steps: (int64 * Request) list
    Faults: Fault list
    Expect: Check list
    /// A fault or act whose time never came fails the run.
    MustStrike: bool
    /// Milliseconds without a write for which what is expected must hold before the run ends.
    Quiet: int64
    /// Milliseconds after which a run that has not come so far is stuck.
    Limit: int64
    /// Whether lines are kept for people.
    Transcript: bool
}

[<RequireQualifiedAccess>]
module Network =
    let realistic = {
        Request = Delay.between 1L 8L
        Reply = Delay.between 1L 8L
        WatchLag = Delay.between 2L 40L
        Timeout = 30_000L
        Restart = 2_000L
        ListsBehind = 0
    }

    let quick = {
        realistic with
            Request = Delay.exactly 1L
            Reply = Delay.exactly 1L
            WatchLag = Delay.exactly 1L
    }
