namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

/// States of the world, to wait for (`once`), or to expect (`eventually`, `always`, `finally'`).
[<AutoOpen>]
module States =

    let state name missing : Expectation = { Name = name; Missing = missing }
    let private isSo name holds = state name (fun world -> if holds world then None else Some "it is not so")

    /// The moment at which it is first so.
    let when' (expectation: Expectation) : Moment = {
        Says = expectation.Name
        Holds = fun world -> (expectation.Missing world).IsNone
    }

    let private key pod = View.key Target.space pod

    // ---- objects

    let exists target = isSo (target + " exists") (fun world -> (Target.tryGet target world).IsSome)
    let absent target = isSo (target + " does not exist") (fun world -> (Target.tryGet target world).IsNone)

    let terminating target =
        isSo (target + " is terminating") (fun world ->
            match Target.tryGet target world with
            | Some object -> Meta.isTerminating object
            | None -> false)

    /// A field of an object, by its path and value.
    let field target (path: string list) (value: Json) =
        let name = $"""%s{target} has %s{System.String.Join(".", path)} %s{Json.print value}"""

        state name (fun world ->
            match Target.tryGet target world |> Option.bind (Json.tryPath path) with
            | Some found when found = value -> None
            | Some found -> Some("it is " + Json.print found)
            | None -> Some "it is not there")

    let private conditionOf kind object =
        Json.itemsAt [ "status"; "conditions" ] object
        |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some kind)

    let private text name json = Json.stringAt [ name ] json |> Option.defaultValue ""

    let private conditioned name target kind holds =
        state name (fun world ->
            match Target.tryGet target world with
            | None -> Some "it does not exist"
            | Some object ->
                match conditionOf kind object with
                | None -> Some "it has no such condition"
                | Some condition when
                    holds condition
                    && (Json.int64At [ "status"; "observedGeneration" ] object |> Option.defaultValue 0L)
                       >= Meta.generation object
                    ->
                    None
                | Some condition ->
                    Some
                        $"""%s{text "status" condition} %s{text "reason" condition}: %s{text "message" condition}""")

    /// A condition of an object, which is of its present generation.
    let condition target kind status reason =
        conditioned $"%s{target} says %s{kind}=%s{status} %s{reason}" target kind (fun condition ->
            text "status" condition = status && text "reason" condition = reason)

    /// A condition whatever its reason.
    let says target kind status =
        conditioned $"%s{target} says %s{kind}=%s{status}" target kind (fun condition ->
            text "status" condition = status)

    /// A condition whose message has these words.
    let mentions target kind (words: string) =
        conditioned $"%s{target} says under %s{kind}: %s{words}" target kind (fun condition ->
            (text "message" condition).Contains words)

    let ready target = says target "Ready" "True"

    /// An object that is there does not have the condition.
    let unsaid target kind =
        state $"%s{target} says nothing of %s{kind}" (fun world ->
            Target.tryGet target world
            |> Option.bind (conditionOf kind)
            |> Option.map Json.print)

    /// Some condition of the object has this reason.
    let reason target (reason: string) =
        state $"%s{target} gives the reason %s{reason}" (fun world ->
            match Target.tryGet target world with
            | None -> Some "it does not exist"
            | Some object ->
                let reasons = Json.itemsAt [ "status"; "conditions" ] object |> List.map (text "reason")
                if List.contains reason reasons then None else Some $"its reasons are %A{reasons}")

    let private standing plural group (world: World) =
        ApiServer.listObjects
            (if plural = "pods" then Builtins.pods else Builtins.key "core.tikv.org" "v1alpha1" plural)
            (Some Target.space)
            world.Server
        |> List.filter (fun object ->
            match Ground.groupAndIndex (Meta.name object) with
            | Some(name, _) -> name = group && not (Meta.isTerminating object)
            | None -> false)
        |> List.map Meta.name

    let private counted name count find =
        state name (fun world ->
            match find world with
            | found when List.length found = count -> None
            | found -> Some $"there are %A{found}")

    /// So many Pods of a group are there, and not going.
    let pods group count = counted $"%s{group} has %d{count} Pods" count (standing "pods" group)

    // ---- PD and TiKV

    let private stores (world: World) =
        Ground.clusters world |> Seq.collect _.Cluster.Stores.Values |> List.ofSeq

    /// So many stores are up in PD, whether they live or not.
    let storesUp count =
        counted $"PD has %d{count} stores up" count (fun world ->
            stores world |> List.filter Ground.isUp |> List.map _.Address)

    /// So many tombstones are in PD.
    let tombstones count =
        counted $"PD has %d{count} tombstones" count (fun world ->
            stores world
            |> List.filter (fun store -> store.NodeState = NodeState.Removed)
            |> List.map _.Address)

    /// No more than one store is on its way out.
    let oneStoreLeaves =
        state "no more than one store is Removing" (fun world ->
            match stores world |> List.filter (fun store -> store.NodeState = NodeState.Removing) with
            | []
            | [ _ ] -> None
            | found -> Some $"these are: %A{found |> List.map _.Address}")

    let onePdCluster =
        state "there is no other PD cluster" (fun world ->
            match PdWorld.clusterIds world.Pd with
            | []
            | [ _ ] -> None
            | found -> Some $"there are %A{found}")

    let members count =
        counted $"PD has %d{count} members" count (fun world ->
            Ground.clusters world
            |> Seq.collect _.Members.Values
            |> Seq.map _.Name
            |> List.ofSeq)

    let private stored name pod holds =
        state name (fun world ->
            match Ground.storesOfPod (key pod) world with
            | [] -> Some "it has no store"
            | found when found |> List.exists holds -> None
            | found -> Some $"it is %A{found |> List.map _.NodeState}")

    let preparingOrServing pod = stored $"the store of %s{pod} is up" pod Ground.isUp

    let removing pod =
        stored $"the store of %s{pod} is Removing" pod (fun store -> store.NodeState = NodeState.Removing)

    let tombstone pod =
        stored $"the store of %s{pod} is a tombstone" pod (fun store -> store.NodeState = NodeState.Removed)

    let preparing pod =
        stored $"the store of %s{pod} is Preparing" pod (fun store -> store.NodeState = NodeState.Preparing)

    /// The store with which the Pod began the scenario is up.
    let keepsStore given pod =
        let before = lazy (Ground.storeOfPod (key pod) (Settled.from given).World |> Option.map _.Id)

        stored $"%s{pod} keeps its store" pod (fun store -> Some store.Id = before.Value && Ground.isUp store)

    let private isEvicting pod (world: World) =
        match Ground.storeOfPod (key pod) world with
        | Some store ->
            Ground.clusters world
            |> Seq.exists (fun group -> Set.contains store.Id group.Cluster.Evicting)
        | None -> false

    let evicting pod = isSo $"PD evicts the leaders of %s{pod}" (isEvicting pod)

    /// Of no store that is still there: what somebody asked for of one that has left is theirs to clear.
    let noEvictions =
        state "PD evicts no leaders" (fun world ->
            let isThere id =
                match Ground.tryStore id world with
                | ValueSome(struct (_, store)) -> store.NodeState <> NodeState.Removed
                | ValueNone -> false

            match
                Ground.clusters world
                |> Seq.collect _.Cluster.Evicting
                |> Seq.filter isThere
                |> List.ofSeq
            with
            | [] -> None
            | found -> Some $"of %A{found} it does")

    /// PD has no leader or peer left to move, and will not by itself.
    let pdAtRest =
        state "PD moves no regions" (fun world ->
            Ground.clusters world
            |> Seq.map (fun group -> min group.Cluster.LeadersAt group.Cluster.PeersAt)
            |> Seq.tryFind (fun next -> next < System.Int64.MaxValue)
            |> Option.map (fun next -> $"it looks again at %s{Simulation.clock next}"))

    let leads pod =
        isSo $"%s{pod} leads PD" (fun world ->
            Ground.clusters world
            |> Seq.exists (fun group ->
                match Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members) with
                | Some one -> one.Name = pod
                | None -> false))

    let hasPdLeader =
        isSo "PD has a leader" (fun world ->
            Ground.clusters world |> Seq.exists (Ground.leader >> Option.isSome))

    /// The cluster, its groups and all their instances say Ready of their present generation; nothing is going, nobody holds the
    /// cluster's disruption, and no store waits for an entry in PD that may still appear.
    let settled =
        state "everything of ours is Ready" (fun world ->
            [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]
            |> List.collect (fun plural -> Ground.objects plural Target.space world)
            |> List.tryFind (fun object ->
                Meta.isTerminating object
                || not (Ground.isTrue "Ready" object)
                || (Json.tryPath [ "status"; "evicting" ] object).IsSome
                || (Json.tryPath [ "status"; "disruption" ] object).IsSome)
            |> Option.map (fun object -> Meta.name object + " is not"))

    /// No more than one Pod is being stopped.
    let onePodStops =
        state "no more than one Pod is being stopped" (fun world ->
            match world.Pods.Values |> Seq.filter _.Deleting.IsSome |> List.ofSeq with
            | []
            | [ _ ] -> None
            | pods -> Some $"these are: %A{pods |> List.map _.Name}")

    /// The note of a `restart` has reached the instances of a group, and they are Ready again.
    let restarted plural group (note: string) =
        state $"every instance of %s{group} has been restarted" (fun world ->
            let isNew (object: Json) =
                Json.stringAt [ "metadata"; "annotations"; "example.com/restarted-at" ] object = Some note

            Ground.objects plural Target.space world
            |> List.tryFind (fun object ->
                match Ground.groupAndIndex (Meta.name object) with
                | Some(name, _) -> name = group && not (isNew object && Ground.isTrue "Ready" object)
                | None -> false)
            |> Option.map (fun object -> Meta.name object + " has not"))

    let private runs (version: string) (pod: Pod) =
        pod.Spec.Containers
        |> List.exists (fun container -> container.Image.EndsWith(":" + version))

    let private podsOf group (world: World) =
        world.Pods.Values
        |> Seq.filter (fun pod ->
            match Ground.groupAndIndex pod.Name with
            | Some(name, _) -> name = group
            | None -> false)

    /// Pods of a group whose template's version is this one.
    let allAt group (version: string) =
        state $"every Pod of %s{group} runs %s{version}" (fun world ->
            podsOf group world
            |> Seq.tryFind (runs version >> not)
            |> Option.map (fun pod -> pod.Name + " does not"))

    /// The second group is there before the first one begins.
    let notBefore group former (version: string) =
        state $"no Pod of %s{group} runs %s{version} before all of %s{former} do" (fun world ->
            let early = podsOf group world |> Seq.tryFind (runs version)
            let late = podsOf former world |> Seq.tryFind (runs version >> not)

            match early, late with
            | Some early, Some late -> Some $"%s{early.Name} does, and %s{late.Name} does not"
            | _ -> None)

/// Writes and calls of the operators, and changes of objects, as they happen.
[<AutoOpen>]
module Sights =

    let private landed holds sight =
        match sight with
        | Sight.Landed(_, write, code, _) -> code < 300 && holds write
        | _ -> false

    let private asked holds sight =
        match sight with
        | Sight.AskedPd(_, call, _, _) -> holds call
        | _ -> false

    let creates kind =
        $"creation of a %s{Kind.name kind}",
        landed (fun write ->
            match write with
            | Create(object, _) -> object.Kind = kind
            | _ -> false)

    let deletes kind =
        $"deletion of a %s{Kind.name kind}",
        landed (fun write ->
            match write with
            | Delete(object, _, _) -> object.Kind = kind
            | _ -> false)

    let deletesOf kind name =
        $"deletion of the %s{Kind.name kind} %s{name}",
        landed (fun write ->
            match write with
            | Delete(object, _, _) -> object.Kind = kind && object.Name = name
            | _ -> false)

    /// Any write of an operator to Kubernetes, status, leases and events apart.
    let writes =
        "write of the operator, status apart",
        landed (fun write ->
            match write with
            | Patch(_, true, _) -> false
            | write -> not (Simulation.isRoutine (Write.object write).Kind))

    /// Any call that changes something in PD.
    let pdCalls = "call that changes PD", asked (fun _ -> true)

    let removesStore =
        "removal of a store asked of PD",
        asked (fun call ->
            match call with
            | PdCall.RemoveStore _ -> true
            | _ -> false)

    let restoresStore =
        "return of a store asked of PD",
        asked (fun call ->
            match call with
            | PdCall.RestoreStore _ -> true
            | _ -> false)

    let removesMember =
        "removal of a member asked of PD",
        asked (fun call ->
            match call with
            | PdCall.RemoveMember _ -> true
            | _ -> false)

    let evictsLeaders =
        "eviction of leaders asked of PD",
        asked (fun call ->
            match call with
            | PdCall.EvictLeaders _ -> true
            | _ -> false)

    let transfersLeader =
        "transfer of PD's leader",
        asked (fun call ->
            match call with
            | PdCall.TransferLeader _ -> true
            | _ -> false)

/// What is expected.
[<AutoOpen>]
module Expect =
    let finally' expectation = Check.Finally expectation
    let eventually within expectation = Check.Eventually(within, expectation)
    let always expectation = Check.Always expectation
    let never (says, concerns) = Check.Times(says, 0, 0, concerns)
    let exactly count (says, concerns) = Check.Times(says, count, count, concerns)
    let atMost count (says, concerns) = Check.Times(says, 0, count, concerns)
    let atLeast count (says, concerns) = Check.Times(says, count, System.Int32.MaxValue, concerns)
