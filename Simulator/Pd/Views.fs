namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// The model's records as PD's API shows them.
[<RequireQualifiedAccess>]
module Views =

    let memberOf (one: EtcdMember) : Member = {
        Id = one.Id
        Name = one.Name
        PeerUrls = [ one.PeerUrl ]
        ClientUrls = one.ClientUrls
        LeaderPriority = one.Priority
        Version = one.Version
    }

    let leader (group: PdGroup) =
        Leaders.leader group
        |> Option.bind (fun id -> Map.tryFind id group.Members)
        |> Option.map memberOf

    let members (group: PdGroup) : Members = {
        ClusterId = group.ClusterId |> Option.defaultValue (ClusterId 0UL)
        Members = group.Members |> Map.toList |> List.map (snd >> memberOf)
        Leader = leader group
        EtcdLeader = leader group
    }

    /// As the member that is asked finds the others.
    let health (world: PdWorld) (from: string) (group: PdGroup) : MemberHealth list =
        let answers id =
            world.Members
            |> Map.exists (fun _ one ->
                one.State = ProcessState.Running
                && Network.meet from one.Start.Process world
                && one.Disk = Some { Group = group.Id; Member = id })

        group.Members
        |> Map.toList
        |> List.map (fun (id, one) -> {
            Id = id
            Name = one.Name
            ClientUrls = one.ClientUrls
            Health = answers id
        })

    let private storeState (store: StoreRecord) =
        match store.NodeState with
        | NodeState.Preparing
        | NodeState.Serving -> StoreState.Up
        | NodeState.Removing -> StoreState.Offline
        | NodeState.Removed -> StoreState.Tombstone

    let private nanoseconds (world: PdWorld) at = (world.Epoch + at) * 1_000_000L

    let store (world: PdWorld) now (cluster: PdCluster) (one: StoreRecord) : Store =
        let reported = Stores.reported now cluster

        let regions =
            if now < cluster.ReportedAt then Regions.peers one.Id reported else Fidelity.peers one.Id cluster

        let size = int64 regions * world.Timings.RegionSizeMiB
        let beat = Stores.lastBeat world.Timings now one

        {
            Id = one.Id
            Address = one.Address
            PeerAddress = one.Address
            StatusAddress = one.StatusAddress
            Version = one.Version
            StoreState = storeState one
            NodeState = one.NodeState
            StateName = Stores.stateName world.Timings now cluster one
            LastHeartbeat = beat |> ValueOption.toOption |> Option.map (nanoseconds world)
            StartTimestamp = one.StartTimestamp
            Labels = one.Labels
            Leaders = Regions.leaders one.Id reported
            Regions = regions
            RegionSize = size
            PendingPeers = Fidelity.pending now one cluster
            Capacity = if beat.IsSome then one.Capacity else 0L
            Available = if beat.IsSome then max 0L (one.Capacity - size * 1_048_576L) else 0L
            PhysicallyDestroyed = one.PhysicallyDestroyed
        }

    let stores (world: PdWorld) now (cluster: PdCluster) : Store list =
        cluster.Stores |> Map.toList |> List.map (snd >> store world now cluster)
