namespace Tikv.Core.Operator

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Kubernetes

/// Leader election by a Lease. Invariant: LeaseDuration > RenewDeadline > RetryPeriod (client-go's 15 s, 10 s, 2 s).
type ElectionSettings = {
    Namespace: string
    Name: string
    /// Who we are; must differ between any two processes.
    Identity: string
    LeaseDuration: TimeSpan
    RenewDeadline: TimeSpan
    RetryPeriod: TimeSpan
}

/// What a look at the lease showed, and when it was first seen so: its own timestamps are never compared with our clock
/// (U 3.1 item 45).
type LeaseSeen = {
    Version: ResourceVersion
    Uid: Uid
    Holder: string
    Duration: TimeSpan
    Transitions: int
    Acquired: string
    /// When this version was first seen.
    At: Instant
}

type Election = {
    Settings: ElectionSettings
    Seen: LeaseSeen option
    /// When the last successful write of ours was *sent*; we lead until the renew deadline after it.
    Renewed: Instant option
    /// The request in flight, and when it was sent.
    Pending: (RequestId * Instant) option
    NextTry: Instant
    /// Giving the lease back.
    Releasing: bool
}

[<RequireQualifiedAccess>]
module Election =
    let start settings = {
        Settings = settings
        Seen = None
        Renewed = None
        Pending = None
        NextTry = Instant.zero
        Releasing = false
    }

    /// Whether a write may be sent now: the lease is ours, with the margin between renew deadline and lease duration to
    /// spare for its flight. This is not fencing (V K61); the preconditions of every write are.
    let leads now election =
        match election.Renewed, election.Seen with
        | Some renewed, Some seen ->
            not election.Releasing
            && seen.Holder = election.Settings.Identity
            && Instant.since renewed now < election.Settings.RenewDeadline
        | _ -> false

    /// The lease was ours, and is another's or could not be renewed in time: stop writing, and leave.
    let lost now election = election.Renewed.IsSome && not election.Releasing && not (leads now election)

    let wakeAt election =
        match election.Pending, election.Renewed with
        | Some _, Some renewed when not election.Releasing ->
            ValueSome(renewed |> Instant.add election.Settings.RenewDeadline)
        | Some _, _ -> ValueNone
        | None, _ -> ValueSome election.NextTry

    let private object settings = { Kind = Kind.Lease; Namespace = settings.Namespace; Name = settings.Name }

    /// The API server wants exactly six fractional digits (U 3.1 item 47).
    let private microTime (clock: DateTimeOffset) =
        clock.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)

    let private spec (holder: string) (duration: TimeSpan) acquired renewed transitions =
        Json.object [
            "holderIdentity", Json.string holder
            "leaseDurationSeconds", Json.int (int duration.TotalSeconds)
            "acquireTime", Json.string acquired
            "renewTime", Json.string renewed
            "leaseTransitions", Json.int transitions
        ]

    let private patch settings (seen: LeaseSeen) spec =
        let (Uid uid), (ResourceVersion version) = seen.Uid, seen.Version

        Patch(
            object settings,
            false,
            Json.object [
                "metadata", Json.object [ "uid", Json.string uid; "resourceVersion", Json.string version ]
                "spec", spec
            ]
        )

    let private create settings spec =
        Create(
            object settings,
            Json.object [
                "apiVersion", Json.string (Kind.apiVersion Kind.Lease)
                "kind", Json.string (Kind.name Kind.Lease)
                "metadata",
                Json.object [ "name", Json.string settings.Name; "namespace", Json.string settings.Namespace ]
                "spec", spec
            ]
        )

    let private send now request effect election = { election with Pending = Some(request, now) }, [ effect ]

    /// Reads, takes, renews or releases, as the time demands.
    let wake now clock request election =
        let settings = election.Settings

        if election.Pending.IsSome || election.NextTry > now then
            election, []
        else
            match election.Seen with
            | Some seen when election.Releasing ->
                let released =
                    spec "" (TimeSpan.FromSeconds 1L) seen.Acquired (microTime clock) seen.Transitions

                election
                |> send now request (Effect.Write(request, patch settings seen released))
            | Some seen when seen.Holder = settings.Identity && election.Renewed.IsSome ->
                let renewed =
                    spec seen.Holder settings.LeaseDuration seen.Acquired (microTime clock) seen.Transitions

                election
                |> send now request (Effect.Write(request, patch settings seen renewed))
            | Some seen when seen.Holder = "" || Instant.since seen.At now >= seen.Duration ->
                let taken =
                    spec
                        settings.Identity
                        settings.LeaseDuration
                        (microTime clock)
                        (microTime clock)
                        (seen.Transitions + 1)

                election |> send now request (Effect.Write(request, patch settings seen taken))
            | _ -> election |> send now request (Effect.Read(request, object settings))

    let private see now lease election =
        let version =
            lease
            |> Json.stringAt [ "metadata"; "resourceVersion" ]
            |> Option.defaultValue ""
            |> ResourceVersion

        match election.Seen with
        | Some seen when seen.Version = version -> election
        | _ ->
            let text path = lease |> Json.stringAt path |> Option.defaultValue ""
            let number name = lease |> Json.intAt [ "spec"; name ]

            {
                election with
                    Seen =
                        Some {
                            Version = version
                            Uid = Uid(text [ "metadata"; "uid" ])
                            Holder = text [ "spec"; "holderIdentity" ]
                            Duration =
                                number "leaseDurationSeconds"
                                |> Option.map (float >> TimeSpan.FromSeconds)
                                |> Option.defaultValue election.Settings.LeaseDuration
                            Transitions = number "leaseTransitions" |> Option.defaultValue 0
                            Acquired = text [ "spec"; "acquireTime" ]
                            At = now
                        }
            }

    let private again now election = {
        election with
            Pending = None
            NextTry = now |> Instant.add election.Settings.RetryPeriod
    }

    /// A look at the lease. When it can be taken, that is tried at once.
    let hasRead now clock next outcome election =
        match outcome with
        | Done lease ->
            let election = { (again now election |> see now lease) with NextTry = now }

            match election.Seen with
            | Some seen when
                seen.Holder <> ""
                && (seen.Holder <> election.Settings.Identity || election.Renewed.IsNone)
                && Instant.since seen.At now < seen.Duration
                ->
                again now election, []
            | _ -> wake now clock next election
        | Refused error when error.Code = 404 && election.Renewed.IsNone && not election.Releasing ->
            let settings = election.Settings
            let time = microTime clock
            let ours = spec settings.Identity settings.LeaseDuration time time 0

            { again now election with Seen = None }
            |> send now next (Effect.Write(next, create settings ours))
        | Refused _
        | Unknown _ -> again now election, []

    /// The answer to a write of ours. A conflict, or no answer, needs another look before the next try.
    let wrote now next outcome election =
        let sent = election.Pending |> Option.map snd |> Option.defaultValue now

        match outcome with
        | Done lease -> { (again now election |> see now lease) with Renewed = Some sent }, []
        | Refused _
        | Unknown _ ->
            if election.Releasing then
                again now election, []
            else
                { election with Pending = None }
                |> send now next (Effect.Read(next, object election.Settings))
