/// Looks at groups of the cluster `basic`, in which everything is as desired, and small changes of them.
module Tikv.Core.Tests.Group.Given

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
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

    let shared =
        match observed.Role with
        | PD(spec, _) -> Shared.ofPdGroup spec
        | TiKV(spec, _) -> Shared.ofTikvGroup spec

    {
        Meta = {
            Meta.decode body with
                Uid = Uid $"%s{name}-uid"
                ResourceVersion = ResourceVersion "100"
                Generation = 1L
        }
        Index = index
        Topology = topology
        Shared = shared
        Ready = true
        ReadySince = One.ago 600
        Settled = true
        Offline = false
        Removed = false
        Registered = true
        OtherClass = Some false
    }

let service (observed: Observed) (name: string, spec: Json) : string * ServiceView =
    name,
    {
        Meta = {
            One.meta name $"%s{name}-uid" with
                OwnerReferences = [ One.owner (Manifest.kind observed) observed.Meta ]
        }
        Spec = spec
    }

/// All of its instances and Services stand and serve.
let built (observed: Observed) : Observed = {
    observed with
        Instances =
            Rules.wanted observed
            |> Set.toList
            |> List.map (fun index -> index, instance observed index)
            |> Map.ofList
        Services = Manifest.services observed |> List.map (service observed) |> Map.ofList
}

let private bare role meta : Observed = {
    At = Instant 1_000_000L
    Clock = One.clock
    Meta = meta
    Role = role
    Cluster = Some One.cluster
    Instances = Map.empty
    Services = Map.empty
    PdGroups = [ "basic-pd", Some "v8.5.2" ]
    Revisions = []
    Budget = Sighting.Unknown
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

let withTemplate change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) ->
        let inner = { spec.Template.Spec with Component = change spec.Template.Spec.Component }
        { observed with Role = PD({ spec with Template = { spec.Template with Spec = inner } }, status) }
    | TiKV(spec, status) ->
        let inner = { spec.Template.Spec with Component = change spec.Template.Spec.Component }
        { observed with Role = TiKV({ spec with Template = { spec.Template with Spec = inner } }, status) }

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

let suspended observed =
    observed
    |> withClusterSpec (fun spec -> { spec with SuspendAction = { SuspendCompute = true } })

let deleting (observed: Observed) = {
    observed with
        Meta = { observed.Meta with DeletionTimestamp = Some(One.ago 10) }
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
    withInstance index (fun one -> { one with Ready = false; ReadySince = ""; Settled = false })

let unsettled index = withInstance index (fun one -> { one with Settled = false })
let offline index = withInstance index (fun one -> { one with Offline = true })
let unregistered index = withInstance index (fun one -> { one with Registered = false })
let removed index = withInstance index (fun one -> { one with Offline = true; Removed = true })

let ending index =
    withInstance index (fun one -> { one with Meta = { one.Meta with DeletionTimestamp = Some(One.ago 1) } })

let readySince seconds index = withInstance index (fun one -> { one with ReadySince = One.ago seconds })

/// It has an older template than the group's.
let outdated index =
    withInstance index (fun one -> {
        one with
            Shared = "older"
            Meta = { one.Meta with Labels = Map.add Labels.revision "older" one.Meta.Labels }
    })

/// It has the group's template, and older settings.
let oldSettings index = withInstance index (fun one -> { one with Shared = "older" })

// ---- deciding

let decide (observed: Observed) = Reconciler.decide observed
let metaOf index (observed: Observed) = observed.Instances[index].Meta
let act (actions: Action list) : Decision<Action, Reason> = Decision.act actions
let wait (reasons: Reason list) : Decision<Action, Reason> = Decision.wait reasons
let settled: Decision<Action, Reason> = Decision.settled

let update index (observed: Observed) =
    let meta = metaOf index observed
    UpdateInstance(meta, Manifest.update observed meta.Name)

let create initial (indexes: int list) (observed: Observed) =
    List.zip indexes (Manifest.topologies observed indexes.Length)
    |> List.map (fun (index, topology) ->
        CreateInstance(
            Names.instance observed.Meta.Name index,
            Manifest.instance observed initial (index, topology)
        ))
