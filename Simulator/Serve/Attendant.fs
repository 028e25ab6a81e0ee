namespace Tikv.Simulator.Serve

open System
open System.Diagnostics
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open Tikv.Simulator.Kubernetes

/// What readers may know without asking: the API server after the newest change, and a task that ends at the next one.
type Snapshot = { Api: ApiServer; Now: DateTimeOffset; Next: Task }

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

    /// Lets the time of the world pass with real time, `speed` times as fast, until it is stopped.
    member this.KeepTime(speed: float, stop: CancellationToken) : Task =
        task {
            use timer = new PeriodicTimer(TimeSpan.FromMilliseconds 20L)
            let watch = Stopwatch.StartNew()
            let mutable told = TimeSpan.Zero

            try
                while! timer.WaitForNextTickAsync stop do
                    let elapsed = watch.Elapsed
                    let passed = (elapsed - told) * speed
                    told <- elapsed
                    do! this.Ask(fun world -> world.Advance passed)
            with :? OperationCanceledException ->
                ()
        }

    interface IAsyncDisposable with
        member _.DisposeAsync() =
            orders.Writer.TryComplete() |> ignore
            ValueTask running
