module Tikv.Simulator.Tests.Serve.RouteTests

open System.Text
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Serve

let private incoming httpMethod target contentType (body: string) = {
    Method = httpMethod
    Target = target
    ContentType = contentType
    UserAgent = "kubectl/v1.32.4 (linux/amd64)"
    Body = Encoding.UTF8.GetBytes body
}

let private route httpMethod target = Routes.route (incoming httpMethod target "" "")

let private request route =
    match route with
    | Route.Request request -> request
    | other -> failwith $"%A{other} is not a request"

let private refusal route =
    match route with
    | Route.Refused response -> response.Code
    | other -> failwith $"%A{other} is not refused"

let private gadget: ResourceKey = { Group = "example.com"; Version = "v1"; Plural = "gadgets" }

[<Test>]
let ``an object of a namespace is read by its path`` () =
    route "GET" "/apis/example.com/v1/namespaces/a/gadgets/b"
    |> request
    |> shouldBe { Requests.get gadget (Some "a") "b" with FieldManager = "kubectl"; FieldValidation = "Warn" }

[<Test>]
let ``a list carries its selectors and its page`` () =
    let found =
        route
            "GET"
            "/api/v1/pods?labelSelector=a%3Db%2Cc&fieldSelector=spec.nodeName%3Dx&limit=2&continue=abc"
        |> request

    found.Verb
    |> shouldBe (
        Verb.List {
            LabelSelector = "a=b,c"
            FieldSelector = "spec.nodeName=x"
            Limit = Some 2
            Continue = Some "abc"
            ResourceVersion = None
        }
    )

[<Test>]
let ``namespaces are objects of the cluster, and have subresources of their own`` () =
    let named = route "GET" "/api/v1/namespaces/a" |> request
    (named.Namespace, named.Name) |> shouldBe (None, Some "a")
    let status = route "PUT" "/api/v1/namespaces/a/status" |> request

    (status.Namespace, status.Name, status.Subresource)
    |> shouldBe (None, Some "a", Some "status")

[<TestCase("application/json-patch+json")>]
[<TestCase("application/merge-patch+json")>]
[<TestCase("application/strategic-merge-patch+json")>]
[<TestCase("application/apply-patch+yaml")>]
let ``the content type says how a patch is meant`` (contentType: string) =
    let found =
        Routes.route (incoming "PATCH" "/api/v1/namespaces/a/configmaps/b?force=true" contentType "{}")
        |> request

    let expected =
        match contentType with
        | "application/json-patch+json" -> JsonPatch
        | "application/merge-patch+json" -> MergePatch
        | "application/strategic-merge-patch+json" -> StrategicMergePatch
        | _ -> ServerSideApply true

    found.Verb |> shouldBe (Verb.Patch expected)

[<Test>]
let ``a patch of another content type is refused`` () =
    Routes.route (incoming "PATCH" "/api/v1/namespaces/a/configmaps/b" "application/json" "{}")
    |> refusal
    |> shouldBe 415

[<Test>]
let ``server-side apply may be sent in YAML`` () =
    let body = "a: 1\nb: [x, 'true', true, null]\nc: {d: 1.5}\n"

    let found =
        Routes.route (
            incoming "PATCH" "/api/v1/namespaces/a/configmaps/b" "application/apply-patch+yaml" body
        )
        |> request

    found.Body
    |> shouldBe (parsed """{"a":1,"b":["x","true",true,null],"c":{"d":1.5}}""")

[<Test>]
let ``a deletion takes its options from the body first, then from the query`` () =
    let body = """{"gracePeriodSeconds":0,"preconditions":{"uid":"u","resourceVersion":"7"}}"""

    let found =
        Routes.route (
            incoming
                "DELETE"
                "/api/v1/namespaces/a/pods/b?gracePeriodSeconds=9&propagationPolicy=Foreground"
                "application/json"
                body
        )
        |> request

    found.Verb
    |> shouldBe (
        Verb.Delete {
            GraceSeconds = Some 0
            Uid = Some "u"
            ResourceVersion = Some "7"
            Propagation = Some "Foreground"
        }
    )

[<Test>]
let ``a body that is not JSON is refused with the place of the mistake`` () =
    match Routes.route (incoming "POST" "/api/v1/namespaces/a/pods" "application/json" "{oops") with
    | Route.Refused response ->
        response.Code |> shouldBe 400

        Assert.That(
            Json.stringAt [ "message" ] response.Body |> Option.defaultValue "",
            Does.Contain "LineNumber: 0"
        )
    | other -> failwith $"%A{other}"

[<Test>]
let ``a watch is told apart from a list`` () =
    route
        "GET"
        "/api/v1/namespaces/a/pods?watch=true&resourceVersion=5&timeoutSeconds=9&allowWatchBookmarks=true"
    |> shouldBe (
        Route.Watch {
            Resource = Builtins.pods
            Namespace = Some "a"
            LabelSelector = ""
            FieldSelector = ""
            ResourceVersion = "5"
            Timeout = Some 9
            Bookmarks = true
            SendInitialEvents = false
        }
    )

[<Test>]
let ``a watch that begins with what is there says how fresh that must be`` () =
    route "GET" "/api/v1/pods?watch=true&sendInitialEvents=true&allowWatchBookmarks=true"
    |> refusal
    |> shouldBe 422

[<Test>]
let ``a refusal that may be tried again says when`` () =
    let answer = Answering.ofResponse (Errors.tooLargeResourceVersion 9L 5L)
    (answer.Status, answer.RetryAfter) |> shouldBe (504, Some 1)

[<TestCase("/api/v1/namespaces/a/services/b:80/proxy/pd/api/v1/members?x=%2F", "b", "80", false)>]
[<TestCase("/api/v1/namespaces/a/pods/http:b:status/proxy/pd/api/v1/members?x=%2F", "b", "status", true)>]
let ``what is behind a proxy is passed on untouched``
    (target: string, name: string, port: string, isPod: bool)
    =
    route "GET" target
    |> shouldBe (
        Route.Proxy {
            Namespace = "a"
            IsPod = isPod
            Name = name
            Port = port
            Method = "GET"
            PathAndQuery = "/pd/api/v1/members?x=%2F"
            Body = ""
        }
    )

[<TestCase("/api/v1/namespaces/..%2F..%2Fx/pods")>]
[<TestCase("/api/v1/namespaces/%2e%2e/pods/x")>]
[<TestCase("/api/v1/namespaces/a/pods/../x")>]
let ``a path that climbs is refused`` (target: string) = route "GET" target |> refusal |> shouldBe 400

[<Test>]
let ``nothing runs in a simulated pod, and exec says so`` () =
    route "POST" "/api/v1/namespaces/a/pods/b/exec?command=ls"
    |> refusal
    |> shouldBe 400

[<Test>]
let ``a path that is served by nobody is not found`` () = route "GET" "/nowhere" |> refusal |> shouldBe 404

[<Test>]
let ``the first form of an answer that the server has is chosen`` () =
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

    Representation.negotiate table false |> shouldBe (Some Representation.Table)

    Representation.negotiate "application/vnd.kubernetes.protobuf,application/json" false
    |> shouldBe (Some Representation.Json)

    Representation.negotiate "application/vnd.kubernetes.protobuf" false
    |> shouldBe None
