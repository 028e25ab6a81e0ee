module Tikv.Simulator.Tests.Kubernetes.WatchTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

[<Test>]
let ``K23 changes of one resource are told in order, each with its revision`` () =
    let changed = withWidget |> after (patch "w" "{'spec':{'size':4}}") |> after (delete "w")
    let found = changes widgets server.Revision changed

    found
    |> List.map _.Type
    |> shouldBe [ ChangeType.Added; ChangeType.Modified; ChangeType.Deleted ]

    found
    |> List.map (fun change -> string change.Revision)
    |> shouldBe (found |> List.map (fun change -> Meta.resourceVersion change.Object))

    found
    |> List.map _.Revision
    |> List.pairwise
    |> List.forall (fun (one, other) -> one < other)
    |> shouldBe true

[<Test>]
let ``K23 a watch of one namespace does not hear of another`` () =
    let other =
        withWidget
        |> after (Requests.create widgets (Some "kube-system") (widget "x" "{'size':1}"))

    ApiServer.changesAfter widgets (Some "kube-system") server.Revision other
    |> Result.map (List.map (fun change -> Meta.name change.Object))
    |> shouldBe (Ok [ "x" ])

[<Test>]
let ``a resource has no history before its definition`` () =
    ApiServer.changesAfter widgets None 1L withWidget |> shouldBe (Error())

[<Test>]
let ``what is deleted at once is told as it last was, and bears no deletionTimestamp`` () =
    match withWidget |> after (delete "w") |> changes widgets withWidget.Revision with
    | [ gone ] ->
        (gone.Type, Meta.isTerminating gone.Object, Meta.generation gone.Object)
        |> shouldBe (ChangeType.Deleted, false, 1L)
    | others -> failwith $"%A{others}"

[<Test>]
let ``K27 history ends where it was forgotten`` () =
    let later = withWidget |> after (patch "w" "{'spec':{'size':4}}")
    let compacted = ApiServer.compact withWidget.Revision later

    ApiServer.changesAfter widgets None (withWidget.Revision - 1L) compacted
    |> shouldBe (Error())

    told widgets withWidget.Revision compacted |> shouldBe [ "Modified w" ]

let private selector text =
    match Selectors.parse text "" with
    | Ok selector -> selector
    | Error problem -> failwith problem

let private seen text server =
    changes widgets withWidget.Revision server
    |> List.choose (Watch.view (selector text))
    |> List.map (fun (struct (kind, object)) -> kind, Meta.resourceVersion object)

[<Test>]
let ``K29 an object that enters a selector is added, one that leaves it is deleted`` () =
    let labelled (value: string) = patch "w" ("{'metadata':{'labels':{'a':" + value + "}}}")
    let one = withWidget |> after (labelled "'b'")
    let two = one |> after (patch "w" "{'spec':{'size':4}}")
    let three = two |> after (labelled "null")
    let four = three |> after (delete "w")

    seen "a=b" four
    |> shouldBe [
        ChangeType.Added, string one.Revision
        ChangeType.Modified, string two.Revision
        ChangeType.Deleted, string three.Revision
    ]

    seen "a!=b" four
    |> List.map fst
    |> shouldBe [ ChangeType.Deleted; ChangeType.Added; ChangeType.Deleted ]

[<TestCase("a=b", true)>]
[<TestCase("a==b", true)>]
[<TestCase("a!=b", false)>]
[<TestCase("a in (b, c)", true)>]
[<TestCase("a in (c)", false)>]
[<TestCase("a notin (c)", true)>]
[<TestCase("x notin (c)", true)>]
[<TestCase("a", true)>]
[<TestCase("!a", false)>]
[<TestCase("!x", true)>]
[<TestCase("n>3", true)>]
[<TestCase("n<3", false)>]
[<TestCase("a=b,n", true)>]
[<TestCase("a=b,x", false)>]
[<TestCase("tikv.org/group=g", true)>]
[<TestCase("", true)>]
let ``label selectors select`` (text: string) (expected: bool) =
    let object = json "{'metadata':{'labels':{'a':'b','n':'5','tikv.org/group':'g'}}}"
    Selectors.matches text "" object |> shouldBe expected

[<TestCase("metadata.name=p", true)>]
[<TestCase("status.phase!=Running", true)>]
[<TestCase("metadata.name=p,status.phase=Running", false)>]
let ``field selectors select`` (text: string) (expected: bool) =
    Selectors.matches "" text (json "{'metadata':{'name':'p'},'status':{'phase':'Pending'}}")
    |> shouldBe expected

let private listing options = Requests.make widgets place None (Verb.List options) Json.Null
let private names body = Json.itemsAt [ "items" ] body |> List.map Meta.name

let private five =
    (server, [ "a"; "b"; "c"; "d"; "e" ])
    ||> List.fold (fun server name -> server |> after (create (widget name "{'size':1}")))

[<Test>]
let ``a list carries the revision, and objects in the order of names`` () =
    let struct (_, body) = five |> must (listing Requests.listOptions)
    names body |> shouldBe [ "a"; "b"; "c"; "d"; "e" ]

    (textAt [ "kind" ] body, textAt [ "metadata"; "resourceVersion" ] body)
    |> shouldBe ("WidgetList", string five.Revision)

[<Test>]
let ``pages show the list as it was when the first was read`` () =
    let page next server = must (listing { Requests.listOptions with Limit = Some 2; Continue = next }) server
    let struct (_, first) = five |> page None
    names first |> shouldBe [ "a"; "b" ]
    numberAt [ "metadata"; "remainingItemCount" ] first |> shouldBe 3L
    let next = Json.stringAt [ "metadata"; "continue" ] first

    let changed =
        five
        |> after (delete "c")
        |> after (create (widget "bb" "{'size':1}"))
        |> after (patch "d" "{'spec':{'size':2}}")

    let struct (_, second) = changed |> page next
    names second |> shouldBe [ "c"; "d" ]

    textAt [ "metadata"; "resourceVersion" ] second
    |> shouldBe (string five.Revision)

    let struct (_, third) = changed |> page (Json.stringAt [ "metadata"; "continue" ] second)

    (names third, Json.tryPath [ "metadata"; "continue" ] third)
    |> shouldBe ([ "e" ], None)

[<Test>]
let ``a page whose list is forgotten is expired, and a token that is none is refused`` () =
    let struct (_, first) = five |> must (listing { Requests.listOptions with Limit = Some 2 })
    let next = Json.stringAt [ "metadata"; "continue" ] first
    let later = five |> after (delete "a")
    let compacted = ApiServer.compact later.Revision later

    let struct (_, response) =
        compacted
        |> run (listing { Requests.listOptions with Limit = Some 2; Continue = next })

    (response.Code, textAt [ "reason" ] response.Body) |> shouldBe (410, "Expired")

    five
    |> code (listing { Requests.listOptions with Continue = Some "abc" })
    |> shouldBe 400

[<Test>]
let ``selectors of a list are checked`` () =
    five
    |> refused
        400
        "field label not supported: spec.size"
        (listing { Requests.listOptions with FieldSelector = "spec.size=3" })

    five
    |> refused
        400
        "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
        (listing { Requests.listOptions with LabelSelector = "a b" })

    let maps =
        Requests.make
            Builtins.configMaps
            place
            None
            (Verb.List { Requests.listOptions with FieldSelector = "data=x" })
            Json.Null

    five
    |> refused
        400
        "\"data\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        maps

[<Test>]
let ``events have two forms, of the same objects`` () =
    let body =
        json
            "{'metadata':{'name':'e'},'involvedObject':{'kind':'Pod','name':'p','namespace':'default'},'reason':'R','message':'m','count':1}"

    let made = server |> after (Requests.create Builtins.events place body)
    let struct (_, other) = made |> must (Requests.get EventForms.key place "e")

    (textAt [ "apiVersion" ] other, textAt [ "note" ] other, textAt [ "regarding"; "name" ] other)
    |> shouldBe ("events.k8s.io/v1", "m", "p")

    changes EventForms.key 0L made
    |> List.map (fun change -> textAt [ "note" ] change.Object)
    |> shouldBe [ "m" ]
