namespace Tikv.Simulator.Run

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// A call of an operator, for faults to wait for.
[<RequireQualifiedAccess>]
type CallVerb =
    | [<About "Any write to Kubernetes, and any call that changes something in PD.">] Write
    | Create
    | [<About "A merge patch of an object, its status apart.">] Patch
    | [<About "A merge patch of an object's status.">] PatchStatus
    | Delete
    | [<About "A quorum read of one object, before a cut.">] Read
    | [<About "A question to PD.">] AskPd
    | EvictLeaders
    | StopEvictingLeaders
    | RemoveStore
    | RestoreStore
    | RemoveMember
    | TransferLeader
    | SetStoreLabels
    | [<About "Settings for PD, or for a TiKV that runs.">] SetConfig

/// What a fault waits for. Writes are counted from 1, per operator, over all its lives: those to Kubernetes and those to
/// PD. So are reads: those of single objects by quorum, and questions to PD.
[<RequireQualifiedAccess>]
type Trigger =
    | [<About("So long after the beginning of the scenario.", Word = "at")>] AtTime of Milliseconds: int64
    | [<About("At the nth write of an operator, to Kubernetes or PD.", Head = "Nth")>] AtWrite of
        Operator: int *
        Nth: int
    | [<About("At the nth write of an operator to objects of a kind.", Head = "Kind")>] AtWriteTo of
        Operator: int *
        Kind: Kind *
        Nth: int
    | [<About("At the nth question of an operator, to PD or before a cut.", Head = "Nth")>] AtRead of
        Operator: int *
        Nth: int
    | [<About("At each write whose number is a multiple, again and again, but for each eighth of them.",
              Head = "Multiple")>] AtEachWrite of Operator: int * Multiple: int
    | [<About("At each question whose number is a multiple, again and again, but for each eighth of them.",
              Head = "Multiple")>] AtEachRead of Operator: int * Multiple: int
    | [<About("At the nth call of that sort: to that kind, to the object of that name, sent while something is so, where they are given.",
              Head = "Call")>] AtCall of
        Operator: int *
        Call: CallVerb *
        Kind: Kind option *
        Name: string option *
        Nth: int *
        While: Fact option
    | [<About("Right after an operator's cache of a kind has heard of the nth change; of those only that come while something is so, where that is given.",
              Head = "Kind")>] AtEvent of Operator: int * Kind: Kind * Nth: int * While: Fact option
    | [<About("At the nth input that an operator takes, before it takes it.", Head = "Nth")>] AtStep of
        Operator: int *
        Nth: int
    | [<About("As soon as the world is first seen to be so, or so long after.", Word = "once", Head = "Fact")>] AtMoment of
        Fact: Fact *
        After: int64

/// What befalls one write. The rest of the effects of the same step goes on, save after a crash.
[<RequireQualifiedAccess>]
type WriteFate =
    | [<About "Refused with that code before it is executed: 403, 409, 422, 429, 500, 503.">] Refused of
        Code: int
    | [<About "Executed, and answered by an error of the server all the same, such as 500 or 504: etcd was slow, or a proxy gave up.">] ErrorAfter of
        Code: int
    | [<About "Executed, but the answer never comes: the client gives up at its time-out.">] ReplyLost
    | [<About "Executed only so many milliseconds after it was sent; a client that has given up by then has no answer.">] Late of
        Milliseconds: int64
    | [<About "The operator dies before it is sent.">] CrashBefore
    | [<About "The operator dies when it is sent; it is executed.">] CrashAfter
    | [<About "The operator dies when it is sent; it is executed so many milliseconds later.">] Zombie of
        Milliseconds: int64
    | [<About "The operator's process is stopped right before it is sent (a long pause of its machine), and sends it when it goes on: by then it may lead no longer.">] Paused of
        Milliseconds: int64

/// What befalls one read.
[<RequireQualifiedAccess>]
type ReadFate =
    | [<About "The answer never comes: the client gives up at its time-out.">] Unanswered
    | [<About "The answer comes so many milliseconds late, and tells how it was before them.">] Old of
        Milliseconds: int64

/// What is the matter with the API server, as its clients see it.
[<RequireQualifiedAccess>]
type ApiTrouble =
    | [<About "Nobody listens: connections are refused, watches break.">] Down
    | [<About "Every request takes so many milliseconds more.">] Slow of Milliseconds: int64
    | [<About "429: too many requests; not executed (V K19).">] Throttles
    | [<About "500; every other write is executed nevertheless (V K18).">] Fails
    | [<About "403: a validating webhook denies what is created or changed (V K17).">] Denies of
        Message: string
    | [<About "500: the webhook cannot be reached, and fails closed.">] WebhookDown

/// Everything that can go wrong on purpose.
[<RequireQualifiedAccess>]
type Misfortune =
    | [<About("What befalls the write that the trigger names.", Spliced = true)>] ToWrite of Fate: WriteFate
    | [<About("What befalls the question that the trigger names.", Spliced = true)>] ToRead of Fate: ReadFate
    | [<About "The operator's process dies, and starts again with nothing but what it reads.">] Crash of
        Operator: int
    | [<About "Another operator starts, beside those that run.">] StartOperator of Operator: int
    | [<About "An operator ends for good.">] StopOperator of Operator: int
    | [<About "Watches of a kind (or of all) are cut; `Gone` answers with 410, so that a new list is needed.">] CutWatches of
        Kind: Kind option *
        Gone: bool
    | [<About "Caches of a kind (or of all) lag by so many versions, each for so long, until `endHoldBack`.">] HoldBack of
        Kind: Kind option *
        Versions: int *
        Hold: int64
    | [<About "No cache lags any more.">] EndHoldBack
    | [<About "A node loses its power, or has it again.">] NodePower of Node: string * On: bool
    | [<About "The network of a kubelet is cut, or mended.">] KubeletLink of Node: string * On: bool
    | [<About("Not a mishap: somebody acts.", Spliced = true)>] Acts of Act: Act
    | [<About "A node loses its power, and has it back after so long.">] NodeReboot of
        Node: string *
        For: int64
    | [<About "Power is lost at every node of a zone, or of `all`, and back after so long (V P59).">] SitePower of
        Zone: string option *
        For: int64
    | [<About "The machine is gone for good, with its local disks; its Node stays until somebody deletes it.">] NodeLost of
        Node: string
    | [<About "Somebody, or the cloud, deletes the Node.">] NodeDeleted of Node: string
    | [<About "Another machine under the same name and address, with empty disks (V K44).">] NodeReplaced of
        Node: string
    | [<About "A node is cordoned, or no longer.">] NodeCordon of Node: string * On: bool
    | [<About "`kubectl drain` begins, or is given up.">] NodeDrain of Node: string * On: bool
    | [<About "A taint comes or goes: key, effect. `node.kubernetes.io/out-of-service` frees the Pods of a lost node.">] NodeTaint of
        Node: string *
        Key: string *
        Effect: string *
        On: bool
    | [<About "A kubelet stops; its containers run on.">] KubeletStops of Node: string
    | [<About "A kubelet starts again.">] KubeletStarts of Node: string
    | [<About "Open files that containers may have on a node, from their next start on.">] FileLimit of
        Node: string *
        Files: int
    | [<About "A container ends with that exit code. The Pod is named `namespace/name`.">] ContainerKill of
        Pod: string *
        Code: int *
        Message: string
    | [<About "The container is killed for lack of memory.">] OutOfMemory of Pod: string
    | [<About "The container fails now and at its next starts.">] CrashLoop of
        Pod: string *
        Times: int *
        Message: string
    | [<About "The kubelet evicts the Pod for want of a resource, such as `ephemeral-storage`.">] PodEvicted of
        Pod: string *
        Resource: string
    | [<About "No registry gives out the image, until it does again.">] BadImage of Image: string * On: bool
    | [<About "The data behind a claim (`namespace/name`) is gone; the volume is there, and empty.">] DiskLost of
        Claim: string
    | [<About "The volume of a claim is full, or has room again.">] DiskFull of Claim: string * On: bool
    | [<About "The volume of a claim cannot be written to, or can again.">] DiskBroken of
        Claim: string *
        On: bool
    | [<About "The volume of a claim cannot be attached anywhere.">] AttachStuck of Claim: string * On: bool
    | [<About "The provisioner of a class makes no volumes.">] ProvisionerDown of Class: string * On: bool
    | [<About "A claim cannot be enlarged.">] ResizeFails of Claim: string * On: bool
    | [<About "The API server troubles requests of operators about a kind (or all), each by a chance of so many per cent, for so long.">] Api of
        Kind: Kind option *
        Trouble: ApiTrouble *
        Percent: int *
        For: int64
    | [<About "The API server's history is compacted: watches from the past end with 410.">] Compacted
    | [<About("The wall clock of an operator's machine jumps.", Head = "By")>] ClockJump of
        Operator: int *
        By: int64
    | [<About("An operator's process stands still for so long, and goes on as if nothing had been.",
              Head = "For")>] OperatorPause of Operator: int * For: int64
    | [<About "Nothing passes between two places, or does again (V P57): `operator0`, `api`, or the name of a Pod; `*` is any.">] Partition of
        One: string *
        Other: string *
        On: bool
    | [<About "Nothing passes from one place into another, or does again.">] OneWay of
        From: string *
        Into: string *
        On: bool
    | [<About "The disk of a TiKV's Pod (by name) is slow: its heartbeats come late (V P58).">] SlowDisk of
        Pod: string *
        On: bool
    | [<About "The wall clock of a PD's Pod (by name) jumps: half an hour ahead makes every store Down at once (V P60).">] PdClockJump of
        Pod: string *
        By: int64
    | [<About "Somebody asks PD for something through its HTTP API, as an administrator.">] PdAct of
        Method: string *
        Path: string *
        Body: string

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
