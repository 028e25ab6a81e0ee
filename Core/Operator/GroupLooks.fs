/// One look at one group.
module Tikv.Core.Operator.GroupLooks

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Looks

/// Whether PD lists a member, or a store that it has not let go, by the name of that Pod.
let private isListed pod view =
    match view with
    | PdView.Answered facts ->
        facts.Members |> List.exists (fun one -> one.Name = pod)
        || facts.Stores
           |> List.exists (fun store ->
               store.NodeState <> NodeState.Removed
               && store.Address.StartsWith(pod + ".", StringComparison.Ordinal))
    | PdView.Silent _
    | PdView.Unasked -> false

/// The indexes among the next ones to be used whose claims were made in this life of the group, and whose instance has
/// left: PD has let go whom the data belonged to. Claims of an earlier life of the group count as brought back on purpose.
let private retained sight (meta: Meta) (settings: GroupSettings) (template: ComponentTemplate) pd instances =
    let offline = Set.ofList settings.OfflineIndexes

    let staying =
        instances
        |> Map.filter (fun index (one: Group.InstanceView) ->
            one.Meta.DeletionTimestamp.IsNone
            && not one.Removed
            && not (Set.contains index offline))
        |> Map.count

    let isLeft index =
        let pod = Names.instance meta.Name index

        template.Volumes
        |> List.exists (fun volume ->
            sight.Cache.Claims
            |> Map.tryFind (Cache.key meta.Namespace $"%s{volume.Name}-%s{pod}")
            |> Option.exists (fun claim ->
                String.CompareOrdinal(claim.Meta.CreationTimestamp, meta.CreationTimestamp) >= 0))
        && not (isListed pod pd)

    let rec find left index found =
        if left <= 0 then found
        elif Map.containsKey index instances || Set.contains index offline then find left (index + 1) found
        elif isLeft index then find left (index + 1) (Set.add index found)
        else find (left - 1) (index + 1) found

    // Failover may make so many more.
    find (settings.Replicas - staying + settings.Failover.MaxReplacements) 0 Set.empty

/// The stores of the other groups of a cluster that are on their way out; and those groups that have too many stores and
/// come before this one in the order of their names, so that two of them do not both begin.
let private leavingElsewhere space cluster (meta: Meta) sight =
    let others =
        tikvGroups space cluster sight
        |> List.filter (fun group -> group.Meta.Name <> meta.Name)
        |> List.map (fun group ->
            group,
            Cache.instancesOf Kind.TiKV space group.Meta.Name sight.Cache
            |> Map.toList
            |> List.map snd
            |> List.filter (fun one -> one.Registered && not one.Removed))

    let leaving =
        others
        |> List.collect snd
        |> List.filter (fun one -> one.Offline || one.Meta.DeletionTimestamp.IsSome)
        |> List.map _.Meta.Name

    let hasSurplus (group: Object<TiKVGroupSpec, TiKVGroupStatus>, stores: Group.InstanceView list) =
        let named, others =
            stores
            |> List.filter (Group.Plan.deferred >> not)
            |> List.partition (fun one -> List.contains one.Index group.Spec.Group.OfflineIndexes)

        String.CompareOrdinal(group.Meta.Name, meta.Name) < 0
        && (not named.IsEmpty || others.Length > group.Spec.Group.Replicas)

    leaving
    @ (others |> List.filter hasSurplus |> List.map (fun (group, _) -> group.Meta.Name))

/// A process that has just got its node is given so long to be heard from, however long it had none (L F28).
let private untilHeard = TimeSpan.FromMinutes 10.0

let private isFresh sight (pod: PodView) =
    Timestamp.tryParse pod.ScheduledSince
    |> Option.exists (fun since -> sight.Clock - since < untilHeard)

/// An instance with what its Pod and PD say of its process now. One whose Pod is not there has no process.
let private lively sight pd (one: Group.InstanceView) : Group.InstanceView =
    let pod = sight.Cache.Pods |> Map.tryFind (Cache.key one.Meta.Namespace one.Pod)

    {
        one with
            PodWord =
                match pod with
                | None -> Group.PodWord.Pending
                | Some pod when pod.Meta.DeletionTimestamp.IsSome -> Group.PodWord.Down
                | Some pod when isFresh sight pod -> Group.PodWord.Pending
                | Some pod when pod.Ready -> Group.PodWord.Ready
                | Some pod when pod.Phase = "Pending" || pod.Phase = "" -> Group.PodWord.Pending
                | Some _ -> Group.PodWord.Down
            Broken = pod |> Option.forall (fun pod -> not pod.Running)
            Leads =
                match pd with
                | PdView.Answered facts ->
                    facts.Members
                    |> List.exists (fun other -> other.IsLeader && other.Name = one.Pod)
                | PdView.Silent _
                | PdView.Unasked -> one.Leads
            Domain =
                one.Domain
                |> Option.orElse (pod |> Option.map _.Node |> Option.filter (fun node -> node <> ""))
    }

/// Of a group that cannot be read, the version that it has reached is the one that it wants.
let private pdGroupViews space cluster sight : Group.PdGroupView list =
    let ofReadable (group: Object<PDGroupSpec, PDGroupStatus>) : Group.PdGroupView = {
        Name = group.Meta.Name
        Wanted = group.Spec.Template.Spec.Component.Version
        Reached = group.Status.Version
        Deleting = group.Meta.DeletionTimestamp.IsSome
    }

    let ofUnreadable (group: Held<PDGroupSpec, PDGroupStatus>) : Group.PdGroupView =
        let reached = Json.stringAt [ "version" ] group.Status

        {
            Name = group.Meta.Name
            Wanted = reached |> Option.defaultValue ""
            Reached = reached
            Deleting = group.Meta.DeletionTimestamp.IsSome
        }

    (pdGroups space cluster sight |> List.map ofReadable)
    @ (unreadablePdGroups space cluster sight |> List.map ofUnreadable)
    |> List.sortBy _.Name

/// The PodDisruptionBudgets beside the group's own that select one of its Pods.
let private otherBudgets sight (meta: Meta) (instances: Map<int, Group.InstanceView>) =
    let pods =
        lazy
            (instances
             |> Map.toList
             |> List.choose (fun (_, one) ->
                 sight.Cache.Pods |> Map.tryFind (Cache.key meta.Namespace one.Pod)))

    foreignBudgets sight meta.Namespace pods
    |> List.map _.Meta.Name
    |> List.filter (fun name -> name <> meta.Name)

/// The indexes of those instances of a group that are there and cannot be read; what cluster they are of, their labels say.
let private unreadableInstances sight (meta: Meta) (settings: GroupSettings) kind instances =
    let peers = Cache.peersOf kind meta.Namespace settings.Cluster.Name sight.Cache

    let isUnreadable name =
        let key = Cache.key meta.Namespace name

        match kind with
        | Kind.PD -> sight.Cache.Pds |> Map.tryFind key |> Option.exists _.View.IsNone
        | _ -> sight.Cache.Tikvs |> Map.tryFind key |> Option.exists _.View.IsNone

    if Map.count peers <= Map.count instances then
        Set.empty
    else
        peers.Values
        |> Seq.filter isUnreadable
        |> Seq.choose (Names.indexOf meta.Name)
        |> Set.ofSeq

let private group sight (meta: Meta) role (settings: GroupSettings) template instanceKind : Group.Observed =
    let space = meta.Namespace
    let pd = pdView space settings.Cluster.Name sight
    let cluster = cluster space settings.Cluster.Name sight

    let ofComponent =
        match instanceKind with
        | Kind.PD -> Component.PD
        | _ -> Component.TiKV

    let instances =
        Cache.instancesOf instanceKind space meta.Name sight.Cache
        |> Map.map (fun _ one -> lively sight pd one)

    let services =
        [ meta.Name; Group.Manifest.peerService meta.Name ]
        |> List.choose (fun name ->
            sight.Cache.Services
            |> Map.tryFind (Cache.key space name)
            |> Option.map (fun service -> name, service))
        |> Map.ofList

    {
        At = sight.At
        Clock = sight.Clock
        Meta = meta
        Role = role
        Cluster = cluster
        Instances = instances
        Services = services
        PdGroups = pdGroupViews space settings.Cluster.Name sight
        Revisions =
            sight.Cache.Revisions
            |> Map.toList
            |> List.map snd
            |> List.filter (fun revision ->
                revision.Meta.Namespace = space
                && revision.Meta.OwnerReferences
                   |> List.exists (fun owner -> owner.Controller && owner.Uid = meta.Uid))
            |> List.sortBy _.Revision
        Budget =
            Cache.sighting
                Kind.PodDisruptionBudget
                sight.Cache.Budgets
                (Cache.key space meta.Name)
                sight.Cache
        OtherBudgets = otherBudgets sight meta instances
        Pd = pd
        Secrets = secretsNamed cluster (Defaults.tlsSecrets ofComponent meta.Name template) sight
        Unreadable = unreadableInstances sight meta settings instanceKind instances
        Retained = retained sight meta settings template pd instances
        LeavingElsewhere =
            match instanceKind with
            | Kind.TiKV -> leavingElsewhere space settings.Cluster.Name meta sight
            | _ -> []
        Prints =
            sight.Cache
            |> Cache.groupPrints (if instanceKind = Kind.PD then Kind.PDGroup else Kind.TiKVGroup) meta
    }

let pdGroup sight (object: Object<PDGroupSpec, PDGroupStatus>) =
    group
        sight
        object.Meta
        (Group.PD(object.Spec, object.Status))
        object.Spec.Group
        object.Spec.Template.Spec.Component
        Kind.PD

let tikvGroup sight (object: Object<TiKVGroupSpec, TiKVGroupStatus>) =
    group
        sight
        object.Meta
        (Group.TiKV(object.Spec, object.Status))
        object.Spec.Group
        object.Spec.Template.Spec.Component
        Kind.TiKV
