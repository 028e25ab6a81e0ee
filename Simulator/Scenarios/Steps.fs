namespace Tikv.Simulator.Scenarios

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

/// Objects by kind and name, such as `TiKVGroup/basic-tikv`; all stand in one namespace.
[<RequireQualifiedAccess>]
module Target =
    let space = "default"

    let parse (target: string) : ResourceKey * string =
        match target.Split '/' with
        | [| kind; name |] ->
            match
                Kind.watched @ [ Kind.Lease; Kind.Event; Kind.Secret ]
                |> List.tryFind (fun one -> Kind.name one = kind)
            with
            | Some kind -> Answers.key kind, name
            | None when kind = "Node" -> Builtins.nodes, name
            | None -> invalidArg (nameof target) $"unknown kind %s{kind}"
        | _ -> invalidArg (nameof target) $"%s{target} is not kind/name"

    let private place (key: ResourceKey) = if key = Builtins.nodes then None else Some space

    let tryGet target (world: World) =
        let key, name = parse target
        ApiServer.tryGet key (place key) name world.Server

    let request target make : Request =
        let key, name = parse target
        make key (place key) name

/// What people do.
[<AutoOpen>]
module Acts =

    let act says change : Misfortune = Misfortune.Acts { Says = says; Do = change }

    /// A request of a user to the API server.
    let requested says request =
        act says (fun world ->
            let struct (world, response) = Machines.handle "user" request world

            struct (world, string response.Code))

    /// A JSON merge patch.
    let patch target (body: Json) =
        requested
            ("patch " + target + " " + Json.print body)
            (Target.request target (fun key place name -> Requests.patch MergePatch key place name body))

    /// A value as JSON has it.
    let json (text: string) =
        match Json.parse text with
        | Ok value -> value
        | Error problem -> invalidArg (nameof text) $"%A{problem}"

    let private spec (path: string list) value = Json.setPath ("spec" :: path) (Some value) Json.empty

    let scale group replicas = patch group (spec [ "replicas" ] (Json.int replicas))

    let set target (path: string list) value = patch target (spec path value)
    let unset target (path: string list) = set target path Json.Null
    let version group (version: string) = set group [ "template"; "spec"; "version" ] (Json.String version)
    let config group (toml: string) = set group [ "template"; "spec"; "config" ] (Json.String toml)
    let image group (image: string) = set group [ "template"; "spec"; "image" ] (Json.String image)

    /// Restarts every Pod of the group without changing anything else.
    let restart group (note: string) =
        set group [ "template"; "metadata"; "annotations"; "example.com/restarted-at" ] (Json.String note)

    let storage group (size: string) =
        set
            group
            [ "template"; "spec"; "volumes" ]
            (Json.array [ Json.object [ "name", Json.String "data"; "storage", Json.String size ] ])

    let pause value = set "Cluster/basic" [ "paused" ] (Json.Bool value)
    let suspend value = set "Cluster/basic" [ "suspendAction"; "suspendCompute" ] (Json.Bool value)

    let private deleteWith options says target =
        requested (says + " " + target) (Target.request target (Requests.delete options))

    let delete target = deleteWith Requests.deleteOptions "delete" target

    /// The Pod's object goes at once, whether its process ends or not.
    let deleteNow target =
        deleteWith { Requests.deleteOptions with GraceSeconds = Some 0 } "delete now" target

    /// Everything in the namespace is deleted at once, as its controller does when the namespace is.
    let deleteNamespaced =
        act "delete all that is in the namespace" (fun world ->
            let all = [
                for kind in Kind.watched do
                    for object in ApiServer.listObjects (Answers.key kind) (Some Target.space) world.Server do
                        if Meta.``namespace`` object <> "" then
                            Answers.key kind, Meta.name object
            ]

            let world =
                (world, all)
                ||> List.fold (fun world (key, name) ->
                    World.send
                        "namespace-controller"
                        (Requests.delete Requests.deleteOptions key (Some Target.space) name)
                        world)

            struct (world, $"%d{all.Length} objects"))

    /// Creates an object.
    let create kind name (body: Json) =
        let body =
            body
            |> Json.withField "apiVersion" (Json.String "core.tikv.org/v1alpha1")
            |> Json.withField "kind" (Json.String kind)
            |> Json.withField
                "metadata"
                (Json.object [ "name", Json.String name; "namespace", Json.String Target.space ])

        requested
            ("create " + kind + "/" + name)
            (Target.request (kind + "/" + name) (fun key place _ -> Requests.create key place body))

    /// Creates an object of Kubernetes itself in the namespace; the body names its kind.
    let make target (body: Json) =
        requested
            ("create " + target)
            (Target.request target (fun key place _ -> Requests.create key place body))

    /// A Pod that a person made, with nothing of ours about it.
    let makePod name (image: string) (command: string list) =
        make
            ("Pod/" + name)
            (Json.object [
                "apiVersion", Json.String "v1"
                "kind", Json.String "Pod"
                "metadata", Json.object [ "name", Json.String name; "namespace", Json.String Target.space ]
                "spec",
                Json.object [
                    "containers",
                    Json.array [
                        Json.object [
                            "name", Json.String "main"
                            "image", Json.String image
                            "command", Json.strings command
                        ]
                    ]
                ]
            ])

    /// An eviction of a Pod, as `kubectl drain` asks for it.
    let evict pod =
        let body =
            Json.object [
                "apiVersion", Json.String "policy/v1"
                "kind", Json.String "Eviction"
                "metadata", Json.object [ "name", Json.String pod; "namespace", Json.String Target.space ]
            ]

        requested ("evict Pod/" + pod) {
            Requests.create Builtins.pods (Some Target.space) body with
                Name = Some pod
                Subresource = Some "eviction"
        }

    /// Cuts or mends a node's power.
    let power node isOn = Misfortune.NodePower(node, isOn)

    let private nodeOf pod (world: World) =
        match World.tryPod (View.key Target.space pod) world with
        | ValueSome pod when pod.Node <> "" -> Some pod.Node
        | _ -> None

    /// What befalls the machine that a Pod runs on.
    let machineOf pod says change =
        act $"%s{says}: the machine of %s{pod}" (fun world ->
            match nodeOf pod world with
            | Some node -> struct (change node world, node)
            | None -> struct (world, "it is on no node"))

    /// The node that a Pod runs on loses its power.
    let powerOffNodeOf pod = machineOf pod "power cut" (Power.power false)

    /// Nobody looks after the node that a Pod is bound to any more: its object is deleted.
    let deleteNodeOf pod =
        machineOf pod "delete the Node of" (fun node world ->
            World.send
                "user"
                (Requests.delete Requests.deleteOptions Builtins.nodes None node)
                (Power.power false node world))

    /// What befalls the machine that an instance says it was on last.
    let onMachineOf target says change =
        act (says + " the machine of " + target) (fun world ->
            match
                Target.tryGet target world
                |> Option.bind (Json.stringAt [ "status"; "nodeName" ])
            with
            | None -> struct (world, "it was on none")
            | Some node -> struct (change node world, node))

    /// The machine that an instance was on last has power again.
    let powerOnNodeOf target = onMachineOf target "power on" (Power.power true)

    let private pd says change =
        act says (fun world ->
            match world.Pd.Groups.Values |> Seq.tryHead with
            | None -> struct (world, "there is no PD")
            | Some group ->
                let member' =
                    world.Pd.Members.Values
                    |> Seq.tryFind (fun one ->
                        one.State = ProcessState.Running
                        && one.Disk |> Option.exists (fun disk -> Some disk.Member = Ground.leader group))

                match member' with
                | None -> struct (world, "PD has no leader")
                | Some one ->
                    match change world with
                    | None -> struct (world, "there is no such store or member")
                    | Some call ->
                        let request = PdCodec.request call
                        let body = request.Body |> Option.map Json.print |> Option.defaultValue ""

                        let pd, answer =
                            PdServer.handle
                                world.Pd
                                world.Now
                                one.Start.Process
                                request.Method
                                request.Path
                                body

                        let told =
                            match answer with
                            | PdAnswer.Replied(reply, _) -> string reply.Status
                            | PdAnswer.Silent -> "no answer"
                            | PdAnswer.Refused -> "refused"

                        struct ({ world with Pd = pd }, told))

    let powerOnEverywhere =
        act "power on everywhere" (fun world ->
            struct ((world, List.ofSeq world.Machines.Keys)
                    ||> List.fold (fun world node -> Power.power true node world),
                    "on"))

    /// What befalls the member that leads PD.
    let onPdLeader says (make: string -> Misfortune) =
        act says (fun world ->
            let leader =
                Ground.clusters world
                |> Seq.tryPick (fun group ->
                    Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members))

            match leader with
            | Some one -> struct (Calamity.strike (make one.Name) world, one.Name)
            | None -> struct (world, "PD has no leader"))

    /// Nothing but what is there already may be put on the nodes without a Pod of the group, or may again.
    let reserveNodesWithout (group: string) on =
        let says = if on then "reserve" else "free"

        act $"%s{says} the nodes without Pods of %s{group}" (fun world ->
            let used =
                world.Pods.Values
                |> Seq.filter (fun pod -> pod.Name.StartsWith(group + "-"))
                |> Seq.map _.Node
                |> Set.ofSeq

            let spare = world.Nodes.Keys |> Seq.filter (fun node -> not (Set.contains node used))

            let world =
                (world, List.ofSeq spare)
                ||> List.fold (fun world node ->
                    Calamity.strike (Misfortune.NodeTaint(node, "dedicated", "NoSchedule", on)) world)

            struct (world, says))

    let private ofStore says pod call =
        pd (says + " " + pod) (fun world ->
            Ground.storeOfPod (View.key Target.space pod) world
            |> Option.map (fun store -> call store.Id))

    // an administrator of PD, with pd-ctl
    let pdEvictLeaders pod = ofStore "pd-ctl: evict the leaders of" pod PdCall.EvictLeaders
    let pdStopEvicting pod = ofStore "pd-ctl: stop evicting the leaders of" pod PdCall.StopEvictingLeaders
    let pdRemoveStore pod = ofStore "pd-ctl: remove the store of" pod PdCall.RemoveStore
    let pdRestoreStore pod = ofStore "pd-ctl: restore the store of" pod PdCall.RestoreStore

    let pdTransferLeader name =
        pd ("pd-ctl: give the lead to " + name) (fun _ -> Some(PdCall.TransferLeader name))

    let private operator number = fun make -> make number

    let crash: Misfortune = operator 0 Misfortune.Crash
    let stopOperator = Misfortune.StopOperator
    let startOperator = Misfortune.StartOperator

/// What befalls one write.
[<AutoOpen>]
module Fates =
    let private refusal code reason : ApiError = {
        Code = code
        Reason = reason
        Message = "refused by a fault of the simulator"
        Causes = []
        RetryAfter = if code = 429 then Some 1 else None
    }

    let tooMany = Misfortune.ToWrite(WriteFate.Refused(refusal 429 "TooManyRequests"))
    let serverError = Misfortune.ToWrite(WriteFate.Refused(refusal 500 "InternalError"))
    let serverErrorAfter = Misfortune.ToWrite(WriteFate.ErrorAfter(refusal 500 "InternalError"))
    let gatewayTimeoutAfter = Misfortune.ToWrite(WriteFate.ErrorAfter(refusal 504 "Timeout"))
    let conflict = Misfortune.ToWrite(WriteFate.Refused(refusal 409 "Conflict"))
    let forbidden = Misfortune.ToWrite(WriteFate.Refused(refusal 403 "Forbidden"))
    let replyLost = Misfortune.ToWrite WriteFate.ReplyLost
    let crashBefore = Misfortune.ToWrite WriteFate.CrashBefore
    let crashAfter = Misfortune.ToWrite WriteFate.CrashAfter
    let late span = Misfortune.ToWrite(WriteFate.Late span)
    let zombie span = Misfortune.ToWrite(WriteFate.Zombie span)

/// When.
[<AutoOpen>]
module Steps =
    /// So long after the beginning.
    let at (time: int64) what : Step = { When = Trigger.AtTime time; What = what }

    /// As soon as the world is first seen to be so.
    let once moment what : Step = { When = Trigger.AtMoment(moment, 0L); What = what }

    /// So long after the world is first seen to be so.
    let after (time: int64) moment what : Step = { When = Trigger.AtMoment(moment, time); What = what }

    /// The nth write of the operator.
    let atWrite number what : Step = { When = Trigger.AtWrite(0, number); What = what }

    /// The nth write of the operator to objects of a kind.
    let atWriteTo kind number what : Step = { When = Trigger.AtWriteTo(0, kind, number); What = what }

    /// The nth question of the operator, to PD or before a cut.
    let atRead number what : Step = { When = Trigger.AtRead(0, number); What = what }

    /// Each nth write of the operator, as long as it runs.
    let atEachWrite multiple what : Step = { When = Trigger.AtEachWrite(0, multiple); What = what }

    /// Each nth question of the operator.
    let atEachRead multiple what : Step = { When = Trigger.AtEachRead(0, multiple); What = what }

    /// Every node of the ordinary cluster is cordoned, or is not any more.
    let cordonAll time on : Step list = [
        for zone in [ "a"; "b"; "c" ] do
            for number in 1..2 -> at time (Misfortune.NodeCordon($"node-%s{zone}%d{number}", on))
    ]

    /// From one time to another, again and again.
    let each (first: int64) (every: int64) (last: int64) what : Step list = [
        for time in first..every..last do
            at time what
    ]
