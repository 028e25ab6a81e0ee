module Tikv.Simulator.Tests.Kubernetes.WriteTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

[<Test>]
let ``K01 every change of any object takes the next revision`` () =
    let one = withWidget
    let two = one |> after (Requests.create Builtins.configMaps place (configMap "c" "{}"))
    two.Revision |> shouldBe (one.Revision + 1L)

[<Test>]
let ``K02 a stale version is a conflict, in the words of a real server`` () =
    withWidget
    |> refused
        409
        "Operation cannot be fulfilled on widgets.example.com \"w\": the object has been modified; please apply your changes to the latest version and try again"
        (update (widget "w" "{'size':4}" |> Meta.setText "resourceVersion" "1"))

[<Test>]
let ``K02 a merge patch that carries a stale version is a conflict`` () =
    withWidget
    |> code (patch "w" "{'metadata':{'resourceVersion':'1'},'spec':{'size':4}}")
    |> shouldBe 409

[<Test>]
let ``K02 a custom resource cannot be updated without its version`` () =
    withWidget
    |> refused
        422
        "widgets.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
        (update (widget "w" "{'size':4}"))

[<Test>]
let ``K03 another life of the same name is a conflict`` () =
    let uid = Meta.uid (read "w" withWidget)

    withWidget
    |> refused
        409
        ("Operation cannot be fulfilled on widgets.example.com \"w\": StorageError: invalid object, Code: 4, Key: /registry/example.com/widgets/default/w, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: "
         + uid)
        (update (read "w" withWidget |> Meta.setText "uid" "other"))

[<Test>]
let ``K03 an object made again has another uid`` () =
    let again = withWidget |> after (delete "w") |> after (create (widget "w" "{'size':3}"))
    Assert.That(Meta.uid (read "w" again), Is.Not.EqualTo(Meta.uid (read "w" withWidget)))

[<Test>]
let ``K04 an update that changes nothing makes no event`` () =
    let same = withWidget |> after (patch "w" "{'spec':{'size':3}}")
    told widgets withWidget.Revision same |> shouldBe []

[<Test>]
let ``K05 a name that is taken says so, and says when it is terminating`` () =
    withWidget
    |> refused 409 "widgets.example.com \"w\" already exists" (create (widget "w" "{'size':1}"))

    withWidget
    |> after (patch "w" "{'metadata':{'finalizers':['a.b/c']}}")
    |> after (delete "w")
    |> refused
        409
        "object is being deleted: widgets.example.com \"w\" already exists"
        (create (widget "w" "{'size':1}"))

[<Test>]
let ``K06 a generated name ends in five characters of the server`` () =
    let body = json "{'metadata':{'generateName':'gen-'}}"
    let struct (_, made) = server |> must (Requests.create Builtins.configMaps place body)
    Assert.That(Meta.name made, Does.Match "^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$")

[<Test>]
let ``K07 the generation grows with the spec and with deletion, not with labels or status`` () =
    let generation server = Meta.generation (read "w" server)

    let labelled =
        withWidget
        |> after (patch "w" "{'metadata':{'labels':{'a':'b'},'finalizers':['a.b/c']}}")

    generation labelled |> shouldBe 1L
    let told = labelled |> after (patch "w" "{'status':{'phase':'Up'}}" |> Requests.onStatus)
    generation told |> shouldBe 1L
    let changed = told |> after (patch "w" "{'spec':{'size':4}}")
    generation changed |> shouldBe 2L
    changed |> after (delete "w") |> generation |> shouldBe 3L

[<Test>]
let ``K07 configmaps and services have no generation`` () =
    let struct (_, made) = server |> must (Requests.create Builtins.configMaps place (configMap "c" "{}"))
    Json.tryPath [ "metadata"; "generation" ] made |> shouldBe None

[<Test>]
let ``K08 the status endpoint writes the status alone, the main one everything else`` () =
    let both = "{'metadata':{'labels':{'a':'b'}},'spec':{'size':5},'status':{'phase':'Up'}}"
    let status = withWidget |> after (patch "w" both |> Requests.onStatus) |> read "w"

    (textAt [ "status"; "phase" ] status, numberAt [ "spec"; "size" ] status)
    |> shouldBe ("Up", 3L)

    Meta.labels status |> shouldBe Map.empty
    let main = withWidget |> after (patch "w" both) |> read "w"

    (textAt [ "status"; "phase" ] main, numberAt [ "spec"; "size" ] main)
    |> shouldBe ("", 5L)

[<Test>]
let ``K08 a status write conflicts with a spec write in between`` () =
    let seen = read "w" withWidget
    let changed = withWidget |> after (patch "w" "{'spec':{'size':4}}")
    changed |> code (update seen |> Requests.onStatus) |> shouldBe 409

[<Test>]
let ``the name and namespace of an object must be those of the request`` () =
    let renamed = read "w" withWidget |> Meta.setText "name" "other"

    withWidget
    |> refused 400 "the name of the object (other) does not match the name on the URL (w)" {
        update renamed with
            Name = Some "w"
    }

    server
    |> refused
        400
        "the namespace of the provided object does not match the namespace sent on the request"
        (create (widget "x" "{'size':1}" |> Meta.setText "namespace" "kube-system"))

[<Test>]
let ``an absent object, namespace or resource is not found, each in its words`` () =
    withWidget |> refused 404 "widgets.example.com \"x\" not found" (get "x")

    server
    |> refused
        404
        "namespaces \"nope\" not found"
        (Requests.create Builtins.configMaps (Some "nope") (configMap "c" "{}"))

    server
    |> refused 404 "the server could not find the requested resource" {
        create (widget "w" "{'size':1}") with
            Resource = Builtins.key "" "v1" "widgets"
    }

    let struct (_, response) = ApiServer.start 1 |> run (create (widget "w" "{'size':1}"))

    (response.Code, response.Body)
    |> shouldBe (404, Json.String "404 page not found")

[<Test>]
let ``the details of an error name the object, its group and its kind`` () =
    let struct (_, response) = withWidget |> run (get "x")

    Json.tryField "details" response.Body
    |> shouldBe (Some(json "{'name':'x','group':'example.com','kind':'widgets'}"))

[<Test>]
let ``a dry run answers and changes nothing`` () =
    let struct (changed, response) = server |> run { create (widget "w" "{'size':1}") with DryRun = true }

    (response.Code, textAt [ "spec"; "mode" ] response.Body)
    |> shouldBe (201, "fast")

    changed.Revision |> shouldBe server.Revision
    let struct (kept, _) = withWidget |> run { delete "w" with DryRun = true }
    kept.Revision |> shouldBe withWidget.Revision

[<Test>]
let ``names and labels are checked as a real server checks them`` () =
    let label = "{'metadata':{'labels':{'a b':'c'}}}"

    Assert.That(
        withWidget |> message (patch "w" label),
        Does.StartWith
            "Widget.example.com \"w\" is invalid: metadata.labels: Invalid value: \"a b\": name part must consist of"
    )

    Assert.That(
        server |> message (create (widget "X_y" "{'size':1}")),
        Does.StartWith
            "Widget.example.com \"X_y\" is invalid: metadata.name: Invalid value: \"X_y\": a lowercase RFC 1123 subdomain must"
    )

    Assert.That(
        server |> message (create (widget (String.replicate 254 "x") "{'size':1}")),
        Does.EndWith ": must be no more than 253 characters"
    )

    server
    |> refused
        422
        "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required"
        (Requests.create Builtins.configMaps place (json "{}"))

[<Test>]
let ``the same seed and requests give the same server, uids and all`` () =
    let history () =
        defined definition
        |> after (create (widget "w" "{'size':1}"))
        |> changes widgets server.Revision
        |> List.map (fun change -> Json.print change.Object)

    history () |> shouldBe (history ())

[<Test>]
let ``scale reads and writes the replicas where the definition says`` () =
    let scale verb body = { Requests.make widgets place (Some "w") verb body with Subresource = Some "scale" }
    let struct (_, found) = withWidget |> must (scale Verb.Get Json.Null)

    (textAt [ "kind" ] found, numberAt [ "spec"; "replicas" ] found)
    |> shouldBe ("Scale", 3L)

    let scaled =
        withWidget
        |> after (scale (Verb.Patch MergePatch) (json "{'spec':{'replicas':5}}"))

    numberAt [ "spec"; "size" ] (read "w" scaled) |> shouldBe 5L
    Meta.generation (read "w" scaled) |> shouldBe 2L

    withWidget
    |> refused
        422
        "Widget.example.com \"w\" is invalid: spec.size: Invalid value: 44: spec.size in body should be less than or equal to 9"
        (scale (Verb.Patch MergePatch) (json "{'spec':{'replicas':44}}"))
