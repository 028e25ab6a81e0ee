/// Looks at groups of the cluster `basic`, in which everything is as desired, and small changes of them.
module Tikv.Core.Tests.Group.Given

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Group
open Tikv.Core.Tests.Api
open Tikv.Core.Tests.Words

module One = Tikv.Core.Tests.Instance.Given

let private own (name: string) = { One.meta name $"%s{name}-uid" with Finalizers = [ Labels.finalizer ] }

/// The instance of that index, as the group would make it now: it serves.
let instance (observed: Observed) index : InstanceView =
    let name = Names.instance observed.Meta.Name index
    let topology = Map.empty
    let body = Manifest.instance observed [] (index, topology)

    {
        Meta = {
            Meta.decode body with
                Uid = Uid $"%s{name}-uid"
                ResourceVersion = ResourceVersion "100"
                Generation = 1L
        }
        Index = index
        Topology = topology
        Pod = name
        Shared = Shared.wanted observed
        Process = Shared.wantedProcess observed
        Ready = true
        ReadySince = One.ago 600
        Settled = true
        Current = Some(Shared.revision observed)
        Fails = false
        Broken = false
        Leads = false
        Offline = false
        Removed = false
        Registered = true
        Waits = None
        Domain = Some $"node-%d{index}"
        OtherClass = Some false
        SuspendedAt = None
        PodWord = PodWord.Ready
        Unready = None
        Stalled = false
    }

let service (observed: Observed) (name: string, spec: Json) : string * ServiceView =
    name,
    {
        Meta = {
            One.meta name $"%s{name}-uid" with
                OwnerReferences = [ One.owner (Manifest.kind observed) observed.Meta ]
        }
        Spec =
            spec
            |> Json.membersAt []
            |> List.filter (fun (_, value) -> value <> Json.Null)
            |> Json.object
    }

/// The group's present template, as it is kept under a number.
let revision (observed: Observed) number : RevisionView =
    match (Revisions.kept { observed with Revisions = [] }).Actions with
    | [ CreateRevision(name, body) ] ->
        let read = View.revision body

        { read with Revision = number; Meta = { read.Meta with Uid = Uid $"%s{name}-uid" } }
    | other -> failwith $"%A{other}"

let withStatus change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD(spec, change status) }
    | TiKV(spec, status) -> { observed with Role = TiKV(spec, change status) }

/// All of its instances and Services stand and serve.
let built (bare: Observed) : Observed =
    let observed =
        bare
        |> withStatus (fun status -> { status with CurrentRevision = Some(Shared.revision bare) })

    {
        observed with
            Instances =
                (Plan.ofGroup observed).New
                |> List.map (fun index -> index, instance observed index)
                |> Map.ofList
            Services = Manifest.services observed |> List.map (service observed) |> Map.ofList
            Revisions = [ revision observed 1L ]
    }

let pdGroup name reached : PdGroupView = {
    Name = name
    Wanted = "v8.5.2"
    Reached = reached
    Deleting = false
}

let private bare role meta : Observed = {
    At = Instant 1_000_000L
    Clock = One.clock
    Meta = meta
    Role = role
    Cluster = Some One.cluster
    Instances = Map.empty
    Unreadable = Set.empty
    Services = Map.empty
    PdGroups = [ pdGroup "basic-pd" (Some "v8.5.2") ]
    Revisions = []
    Budget = Sighting.Unknown
    OtherBudgets = []
    Secrets = Map.empty
    Pd = PdView.Answered One.facts
    Retained = Set.empty
    LeavingElsewhere = []
    Prints = Derived.none
}

let barePd =
    let read = sound (Codec.pdGroup Samples.pdGroup)
    bare (PD({ read.Spec with Bootstrapped = true }, read.Status)) (own "basic-pd")

let bareTikv =
    let read = sound (Codec.tikvGroup Samples.tikvGroup)
    bare (TiKV(read.Spec, { read.Status with Version = Some "v8.5.2" })) (own "basic-tikv")

/// Three members, of which each has joined.
let pd = built barePd

/// Three stores.
let tikv = built bareTikv

// ---- changes

let withSettings change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD({ spec with Group = change spec.Group }, status) }
    | TiKV(spec, status) -> { observed with Role = TiKV({ spec with Group = change spec.Group }, status) }

let replicas count = withSettings (fun settings -> { settings with Replicas = count })
let without indexes = withSettings (fun settings -> { settings with OfflineIndexes = indexes })

/// The revision of the present template is kept, under the highest number.
let recorded (observed: Observed) =
    let next = revision observed (int64 observed.Revisions.Length + 1L)

    if observed.Revisions |> List.exists (fun one -> one.Meta.Name = next.Meta.Name) then
        observed
    else
        { observed with Revisions = observed.Revisions @ [ next ] }

let withTemplate change (observed: Observed) =
    (match observed.Role with
     | PD(spec, status) ->
         let inner = { spec.Template.Spec with Component = change spec.Template.Spec.Component }
         { observed with Role = PD({ spec with Template = { spec.Template with Spec = inner } }, status) }
     | TiKV(spec, status) ->
         let inner = { spec.Template.Spec with Component = change spec.Template.Spec.Component }
         { observed with Role = TiKV({ spec with Template = { spec.Template with Spec = inner } }, status) })
    |> recorded

let version text = withTemplate (fun template -> { template with Version = text })

let notBootstrapped (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD({ spec with Bootstrapped = false }, status) }
    | TiKV _ -> observed

let withClusterSpec change (observed: Observed) = {
    observed with
        Cluster =
            observed.Cluster
            |> Option.map (fun cluster -> { cluster with Spec = change cluster.Spec })
}

let withoutClusterId (observed: Observed) = {
    observed with
        Cluster =
            observed.Cluster
            |> Option.map (fun cluster -> { cluster with Status = { cluster.Status with Id = None } })
}

let paused observed = observed |> withClusterSpec (fun spec -> { spec with Paused = true })

let withCluster change (observed: Observed) = {
    observed with
        Cluster = observed.Cluster |> Option.map change
}

let deletingCluster (cluster: Object<ClusterSpec, ClusterStatus>) = {
    cluster with
        Meta = { cluster.Meta with DeletionTimestamp = Some(One.ago 10) }
}

let suspended observed =
    observed
    |> withClusterSpec (fun spec -> { spec with SuspendAction = { SuspendCompute = true } })

let deleting (observed: Observed) = {
    observed with
        Meta = { observed.Meta with DeletionTimestamp = Some(One.ago 10) }
}

let endingCluster (observed: Observed) = {
    observed with
        Cluster =
            observed.Cluster
            |> Option.map (fun cluster -> {
                cluster with
                    Meta = { cluster.Meta with DeletionTimestamp = Some(One.ago 10) }
            })
}

let abandoned (observed: Observed) = {
    observed with
        Meta = { observed.Meta with Annotations = Map [ Annotations.abandon, "true" ] }
}

let withInstance index change (observed: Observed) = {
    observed with
        Instances = observed.Instances |> Map.change index (Option.map change)
}

let withoutInstance index (observed: Observed) = {
    observed with
        Instances = Map.remove index observed.Instances
}

/// Instances that exist beside those that are wanted.
let withSurplus indexes (observed: Observed) = {
    observed with
        Instances =
            (observed.Instances, indexes)
            ||> List.fold (fun all index -> Map.add index (instance observed index) all)
}

let notReady index =
    withInstance index (fun one -> {
        one with
            Ready = false
            ReadySince = ""
            Settled = false
            Fails = true
            Unready = Some(One.ago 10)
    })

/// Nobody can say whether it serves: PD is silent.
let unknown index =
    withInstance index (fun one -> {
        one with
            Ready = false
            ReadySince = ""
            Settled = false
            Unready = Some(One.ago 10)
    })

/// Its process does not run.
let broken index = notReady index >> withInstance index (fun one -> { one with Broken = true })

/// It has the template, and has not been ready with it yet.
let unproven index =
    notReady index
    >> withInstance index (fun one -> { one with Current = Some "older" })

let leads index = withInstance index (fun one -> { one with Leads = true })

let annotated key value index =
    withInstance index (fun one -> {
        one with
            Meta = { one.Meta with Annotations = Map.add key value one.Meta.Annotations }
    })

let priority number = annotated Annotations.priority (string number)
let deferred index = annotated Annotations.deferDelete "true" index
let retained indexes (observed: Observed) = { observed with Retained = Set.ofList indexes }

let zoned zones (observed: Observed) =
    (observed, List.indexed zones)
    ||> List.fold (fun observed (index, zone: string) ->
        observed
        |> withInstance index (fun one -> { one with Topology = Map [ "zone", zone ] }))

let unsettled index = withInstance index (fun one -> { one with Settled = false })
let offline index = withInstance index (fun one -> { one with Offline = true })
let unregistered index = withInstance index (fun one -> { one with Registered = false })
let removed index = withInstance index (fun one -> { one with Offline = true; Removed = true })

let ending index =
    withInstance index (fun one -> { one with Meta = { one.Meta with DeletionTimestamp = Some(One.ago 1) } })

let readySince seconds index = withInstance index (fun one -> { one with ReadySince = One.ago seconds })

let waits why index = withInstance index (fun one -> { one with Waits = Some why })

/// It has an older template than the group's.
let outdated index =
    withInstance index (fun one -> {
        one with
            Shared = "older"
            Process = "older"
            Current = Some "older"
            Meta = { one.Meta with Labels = Map.add Labels.revision "older" one.Meta.Labels }
    })

/// It has the group's template, and older settings.
let oldSettings index = withInstance index (fun one -> { one with Shared = "older" })

/// Its Pod is gone by suspension, as it has said at that generation of the Cluster.
let asleep generation index = withInstance index (fun one -> { one with SuspendedAt = Some generation })

let withBudget change (observed: Observed) : Observed = {
    observed with
        Budget =
            Sighting.Known(
                change {
                    Meta = {
                        One.meta observed.Meta.Name "budget-uid" with
                            OwnerReferences = [ One.owner (Manifest.kind observed) observed.Meta ]
                    }
                    Spec =
                        Budget.wanted observed
                        |> Option.defaultValue Json.empty
                        |> Json.withoutField "maxUnavailable"
                    Allowed = 0
                }
            )
}

/// The instances have been told that they may go without PD.
let told (observed: Observed) =
    (observed, observed.Instances |> Map.keys)
    ||> Seq.fold (fun observed index -> annotated Annotations.abandon "true" index observed)

// ---- the evidence that such a look gives

let private seen evidence =
    match evidence with
    | Some evidence -> evidence
    | None -> failwith "nothing is there to be seen"

let takeOffline index (observed: Observed) =
    match Evidence.noStoreLeaves observed with
    | Ok quiet -> TakeOffline(observed.Instances[index].Meta, quiet)
    | Error other -> failwith other

/// By the grounds that a rule would have.
let delete index (observed: Observed) =
    let one = observed.Instances[index]

    let grounds =
        Evidence.abandonAsked observed
        |> Option.bind (fun asked -> Evidence.givenUp asked one)
        |> Option.orElse (Evidence.withCluster observed)
        |> Option.orElse (Evidence.oneMember observed |> Result.toOption)
        |> Option.orElse (Evidence.apart one)

    DeleteInstance(one.Meta, seen grounds)

let abandon index (observed: Observed) =
    AbandonInstance(observed.Instances[index].Meta, seen (Evidence.abandonAsked observed))

let removeFinalizer (observed: Observed) =
    RemoveFinalizer(seen (Evidence.noneLeft { observed with Instances = Map.empty }))

// ---- deciding

let decide (observed: Observed) = Reconciler.decide observed
let metaOf index (observed: Observed) = observed.Instances[index].Meta
let act (actions: Action list) : Decision<Action, Reason> = Decision.act actions
let wait (reasons: Reason list) : Decision<Action, Reason> = Decision.wait reasons
let settled: Decision<Action, Reason> = Decision.settled

let update index (observed: Observed) =
    let meta = metaOf index observed
    UpdateInstance(meta, Manifest.update observed meta)

let create initial (indexes: int list) (observed: Observed) =
    List.zip indexes (Spread.next (Manifest.settings observed) (Plan.ofGroup observed).Staying indexes.Length)
    |> List.map (fun (index, topology) ->
        CreateInstance(
            Names.instance observed.Meta.Name index,
            Manifest.instance observed initial (index, topology)
        ))

/// It is there, and its object cannot be read.
let unreadable index (observed: Observed) =
    let observed = withoutInstance index observed
    { observed with Unreadable = Set.add index observed.Unreadable }
