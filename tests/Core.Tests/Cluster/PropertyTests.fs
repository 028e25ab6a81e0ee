namespace Tikv.Core.Tests.Cluster

open FsCheck
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Cluster
open Tikv.Core.Tests
open Tikv.Core.Tests.Cluster

/// Any look at a Cluster that the world can show: what is desired with any subset of what is not.
type Looks =
    static member private Only kind (observed: Observed) = {
        observed with
            Groups = observed.Groups |> List.filter (fun group -> group.Kind = kind)
    }

    /// Each of these may have happened, in this order.
    static member private Changes: (string * (Observed -> Observed)) list = [
        "no cluster id", Given.withoutId
        "another cluster answers", Given.withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })
        "no stores", Given.withFacts (fun facts -> { facts with Stores = [] })
        "a disruption", Given.withDisruption
        "its holder is gone",
        (fun observed -> { observed with HolderExists = observed.Status.Disruption.IsNone })
        "PD is not ready", Given.withGroup Kind.PDGroup (Given.notReady "a")
        "TiKV is not ready", Given.withGroup Kind.TiKVGroup (Given.notReady "")
        "TiKV ends", Given.withGroup Kind.TiKVGroup Given.ending
        "no TiKV", Looks.Only Kind.PDGroup
        "no PD", Looks.Only Kind.TiKVGroup
        "no address of PD", (fun observed -> { observed with PdUrls = [] })
        "no finalizer", (fun observed -> { observed with Meta = { observed.Meta with Finalizers = [] } })
        "TiKV has stopped", Given.stopped [ Component.TiKV ]
        "TiKV sleeps", Given.withGroup Kind.TiKVGroup (Given.asleepAt 1L)
        "PD sleeps", Given.withGroup Kind.PDGroup (Given.asleepAt 1L)
        "PD ends", Given.withGroup Kind.PDGroup Given.ending
        "it is deleted", Given.deleting
        "suspended", Given.suspended
        "paused", Given.paused
        "PD is silent", Given.silent
        "PD was not asked", (fun observed -> { observed with Pd = PdView.Unasked })
    ]

    static member private Starts = [ "a Cluster", Given.basic ]

    static member Look() : Arbitrary<Look<Observed>> = Look.any 6 Looks.Starts Looks.Changes

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
    let ``a Cluster that is not as desired says why`` (Look.At observed) =
        asDesired observed || not (Decision.isSettled (decide observed))

    [<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
    let ``no decision on a Cluster breaks a law`` (Look.At observed) =
        Lint.cluster observed (decide observed).Actions = []

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``deciding twice decides the same`` (Look.At observed) = decide observed = decide observed

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``a status that was written is not written again`` (Look.At observed) =
        let decision = decide observed
        let _, first = Report.status observed decision

        match Codec.decode<ClusterStatus> [ "status" ] first with
        | Ok status ->
            let old, now = Report.status { observed with Status = status } decision
            old = now
        | Error problems -> failwith $"%A{problems}"

    [<Property(Arbitrary = [| typeof<Looks> |])>]
    let ``while PD is silent, a Cluster never says that it is Ready or Available`` (Look.At observed) =
        let observed = Given.silent observed
        let _, now = Report.status observed (decide observed)

        match Codec.decode<ClusterStatus> [ "status" ] now with
        | Ok status ->
            Condition.status ConditionType.Ready status.Conditions <> ConditionStatus.True
            && Condition.status ConditionType.Available status.Conditions
               <> ConditionStatus.True
        | Error problems -> failwith $"%A{problems}"
