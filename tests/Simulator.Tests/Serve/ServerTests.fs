/// The server as clients other than kubectl meet it.
module Tikv.Simulator.Tests.Serve.ServerTests

open System
open System.IO
open System.Net
open System.Net.Http
open System.Security.Cryptography.X509Certificates
open System.Threading.Tasks
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Serve

let private started () : Task<RunningServer> =
    task {
        match! Server.start 0 1.0 (EmptyWorld(1, noon)) with
        | Ok server -> return server
        | Error problem -> return failwith problem
    }

/// Trusts the authority of the server and nobody else.
let private client (server: RunningServer) (token: string) =
    let policy = X509ChainPolicy(TrustMode = X509ChainTrustMode.CustomRootTrust)
    policy.RevocationMode <- X509RevocationMode.NoCheck

    policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem server.Authority)
    |> ignore

    let handler = new SocketsHttpHandler()
    handler.SslOptions.CertificateChainPolicy <- policy
    let client = new HttpClient(handler, BaseAddress = Uri server.Url)

    if token <> "" then
        client.DefaultRequestHeaders.Authorization <- Headers.AuthenticationHeaderValue("Bearer", token)

    client

[<TestCase("", 401)>]
[<TestCase("wrong", 401)>]
[<TestCase("right", 200)>]
let ``who has not the token is not let in`` (given: string, code: int) : Task =
    task {
        use! server = started ()
        use client = client server (if given = "right" then server.Token else given)
        use! answer = client.GetAsync "/api/v1/namespaces"
        int answer.StatusCode |> shouldBe code
    }

[<Test>]
let ``health is told to everybody`` () : Task =
    task {
        use! server = started ()
        use client = client server ""
        let! answer = client.GetStringAsync "/readyz"
        answer |> shouldBe "ok"
    }

[<Test>]
let ``the server listens on the loopback address only`` () : Task =
    task {
        use! server = started ()
        (Uri server.Url).Host |> shouldBe (string IPAddress.Loopback)
    }

[<Test>]
let ``a port that is taken is named`` () : Task =
    task {
        use! server = started ()
        let port = (Uri server.Url).Port

        match! Server.start port 1.0 (EmptyWorld(1, noon)) with
        | Error problem -> Assert.That(problem, Does.Contain(string port))
        | Ok second ->
            do! (second :> IAsyncDisposable).DisposeAsync()
            failwith "the port was taken twice"
    }

[<Test>]
let ``a watch tells what is there, and ends when its time is over`` () : Task =
    task {
        use! server = started ()
        use client = client server server.Token

        let! answer =
            client.GetStringAsync
                "/api/v1/namespaces?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

        answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        |> Array.map (parsed >> Json.stringAt [ "type" ] >> Option.defaultValue "")
        |> List.ofArray
        |> shouldBe [ "ADDED"; "ADDED"; "ADDED"; "ADDED"; "BOOKMARK" ]
    }

let private seconds (value: float) = TimeSpan.FromSeconds value

/// Pieces of a world's time after so much real time, while no more passes.
let private pieces speed passed =
    let rec pay owed passed =
        match Pace.next speed owed passed with
        | struct (piece, rest) when rest = TimeSpan.Zero -> [ piece ]
        | struct (piece, rest) -> piece :: pay rest TimeSpan.Zero

    pay TimeSpan.Zero passed

[<Test>]
let ``time that was lost is made up for in short pieces, so that requests need not wait for all of it`` () =
    pieces 20.0 (seconds 0.02) |> shouldBe [ seconds 0.4 ]

    pieces 20.0 (seconds 0.25) |> shouldBe [ seconds 2.0; seconds 2.0; seconds 1.0 ]

[<Test>]
let ``more than ten seconds are not made up for`` () =
    pieces 1.0 (seconds 3600.0)
    |> List.fold (+) TimeSpan.Zero
    |> shouldBe (seconds 10.0)

let private posted (client: HttpClient) (path: string) (body: string) : Task =
    task {
        use content = new StringContent(body, Text.Encoding.UTF8, "application/json")
        use! answer = client.PostAsync(path, content)
        answer.StatusCode |> shouldBe HttpStatusCode.Created
    }

[<Test>]
let ``a watch ends with the definition of its kind`` () : Task =
    task {
        use! server = started ()
        use client = client server server.Token
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        do! posted client definitions (Json.print (definition "A gadget."))

        use! watch =
            client.GetAsync(
                "/apis/example.com/v1/gadgets?watch=true",
                HttpCompletionOption.ResponseHeadersRead
            )

        use! _ = client.DeleteAsync $"%s{definitions}/gadgets.example.com"
        let! told = watch.Content.ReadAsStringAsync()
        told |> shouldBe ""
    }

[<Test>]
let ``a stopping server ends its watches`` () : Task =
    task {
        let! server = started ()
        use client = client server server.Token

        use! answer =
            client.GetAsync("/api/v1/namespaces?watch=true", HttpCompletionOption.ResponseHeadersRead)

        do! (server :> IAsyncDisposable).DisposeAsync()
        let! told = answer.Content.ReadAsStringAsync()
        Assert.That(told, Does.Contain "kube-system")
    }

[<Test>]
let ``metadata alone is sent to who asks for it`` () : Task =
    task {
        use! server = started ()
        use client = client server server.Token
        use request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces")
        request.Headers.Add("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
        use! answer = client.SendAsync request
        let! text = answer.Content.ReadAsStringAsync()

        Json.stringAt [ "kind" ] (parsed text)
        |> shouldBe (Some "PartialObjectMetadataList")
    }

[<Test>]
let ``what can only be answered in protobuf is not acceptable`` () : Task =
    task {
        use! server = started ()
        use client = client server server.Token
        use request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces")
        request.Headers.Add("Accept", "application/vnd.kubernetes.protobuf")
        use! answer = client.SendAsync request
        answer.StatusCode |> shouldBe HttpStatusCode.NotAcceptable
    }

[<Test>]
let ``a kubeconfig is for its owner's eyes`` () =
    let folder = Directory.CreateTempSubdirectory "tikv-sim-test-"

    try
        let path = Path.Combine(folder.FullName, "kubeconfig")
        let text = Kubeconfig.text "https://127.0.0.1:1" "pem" "token"
        Kubeconfig.write path text

        File.GetUnixFileMode path
        |> shouldBe (UnixFileMode.UserRead ||| UnixFileMode.UserWrite)

        Kubeconfig.refusal path |> shouldBe None
        Kubeconfig.write path text
    finally
        folder.Delete true

[<Test>]
let ``a file of somebody else is not replaced by a kubeconfig`` () =
    let folder = Directory.CreateTempSubdirectory "tikv-sim-test-"

    try
        let path = Path.Combine(folder.FullName, "config")
        File.WriteAllText(path, "apiVersion: v1\n")

        Assert.That(
            Kubeconfig.refusal path |> Option.defaultValue "",
            Does.Contain "was not written by tikv-sim"
        )

        Assert.That(
            Kubeconfig.refusal (Path.Combine(folder.FullName, "no", "config"))
            |> Option.defaultValue "",
            Does.Contain "does not exist"
        )
    finally
        folder.Delete true

let private logRequest: LogRequest = {
    Namespace = "default"
    Pod = "p"
    Container = ""
    Previous = false
    Follow = false
    Timestamps = false
    TailLines = None
    SinceSeconds = None
}

[<Test>]
let ``the end of a log is what is asked for`` () =
    let lines = [ for second in 0..4 -> { At = noon.AddSeconds(float second); Text = string second } ]
    let texts request = Logs.wanted request (noon.AddSeconds 4.0) lines |> List.map _.Text
    texts { logRequest with TailLines = Some 2 } |> shouldBe [ "3"; "4" ]

    texts { logRequest with TailLines = Some 9 }
    |> shouldBe [ "0"; "1"; "2"; "3"; "4" ]

    texts { logRequest with SinceSeconds = Some 1 } |> shouldBe [ "3"; "4" ]

[<Test>]
let ``of several containers one has to be named`` () =
    let pod = parsed """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}"""

    match Logs.container logRequest pod with
    | Error refusal -> Assert.That(Json.print refusal.Body, Does.Contain "choose one of: [a b]")
    | Ok name -> failwith name

    Logs.container { logRequest with Container = "b" } pod
    |> Result.mapError (fun refusal -> refusal.Code)
    |> shouldBe (Ok "b")
