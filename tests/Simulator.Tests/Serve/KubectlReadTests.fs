namespace Tikv.Simulator.Tests.Serve

open NUnit.Framework

/// What a user reads with a real kubectl.
type KubectlReadTests() =
    inherit KubectlFixture()

    [<Test>]
    member this.``the server tells its version and its health``() =
        Assert.That(this.Does "version" |> List.last, Does.StartWith "Server Version: v1.32")
        this.Does "get --raw /readyz" |> shouldBe [ "ok" ]

    [<Test>]
    member this.``a custom resource is listed with its names``() =
        this.Does "api-resources --api-group=example.com --no-headers"
        |> shouldBe [ "widgets wd example.com/v1 true Widget" ]

    [<Test>]
    member this.``a table shows the columns of the definition, and more with wide``() =
        this.Does(this.Widget("table", 3), "apply -f -") |> ignore
        let age (line: string) = System.Text.RegularExpressions.Regex.Replace(line, @" \d+s$", " AGE")

        this.Does "get widgets table"
        |> List.map age
        |> shouldBe [ "NAME SIZE READY AGE"; "table 3 AGE" ]

        this.Does "get widget table -o wide"
        |> List.map age
        |> shouldBe [ "NAME SIZE READY MODE AGE"; "table 3 fast AGE" ]

        this.Does "get wd table -o name" |> shouldBe [ "widget.example.com/table" ]
        Assert.That(this.Does "get toys -o name", Does.Contain "widget.example.com/table")
        this.Does "get wd table -o jsonpath={.spec.mode}" |> shouldBe [ "fast" ]
        Assert.That(this.Does "get wd table -o yaml", Does.Contain "kind: Widget")

    [<Test>]
    member this.``fields are explained, of custom and of built-in kinds``() =
        Assert.That(this.Does "explain widget.spec.size", Does.Contain "How many parts it has.")

        Assert.That(
            this.Does "explain pod.spec.nodeName",
            Does.Contain "The node that it was bound to; set by the scheduler."
        )

        Assert.That(this.Does "explain widget --recursive", Does.Contain "size\t<integer> -required-")

    [<Test>]
    member this.``a description shows status, conditions and events``() =
        this.Does(this.Widget("told", 3), "apply -f -") |> ignore

        let uid = this.Does "get wd told -o jsonpath={.metadata.uid}" |> List.head

        let event =
            """{"apiVersion":"v1","kind":"Event","metadata":{"name":"told.1","namespace":"default"},
            "involvedObject":{"apiVersion":"example.com/v1","kind":"Widget","name":"told","namespace":"default","uid":"UID"},
            "reason":"Polished","message":"it shines","type":"Normal","count":2,"source":{"component":"polisher"},
            "firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z"}"""
                .Replace("UID", uid)

        this.Does(event, "create -f -") |> ignore
        let described = this.Does "describe wd told" |> String.concat "\n"
        Assert.That(described, Does.Contain "Size: 3")
        Assert.That(described, Does.Match @"Normal Polished \S+( \(x2 over \S+\))? polisher it shines")

        Assert.That(
            this.Does "get events --no-headers -o wide" |> String.concat "\n",
            Does.Match @"Normal Polished widget/told polisher it shines"
        )

    [<Test>]
    member this.``a watch shows a change at once``() =
        this.Does(this.Widget("watched", 1), "apply -f -") |> ignore

        let change () =
            this.Does "scale wd/watched --replicas=2" |> ignore
            this.Does "delete wd watched --wait=false" |> ignore

        this.Watches(
            "get wd watched -w --no-headers -o custom-columns=N:.metadata.name,S:.spec.size",
            3,
            change
        )
        |> shouldBe [ "watched 1"; "watched 2"; "watched 2" ]

    [<Test>]
    member this.``a watched table shows a row for every change``() =
        this.Does(this.Widget("rows", 1), "apply -f -") |> ignore
        let change () = this.Does "scale wd/rows --replicas=2" |> ignore

        this.Watches("get wd rows -w --no-headers", 2, change)
        |> List.map (fun line -> (line.Split ' ')[..1] |> List.ofArray)
        |> shouldBe [ [ "rows"; "1" ]; [ "rows"; "2" ] ]

    [<Test>]
    member this.``a long list comes in pages``() =
        this.Does "create namespace pages" |> ignore

        let many =
            [ for index in 1..7 -> this.Widget($"page-%d{index}", index) ]
            |> String.concat "---\n"

        this.Does(many, "-n pages apply -f -") |> ignore

        this.Does "-n pages get wd -o name --chunk-size=3"
        |> shouldBe [ for index in 1..7 -> $"widget.example.com/page-%d{index}" ]

    [<Test>]
    member this.``objects are selected by label``() =
        this.Does(this.Widget("red", 1), "apply -f -") |> ignore
        this.Does "label wd red color=red" |> ignore
        this.Does "get wd -l color=red -o name" |> shouldBe [ "widget.example.com/red" ]

    [<Test>]
    member this.``the owner of the token may do everything``() =
        this.Does "auth can-i delete widgets" |> shouldBe [ "yes" ]
        Assert.That(this.Does "auth whoami" |> List.item 1, Does.StartWith "Username")

    [<Test>]
    member this.``what is not there is not found, by name``() =
        Assert.That(this.Fails "get wd nobody", Does.Contain "widgets.example.com \"nobody\" not found")
        Assert.That(this.Fails "get gizmos", Does.Contain "doesn't have a resource type \"gizmos\"")
        Assert.That(this.Fails "logs nobody", Does.Contain "pods \"nobody\" not found")

    [<Test>]
    member this.``a proxied request reaches the world``() =
        let ask = "get --raw /api/v1/namespaces/default/services/pd:2379/proxy/pd/api/v1/members"
        Assert.That(this.Fails ask, Does.Contain "services \"pd\" not found")

        this.Does(
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"pd"},"spec":{"ports":[{"port":2379}]}}""",
            "apply -f -"
        )
        |> ignore

        Assert.That(this.Fails ask, Does.Contain "no endpoints available for service \"pd\"")

    [<Test>]
    member this.``exec is refused in words``() =
        this.Does(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"still"},"spec":{"containers":[{"name":"c","image":"x:1"}]}}""",
            "apply -f -"
        )
        |> ignore

        Assert.That(this.Fails "exec still -- ls", Does.Contain "there is no process behind them")
