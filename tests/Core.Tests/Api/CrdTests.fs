module Tikv.Core.Tests.Api.CrdTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

let private version crd = Json.itemsAt [ "spec"; "versions" ] crd |> List.exactlyOne

let private schema crd =
    Json.tryPath [ "schema"; "openAPIV3Schema" ] (version crd)
    |> Option.defaultValue Json.Null

let private ofKind (kind: Kind) =
    Crd.all
    |> List.map snd
    |> List.find (fun crd -> Json.stringAt [ "spec"; "names"; "kind" ] crd = Some(Kind.name kind))

/// Every schema in a schema, with its path.
let rec private parts (path: string) (schema: Json) : (string * Json) list = [
    path, schema

    for name, inner in Json.membersAt [ "properties" ] schema do
        yield! parts $"%s{path}.%s{name}" inner

    match Json.tryField "items" schema with
    | Some inner -> yield! parts (path + "[]") inner
    | None -> ()
]

let private allParts =
    Crd.all
    |> List.collect (fun (file, crd) -> parts (file.Replace(".yaml", "")) (schema crd))

let private at path = allParts |> List.find (fun (found, _) -> found = path) |> snd

[<Test>]
let ``deploy/crds holds what the records say`` () =
    for file, crd in Crd.all do
        Files.shouldHold $"deploy/crds/%s{file}" (Yaml.print crd)

    Files.names "deploy/crds" |> shouldBe (Crd.all |> List.map fst |> List.sort)

[<Test>]
let ``every field of every kind is described`` () =
    allParts
    |> List.filter (fun (path, schema) ->
        not (path.EndsWith "[]")
        && not (path.EndsWith ".metadata" && path.Split('.').Length < 5)
        && Json.stringAt [ "description" ] schema = None)
    |> List.map fst
    |> shouldBe []

[<Test>]
let ``every part of a schema has a type, or is an int or a string`` () =
    allParts
    |> List.filter (fun (_, schema) ->
        Json.stringAt [ "type" ] schema = None
        && Json.boolAt [ "x-kubernetes-int-or-string" ] schema = None)
    |> List.map fst
    |> shouldBe []

[<Test>]
let ``lists that are maps have items that require their key`` () =
    for path, schema in allParts do
        for key in Json.itemsAt [ "x-kubernetes-list-map-keys" ] schema do
            let required = Json.itemsAt [ "items"; "required" ] schema
            Assert.That(required, Has.Member key, path)

[<Test>]
let ``columns have different names`` () =
    for kind in Kind.ours do
        let names = Crd.columns kind |> List.map _.Name
        names |> shouldBe (List.distinct names)

[<Test>]
let ``columns of fields name fields that there are`` () =
    let paths = allParts |> List.map fst |> Set.ofList

    for kind in Kind.ours do
        let file = $"core.tikv.org_%s{(Kind.resource kind).Plural}"

        for column in Crd.columns kind do
            if not (column.Path.Contains '[' || column.Path.StartsWith ".metadata") then
                Assert.That(paths, Has.Member(file + column.Path))

[<Test>]
let ``groups can be scaled by kubectl scale`` () =
    for kind in Kind.ours do
        let expected = if kind = Kind.PDGroup || kind = Kind.TiKVGroup then Some ".spec.replicas" else None

        Json.stringAt [ "subresources"; "scale"; "specReplicasPath" ] (version (ofKind kind))
        |> shouldBe expected

[<Test>]
let ``short names and categories are those of the manual`` () =
    Kind.ours
    |> List.map (fun kind ->
        let names field =
            Json.itemsAt [ "spec"; "names"; field ] (ofKind kind)
            |> List.choose Json.asString

        String.concat " " (names "shortNames" @ names "categories"))
    |> shouldBe [
        "tkc tikv-all"
        "pdg tikv-all tikv-group"
        "kvg tikv-all tikv-group"
        "tkpd tikv-all tikv-instance"
        "tkv tikv-all tikv-instance"
    ]

[<Test>]
let ``a number says its limits and its default`` () =
    at "core.tikv.org_tikvgroups.spec.maxUnavailable"
    |> Json.withoutField "description"
    |> shouldBe (json """{"default":1,"minimum":1,"maximum":100,"type":"integer","format":"int32"}""")

[<Test>]
let ``what is immutable says so in CEL, and may be neither added nor taken away`` () =
    let rules path =
        Json.itemsAt [ "x-kubernetes-validations" ] (at path)
        |> List.choose (Json.stringAt [ "rule" ])

    rules "core.tikv.org_tikvs.spec.topology" |> shouldBe [ "self == oldSelf" ]

    Assert.That(rules "core.tikv.org_tikvs.spec", Has.Member "has(self.topology) == has(oldSelf.topology)")

/// Fills in the defaults of a schema, as an API server does.
let rec private defaulted (schema: Json) (value: Json) : Json =
    match value with
    | Json.Object _ ->
        Json.membersAt [ "properties" ] schema
        |> List.fold
            (fun value (name, inner) ->
                match Json.tryField name value, Json.tryField "default" inner with
                | None, Some given -> Json.withField name (defaulted inner given) value
                | Some found, _ -> Json.withField name (defaulted inner found) value
                | None, None -> value)
            value
    | Json.Array items ->
        match Json.tryField "items" schema with
        | Some inner -> Json.Array(items |> List.map (defaulted inner))
        | None -> value
    | _ -> value

[<Test>]
let ``what the API server fills in is what the decoder fills in`` () =
    let both kind decode encode =
        let sample = Samples.of' kind
        let stored = defaulted (schema (ofKind kind)) sample
        Assert.That(stored, Is.Not.EqualTo sample)

        Json.canonical (encode (sound (decode stored)))
        |> shouldBe (Json.canonical (encode (sound (decode sample))))

        Json.tryField "spec" stored
        |> Option.map (Json.canonical >> Json.print)
        |> shouldBe (Some(Json.print (Json.canonical (encode (sound (decode sample))))))

    both Kind.Cluster Codec.cluster (fun object -> Codec.encodeSpec object.Spec)
    both Kind.PDGroup Codec.pdGroup (fun object -> Codec.encodeSpec object.Spec)
    both Kind.TiKVGroup Codec.tikvGroup (fun object -> Codec.encodeSpec object.Spec)
    both Kind.PD Codec.pd (fun object -> Codec.encodeSpec object.Spec)
    both Kind.TiKV Codec.tikv (fun object -> Codec.encodeSpec object.Spec)
