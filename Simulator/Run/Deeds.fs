/// What acts say, and what they do to the world: the only place that knows.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Deeds

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let private key pod = View.key Target.space pod

// ---- requests to the API server

let private spec (path: string list) value = Json.setPath ("spec" :: path) (Some value) Json.empty

let private restartedAt = [ "template"; "metadata"; "annotations"; "example.com/restarted-at" ]

/// The merge patch that an act comes to.
let private tryPatch (act: Act) =
    match act with
    | Act.Patch(target, body) -> Some(target, body)
    | Act.Scale(target, replicas) -> Some(target, spec [ "replicas" ] (Json.int replicas))
    | Act.SetVersion(target, version) ->
        Some(target, spec [ "template"; "spec"; "version" ] (Json.String version))
    | Act.Restart(target, note) -> Some(target, spec restartedAt (Json.String note))
    | _ -> None

let private asked request (world: World) =
    let struct (world, response) = Machines.handle "user" request world
    struct (world, string response.Code)

let private patch target body =
    asked (Target.request target (fun key place name -> Requests.patch MergePatch key place name body))

let private patchStatus target body =
    asked (
        Target.request target (fun key place name -> Requests.patch MergePatch key place name body)
        |> Requests.onStatus
    )

let private delete options target = asked (Target.request target (Requests.delete options))

/// A manifest without a namespace is meant for that of the cluster.
let private placed (manifest: Json) =
    match Json.stringAt [ "metadata"; "namespace" ] manifest with
    | Some _ -> manifest
    | None -> Json.setPath [ "metadata"; "namespace" ] (Some(Json.String Target.space)) manifest

let private create (manifest: Json) =
    let manifest = placed manifest

    asked (
        Target.request (Target.ofManifest manifest) (fun key place _ -> Requests.create key place manifest)
    )

let private apply (manifest: Json) =
    let manifest = placed manifest

    asked (
        Target.request (Target.ofManifest manifest) (fun key place name ->
            Requests.patch (ServerSideApply true) key place name manifest)
    )

let private deleteNamespaced (world: World) =
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

    struct (world, $"%d{all.Length} objects")

let private deleteForced target (world: World) =
    let bare = Json.setPath [ "metadata"; "finalizers" ] (Some Json.Null) Json.empty

    struct (world
            |> World.send "user" (Target.request target (Requests.delete Requests.deleteOptions))
            |> World.send
                "user"
                (Target.request target (fun key place name -> Requests.patch MergePatch key place name bare)),
            "gone")

let private loseVolumeOf claim (world: World) =
    match Map.tryFind (key claim) world.Claims with
    | Some claim when claim.Volume <> "" -> deleteForced ("PersistentVolume/" + claim.Volume) world
    | _ -> struct (world, "it has none")

let private evict pod =
    let body =
        Json.object [
            "apiVersion", Json.String "policy/v1"
            "kind", Json.String "Eviction"
            "metadata", Json.object [ "name", Json.String pod; "namespace", Json.String Target.space ]
        ]

    asked {
        Requests.create Builtins.pods (Some Target.space) body with
            Name = Some pod
            Subresource = Some "eviction"
    }

let private adopt claim (world: World) =
    let uid =
        Target.tryGet ("PersistentVolumeClaim/" + claim) world
        |> Option.bind (Json.stringAt [ "metadata"; "annotations"; Annotations.clusterUid ])
        |> Option.defaultValue ""

    patch
        "Cluster/basic"
        (Json.setPath
            [ "metadata"; "annotations"; Annotations.adoptVolumesOf ]
            (Some(Json.String uid))
            Json.empty)
        world

let private renew certificate =
    let secret = Credentials.secret certificate

    patch
        ("Secret/" + certificate.Secret)
        (Json.object [ "data", secret |> Json.tryField "data" |> Option.defaultValue Json.empty ])

// ---- machines

let private machineOf pod change (world: World) =
    match World.tryPod (key pod) world with
    | ValueSome pod when pod.Node <> "" -> struct (change pod.Node world, pod.Node)
    | _ -> struct (world, "it is on no node")

let private lastMachineOf target change (world: World) =
    match
        Target.tryGet target world
        |> Option.bind (Json.stringAt [ "status"; "nodeName" ])
    with
    | None -> struct (world, "it was on none")
    | Some node -> struct (change node world, node)

let private deleteNode node =
    World.send "user" (Requests.delete Requests.deleteOptions Builtins.nodes None node)

let private powerOnEverywhere (world: World) =
    struct ((world, List.ofSeq world.Machines.Keys)
            ||> List.fold (fun world node -> Power.power true node world),
            "on")

let private reserving on = if on then "reserve" else "free"

let private reserveNodesWithout (group: string) on (world: World) =
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

    struct (world, reserving on)

// ---- PD

let private askPd call (world: World) =
    let leads (group: PdGroup) (one: PdProcess) =
        one.State = ProcessState.Running
        && one.Disk |> Option.exists (fun disk -> Some disk.Member = Ground.leader group)

    match world.Pd.Groups.Values |> Seq.tryHead with
    | None -> struct (world, "there is no PD")
    | Some group ->
        match world.Pd.Members.Values |> Seq.tryFind (leads group), call world with
        | None, _ -> struct (world, "PD has no leader")
        | Some _, None -> struct (world, "there is no such store or member")
        | Some one, Some call ->
            let request = PdCodec.request call
            let body = request.Body |> Option.map Json.print |> Option.defaultValue ""

            let pd, answer =
                PdServer.handle world.Pd world.Now one.Start.Process request.Method request.Path body

            let told =
                match answer with
                | PdAnswer.Replied(reply, _) -> string reply.Status
                | PdAnswer.Silent -> "no answer"
                | PdAnswer.Refused -> "refused"

            struct ({ world with Pd = pd }, told)

let private ofStore pod call =
    askPd (fun world -> Ground.storeOfPod (key pod) world |> Option.map (fun store -> call store.Id))

let private killPdLeader (world: World) =
    let leader =
        Ground.clusters world
        |> Seq.tryPick (fun group ->
            Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members))

    match leader with
    | Some one -> struct (Calamity.strike (Misfortune.ContainerKill(key one.Name, 137, "")) world, one.Name)
    | None -> struct (world, "PD has no leader")

let private registerStore name engine (world: World) =
    let add (group: PdGroup) =
        match Seq.tryHead group.Cluster.Stores.Values with
        | None -> group
        | Some model ->
            let id = StoreId group.Cluster.NextId

            let store = {
                model with
                    Id = id
                    Address = $"%s{name}-0.%s{name}.default:3930"
                    StatusAddress = $"%s{name}-0.%s{name}.default:20292"
                    Labels = Map [ "engine", engine ]
                    RegisteredAt = world.Now
                    LastBeat = ValueSome world.Now
                    BeatsFrom = Int64.MaxValue
                    DownAt = world.Now + group.Cluster.MaxStoreDownTime
                    JobAt = Int64.MaxValue
            }

            {
                group with
                    Cluster = {
                        group.Cluster with
                            NextId = group.Cluster.NextId + 1UL
                            Stores = Map.add id store group.Cluster.Stores
                    }
            }

    struct ({
                world with
                    Pd = { world.Pd with Groups = world.Pd.Groups |> Map.map (fun _ group -> add group) }
            },
            "done")

// ----

/// The act in a few words, for transcripts.
let says (act: Act) : string =
    match tryPatch act with
    | Some(target, body) -> "patch " + target + " " + Json.print body
    | None ->
        match act with
        | Act.Patch _
        | Act.Scale _
        | Act.SetVersion _
        | Act.Restart _ -> ""
        | Act.LoseVolumeOf claim -> "delete the volume of " + claim
        | Act.PatchStatus(target, body) -> $"patch the status of %s{target} " + Json.print body
        | Act.Create manifest -> "create " + Target.ofManifest manifest
        | Act.Apply manifest -> "apply " + Target.ofManifest manifest
        | Act.Delete target -> "delete " + target
        | Act.DeleteNow target -> "delete now " + target
        | Act.DeleteForced target -> $"delete %s{target}, and take its finalizers away"
        | Act.DeleteNamespaced -> "delete all that is in the namespace"
        | Act.Evict pod -> "evict Pod/" + pod
        | Act.IssueCertificate certificate -> "create Secret/" + certificate.Secret
        | Act.RenewCertificate certificate -> $"renew Secret/%s{certificate.Secret}"
        | Act.AdoptVolumes claim -> "annotate the Cluster: adopt the volumes of that of " + claim
        | Act.PowerOffNodeOf pod -> $"power cut: the machine of %s{pod}"
        | Act.PowerOnNodeOf target -> "power on the machine of " + target
        | Act.PowerOnEverywhere -> "power on everywhere"
        | Act.LoseNodeOf pod -> $"lost for good: the machine of %s{pod}"
        | Act.ReplaceNodeOf pod -> $"replaced by another of its name: the machine of %s{pod}"
        | Act.DeleteNodeOf pod -> $"delete the Node of: the machine of %s{pod}"
        | Act.DeleteLastNodeOf target -> "delete the Node of the machine of " + target
        | Act.LimitFilesOf(pod, files) -> $"limit of %d{files} files: the machine of %s{pod}"
        | Act.ReserveNodesWithout(group, on) -> $"%s{reserving on} the nodes without Pods of %s{group}"
        | Act.PdEvictLeaders pod -> "pd-ctl: evict the leaders of " + pod
        | Act.PdStopEvicting pod -> "pd-ctl: stop evicting the leaders of " + pod
        | Act.PdRemoveStore pod -> "pd-ctl: remove the store of " + pod
        | Act.PdRestoreStore pod -> "pd-ctl: restore the store of " + pod
        | Act.PdTransferLeader pod -> "pd-ctl: give the lead to " + pod
        | Act.KillPdLeader -> "kill the leader of PD"
        | Act.RegisterStore(name, _) -> $"%s{name} registers with PD"

/// The world after an act, and what came of it in a few words.
let perform (act: Act) (world: World) : struct (World * string) =
    match tryPatch act with
    | Some(target, body) -> patch target body world
    | None ->
        match act with
        | Act.Patch _
        | Act.Scale _
        | Act.SetVersion _
        | Act.Restart _ -> struct (world, "")
        | Act.LoseVolumeOf claim -> loseVolumeOf claim world
        | Act.PatchStatus(target, body) -> patchStatus target body world
        | Act.Create manifest -> create manifest world
        | Act.Apply manifest -> apply manifest world
        | Act.Delete target -> delete Requests.deleteOptions target world
        | Act.DeleteNow target -> delete { Requests.deleteOptions with GraceSeconds = Some 0 } target world
        | Act.DeleteForced target -> deleteForced target world
        | Act.DeleteNamespaced -> deleteNamespaced world
        | Act.Evict pod -> evict pod world
        | Act.IssueCertificate certificate -> create (Credentials.secret certificate) world
        | Act.RenewCertificate certificate -> renew certificate world
        | Act.AdoptVolumes claim -> adopt claim world
        | Act.PowerOffNodeOf pod -> machineOf pod (Power.power false) world
        | Act.PowerOnNodeOf target -> lastMachineOf target (Power.power true) world
        | Act.PowerOnEverywhere -> powerOnEverywhere world
        | Act.LoseNodeOf pod -> machineOf pod Power.lose world
        | Act.ReplaceNodeOf pod -> machineOf pod Power.replace world
        | Act.DeleteNodeOf pod ->
            machineOf pod (fun node world -> deleteNode node (Power.power false node world)) world
        | Act.DeleteLastNodeOf target -> lastMachineOf target deleteNode world
        | Act.LimitFilesOf(pod, files) -> machineOf pod (Power.limitFiles files) world
        | Act.ReserveNodesWithout(group, on) -> reserveNodesWithout group on world
        | Act.PdEvictLeaders pod -> ofStore pod PdCall.EvictLeaders world
        | Act.PdStopEvicting pod -> ofStore pod PdCall.StopEvictingLeaders world
        | Act.PdRemoveStore pod -> ofStore pod PdCall.RemoveStore world
        | Act.PdRestoreStore pod -> ofStore pod PdCall.RestoreStore world
        | Act.PdTransferLeader pod -> askPd (fun _ -> Some(PdCall.TransferLeader pod)) world
        | Act.KillPdLeader -> killPdLeader world
        | Act.RegisterStore(name, engine) -> registerStore name engine world
