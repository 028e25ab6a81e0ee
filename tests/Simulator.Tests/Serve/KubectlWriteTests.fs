namespace Tikv.Simulator.Tests.Serve

open NUnit.Framework

/// What a user changes with a real kubectl.
type KubectlWriteTests() =
    inherit KubectlFixture()

    [<Test>]
    member this.``apply creates, then changes nothing, then changes``() =
        this.Does(this.Widget("applied", 1), "apply -f -")
        |> shouldBe [ "widget.example.com/applied created" ]

        this.Does(this.Widget("applied", 1), "apply -f -")
        |> shouldBe [ "widget.example.com/applied unchanged" ]

        this.Does(this.Widget("applied", 2), "apply -f -")
        |> shouldBe [ "widget.example.com/applied configured" ]

        this.Does "get wd applied -o jsonpath={.spec.size}/{.metadata.generation}"
        |> shouldBe [ "2/2" ]

    [<Test>]
    member this.``apply of a built-in kind merges strategically``() =
        let map (data: string) =
            $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: merged}}\ndata: {{%s{data}}}\n"

        this.Does(map "a: u, b: v", "apply -f -")
        |> shouldBe [ "configmap/merged created" ]

        this.Does(map "a: u, b: v", "apply -f -")
        |> shouldBe [ "configmap/merged unchanged" ]

        this.Does(map "a: w", "apply -f -")
        |> shouldBe [ "configmap/merged configured" ]

        this.Does "get cm merged -o jsonpath={.data}" |> shouldBe [ """{"a":"w"}""" ]

    [<Test>]
    member this.``create makes the objects that kubectl has commands for``() =
        this.Does "create configmap made --from-literal=a=b"
        |> shouldBe [ "configmap/made created" ]

        this.Does "get cm made -o jsonpath={.data.a}" |> shouldBe [ "b" ]
        this.Does "create namespace room" |> shouldBe [ "namespace/room created" ]

        this.Does "-n room create service clusterip made --tcp=80:8080"
        |> shouldBe [ "service/made created" ]

        this.Does "-n room get svc made -o jsonpath={.spec.ports[0].targetPort}"
        |> shouldBe [ "8080" ]

        Assert.That(this.Fails "create configmap made", Does.Contain "configmaps \"made\" already exists")

    [<Test>]
    member this.``server-side apply tells conflicts, and can be forced``() =
        this.Does(this.Widget("shared", 1), "apply --server-side --field-manager=one -f -")
        |> shouldBe [ "widget.example.com/shared serverside-applied" ]

        let complaint = this.Fails(this.Widget("shared", 2), "apply --server-side --field-manager=two -f -")

        Assert.That(complaint, Does.Contain "conflict with \"one\"")
        Assert.That(complaint, Does.Contain ".spec.size")

        this.Does(this.Widget("shared", 2), "apply --server-side --field-manager=two --force-conflicts -f -")
        |> shouldBe [ "widget.example.com/shared serverside-applied" ]

        this.Does "get wd shared -o jsonpath={.spec.size}" |> shouldBe [ "2" ]

    [<Test>]
    member this.``an object is edited``() =
        this.Does(this.Widget("edited", 1), "apply -f -") |> ignore

        let ran =
            this.RunWith([ "KUBE_EDITOR", "sed -i 's/size: 1/size: 7/'" ], "", [ "edit"; "wd"; "edited" ])

        ran.Output.Trim() |> shouldBe "widget.example.com/edited edited"
        this.Does "get wd edited -o jsonpath={.spec.size}" |> shouldBe [ "7" ]

    [<Test>]
    member this.``an edit that is invalid is refused and given back``() =
        this.Does(this.Widget("misedited", 1), "apply -f -") |> ignore

        let ran =
            this.RunWith([ "KUBE_EDITOR", "sed -i 's/size: 1/size: 0/'" ], "", [ "edit"; "wd"; "misedited" ])

        ran.Code |> shouldBe 1
        Assert.That(ran.Error, Does.Contain "widgets.example.com \"misedited\" is invalid")
        this.Does "get wd misedited -o jsonpath={.spec.size}" |> shouldBe [ "1" ]

    [<TestCase("merge", """{"spec":{"size":5}}""")>]
    [<TestCase("json", """[{"op":"replace","path":"/spec/size","value":5}]""")>]
    member this.``a custom resource is patched``(kind: string, patch: string) =
        this.Does(this.Widget($"patched-%s{kind}", 1), "apply -f -") |> ignore
        this.Does $"patch wd patched-%s{kind} --type=%s{kind} -p %s{patch}" |> ignore

        this.Does $"get wd patched-%s{kind} -o jsonpath={{.spec.size}}"
        |> shouldBe [ "5" ]

    [<Test>]
    member this.``a built-in object is patched strategically, a custom one is not``() =
        this.Does "create configmap patched --from-literal=a=b" |> ignore
        this.Does """patch cm patched -p {"data":{"c":"d"}}""" |> ignore

        this.Does "get cm patched -o jsonpath={.data}"
        |> shouldBe [ """{"a":"b","c":"d"}""" ]

        this.Does(this.Widget("unpatched", 1), "apply -f -") |> ignore

        Assert.That(
            this.Fails """patch wd unpatched --type=strategic -p {"spec":{"size":5}}""",
            Does.Contain "application/strategic-merge-patch+json is not supported"
        )

    [<Test>]
    member this.``labels and annotations come and go``() =
        this.Does(this.Widget("marked", 1), "apply -f -") |> ignore

        this.Does "label wd marked a=b"
        |> shouldBe [ "widget.example.com/marked labeled" ]

        this.Does "annotate wd marked c=d"
        |> shouldBe [ "widget.example.com/marked annotated" ]

        this.Does
            "get wd marked -o jsonpath={.metadata.labels.a}/{.metadata.annotations.c}/{.metadata.generation}"
        |> shouldBe [ "b/d/1" ]

        this.Does "label wd marked a-"
        |> shouldBe [ "widget.example.com/marked unlabeled" ]

        this.Does "get wd marked -o jsonpath={.metadata.labels}" |> shouldBe [ "" ]

    [<Test>]
    member this.``a custom resource is scaled``() =
        this.Does(this.Widget("scaled", 1), "apply -f -") |> ignore

        this.Does "scale wd/scaled --replicas=4"
        |> shouldBe [ "widget.example.com/scaled scaled" ]

        this.Does "get wd scaled -o jsonpath={.spec.size}" |> shouldBe [ "4" ]

        Assert.That(
            this.Fails "scale wd/scaled --replicas=5 --current-replicas=9",
            Does.Contain "Expected replicas to be 9, was 4"
        )

    [<Test>]
    member this.``status is written beside the rest, and waited for``() =
        this.Does(this.Widget("waited", 1), "apply -f -") |> ignore

        this.Does
            """patch wd waited --subresource=status --type=merge -p {"status":{"ready":1,"conditions":[{"type":"Ready","status":"True"}]},"spec":{"size":9}}"""
        |> ignore

        this.Does "wait --for=condition=Ready wd/waited --timeout=20s"
        |> shouldBe [ "widget.example.com/waited condition met" ]

        this.Does "get wd waited -o jsonpath={.spec.size}" |> shouldBe [ "1" ]

        this.Does "get wd waited --no-headers"
        |> List.map (fun line -> (line.Split ' ')[..2] |> List.ofArray)
        |> shouldBe [ [ "waited"; "1"; "True" ] ]

    [<Test>]
    member this.``a deletion waits until the object is gone``() =
        this.Does(this.Widget("gone", 1), "apply -f -") |> ignore
        this.Does "delete wd gone" |> shouldBe [ "widget.example.com \"gone\" deleted" ]
        Assert.That(this.Fails "get wd gone", Does.Contain "not found")

    [<Test>]
    member this.``a finalizer holds an object until it is removed``() =
        this.Does(this.Widget("held", 1), "apply -f -") |> ignore

        this.Does """patch wd held --type=merge -p {"metadata":{"finalizers":["example.com/hold"]}}"""
        |> ignore

        this.Does "delete wd held --wait=false" |> ignore
        this.Does "get wd held -o name" |> shouldBe [ "widget.example.com/held" ]

        this.Does """patch wd held --type=merge -p {"metadata":{"finalizers":null}}"""
        |> ignore

        this.Does "wait --for=delete wd/held --timeout=20s" |> ignore
        Assert.That(this.Fails "get wd held", Does.Contain "not found")

    [<Test>]
    member this.``a difference is shown without doing it``() =
        this.Does(this.Widget("different", 1), "apply -f -") |> ignore
        let ran = this.Run(this.Widget("different", 2), "diff -f -")
        ran.Code |> shouldBe 1
        Assert.That(ran.Output, Does.Contain "+  size: 2")
        this.Does "get wd different -o jsonpath={.spec.size}" |> shouldBe [ "1" ]

    [<Test>]
    member this.``an unknown field is refused by name``() =
        let wrong = this.Widget("unknown", 1).Replace("size: 1", "size: 1, sise: 2")
        Assert.That(this.Fails(wrong, "apply -f -"), Does.Contain "unknown field \"spec.sise\"")

    [<Test>]
    member this.``an unknown field is warned of, where that is asked for``() =
        let wrong = this.Widget("warned", 1).Replace("size: 1", "size: 1, sise: 2")
        let ran = this.Run(wrong, "apply --validate=warn -f -")
        ran.Code |> shouldBe 0
        Assert.That(ran.Error, Does.Contain "Warning: unknown field \"spec.sise\"")

    [<TestCase("size: 0", "spec.size")>]
    [<TestCase("size: x", "spec.size")>]
    [<TestCase("mode: fast", "spec.size")>]
    [<TestCase("size: 1, mode: middling", "spec.mode")>]
    member this.``an invalid value is refused with the name of its field``(spec: string, field: string) =
        let wrong = this.Widget("invalid", 1).Replace("size: 1", spec)
        Assert.That(this.Fails(wrong, "apply -f -"), Does.Contain field)

    [<Test>]
    member this.``a stale write is refused``() =
        this.Does(this.Widget("stale", 1), "apply -f -") |> ignore
        let stale = this.Widget("stale", 2).Replace("name: stale", "name: stale, resourceVersion: '1'")
        Assert.That(this.Fails(stale, "replace -f -"), Does.Contain "the object has been modified")

    [<Test>]
    member this.``a body above the limit is refused``() =
        let large = System.String('x', 4 * 1024 * 1024)

        let map =
            $"""{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"large"}},"data":{{"a":"%s{large}"}}}}"""

        Assert.That(this.Fails(map, "create -f -"), Does.Contain "Request entity too large")
