module Tikv.Core.Tests.Group.HistoryTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

let private nameOf (observed: Observed) = Revisions.name observed (Shared.revision observed)

[<Test>]
let ``a template is recorded before any instance is made from it`` () =
    let observed = { tikv with Revisions = []; Instances = Map.empty }

    match (decide observed).Actions with
    | [ CreateRevision(name, body) ] ->
        name |> shouldBe $"tikv-basic-tikv-%s{Shared.revision tikv}"

        body
        |> Json.setPath [ "metadata"; "labels" ] None
        |> Json.setPath [ "metadata"; "name" ] None
        |> shouldBe (
            json
                """{"apiVersion":"apps/v1","kind":"ControllerRevision",
                    "metadata":{"namespace":"default",
                      "ownerReferences":[{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKVGroup","name":"basic-tikv",
                        "uid":"basic-tikv-uid","controller":true,"blockOwnerDeletion":true}]},
                    "data":{"template":{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}},
                    "revision":1}"""
        )
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a PD group and a TiKV group of one name have revisions of different names`` () =
    let named name (observed: Observed) = { observed with Meta = { observed.Meta with Name = name } }

    Assert.That(
        Revisions.name (named "basic" pd) "x",
        Is.Not.EqualTo(Revisions.name (named "basic" tikv) "x")
    )

/// A change of this word restarts nothing, but makes every group of every user record a new revision.
[<Test>]
let ``the revision of a template is the same word for every version of the operator`` () =
    (Shared.revision tikv, Shared.revision pd)
    |> shouldBe ("rztgfbk8g5", "rztgfbk8g5")

[<Test>]
let ``scaling makes no revision`` () =
    (decide (replicas 5 tikv)).Actions
    |> List.exists _.IsCreateRevision
    |> shouldBe false

[<Test>]
let ``a new template gets the next number`` () =
    let observed = { version "v8.5.3" tikv with Revisions = tikv.Revisions }

    match (decide observed).Actions with
    | [ CreateRevision(name, body) ] ->
        (name, Json.intAt [ "revision" ] body) |> shouldBe (nameOf observed, Some 2)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an old template that is wanted again is the old revision with the highest number`` () =
    let upgraded = version "v8.5.3" tikv
    let reverted = { tikv with Revisions = upgraded.Revisions }

    decide reverted
    |> shouldBe (act [ RenumberRevision((List.head tikv.Revisions).Meta, 3L) ])

[<Test>]
let ``manifests that differ in the order of keys and the spelling of amounts have one revision`` () =
    let read text =
        match Codec.tikvGroup (json text) with
        | Ok group -> { tikv with Role = TiKV(group.Spec, group.Status) }
        | Error problems -> failwith $"%A{problems}"

    let one =
        read
            """{"metadata":{"name":"basic-tikv","namespace":"default"},"spec":{"cluster":{"name":"basic"},"replicas":3,
                "template":{"spec":{"version":"v8.5.2","resources":{"cpu":"2","memory":"1Gi"},
                  "volumes":[{"name":"data","storage":"1Gi"}]}}}}"""

    let other =
        read
            """{"metadata":{"name":"basic-tikv","namespace":"default"},"spec":{"replicas":9,"cluster":{"name":"basic"},
                "template":{"spec":{"volumes":[{"storage":"1024Mi","name":"data"}],
                  "resources":{"memory":"1073741824","cpu":"2000m"},"version":"v8.5.2"}}}}"""

    (Shared.revision one, Shared.wanted one, Shared.wantedProcess one)
    |> shouldBe (Shared.revision other, Shared.wanted other, Shared.wantedProcess other)

    { other with Revisions = [ revision one 1L ] }
    |> Revisions.kept
    |> shouldBe settled

[<Test>]
let ``another template under the name of the wanted one is counted as a collision, and changes the hash`` () =
    let other = version "v8.5.3" tikv
    let taken = { (List.last other.Revisions) with Meta = (List.head tikv.Revisions).Meta }
    let observed = { tikv with Revisions = [ taken ] }
    decide observed |> shouldBe (act [ CountCollision 1 ])

    let counted = observed |> withStatus (fun status -> { status with CollisionCount = 1 })
    Assert.That(Shared.revision counted, Is.Not.EqualTo(Shared.revision observed))
    (decide counted).Actions |> List.map _.IsCreateRevision |> shouldBe [ true ]

let private limited limit = withClusterSpec (fun spec -> { spec with RevisionHistoryLimit = limit })

[<Test>]
let ``of the revisions that nobody has, the oldest go beyond the limit`` () =
    let history =
        [ 1L .. 5L ]
        |> List.map (fun number -> revision (version $"v8.4.%d{number}" tikv) number)

    let observed = { tikv with Revisions = history @ [ { List.head tikv.Revisions with Revision = 6L } ] }

    decide (limited 5 observed) |> shouldBe settled

    decide (limited 3 observed)
    |> shouldBe (act [ RemoveRevision history[0].Meta; RemoveRevision history[1].Meta ])

    let used =
        observed
        |> withStatus (fun status -> {
            status with
                CurrentRevision = Map.tryFind Labels.revision history[0].Meta.Labels
        })

    (Revisions.history (limited 0 used)).Actions
    |> shouldBe (history |> List.skip 1 |> List.map (fun one -> RemoveRevision one.Meta))

// ---- the way back

let private request text (observed: Observed) = {
    observed with
        Meta = { observed.Meta with Annotations = Map [ Annotations.rollbackTo, text ] }
}

let private upgraded =
    let observed = tikv |> withTemplate (fun template -> { template with Config = Some "a = 1" })
    { observed with Instances = observed.Instances |> Map.map (fun index _ -> instance observed index) }

let private template =
    json """{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}"""

[<TestCase "1">]
[<TestCase "0">]
[<TestCase "">]
[<TestCase "previous">]
[<TestCase "hash">]
[<TestCase "name">]
let ``the template goes back to the revision that is asked for`` how =
    let former = List.head tikv.Revisions

    let asked =
        match how with
        | "hash" -> former.Meta.Labels[Labels.revision]
        | "name" -> former.Meta.Name
        | how -> how

    decide (request asked upgraded)
    |> shouldBe (act [ RollBack(former.Meta.Name, template) ])

[<Test>]
let ``a revision that is not kept is told with those that are, and nothing else waits for it`` () =
    let hash (observed: Observed) = Shared.revision observed

    decide (request "7" upgraded)
    |> shouldBe (wait [ UnknownRevision("7", [ $"2 (%s{hash upgraded})"; $"1 (%s{hash tikv})" ]) ])

    let growing = upgraded |> replicas 4 |> request "7"
    (decide growing).Actions |> shouldBe (create [] [ 3 ] growing)

[<Test>]
let ``volumes do not shrink on the way back`` () =
    let grown =
        upgraded
        |> withTemplate (fun template -> {
            template with
                Volumes =
                    template.Volumes
                    |> List.map (fun volume -> { volume with Storage = Quantity.bytes 2147483648L })
        })

    (Revisions.rollBack (request "1" grown)).Actions
    |> shouldBe [
        RollBack(
            (List.head tikv.Revisions).Meta.Name,
            json """{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"2Gi"}]}}"""
        )
    ]

// ---- what leaves the template leaves the instances

let private withMetadata labels annotations (observed: Observed) =
    match observed.Role with
    | TiKV(spec, status) ->
        let metadata: ObjectMetadata = { Labels = Map labels; Annotations = Map annotations }

        {
            observed with
                Role = TiKV({ spec with Template = { spec.Template with Metadata = metadata } }, status)
        }
    | PD _ -> observed

[<Test>]
let ``labels and annotations that leave the template leave the instances, and those of others stay`` () =
    let before = tikv |> withMetadata [ "team", "a"; "tier", "x" ] [ "note", "n" ]
    let made = (instance before 1).Meta
    let seen = { made with Labels = made.Labels |> Map.add "foreign" "f" }
    let now = tikv |> withMetadata [ "team", "b" ] []
    let patch = Manifest.update now seen

    let at patch field key = Json.membersAt [ "metadata"; field ] patch |> Map.ofList |> Map.tryFind key

    [
        at patch "labels" "team"
        at patch "labels" "tier"
        at patch "labels" "foreign"
        at patch "annotations" "note"
    ]
    |> shouldBe [ Some(Json.string "b"); Some Json.Null; None; Some Json.Null ]

    let bare = Manifest.update tikv seen

    [ at bare "labels" "team"; at bare "annotations" Annotations.templateKeys ]
    |> shouldBe [ Some Json.Null; Some Json.Null ]
