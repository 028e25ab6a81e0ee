namespace Tikv.Simulator.Pd

open System
open Tikv.Core

/// What happens to the regions of a cluster from outside, at the level of fidelity that it stands at: by class (L1), or
/// one by one (L2). The classes stand in both, so that all who look at regions find them: in L2 they are what the single
/// regions come to.
[<RequireQualifiedAccess>]
module Fidelity =

    let private never = Int64.MaxValue

    // ---- what is told of regions

    /// Peers on a store; in L2 learners and those on their way out, too.
    let peers store (cluster: PdCluster) =
        match cluster.Singles with
        | None -> Regions.peers store cluster.Regions
        | Some singles -> Singles.peers store singles

    /// Regions that have no majority of living voters.
    let unavailable raft (cluster: PdCluster) =
        match cluster.Singles with
        | None -> Regions.unavailable raft cluster.Regions
        | Some singles -> Singles.unavailable raft singles

    /// Peers on a store that are behind.
    let pending now (store: StoreRecord) (cluster: PdCluster) =
        match cluster.Singles with
        | None when store.CaughtUpAt > now -> Regions.peers store.Id cluster.Regions
        | None -> 0
        | Some singles ->
            singles
            |> Singles.count (fun region ->
                region.Peers
                |> List.exists (fun peer -> peer.Store = store.Id && not (Singles.hasCaughtUp now peer)))

    // ---- from one level to the other

    /// The classes of regions of which only some have changed.
    let private reclassified (before: Singles) (after: Singles) (classes: Map<RegionClass, int>) =
        (classes, after.Regions)
        ||> Map.fold (fun classes id region ->
            match Map.tryFind id before.Regions with
            | Some old when LanguagePrimitives.PhysicalEquality old region -> classes
            | Some old ->
                let was, is = Singles.classOf old, Singles.classOf region
                if was = is then classes else Regions.move 1 was is classes
            | None -> Counts.add (Singles.classOf region) 1 classes)

    /// Single regions, with the classes that they come to: the very same ones where these have not changed.
    let put (singles: Singles) (cluster: PdCluster) =
        let classes =
            match cluster.Singles with
            | None -> Singles.classes singles
            | Some before when LanguagePrimitives.PhysicalEquality before.Regions singles.Regions ->
                cluster.Regions
            | Some before -> reclassified before singles cluster.Regions

        { cluster with Singles = Some singles; Regions = classes }

    /// L2 from now on, if the cluster is not there yet.
    let single settings (cluster: PdCluster) =
        match cluster.Singles with
        | Some singles -> { cluster with Singles = Some { singles with Settings = settings } }
        | None ->
            { cluster with ElectionAt = never }
            |> put (Singles.empty settings |> Singles.grow cluster.Regions)

    let private electionSoon (timings: PdTimings) now (cluster: PdCluster) =
        if Regions.leaderless cluster.Regions then
            { cluster with ElectionAt = now + timings.RegionElection }
        else
            cluster

    /// L1 from now on: single regions are forgotten but for their classes.
    let classes timings now (cluster: PdCluster) =
        match cluster.Singles with
        | None -> cluster
        | Some _ -> { cluster with Singles = None } |> electionSoon timings now

    // ---- what happens to them

    let private either (cluster: PdCluster) ofClasses ofSingles =
        match cluster.Singles with
        | None -> ofClasses cluster
        | Some singles -> put (ofSingles singles) cluster

    /// Raft looks again at once at what has changed for it.
    let private soon now (singles: Singles) = { singles with RaftAt = min singles.RaftAt (now + 1L) }

    /// More regions, of these classes.
    let grow now wanted (cluster: PdCluster) =
        either cluster (fun cluster -> { cluster with Regions = wanted }) (Singles.grow wanted >> soon now)

    /// Leaders are lost: of classes as the one function has it, of single regions as the other.
    let private unled timings now ofClasses ofSingles (cluster: PdCluster) =
        either
            cluster
            (fun cluster -> { cluster with Regions = ofClasses cluster.Regions } |> electionSoon timings now)
            (ofSingles >> soon now)

    /// The process of a store is gone.
    let lose timings now store (cluster: PdCluster) =
        unled timings now (Regions.loseLeader store) (SingleRaft.lose now store) cluster

    /// The process of a store is back, registered already, after so long.
    let comeBack timings now away store (cluster: PdCluster) =
        either cluster (electionSoon timings now) (fun singles ->
            let caughtUpAt = (Map.find store cluster.Stores).CaughtUpAt
            SingleRaft.comeBack now away caughtUpAt store singles |> soon now)

    /// Who meets whom has changed.
    let relisten timings now raft (cluster: PdCluster) =
        unled timings now (Regions.depose raft) (SingleRaft.relisten now raft) cluster

    /// PD's leader is gone, and with it what it told regions to do.
    let forget (cluster: PdCluster) =
        match cluster.Singles with
        | None -> cluster
        | Some singles -> {
            cluster with
                Singles =
                    Some {
                        singles with
                            Operators = Map.empty
                            AddFrom = Map.empty
                            RemoveFrom = Map.empty
                            PdAt = never
                    }
          }

    /// When regions do something next.
    let due serves (cluster: PdCluster) =
        match cluster.Singles with
        | None -> cluster.ElectionAt
        | Some singles when serves -> min singles.RaftAt singles.PdAt
        | Some singles -> singles.RaftAt
