/// Messages are those of kube-apiserver for the same schema.
module Tikv.Simulator.Tests.Kubernetes.SchemaTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

[<TestCase("{'size':0}", "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1")>]
[<TestCase("{'size':10}", "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9")>]
[<TestCase("{'size':'a'}",
           "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")>]
[<TestCase("{'size':1.5}",
           "spec.size: Invalid value: \"number\": spec.size in body must be of type integer: \"number\"")>]
[<TestCase("{}", "spec.size: Required value")>]
[<TestCase("{'size':null}", "spec.size: Required value")>]
[<TestCase("{'size':1,'mode':'x'}",
           "spec.mode: Unsupported value: \"x\": supported values: \"fast\", \"slow\"")>]
[<TestCase("{'size':1,'name':'A1'}",
           "spec.name: Invalid value: \"A1\": spec.name in body should match '^[a-z]+$'")>]
[<TestCase("{'size':1,'name':'abcdefgh'}",
           "spec.name: Invalid value: \"abcdefgh\": spec.name in body should be at most 5 chars long")>]
[<TestCase("{'size':1,'many':['a','b','c']}",
           "spec.many: Invalid value: 3: spec.many in body should have at most 2 items")>]
[<TestCase("{'size':1,'many':[]}",
           "spec.many: Invalid value: 0: spec.many in body should have at least 1 items")>]
[<TestCase("{'size':1,'many':'x'}",
           "spec.many: Invalid value: \"string\": spec.many in body must be of type array: \"string\"")>]
[<TestCase("{'size':1,'uniq':['a','a']}", "spec.uniq[1]: Duplicate value: \"a\"")>]
[<TestCase("{'size':1,'tags':[{'k':'a'},{'k':'a'}]}",
           "spec.tags[1]: Duplicate value: map[string]interface {}{\"k\":\"a\"}")>]
[<TestCase("{'size':1,'ios':1.5}",
           "spec.ios: Invalid value: \"number\": spec.ios in body must be of type integer,string: \"number\"")>]
[<TestCase("{'size':1,'ios':true}",
           "spec.ios: Invalid value: \"boolean\": spec.ios in body must be of type integer,string: \"boolean\"")>]
[<TestCase("{'size':1,'map':{'a':1,'b':2}}",
           "spec.map: Invalid value: 2: spec.map in body should have at most 1 properties")>]
[<TestCase("{'size':1,'map':{'a':'x'}}",
           "spec.map.a: Invalid value: \"string\": spec.map.a in body must be of type integer: \"string\"")>]
[<TestCase("{'size':1,'flag':'x'}",
           "spec.flag: Invalid value: \"string\": spec.flag in body must be of type boolean: \"string\"")>]
[<TestCase("{'size':1,'fmt':'x'}",
           "spec.fmt: Invalid value: \"x\": spec.fmt in body must be of type date-time: \"x\"")>]
[<TestCase("[]", "spec: Invalid value: \"array\": spec in body must be of type object: \"array\"")>]
let ``K16 an object that breaks the schema is refused with the field at fault``
    (spec: string)
    (problem: string)
    =
    server
    |> refused 422 ("Widget.example.com \"w\" is invalid: " + problem) (create (widget "w" spec))

[<Test>]
let ``several faults are told together, each as a cause`` () =
    let request = create (widget "w" "{'size':0,'flag':3}")

    server
    |> refused
        422
        "Widget.example.com \"w\" is invalid: [spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1, spec.flag: Invalid value: \"integer\": spec.flag in body must be of type boolean: \"integer\"]"
        request

    server
    |> causes request
    |> List.map (fun (reason, field, _) -> reason, field)
    |> shouldBe [ "FieldValueInvalid", "spec.size"; "FieldValueInvalid", "spec.flag" ]

[<Test>]
let ``K16 unknown fields are pruned, but where the schema keeps them`` () =
    let made =
        server
        |> after (create (widget "w" "{'size':1,'foo':1,'free':{'any':[1]}}"))
        |> read "w"

    Json.tryField "spec" made
    |> shouldBe (Some(json "{'size':1,'mode':'fast','free':{'any':[1]}}"))

[<Test>]
let ``an unknown field is an error under strict validation and a warning under Warn`` () =
    let request validation = { create (widget "w" "{'size':1,'foo':1}") with FieldValidation = validation }

    server
    |> refused
        400
        "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.foo\""
        (request "Strict")

    let struct (_, warned) = server |> run (request "Warn")

    (warned.Code, warned.Warnings)
    |> shouldBe (201, [ "unknown field \"spec.foo\"" ])

    let struct (_, ignored) = server |> run (request "Ignore")
    ignored.Warnings |> shouldBe []

    let strict = {
        Requests.create Builtins.configMaps place (json "{'metadata':{'name':'c'},'foo':1}") with
            FieldValidation = "Strict"
    }

    server
    |> refused
        400
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"foo\""
        strict

[<Test>]
let ``K16 defaults fill what is absent, or null`` () =
    for spec in [ "{'size':1}"; "{'size':1,'mode':null}" ] do
        server
        |> after (create (widget "w" spec))
        |> read "w"
        |> textAt [ "spec"; "mode" ]
        |> shouldBe "fast"

[<Test>]
let ``K16 a default that comes later shows on what was stored before`` () =
    let without = specSchema.Replace("'default':'fast',", "")
    let stored = defined (definitionOf without) |> after (create (widget "w" "{'size':1}"))
    textAt [ "spec"; "mode" ] (read "w" stored) |> shouldBe ""
    let spec = Json.tryField "spec" definition |> Option.defaultValue Json.Null

    let change =
        Requests.patch
            MergePatch
            Builtins.customResourceDefinitions
            None
            "widgets.example.com"
            (Json.object [ "spec", spec ])

    textAt [ "spec"; "mode" ] (read "w" (stored |> after change)) |> shouldBe "fast"

[<Test>]
let ``a definition is established and keeps its stored versions`` () =
    let made =
        ApiServer.tryGet Builtins.customResourceDefinitions None "widgets.example.com" server
        |> Option.get

    let conditions =
        Json.itemsAt [ "status"; "conditions" ] made
        |> List.map (fun one -> textAt [ "type" ] one, textAt [ "status" ] one)

    conditions |> shouldBe [ "NamesAccepted", "True"; "Established", "True" ]

    Json.tryPath [ "status"; "storedVersions" ] made
    |> shouldBe (Some(json "['v1']"))

    let resource = ApiServer.tryResourceType widgets server |> Option.get

    (resource.Singular, resource.ShortNames, resource.Subresources)
    |> shouldBe ("widget", [ "wd" ], [ "status"; "scale" ])

// ---- CEL

let private ruled (rules: string) (properties: string) =
    "{'type':'object','properties':{"
    + properties
    + "},'x-kubernetes-validations':["
    + rules
    + "]}"

let private fields =
    "'min':{'type':'integer'},'max':{'type':'integer'},'name':{'type':'string'},'list':{'type':'array','items':{'type':'string'}}"

let private rule (text: string) (message: string) =
    "{'rule':'" + text.Replace("\"", "\\\"") + "','message':'" + message + "'}"

let private ruling text = defined (definitionOf (ruled (rule text "no") fields))

[<TestCase("self.min <= self.max", "{'min':1,'max':2}", true)>]
[<TestCase("self.min <= self.max", "{'min':3,'max':2}", false)>]
[<TestCase("!has(self.name) || self.name.startsWith(\"a\")", "{}", true)>]
[<TestCase("!has(self.name) || self.name.startsWith(\"a\")", "{'name':'ba'}", false)>]
[<TestCase("has(self.min) == has(self.max)", "{'min':1}", false)>]
[<TestCase("size(self.list) > 1 && self.list.all(x, x.matches(\"^[a-z]+$\"))", "{'list':['a','b']}", true)>]
[<TestCase("size(self.list) > 1 && self.list.all(x, x.matches(\"^[a-z]+$\"))", "{'list':['a','B']}", false)>]
[<TestCase("self.list.exists(x, x == \"a\") ? self.min == 1 : true", "{'list':['a'],'min':2}", false)>]
[<TestCase("self.name in [\"x\", \"y\"]", "{'name':'y'}", true)>]
[<TestCase("self.name in [\"x\", \"y\"]", "{'name':'z'}", false)>]
[<TestCase("self.min + 1 < self.max * 2 - 3", "{'min':1,'max':3}", true)>]
[<TestCase("self.list[0] == \"a\" && self.list.size() == 1", "{'list':['a']}", true)>]
[<TestCase("(self.min == 1 || self.max == 1) && !(self.min == self.max)", "{'min':1,'max':1}", false)>]
let ``a CEL rule is held to`` (text: string) (spec: string) (holds: bool) =
    let server = ruling text

    if holds then
        server |> code (create (widget "w" spec)) |> shouldBe 201
    else
        server
        |> refused
            422
            "Widget.example.com \"w\" is invalid: spec: Invalid value: \"object\": no"
            (create (widget "w" spec))

[<Test>]
let ``a rule that asks for the old value is held to on changes only`` () =
    let frozen =
        "{'type':'object','properties':{'name':{'type':'string','x-kubernetes-validations':[{'rule':'self == oldSelf','message':'name is immutable'}]}}}"

    let made = defined (definitionOf frozen) |> after (create (widget "w" "{'name':'a'}"))
    made |> code (patch "w" "{'metadata':{'labels':{'a':'b'}}}") |> shouldBe 200

    made
    |> refused
        422
        "Widget.example.com \"w\" is invalid: spec.name: Invalid value: \"string\": name is immutable"
        (patch "w" "{'spec':{'name':'b'}}")

[<Test>]
let ``a rule that asks for what is absent fails and says so`` () =
    Assert.That(
        ruling "self.min <= self.max" |> message (create (widget "w" "{'min':1}")),
        Does.Contain "no such key: max"
    )

[<Test>]
let ``a rule without a message is told as it stands`` () =
    let schema =
        "{'type':'object','properties':{"
        + fields
        + "},'x-kubernetes-validations':[{'rule':'self.min < 3'}]}"

    Assert.That(
        defined (definitionOf schema) |> message (create (widget "w" "{'min':3}")),
        Does.EndWith "failed rule: self.min < 3"
    )

[<Test>]
let ``a message expression tells of the value`` () =
    let schema =
        "{'type':'object','properties':{"
        + fields
        + "},'x-kubernetes-validations':[{'rule':'self.min < 3','messageExpression':'\\'min is \\' + string(self.min)'}]}"

    let escaped = schema.Replace("\\'", "\\u0027")

    Assert.That(
        defined (definitionOf escaped) |> message (create (widget "w" "{'min':3}")),
        Does.EndWith "min is 3"
    )

[<Test>]
let ``a rule beyond the evaluator is a warning, and is taken to hold`` () =
    let request =
        Requests.create
            Builtins.customResourceDefinitions
            None
            (definitionOf (ruled (rule "url(self.name).getHost() == \"x\"" "no") fields))

    let struct (server, response) = ApiServer.start 1 |> run request
    Assert.That(response.Warnings, Has.Length.EqualTo 1)
    server |> code (create (widget "w" "{'name':'y'}")) |> shouldBe 201
