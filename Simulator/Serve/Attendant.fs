namespace Tikv.Simulator.Serve

open System
open System.Diagnostics
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open Tikv.Simulator.Kubernetes

/// What readers may know without asking: the API server after the newest change, and a task that ends at the next one.
type Snapshot = { Api: ApiServer; Now: DateTimeOffset; Next: Task }

/// How the time of a world keeps step with real time.
[<RequireQualifiedAccess>]
module Pace =

    /// Real time that is made up for in one piece: as long as it takes to live through it, every request waits.
    let private piece = TimeSpan.FromMilliseconds 100L

    /// Real time that is made up for at all. On a machine that is too slow the world falls behind, where it would else
    /// have ever longer pieces to live through.
    let private most = TimeSpan.FromSeconds 10L

    /// How long the world lives now, and how much of its time it owes then. `passed`: real time since the last piece.
    let next (speed: float) (owed: TimeSpan) (passed: TimeSpan) : struct (TimeSpan * TimeSpan) =
        let owed = min (owed + passed * speed) (most * speed)
        let now = min owed (piece * speed)
        struct (now, owed - now)

/// Lets one caller at a time at the world, in the order of asking, and tells watchers of changes.
type Attendant(world: ServedWorld) =
    let orders = Channel.CreateUnbounded<unit -> unit>(UnboundedChannelOptions(SingleReader = true))

    let signal () = TaskCompletionSource TaskCreationOptions.RunContinuationsAsynchronously

    let mutable changed = signal ()
    let mutable snapshot = { Api = world.Api; Now = world.Now; Next = changed.Task }

    let publish () =
        let before = snapshot

        if before.Api.Revision <> world.Api.Revision then
            let former = changed
            changed <- signal ()
            Volatile.Write(&snapshot, { Api = world.Api; Now = world.Now; Next = changed.Task })
            former.SetResult()
        else
            Volatile.Write(&snapshot, { before with Api = world.Api; Now = world.Now })

    let loop () : Task =
        task {
            let reader = orders.Reader
            let mutable live = true

            while live do
                match! reader.WaitToReadAsync() with
                | false -> live <- false
                | true ->
                    let mutable order = ignore

                    while reader.TryRead &order do
                        order ()
        }

    let running = Task.Run(Func<Task> loop)

    member _.Snapshot = Volatile.Read &snapshot

    /// Runs one piece of work with the world, after all that was asked before.
    member _.Ask(work: ServedWorld -> 'Answer) : Task<'Answer> =
        let answer = TaskCompletionSource<'Answer> TaskCreationOptions.RunContinuationsAsynchronously

        let order () =
            try
                let found = work world
                publish ()
                answer.SetResult found
            with problem ->
                answer.SetException problem

        if not (orders.Writer.TryWrite order) then
            answer.SetCanceled()

        answer.Task

    /// Lets the time of the world pass with real time, `speed` times as fast, until it is stopped. Requests come in
    /// between the pieces.
    member this.KeepTime(speed: float, stop: CancellationToken) : Task =
        task {
            use timer = new PeriodicTimer(TimeSpan.FromMilliseconds 20L)
            let watch = Stopwatch.StartNew()
            let mutable told = TimeSpan.Zero
            let mutable owed = TimeSpan.Zero

            try
                while! timer.WaitForNextTickAsync stop do
                    let elapsed = watch.Elapsed
                    let struct (piece, rest) = Pace.next speed owed (elapsed - told)
                    told <- elapsed
                    owed <- rest
                    do! this.Ask(fun world -> world.Advance piece)
            with :? OperationCanceledException ->
                ()
        }

    interface IAsyncDisposable with
        member _.DisposeAsync() =
            orders.Writer.TryComplete() |> ignore
            ValueTask running
