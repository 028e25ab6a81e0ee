module Tikv.Core.Tests.Operator.ElectionTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words

let private settings = {
    Namespace = "tikv-system"
    Name = "tikv-operator"
    Identity = "one"
    LeaseDuration = TimeSpan.FromSeconds 15L
    RenewDeadline = TimeSpan.FromSeconds 10L
    RetryPeriod = TimeSpan.FromSeconds 2L
}

let private lease: ObjectRef = { Kind = Kind.Lease; Namespace = "tikv-system"; Name = "tikv-operator" }
let private at (seconds: float) = Instant(int64 (seconds * 1000.0))
let private clock = DateTimeOffset(2026, 3, 1, 12, 0, 0, 7, TimeSpan.Zero)

let private held (holder: string) (version: int) =
    json
        $$$"""{"metadata":{"name":"tikv-operator","namespace":"tikv-system","uid":"lease-uid","resourceVersion":"{{{version}}}"},
              "spec":{"holderIdentity":"{{{holder}}}","leaseDurationSeconds":15,"leaseTransitions":4,
                "acquireTime":"2026-03-01T11:00:00.000000Z","renewTime":"2026-03-01T11:59:59.000000Z"}}"""

let private refused code : Outcome<Json> =
    Refused { Code = code; Reason = ""; Message = "no"; Causes = []; RetryAfter = None }

/// What is sent: a read, or who is to hold the lease, by which write.
let private sent (effects: Effect list) =
    effects
    |> List.map (fun effect ->
        let holder body = Json.stringAt [ "spec"; "holderIdentity" ] body |> Option.defaultValue "?"

        match effect with
        | Effect.Read(_, object) when object = lease -> "read"
        | Effect.Write(_, Create(object, body)) when object = lease -> $"create for %s{holder body}"
        | Effect.Write(_, Patch(object, false, body)) when object = lease ->
            let version = Json.stringAt [ "metadata"; "resourceVersion" ] body |> Option.defaultValue "?"
            $"patch %s{version} for %s{holder body}"
        | other -> $"%A{other}")

let private wake seconds number election = Election.wake (at seconds) clock (RequestId number) election

let private hasRead seconds number outcome election =
    Election.hasRead (at seconds) clock (RequestId number) outcome election

let private wrote seconds number outcome election =
    Election.wrote (at seconds) (RequestId number) outcome election

let private fresh = Election.start settings

/// It took the lease at 0 s, as version 2.
let private leader =
    fresh
    |> wake 0.0 1L
    |> fst
    |> hasRead 0.0 2L (Done(held "" 1))
    |> fst
    |> wrote 0.0 3L (Done(held "one" 2))
    |> fst

[<Test>]
let ``the lease is read first, and taken when it is free`` () =
    let election, effects = wake 0.0 1L fresh
    sent effects |> shouldBe [ "read" ]
    let election, effects = hasRead 0.1 2L (Done(held "" 1)) election
    sent effects |> shouldBe [ "patch 1 for one" ]
    Election.leads (at 0.2) election |> shouldBe false
    let election, _ = wrote 0.2 3L (Done(held "one" 2)) election
    Election.leads (at 0.2) election |> shouldBe true

[<Test>]
let ``a lease that does not exist is made`` () =
    let election, _ = wake 0.0 1L fresh
    let election, effects = hasRead 0.0 2L (refused 404) election
    sent effects |> shouldBe [ "create for one" ]
    let election, _ = wrote 0.1 3L (Done(held "one" 1)) election
    Election.leads (at 0.1) election |> shouldBe true

[<Test>]
let ``times of a lease have exactly six fractional digits`` () =
    let election, _ = wake 0.0 1L fresh
    let _, effects = hasRead 0.0 2L (Done(held "" 1)) election

    match effects with
    | [ Effect.Write(_, Patch(_, _, body)) ] ->
        [ "acquireTime"; "renewTime" ]
        |> List.map (fun name -> Json.stringAt [ "spec"; name ] body)
        |> shouldBe (List.replicate 2 (Some "2026-03-01T12:00:00.007000Z"))

        Json.intAt [ "spec"; "leaseTransitions" ] body |> shouldBe (Some 5)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``the lease of another is waited for, by our own clock since its version was first seen`` () =
    // Its times of renewal say that it expired long ago: they are not compared with our clock.
    let look seconds version election =
        let election, effects = wake seconds 1L election
        sent effects |> shouldBe [ "read" ]
        hasRead seconds 2L (Done(held "two" version)) election

    let election, effects = look 0.0 1 fresh
    sent effects |> shouldBe []
    let election, effects = look 14.0 2 election
    sent effects |> shouldBe []
    let election, effects = look 28.9 2 election
    sent effects |> shouldBe []
    let _, effects = wake 30.9 3L election
    sent effects |> shouldBe [ "patch 2 for one" ]

[<Test>]
let ``it is tried again after the retry period, and not before`` () =
    let election, _ = wake 0.0 1L fresh
    let election, _ = hasRead 0.5 2L (Done(held "two" 1)) election
    Election.wakeAt election |> shouldBe (ValueSome(at 2.5))
    wake 2.4 3L election |> snd |> sent |> shouldBe []
    wake 2.5 3L election |> snd |> sent |> shouldBe [ "read" ]

[<Test>]
let ``a leader renews without reading`` () =
    wake 2.0 4L leader |> snd |> sent |> shouldBe [ "patch 2 for one" ]

[<Test>]
let ``leading ends at the renew deadline, counted from when the last renewal was sent`` () =
    let renewing, _ = wake 2.0 4L leader
    let renewed, _ = wrote 5.0 5L (Done(held "one" 3)) renewing

    [ 11.9; 12.0 ]
    |> List.map (fun seconds -> Election.leads (at seconds) renewed)
    |> shouldBe [ true; false ]

    Election.lost (at 12.0) renewed |> shouldBe true

[<Test>]
let ``a leader whose request is not answered is woken at its deadline`` () =
    let renewing, _ = wake 2.0 4L leader
    Election.wakeAt renewing |> shouldBe (ValueSome(at 10.0))

[<Test>]
let ``a conflict or no answer is followed by a read before the next try`` () =
    for outcome in [ refused 409; Unknown "no answer" ] do
        let renewing, _ = wake 2.0 4L leader
        let election, effects = wrote 2.1 5L outcome renewing
        sent effects |> shouldBe [ "read" ]
        let ours, effects = hasRead 2.2 6L (Done(held "one" 3)) election
        sent effects |> shouldBe [ "patch 3 for one" ]
        Election.lost (at 2.2) ours |> shouldBe false

[<Test>]
let ``a lease that another has taken is lost`` () =
    let renewing, _ = wake 2.0 4L leader
    let election, _ = wrote 2.1 5L (refused 409) renewing
    let election, effects = hasRead 2.2 6L (Done(held "two" 3)) election
    sent effects |> shouldBe []

    (Election.leads (at 2.2) election, Election.lost (at 2.2) election)
    |> shouldBe (false, true)

[<Test>]
let ``a lease of an earlier life of the same identity is waited for like another's`` () =
    let election, _ = wake 0.0 1L fresh
    let election, effects = hasRead 0.0 2L (Done(held "one" 1)) election
    (sent effects, Election.leads (at 0.0) election) |> shouldBe ([], false)

[<Test>]
let ``a lease is given back with no holder`` () =
    let releasing = { leader with Releasing = true; NextTry = at 3.0 }
    wake 3.0 4L releasing |> snd |> sent |> shouldBe [ "patch 2 for " ]

    (Election.leads (at 3.0) releasing, Election.lost (at 99.0) releasing)
    |> shouldBe (false, false)
