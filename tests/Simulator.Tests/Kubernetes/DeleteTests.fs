module Tikv.Simulator.Tests.Kubernetes.DeleteTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private withFinalizer = withWidget |> after (patch "w" "{'metadata':{'finalizers':['a.b/c']}}")

let private deletePod seconds =
    Requests.delete { Requests.deleteOptions with GraceSeconds = seconds } Builtins.pods place "p"

let private bound =
    server
    |> after (Requests.create Builtins.pods place (pod "p"))
    |> after (bind "p")

let private findPod server = ApiServer.tryGet Builtins.pods place "p" server

[<Test>]
let ``K09 a delete whose uid or version is not that of the object is a conflict`` () =
    let object = read "w" withWidget

    withWidget
    |> refused
        409
        $"Operation cannot be fulfilled on Widget.example.com \"w\": the UID in the precondition (x) does not match the UID in record (%s{Meta.uid object}). The object might have been deleted and then recreated"
        (Requests.delete { Requests.deleteOptions with Uid = Some "x" } widgets place "w")

    withWidget
    |> refused
        409
        $"Operation cannot be fulfilled on Widget.example.com \"w\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (%s{Meta.resourceVersion object}). The object might have been modified"
        (Requests.delete { Requests.deleteOptions with ResourceVersion = Some "1" } widgets place "w")

[<Test>]
let ``K09 what is gone at once is answered as a success that names it`` () =
    let struct (_, body) = withWidget |> must (delete "w")

    (textAt [ "kind" ] body, textAt [ "status" ] body)
    |> shouldBe ("Status", "Success")

    textAt [ "details"; "uid" ] body |> shouldBe (Meta.uid (read "w" withWidget))

[<Test>]
let ``K10 a finalizer holds the object, and the last one lets it go`` () =
    let going = withFinalizer |> after (delete "w")

    Meta.deletionTimestamp (read "w" going)
    |> shouldBe (Some "2026-01-01T12:00:00Z")

    let struct (gone, response) = going |> run (patch "w" "{'metadata':{'finalizers':null}}")
    told widgets going.Revision gone |> shouldBe [ "Deleted w" ]

    Meta.resourceVersion response.Body
    |> shouldBe (Meta.resourceVersion (read "w" going))

[<Test>]
let ``K10 the deleted object bears the revision of its deletion`` () =
    let gone = withWidget |> after (delete "w")
    let last = changes widgets withWidget.Revision gone |> List.last

    (last.Revision, Meta.resourceVersion last.Object)
    |> shouldBe (gone.Revision, string gone.Revision)

[<Test>]
let ``K10 a terminating object gains no finalizer, and stays terminating`` () =
    let going = withFinalizer |> after (delete "w")

    going
    |> refused
        422
        "Widget.example.com \"w\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"a.b/d\", \"e.f/g\"}"
        (patch "w" "{'metadata':{'finalizers':['a.b/c','a.b/d','e.f/g']}}")

    let cleared = going |> after (patch "w" "{'metadata':{'deletionTimestamp':null}}")
    Meta.isTerminating (read "w" cleared) |> shouldBe true

[<Test>]
let ``K10 a terminating object can still be updated, and deleting it again changes nothing`` () =
    let going = withFinalizer |> after (delete "w")
    let changed = going |> after (patch "w" "{'spec':{'size':6}}")
    numberAt [ "spec"; "size" ] (read "w" changed) |> shouldBe 6L
    (changed |> after (delete "w")).Revision |> shouldBe changed.Revision

[<Test>]
let ``K11 a bound pod ends after its grace, and a later delete can only shorten it`` () =
    let ends server =
        findPod server
        |> Option.map (fun pod -> Meta.deletionTimestamp pod |> Option.defaultValue "", Meta.graceSeconds pod)

    let going = bound |> after (deletePod None)
    ends going |> shouldBe (Some("2026-01-01T12:00:30Z", Some 30))
    (going |> after (deletePod (Some 100))).Revision |> shouldBe going.Revision

    going
    |> after (deletePod (Some 5))
    |> ends
    |> shouldBe (Some("2026-01-01T12:00:05Z", Some 5))

[<Test>]
let ``K11 a pod that was never bound, or is finished, goes at once`` () =
    server
    |> after (Requests.create Builtins.pods place (pod "p"))
    |> after (deletePod None)
    |> findPod
    |> shouldBe None

    bound
    |> after (
        Requests.patch MergePatch Builtins.pods place "p" (json "{'status':{'phase':'Failed'}}")
        |> Requests.onStatus
    )
    |> after (deletePod None)
    |> findPod
    |> shouldBe None

[<Test>]
let ``K12 a forced delete takes the pod away at once`` () =
    bound |> after (deletePod (Some 0)) |> findPod |> shouldBe None

    bound
    |> after (deletePod None)
    |> after (deletePod (Some 0))
    |> findPod
    |> shouldBe None

[<Test>]
let ``an unknown propagation policy is refused`` () =
    withWidget
    |> refused
        422
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
        (Requests.delete { Requests.deleteOptions with Propagation = Some "Foo" } widgets place "w")

[<Test>]
let ``a collection is deleted by selector`` () =
    let labelled name =
        Json.setPath [ "metadata"; "labels"; "a" ] (Some(Json.String name)) (widget name "{'size':1}")

    let two = server |> after (create (labelled "x")) |> after (create (labelled "y"))
    let selection = { Requests.listOptions with LabelSelector = "a=x" }

    let request =
        Requests.make widgets place None (Verb.DeleteCollection(selection, Requests.deleteOptions)) Json.Null

    let left = two |> after request

    ApiServer.listObjects widgets None left
    |> List.map Meta.name
    |> shouldBe [ "y" ]

// ---- dependants

let private owned (name: string) owner block =
    configMap name "{}"
    |> Json.setPath
        [ "metadata"; "ownerReferences" ]
        (Some(
            Json.array [
                Json.object [
                    "apiVersion", Json.String "example.com/v1"
                    "kind", Json.String "Widget"
                    "name", Json.String "w"
                    "uid", Json.String owner
                    "blockOwnerDeletion", Json.Bool block
                ]
            ]
        ))

let private withChild =
    withWidget
    |> after (Requests.create Builtins.configMaps place (owned "c" (Meta.uid (read "w" withWidget)) true))

let private collected = GarbageCollector.step noon
let private maps server = ApiServer.listObjects Builtins.configMaps place server |> List.map Meta.name

let private deleteBy policy =
    Requests.delete { Requests.deleteOptions with Propagation = Some policy } widgets place "w"

[<Test>]
let ``K31 a dependant whose owner has gone is deleted`` () =
    withChild |> collected |> maps |> shouldBe [ "c" ]
    withChild |> after (delete "w") |> collected |> maps |> shouldBe []

[<Test>]
let ``K31 an owner of another uid does not count`` () =
    let stray =
        withWidget
        |> after (Requests.create Builtins.configMaps place (owned "c" "other" true))

    stray |> collected |> maps |> shouldBe []

[<Test>]
let ``K32 in the foreground the owner waits for dependants that block it`` () =
    let going = withChild |> after (deleteBy "Foreground")
    Meta.finalizers (read "w" going) |> shouldBe [ "foregroundDeletion" ]
    let gone = collected (collected going)
    (maps gone, ApiServer.tryGet widgets place "w" gone) |> shouldBe ([], None)

[<Test>]
let ``K32 an orphan stays and forgets its owner`` () =
    let gone = withChild |> after (deleteBy "Orphan") |> collected
    ApiServer.tryGet widgets place "w" gone |> shouldBe None

    ApiServer.tryGet Builtins.configMaps place "c" gone
    |> Option.map Meta.ownerReferences
    |> shouldBe (Some [])

[<Test>]
let ``K33 a child made after its owner went is deleted too`` () =
    let late =
        withWidget
        |> after (delete "w")
        |> collected
        |> after (Requests.create Builtins.configMaps place (owned "c" (Meta.uid (read "w" withWidget)) true))

    late |> maps |> shouldBe [ "c" ]
    late |> collected |> maps |> shouldBe []

[<Test>]
let ``the collector does nothing while nothing changes`` () =
    let settled = collected (collected withChild)
    obj.ReferenceEquals(collected settled, settled) |> shouldBe true

[<Test>]
let ``K36 a namespace goes when its contents are gone, and finalizers hold it`` () =
    let inside = Some "n"

    let held =
        configMap "c" "{}"
        |> Json.setPath [ "metadata"; "finalizers" ] (Some(Json.strings [ "a.b/c" ]))

    let going =
        server
        |> after (Requests.create Builtins.namespaces None (json "{'metadata':{'name':'n'}}"))
        |> after (Requests.create Builtins.configMaps inside held)
        |> after (Requests.delete Requests.deleteOptions Builtins.namespaces None "n")
        |> Controllers.step noon

    going
    |> refused
        403
        "configmaps \"d\" is forbidden: unable to create new content in namespace n because it is being terminated"
        (Requests.create Builtins.configMaps inside (configMap "d" "{}"))

    let released =
        going
        |> after (
            Requests.patch MergePatch Builtins.configMaps inside "c" (json "{'metadata':{'finalizers':null}}")
        )
        |> Controllers.step noon

    ApiServer.tryGet Builtins.namespaces None "n" released |> shouldBe None

[<Test>]
let ``a namespace that the cluster needs is not deleted`` () =
    server
    |> refused
        403
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
        (Requests.delete Requests.deleteOptions Builtins.namespaces None "default")

[<Test>]
let ``K52 a claim that a pod uses stays terminating until the pod has gone`` () =
    let claim =
        json
            "{'metadata':{'name':'v'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}"

    let user =
        pod "p"
        |> Json.setPath
            [ "spec"; "volumes" ]
            (Some(json "[{'name':'d','persistentVolumeClaim':{'claimName':'v'}}]"))
        |> Json.setPath [ "spec"; "nodeName" ] (Some(Json.String "node-a1"))

    let find server =
        ApiServer.tryGet Builtins.persistentVolumeClaims place "v" server
        |> Option.map Meta.isTerminating

    let going =
        server
        |> after (Requests.create Builtins.persistentVolumeClaims place claim)
        |> after (Requests.create Builtins.pods place user)
        |> Controllers.step noon
        |> after (Requests.delete Requests.deleteOptions Builtins.persistentVolumeClaims place "v")
        |> Controllers.step noon

    find going |> shouldBe (Some true)

    going
    |> after (deletePod (Some 0))
    |> Controllers.step noon
    |> find
    |> shouldBe None

[<Test>]
let ``K66 a definition that goes takes its objects along`` () =
    let gone =
        withWidget
        |> after (
            Requests.delete
                Requests.deleteOptions
                Builtins.customResourceDefinitions
                None
                "widgets.example.com"
        )
        |> Controllers.step noon

    told widgets withWidget.Revision gone |> shouldBe [ "Deleted w" ]
    gone |> code (get "w") |> shouldBe 404
    ApiServer.tryResourceType widgets gone |> Option.isNone |> shouldBe true
