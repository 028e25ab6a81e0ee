/// For every property, something that breaks it: a property that nothing breaks says nothing.
module Tikv.Simulator.Tests.Invariants.BreakTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Invariants
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Tests.Invariants.Given

let private tikv index = $"basic-tikv-%d{index}"
let private pd index = $"basic-pd-%d{index}"
let private claim name = "data-" + name
let private all4 = List.map tikv [ 0..3 ]

let private offline = set [ "spec"; "offline" ] (Json.Bool true)

let private label name (value: string) = set [ "metadata"; "labels"; name ] (Json.String value)

let private noUid: Precondition = { Uid = Uid ""; ResourceVersion = None }
let private someUid: Precondition = { Uid = Uid "some"; ResourceVersion = None }

let private body kind name = object kind name

/// The world with an eviction of a store long in force, that everybody knows of.
let private known story world : Story = (processes world) :: story world

let private withBudget (world: World) =
    added
        Kind.PodDisruptionBudget
        (Json.object [
            "metadata", Json.object [ "name", Json.String "test"; "namespace", Json.String "default" ]
            "spec",
            Json.object [
                "selector",
                Json.object [ "matchLabels", Json.object [ "tikv.org/group", Json.String "basic-tikv" ] ]
            ]
            "status",
            Json.object [
                "disruptionsAllowed", Json.int 0
                "currentHealthy", Json.int 3
                "expectedPods", Json.int 4
            ]
        ])
        world

let private failingOver =
    altered Kind.TiKVGroup "basic-tikv" (set [ "spec"; "failover"; "enabled" ] (Json.Bool true))

/// The group begins to replace an instance.
let private replacing name (world: World) =
    patchStatus
        Kind.TiKVGroup
        "basic-tikv"
        (Json.object [
            "failures",
            Json.array [
                Json.object [
                    "uid", Json.String(Meta.uid (object Kind.TiKV name world))
                    "stage", Json.String "Replacing"
                ]
            ]
        ])
        world

let private notReady =
    Json.object [
        "type", Json.String "Ready"
        "status", Json.String "False"
        "reason", Json.String "Any"
        "message", Json.String "any"
    ]

let private mistakes: (string * (World -> Story)) list = [
    "I01",
    (fun world ->
        let world = regionsOn [ tikv 0; tikv 1; tikv 2 ] world

        // the disk of another voter is gone already
        let gone = storeOf (tikv 1) world

        let lost = {
            world with
                Mounted =
                    world.Mounted
                    |> Map.filter (fun name _ ->
                        Map.tryFind name world.Pd.Tikvs
                        |> Option.bind _.Disk
                        |> Option.forall (fun disk -> disk.Store <> gone))
                Disks =
                    world.Disks
                    |> Map.filter (fun _ disk ->
                        match disk with
                        | Disk.Tikv disk -> disk.Store <> gone
                        | Disk.Pd _ -> true)
        }

        [ delete Kind.PersistentVolumeClaim (claim (tikv 0)) lost ])
    "I02", (fun world -> [ delete Kind.PersistentVolumeClaim (claim (tikv 0)) world ])
    "I02",
    (fun world ->
        // the instance leaves and its policy is Delete, but PD has not let the store go
        let leaving =
            world
            |> altered
                Kind.TiKV
                (tikv 0)
                (deleting >> set [ "spec"; "volumeReclaimPolicy" ] (Json.String "Delete"))
            |> without Kind.Pod (tikv 0)

        [ delete Kind.PersistentVolumeClaim (claim (tikv 0)) leaving ])
    "I03", (fun world -> [ patch Kind.PersistentVolume "any" Json.empty world ])
    "I04", (fun world -> [ sent 1L (Sent.Change(PdCall.RemoveStore(storeOf (tikv 0) world))) world ])
    "I05",
    (fun world ->
        let world = evicting (tikv 1) world
        [ call (PdCall.RemoveStore(storeOf (tikv 0) world)) world ])
    "I06",
    (fun world ->
        let world =
            world
            |> regionsOn [ tikv 0; tikv 1; tikv 2 ]
            |> storeState (tikv 1) NodeState.Removing

        [ call (PdCall.RemoveStore(storeOf (tikv 0) world)) world ])
    "I07", (fun world -> [ world |> storeState (tikv 0) NodeState.Removing |> delete Kind.Pod (tikv 0) ])
    "I08",
    (fun world ->
        let disk = world.Pd.Tikvs.Values |> Seq.pick _.Disk

        let twice = {
            world with
                Pd = {
                    world.Pd with
                        Tikvs = world.Pd.Tikvs |> Map.map (fun _ one -> { one with Disk = Some disk })
                }
        }

        [ processes twice ])
    "I09", (fun world -> [ deleteWith someUid (Some 0) Kind.Pod (tikv 0) world ])
    "I10",
    (fun world -> [
        modified Kind.Cluster "basic" id world
        modified Kind.Cluster "basic" (set [ "status"; "id" ] (Json.String "7")) world
    ])
    "I11",
    (fun world ->
        let again = {
            world with
                Pd = {
                    world.Pd with
                        Groups =
                            world.Pd.Groups |> Map.add 99 { Seq.head world.Pd.Groups.Values with Id = 99 }
                }
        }

        [ processes again ])
    "I13",
    (fun world -> [
        modified
            Kind.PersistentVolumeClaim
            (claim (tikv 0))
            (set [ "metadata"; "ownerReferences" ] (Json.array [ Json.object [ "uid", Json.String "x" ] ]))
            world
    ])
    "I14", (fun world -> [ world |> without Kind.TiKV (tikv 0) |> delete Kind.Pod (tikv 0) ])
    "I15",
    (fun world ->
        let dying = world |> regionsOn [ tikv 0; tikv 1; tikv 2 ] |> dead [ tikv 1 ]
        [ processes dying; dying |> later 40_000L |> delete Kind.Pod (tikv 0) ])
    "I16", (fun world -> [ delete Kind.Pod (tikv 0) world; delete Kind.Pod (tikv 1) world ])
    "I17",
    (fun world ->
        let dying = dead [ tikv 1 ] world
        [ processes dying; dying |> later 40_000L |> delete Kind.Pod (tikv 0) ])
    "I18", (fun world -> [ delete Kind.Pod (tikv 0) world ])
    "I18",
    (fun world ->
        let led = world |> regionsOn [ tikv 0; tikv 1; tikv 2 ] |> evicting (tikv 0)
        [ processes led; delete Kind.Pod (tikv 0) led ])
    "I19", (fun world -> [ delete Kind.Pod (tikv 0) world; delete Kind.Pod (tikv 1) world ])
    "I20", (fun world -> [ world |> dead [ pd 1 ] |> delete Kind.Pod (pd 0) ])
    "I20",
    (fun world -> [
        let dying = dead [ pd 1; pd 2 ] world
        call (PdCall.RemoveMember(memberOf (pd 0) dying)) dying
    ])
    "I21", (fun world -> [ delete Kind.Pod (pd 0) world; delete Kind.Pod (pd 1) world ])
    "I22", (fun world -> [ delete Kind.Pod (leaderOf world) world ])
    "I23", (fun world -> [ world |> altered Kind.PD (pd 0) deleting |> delete Kind.Pod (pd 0) ])
    "I24",
    (fun world ->
        let headless = dead [ pd 0; pd 1; pd 2 ] world
        let mute = headless |> later 60_000L
        let mute = { mute with Pd = PdWorld.advance mute.Now mute.Pd }
        [ processes world; mute |> delete Kind.Pod (tikv 0) ])
    "I25",
    (fun world ->
        let dying = dead [ tikv 1; tikv 2 ] world
        [ processes dying; dying |> later 40_000L |> delete Kind.Pod (tikv 0) ])
    "I26",
    (fun world ->
        let others =
            (world, [ tikv 1; tikv 2; tikv 3 ])
            ||> List.fold (fun world pod -> altered Kind.Pod pod deleting world)

        [ delete Kind.Pod (tikv 0) others ])
    "I27", (fun world -> [ world |> withBudget |> delete Kind.Pod (tikv 0) ])
    "I28",
    (fun world ->
        (([], world), all4)
        ||> List.fold (fun (story, world) pod ->
            let after = evicting pod world

            story
            @ [ called (PdCall.EvictLeaders(storeOf pod world)) world after; processes after ],
            after)
        |> fst)
    "I29",
    (fun world ->
        let after = evicting (tikv 0) world
        [ called (PdCall.EvictLeaders(storeOf (tikv 0) world)) world after; processes after; settles after ])
    "I30",
    (fun world ->
        let world = evicting (tikv 0) world
        [ processes world; call (PdCall.StopEvictingLeaders(storeOf (tikv 0) world)) world ])
    "I30", (fun world -> [ sent 1L (Sent.Change(PdCall.EvictLeaders(storeOf (tikv 0) world))) world ])
    "I32",
    (fun world ->
        let world = world |> evicting (tikv 1) |> evicting (tikv 2) |> evicting (tikv 3)
        [ call (PdCall.EvictLeaders(storeOf (tikv 0) world)) world ])
    "I33",
    (fun world ->
        let newer =
            body Kind.Pod (tikv 0) world
            |> set
                [ "spec"; "containers" ]
                (Json.array [ Json.object [ "image", Json.String "pingcap/tikv:v9.0.0" ] ])

        [ create Kind.Pod (tikv 0) newer world ])
    "I37",
    (fun world -> [
        delete Kind.Pod (tikv 0) world
        sent 1L (creationOf Kind.Pod (tikv 0) (body Kind.Pod (tikv 0) world)) world
        changed ChangeType.Added Kind.Pod (tikv 0) None world
    ])
    "I38",
    (fun world ->
        let paused = modified Kind.Cluster "basic" (set [ "spec"; "paused" ] (Json.Bool true)) world
        [ paused; fst paused |> later 200_000L |> patch Kind.TiKV (tikv 0) Json.empty ])
    "I39",
    (fun world ->
        let world = storeState (tikv 0) NodeState.Removed world
        [ sent 1L (creationOf Kind.Pod (tikv 0) (body Kind.Pod (tikv 0) world)) world ])
    "I40",
    (fun world ->
        let surplus =
            world
            |> altered Kind.TiKVGroup "basic-tikv" (set [ "spec"; "replicas" ] (Json.int 2))
            |> altered Kind.TiKV (tikv 3) (Json.setPath [ "status"; "id" ] None)

        [ patch Kind.TiKV (tikv 2) (offline Json.empty) surplus ])
    "I41", (fun world -> [ replacing (tikv 0) world ])
    "I41", (fun world -> [ world |> failingOver |> replacing (tikv 0) ])
    "I41",
    (fun world ->
        let dying = world |> failingOver |> dead [ tikv 0; tikv 1 ]
        [ processes dying; dying |> later 2_000_000L |> replacing (tikv 0) ])
    "I42",
    (fun world ->
        let dying = world |> failingOver |> dead [ tikv 0 ]

        let back =
            world
            |> altered
                Kind.TiKVGroup
                "basic-tikv"
                (set [ "spec"; "replicas" ] (Json.int 3)
                 >> set [ "status"; "conditions" ] (Json.array [ notReady ]))

        [ processes dying; dying |> later 2_000_000L |> replacing (tikv 0); processes back; settles back ])
    "I43", (fun world -> [ deleteWith noUid None Kind.Pod (tikv 0) world ])
    "I44",
    (fun world -> [
        world
        |> altered Kind.Pod (tikv 0) (Json.setPath [ "metadata"; "labels" ] None)
        |> delete Kind.Pod (tikv 0)
    ])
    "I45",
    (fun world -> [
        patched Kind.Pod (tikv 0) Json.empty world (altered Kind.Pod (tikv 0) (label "team" "blue") world)
    ])
    "I46",
    (fun world -> [
        create
            Kind.Pod
            (tikv 0)
            (set [ "metadata"; "generateName" ] (Json.String "x-") (body Kind.Pod (tikv 0) world))
            world
    ])
    "I47",
    (fun world ->
        let fewer = altered Kind.TiKVGroup "basic-tikv" (set [ "spec"; "replicas" ] (Json.int 2)) world

        [
            changed ChangeType.Added Kind.TiKVGroup "basic-tikv" None fewer
            changed ChangeType.Added Kind.TiKV (tikv 3) None fewer
        ])
    "I47", (fun world -> [ sent 1L (creation Kind.Pod (tikv 9)) world ])
    "I48",
    (fun world -> [
        sent 1L (deletion Kind.Pod (tikv 0)) world
        heard 1L false world
        sent 2L (deletion Kind.Pod (tikv 0)) world
    ])
    "I48",
    (fun world -> [
        sent 1L (Sent.Change(PdCall.RemoveMember(memberOf (pd 0) world))) world
        sent 2L Sent.Question world
        heard 1L false world
        // it was asked before the doubt arose
        heard 2L true world
        sent 3L (Sent.Change(PdCall.RemoveMember(memberOf (pd 0) world))) world
    ])
    "I49",
    (fun world -> [ modified Kind.TiKV (tikv 0) (set [ "status"; "observedGeneration" ] (Json.int 0)) world ])
    "I50",
    (fun world ->
        let world =
            added
                Kind.Secret
                (Json.object [
                    "metadata", Json.object [ "name", Json.String "tls"; "namespace", Json.String "default" ]
                    "data", Json.object [ "key", Json.String "aHVzaGh1c2g=" ]
                ])
                world

        [ create Kind.ConfigMap "x" (Json.object [ "data", Json.String "aHVzaGh1c2g=" ]) world ])
    "I51",
    (fun world ->
        let invalid =
            altered
                Kind.TiKVGroup
                "basic-tikv"
                (set
                    [ "status"; "conditions" ]
                    (Json.array [
                        Json.object [
                            "type", Json.String "Ready"
                            "status", Json.String "False"
                            "reason", Json.String "InvalidSpec"
                        ]
                    ]))
                world

        let told = modified Kind.TiKV (tikv 0) (set [ "metadata"; "generation" ] (Json.int 99)) invalid

        [
            changed ChangeType.Modified Kind.TiKVGroup "basic-tikv" None invalid
            told
            delete Kind.Pod (tikv 0) (fst told)
        ])
    "I54", (fun world -> [ settles world; patch Kind.TiKV (tikv 0) Json.empty world ])
    "I67", (fun world -> [ world |> dead [ tikv 0 ] |> settles ])
    "I68",
    (fun world -> [
        world
        |> dead [ tikv 0 ]
        |> altered Kind.TiKVGroup "basic-tikv" (set [ "status"; "conditions" ] (Json.array []))
        |> settles
    ])
    "I72", (fun world -> List.replicate 700 (patch Kind.TiKV (tikv 0) Json.empty world))
    "I74", (fun world -> [ world |> storeState (tikv 0) NodeState.Removing |> settles ])
    "I76", (fun world -> [ delete Kind.Pod (tikv 0) world; settles world ])
    "I77", (fun world -> [ world |> regionsOn [ tikv 0; tikv 1; tikv 2 ] |> dead [ tikv 0 ] |> settles ])
]

let private cases =
    mistakes
    |> List.mapi (fun index (id, _) ->
        TestCaseData(index).SetName($"%s{id} breaks when it is broken (%d{index})"))

[<TestCaseSource(nameof cases)>]
let ``a property breaks`` (index: int) =
    let id, mistake = mistakes[index]
    Assert.That(broken id (mistake settled.Value), Is.EquivalentTo [ id ])

[<Test>]
let ``every property has something that breaks it`` () =
    let shown = mistakes |> List.map fst |> Set.ofList

    let silent =
        All.invariants
        |> List.map _.Property.Id
        |> List.filter (fun id -> not (Set.contains id shown))

    Assert.That(silent, Is.Empty)
