namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// A point of a run at which a mishap hurts: right when the operator writes something, or when the world has just become so.
type Moment = {
    /// What is going on: `eviction begun`, `claim taken`, and so on; `write` for any other write.
    Phase: string
    /// The number of the write of operator 0.
    Write: int
    /// Milliseconds from the beginning.
    Time: int64
    /// What has then become so in the world, where that can be said.
    Fact: Fact option
}

/// The interesting moments of a run, seen in one without faults (verification E4).
[<RequireQualifiedAccess>]
module Moments =

    let private property = Invariant.property "moments" "Moments are noted" "V E4"

    let private podOf (world: World) store =
        Truth.stores world
        |> List.tryFind (fun one -> one.Id = store)
        |> Option.bind _.Pod
        |> Option.map (fun key -> key.Substring(key.IndexOf '/' + 1))

    let private ofCall (world: World) call =
        match call with
        | PdCall.EvictLeaders store -> [ "eviction begun", podOf world store |> Option.map Fact.Evicting ]
        | PdCall.StopEvictingLeaders _ -> [ "eviction ended", None ]
        | PdCall.RemoveStore store ->
            let pod = podOf world store

            [
                "store offline", pod |> Option.map Fact.Removing
                "tombstone", pod |> Option.map Fact.Tombstone
            ]
        | PdCall.RemoveMember _ -> [ "member removed", None ]
        | PdCall.TransferLeader name -> [ "leader moved", Some(Fact.LeadsPd name) ]
        | _ -> [ "call of PD", None ]

    let private ofWrite (write: Write) =
        match write with
        | Delete(object, _, _) when object.Kind = Kind.Pod -> [
            "Pod deleted", Some(Fact.Terminating("Pod/" + object.Name))
          ]
        | Create(object, _) when object.Kind = Kind.Pod -> [ "Pod created", None ]
        | Delete(object, _, _) -> [
            (if object.Kind = Kind.PersistentVolumeClaim then "volume deleted" else "object deleted"), None
          ]
        | Patch(object, true, body) when object.Kind = Kind.Cluster ->
            match Json.tryPath [ "status"; "disruption" ] body with
            | Some Json.Null -> [ "claim freed", None ]
            | Some _ -> [ "claim taken", None ]
            | None -> [ "write", None ]
        | _ -> [ "write", None ]

    type private Watch(begin': int64, writes: int, found: Moment list) =
        inherit Invariant(property)
        /// Latest first.
        member _.Found = found

        override this.See scene sight =
            let add phases =
                let moment (phase, fact) = {
                    Phase = phase
                    Write = writes + 1
                    Time = scene.World.Now - begin'
                    Fact = fact
                }

                struct (Watch(begin', writes + 1, List.rev (List.map moment phases) @ found) :> Invariant,
                        Finding.Nothing)

            match sight with
            | Sight.Sent(0, _, _, Sent.Write write) -> add (ofWrite write)
            | Sight.Sent(0, _, _, Sent.Change call) -> add (ofCall scene.World call)
            | _ -> struct (this, Finding.Nothing)

    /// Those of a run of a story, earliest first.
    let ofStory (story: Story) : Moment list =
        let start = Engine.resume (Play.scenario story) (Settled.from story.Given)
        let watch: Invariant = Watch(start.World.Now, 0, [])
        let result = Run.continue' { start with Judge = Judge.anew [ watch ] start.Judge }

        result.Final.Judge.Invariants
        |> List.tryPick (fun one ->
            match one with
            | :? Watch as watch -> Some(List.rev watch.Found)
            | _ -> None)
        |> Option.defaultValue []
