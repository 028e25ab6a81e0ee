/// Reading the Secrets of clusters with TLS. They are not watched: a cache of them would need the right to list every
/// Secret, and would hold what is in it.
module internal Tikv.Core.Operator.Secrets

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator.Run
open Tikv.Core.Operator.Wakes

/// How often they are read, in a cluster where everything is as desired; and in one where something is waited for. A Pod
/// is made on what is no older than the latter.
let everyWhenSettled = TimeSpan.FromSeconds 30L
let everyWhenWaiting = TimeSpan.FromSeconds 5L

let private startsPod (step: Steps.Step) =
    match step.Request with
    | Steps.ToKubernetes(Create({ Kind = Kind.Pod }, _)) -> true
    | _ -> false

/// Whether a round has to wait for Secrets: they have never been read in this life of the operator, or a Pod is to be
/// made on what may be outdated.
let needsSecrets (input: Input) (secrets: Map<string, Sighting<SecretView>>) (space, cluster) steps state =
    not secrets.IsEmpty
    && (match state.Secrets |> Map.tryFind (Cache.key space cluster) with
        | None -> true
        | Some known ->
            Instant.since known.ReadAt input.At > everyWhenWaiting
            && (secrets |> Map.exists (fun name _ -> not (Map.containsKey name known.Seen))
                || List.exists startsPod steps))

/// Reads now, and wakes the object when that is done.
let awaitSecrets (input: Input) (object: ObjectRef) (space, cluster) run =
    let key = Cache.key space cluster

    let run =
        match run.State.Secrets |> Map.tryFind key with
        | None -> run
        | Some known ->
            run
            |> change (fun state -> {
                state with
                    Secrets =
                        state.Secrets
                        |> Map.add key { known with Waiting = known.Waiting |> Set.add object }
            })

    if run.State.SecretReads |> Map.containsKey key then
        run
    else
        run |> readSecrets input.At space cluster

/// What of a certificate time alone changes.
let private phases (clock: DateTimeOffset) (seen: Map<string, Sighting<SecretView>>) =
    let phase certificate =
        if clock < certificate.NotBefore then 0
        elif clock >= certificate.NotAfter then 3
        elif certificate.NotAfter - clock < Certificates.soon certificate then 2
        else 1

    seen
    |> Map.map (fun _ sighting ->
        match sighting with
        | Sighting.Known view -> view.Values |> Map.map (fun _ value -> value.Certificates |> List.map phase)
        | Sighting.Absent
        | Sighting.Unknown -> Map.empty)

let private finish (input: Input) key (reads: SecretReads) run =
    let known = run.State.Secrets |> Map.tryFind key
    let waits = run.State.Waiting |> Map.containsKey key

    let changed =
        match known with
        | None -> true
        | Some known ->
            known.Seen <> reads.Seen
            || phases known.Clock known.Seen <> phases input.Clock reads.Seen

    let work = Work.ReadSecrets(reads.Namespace, reads.Cluster)
    let again = if waits || changed then everyWhenWaiting else everyWhenSettled

    let run =
        run
        |> change (fun state -> {
            state with
                SecretReads = state.SecretReads |> Map.remove key
                Secrets =
                    state.Secrets
                    |> Map.add key {
                        ReadAt = input.At
                        Clock = input.Clock
                        Seen = reads.Seen
                        Waiting = Set.empty
                    }
                PollQueue =
                    state.PollQueue
                    |> Queue.finished work
                    |> Queue.add (input.At |> Instant.add again) work
        })

    let run =
        known
        |> Option.map (_.Waiting >> Set.toList)
        |> Option.defaultValue []
        |> List.fold
            (fun run object -> run |> queue (reconcile input.At object.Kind object.Namespace object.Name))
            run

    if changed then run |> wakeCluster input reads.Namespace reads.Cluster true else run

/// Reads the Secrets of a cluster by name; what is known of a cluster without TLS is nothing.
let startReads (input: Input) space cluster run =
    let key = Cache.key space cluster
    let work = Work.ReadSecrets(space, cluster)

    match Looks.secretNames space cluster (sight input run.State) with
    | [] ->
        run
        |> change (fun state -> {
            state with
                Secrets = state.Secrets |> Map.remove key
                PollQueue = state.PollQueue |> Queue.finished work
        })
    | names ->
        let run, awaited =
            names
            |> List.fold
                (fun (run, awaited) name ->
                    let struct (id, run) = fresh run
                    let secret: ObjectRef = { Kind = Kind.Secret; Namespace = space; Name = name }
                    run |> emit (Effect.Read(id, secret)), Map.add id name awaited)
                (run, Map.empty)

        let before =
            run.State.Secrets
            |> Map.tryFind key
            |> Option.map _.Seen
            |> Option.defaultValue Map.empty

        let reads = {
            Namespace = space
            Cluster = cluster
            Awaited = awaited
            Seen =
                names
                |> List.map (fun name ->
                    name, before |> Map.tryFind name |> Option.defaultValue Sighting.Unknown)
                |> Map.ofList
        }

        run
        |> change (fun state -> {
            state with
                SecretReads = state.SecretReads |> Map.add key reads
                OfSecrets = awaited |> Map.fold (fun map id _ -> map |> Map.add id key) state.OfSecrets
        })

let hasReadSecret (input: Input) request outcome run =
    let key = run.State.OfSecrets[request]

    let run =
        run
        |> change (fun state -> { state with OfSecrets = state.OfSecrets |> Map.remove request })

    match run.State.SecretReads |> Map.tryFind key with
    | None -> run
    | Some reads ->
        let name = reads.Awaited[request]
        let reads = { reads with Awaited = reads.Awaited |> Map.remove request }
        let see sighting = { reads with Seen = reads.Seen |> Map.add name sighting }

        let warn problem run =
            run
            |> log LogLevel.Warning "cannot read a Secret" [
                "namespace", reads.Namespace
                "name", name
                "error", problem
            ]

        let reads, run =
            match outcome with
            | Done secret -> see (Sighting.Known(Secret.view secret)), run
            | Refused error when error.Code = 404 -> see Sighting.Absent, run
            | Refused error -> see Sighting.Unknown, run |> warn error.Message
            | Unknown problem -> reads, run |> warn problem

        if reads.Awaited.IsEmpty then
            run |> finish input key reads
        else
            run
            |> change (fun state -> { state with SecretReads = state.SecretReads |> Map.add key reads })
