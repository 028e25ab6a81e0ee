namespace Tikv.Core.Tests.Cluster

open FsCheck
open FsCheck.FSharp
open FsCheck.NUnit
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Cluster
open Tikv.Core.Tests.Cluster

/// Any look at a Cluster that the world can show.
type Looks =
    static member private Changes: (Observed -> Observed) list = [
        Given.withoutId
        Given.withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })
        Given.withFacts (fun facts -> { facts with Stores = [] })
        Given.withDisruption
        (fun observed -> { observed with HolderExists = observed.Status.Disruption.IsNone })
        Given.withGroup Kind.PDGroup (Given.notReady "a")
        Given.withGroup Kind.TiKVGroup (Given.notReady "")
        Given.withGroup Kind.TiKVGroup Given.ending
        (fun observed -> {
            observed with
                Groups = observed.Groups |> List.filter (fun group -> group.Kind = Kind.PDGroup)
        })
        (fun observed -> {
            observed with
                Groups = observed.Groups |> List.filter (fun group -> group.Kind = Kind.TiKVGroup)
        })
        (fun observed -> { observed with PdUrls = [] })
        (fun observed -> { observed with Meta = { observed.Meta with Finalizers = [] } })
        Given.stopped [ Component.TiKV ]
        Given.withGroup Kind.TiKVGroup (Given.asleepAt 1L)
        Given.withGroup Kind.PDGroup (Given.asleepAt 1L)
        Given.withGroup Kind.PDGroup Given.ending
        Given.deleting
        Given.suspended
        Given.paused
        Given.silent
        (fun observed -> { observed with Pd = PdView.Unasked })
    ]

    static member Observed() : Arbitrary<Observed> =
        gen {
            let! count = Gen.choose (0, 6)
            let! happened = Gen.listOfLength count (Gen.choose (0, Looks.Changes.Length - 1))

            return
                happened
                |> List.distinct
                |> List.sort
                |> List.fold (fun observed index -> Looks.Changes[index] observed) Given.basic
        }
        |> Arb.fromGen

module PropertyTests =

    let private decide = Given.decide

    /// What a Cluster is to be, said without its rules.
    let private asDesired (observed: Observed) =
        let ready kind =
            observed.Groups
            |> List.exists (fun group ->
                group.Kind = kind
                && Condition.isTrue ConditionType.Ready group.Status.Conditions)

        if observed.Meta.DeletionTimestamp.IsSome then
            observed.Groups.IsEmpty && observed.Meta.Finalizers.IsEmpty
        else
            (match observed.Pd with
             | PdView.Answered facts -> observed.Status.Id = Some facts.ClusterId
             | PdView.Silent _
             | PdView.Unasked -> false)
            && not observed.Meta.Finalizers.IsEmpty
            && not observed.Spec.Paused
            && not observed.Spec.SuspendAction.SuspendCompute
            && observed.HolderExists
            && ready Kind.PDGroup
            && ready Kind.TiKVGroup

    [<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
    let ``a Cluster that is not as desired says why`` (observed: Observed) =
        asDesired observed || not (Decision.isSettled (decide observed))

    [<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
    let ``no decision on a Cluster breaks a law`` (observed: Observed) =
        Lint.cluster observed (decide observed).Actions = []

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``deciding twice decides the same`` (observed: Observed) = decide observed = decide observed

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``a status that was written is not written again`` (observed: Observed) =
        let decision = decide observed
        let _, first = Report.status observed decision

        match Codec.decode<ClusterStatus> [ "status" ] first with
        | Ok status ->
            let old, now = Report.status { observed with Status = status } decision
            old = now
        | Error problems -> failwith $"%A{problems}"

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``while PD is silent, a Cluster never says that it is Ready or Available`` (observed: Observed) =
        let observed = Given.silent observed
        let _, now = Report.status observed (decide observed)

        match Codec.decode<ClusterStatus> [ "status" ] now with
        | Ok status ->
            Condition.status ConditionType.Ready status.Conditions <> ConditionStatus.True
            && Condition.status ConditionType.Available status.Conditions
               <> ConditionStatus.True
        | Error problems -> failwith $"%A{problems}"
