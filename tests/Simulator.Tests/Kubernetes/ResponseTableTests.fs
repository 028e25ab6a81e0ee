/// The response table that a fake API server must keep (rows as numbered there).
module Tikv.Simulator.Tests.Kubernetes.ResponseTableTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private w = widget "w" "{'size':3}"
let private version object = Meta.resourceVersion object
let private current server = read "w" server
let private withVersion version json = Meta.setText "resourceVersion" version json

let private going =
    withWidget
    |> after (patch "w" "{'metadata':{'finalizers':['a.b/c']}}")
    |> after (delete "w")

let private withPod = server |> after (Requests.create Builtins.pods place (pod "p"))
let private bound = withPod |> after (bind "p")
let private cm = Requests.create Builtins.configMaps place (configMap "c" "{'a':'1'}")

let private apply manager (body: Json) = {
    Requests.patch (ServerSideApply false) widgets place (Meta.name body) body with
        FieldManager = manager
}

let private budget (name: string) allowed server =
    server
    |> after (
        Requests.create
            Builtins.podDisruptionBudgets
            place
            (json (
                "{'metadata':{'name':'"
                + name
                + "'},'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'x'}}}}"
            ))
    )
    |> after (
        Requests.patch
            MergePatch
            Builtins.podDisruptionBudgets
            place
            name
            (json ("{'status':{'disruptionsAllowed':" + string allowed + "}}"))
        |> Requests.onStatus
    )

let private running =
    bound
    |> after (
        Requests.patch MergePatch Builtins.pods place "p" (json "{'status':{'phase':'Running'}}")
        |> Requests.onStatus
    )

let private withOptions change name = Requests.delete (change Requests.deleteOptions) widgets place name

let private ssa = server |> after (apply "a" w)

let private terminatingNamespace =
    server
    |> after (Requests.create Builtins.namespaces None (json "{'metadata':{'name':'n'}}"))
    |> after (Requests.delete Requests.deleteOptions Builtins.namespaces None "n")

let private selector = json "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80}]}}"
let private withService = server |> after (Requests.create Builtins.services place selector)

let private listed version server =
    Requests.make
        widgets
        place
        None
        (Verb.List { Requests.listOptions with ResourceVersion = version })
        Json.Null
    |> fun request -> code request server

/// Row, server, request, code, whether the revision moves.
let rows =
    let row (number: string) (what: string) server request code moves =
        TestCaseData(server, request, code, moves).SetName $"row %s{number}: %s{what}"

    [
        row "1" "create of an absent name" server (create w) 201 true
        row "2" "create of a name that is there" withWidget (create w) 409 false
        row "2" "create of a name that is terminating" going (create w) 409 false
        row
            "3"
            "create by generateName"
            server
            (create (
                json
                    "{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'generateName':'g-'},'spec':{'size':1}}"
            ))
            201
            true
        row
            "4"
            "create in a terminating namespace"
            terminatingNamespace
            (Requests.create Builtins.configMaps (Some "n") (configMap "c" "{}"))
            403
            false
        row "5" "create that breaks the schema" server (create (widget "w" "{'size':0}")) 422 false
        row "6" "update of an absent object" server (update (withVersion "1" w)) 404 false
        row "6" "update of an absent object with a uid" server (update (Meta.setText "uid" "u" w)) 409 false
        row "7" "update with a stale version" withWidget (update (withVersion "1" w)) 409 false
        row
            "8"
            "update of a core kind without version"
            (server |> after cm)
            (Requests.update Builtins.configMaps place (configMap "c" "{'a':'2'}"))
            200
            true
        row "8" "update of a custom resource without version" withWidget (update w) 422 false
        row
            "9"
            "update with another uid"
            withWidget
            (update (current withWidget |> Meta.setText "uid" "u"))
            409
            false
        row "10" "update that changes nothing" withWidget (update (current withWidget)) 200 false
        row
            "11"
            "update of the spec"
            withWidget
            (update (current withWidget |> Json.setPath [ "spec"; "size" ] (Some(Json.int 4))))
            200
            true
        row
            "12"
            "update of the status"
            withWidget
            (patch "w" "{'status':{'phase':'Up'}}" |> Requests.onStatus)
            200
            true
        row
            "13"
            "change of an immutable field"
            withService
            (Requests.patch MergePatch Builtins.services place "s" (json "{'spec':{'clusterIP':'10.96.9.9'}}"))
            422
            false
        row
            "14"
            "a finalizer more while terminating"
            going
            (patch "w" "{'metadata':{'finalizers':['a.b/c','a.b/d']}}")
            422
            false
        row "15" "the last finalizer goes" going (patch "w" "{'metadata':{'finalizers':null}}") 200 true
        row "16" "delete of an absent object" server (delete "w") 404 false
        row
            "17"
            "delete with another uid"
            withWidget
            (withOptions (fun options -> { options with Uid = Some "u" }) "w")
            409
            false
        row
            "17"
            "delete with another version"
            withWidget
            (withOptions (fun options -> { options with ResourceVersion = Some "1" }) "w")
            409
            false
        row "18" "delete without finalizers" withWidget (delete "w") 200 true
        row
            "19"
            "delete with a finalizer"
            (withWidget |> after (patch "w" "{'metadata':{'finalizers':['a.b/c']}}"))
            (delete "w")
            200
            true
        row
            "20"
            "delete of a bound pod"
            bound
            (Requests.delete Requests.deleteOptions Builtins.pods place "p")
            200
            true
        row
            "21"
            "delete of a bound pod without grace"
            bound
            (Requests.delete { Requests.deleteOptions with GraceSeconds = Some 0 } Builtins.pods place "p")
            200
            true
        row
            "22"
            "delete of an unscheduled pod"
            withPod
            (Requests.delete Requests.deleteOptions Builtins.pods place "p")
            200
            true
        row
            "23"
            "delete in the foreground"
            withWidget
            (withOptions (fun options -> { options with Propagation = Some "Foreground" }) "w")
            200
            true
        row "24" "apply of an absent object" server (apply "a" w) 201 true
        row
            "24"
            "apply of an absent object with a uid"
            server
            (apply "a" (Meta.setText "uid" "u" w))
            409
            false
        row "25" "apply of a field that another owns" ssa (apply "b" (widget "w" "{'size':4}")) 409 false
        row "26" "apply of what is there already" ssa (apply "a" w) 200 false
        row
            "27"
            "apply without a field applied before"
            (server |> after (apply "a" (widget "w" "{'size':3,'flag':true}")))
            (apply "a" w)
            200
            true
        row "28" "eviction that the budget allows" (running |> budget "b" 1) (evict "p") 201 true
        row "28" "eviction that the budget forbids" (running |> budget "b" 0) (evict "p") 429 false
        row "28" "eviction under two budgets" (running |> budget "b" 1 |> budget "b2" 1) (evict "p") 500 false
        row
            "32"
            "list at a revision of the future"
            server
            (Requests.make
                widgets
                place
                None
                (Verb.List { Requests.listOptions with ResourceVersion = Some "9999" })
                Json.Null)
            504
            false
    ]

[<TestCaseSource(nameof rows)>]
let answers (server: ApiServer) (request: Request) (expected: int) (moves: bool) =
    let struct (changed, response) = run request server
    Assert.That(response.Code, Is.EqualTo expected, Json.print response.Body)
    Assert.That(changed.Revision > server.Revision, Is.EqualTo moves)

[<Test>]
let ``rows 29 and 30: a list of any or of no revision shows the newest`` () =
    (listed (Some "0") withWidget, listed None withWidget) |> shouldBe (200, 200)

[<Test>]
let ``row 31: a watch from a forgotten revision is expired`` () =
    let compacted = ApiServer.compact withWidget.Revision withWidget
    ApiServer.changesAfter widgets None 1L compacted |> shouldBe (Error())

    ApiServer.changesAfter widgets None withWidget.Revision compacted
    |> shouldBe (Ok [])

[<Test>]
let ``a created object has a uid, a version, a generation and a time`` () =
    let object = current withWidget
    (Meta.uid object).Length |> shouldBe 36
    version object |> shouldBe (string withWidget.Revision)
    Meta.generation object |> shouldBe 1L

    textAt [ "metadata"; "creationTimestamp" ] object
    |> shouldBe "2026-01-01T12:00:00Z"
