namespace Tikv.Simulator.Tests.Serve

open System
open System.Diagnostics
open System.IO
open System.Threading.Tasks
open NUnit.Framework
open Tikv.Simulator.Serve

/// What a run of kubectl left.
type Ran = { Code: int; Output: string; Error: string }

/// An embedded cluster of its own, and a real kubectl to ask it with. Where there is no kubectl, the tests are skipped.
[<AbstractClass; TestFixture>]
type KubectlFixture() =
    let home = Directory.CreateTempSubdirectory "tikv-sim-test-"
    let kubeconfig = Path.Combine(home.FullName, "kubeconfig")
    let mutable server: RunningServer option = None

    let widgets =
        """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd], categories: [toys]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.ready}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Mode, type: string, jsonPath: .spec.mode, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: Widget is a thing of some size.
        properties:
          spec:
            type: object
            description: What the widget is to be.
            required: [size]
            properties:
              size: {type: integer, minimum: 1, maximum: 100, description: How many parts it has.}
              mode: {type: string, default: fast, enum: [fast, slow]}
          status:
            type: object
            properties:
              ready: {type: integer}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties:
                    type: {type: string}
                    status: {type: string}
                    reason: {type: string}
                    message: {type: string}
                    lastTransitionTime: {type: string, format: date-time}
"""

    let start (environment: (string * string) list) (arguments: string list) =
        let info =
            ProcessStartInfo(
                "kubectl",
                arguments,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true
            )

        info.Environment["HOME"] <- home.FullName
        info.Environment["KUBECONFIG"] <- kubeconfig
        info.Environment["TMPDIR"] <- home.FullName

        for name, value in environment do
            info.Environment[name] <- value

        Process.Start info
        |> Option.ofObj
        |> Option.defaultWith (fun () -> failwith "kubectl did not start")

    let isInstalled () =
        try
            use kubectl = start [] [ "version"; "--client" ]
            kubectl.WaitForExit()
            true
        with :? ComponentModel.Win32Exception ->
            false

    /// Runs kubectl with this standard input and these variables of the environment.
    member _.RunWith(environment, input: string, arguments: string list) : Ran =
        use kubectl = start environment arguments
        let output = kubectl.StandardOutput.ReadToEndAsync()
        let error = kubectl.StandardError.ReadToEndAsync()
        kubectl.StandardInput.Write input
        kubectl.StandardInput.Close()

        if not (kubectl.WaitForExit(TimeSpan.FromMinutes 1L)) then
            kubectl.Kill true
            failwith $"""kubectl %s{String.concat " " arguments} did not end within a minute"""

        { Code = kubectl.ExitCode; Output = output.Result; Error = error.Result }

    /// The words of a command line, separated by single blanks, and standard input.
    member this.Run(input: string, line: string) = this.RunWith([], input, List.ofArray (line.Split ' '))

    /// Runs kubectl, which must succeed; its output, with runs of blanks made one.
    member this.Does(input: string, line: string) =
        let ran = this.Run(input, line)
        Assert.That(ran.Code, Is.Zero, $"kubectl %s{line}: %s{ran.Error}")

        ran.Output.TrimEnd().Split '\n'
        |> Array.map (fun text -> text.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> String.concat " ")
        |> List.ofArray

    member this.Does(line: string) = this.Does("", line)

    /// Runs kubectl, which must fail; its complaint.
    member this.Fails(input: string, line: string) =
        let ran = this.Run(input, line)
        Assert.That(ran.Code, Is.Not.Zero, $"kubectl %s{line}: %s{ran.Output}")
        ran.Error

    member this.Fails(line: string) = this.Fails("", line)

    /// Runs kubectl until its output has so many lines, while something is done.
    member _.Watches(line: string, count: int, meanwhile: unit -> unit) =
        use kubectl = start [] (List.ofArray (line.Split ' '))

        let rec read found =
            task {
                if List.length found = count then
                    return List.rev found
                else
                    match! kubectl.StandardOutput.ReadLineAsync() with
                    | null -> return List.rev found
                    | line ->
                        // The first line tells that the watch has begun.
                        if List.isEmpty found then
                            meanwhile ()

                        return! read (line :: found)
            }

        try
            let reading: Task<string list> = read []

            if not (reading.Wait(TimeSpan.FromMinutes 1L)) then
                failwith $"kubectl %s{line} told fewer than %d{count} lines within a minute"

            reading.Result
            |> List.map (fun text ->
                text.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> String.concat " ")
        finally
            kubectl.Kill true

    /// A widget as YAML.
    member _.Widget(name: string, size: int) =
        $"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: %s{name}}}\nspec: {{size: %d{size}}}\n"

    [<OneTimeSetUp>]
    member this.Start() : Task =
        task {
            if not (isInstalled ()) then
                Assert.Ignore
                    "kubectl is not installed (not found on PATH): the embedded cluster is not tried with it"

            match! Server.start 0 1.0 (EmptyWorld(1, DateTimeOffset.UtcNow)) with
            | Error problem -> failwith problem
            | Ok started ->
                server <- Some started
                Kubeconfig.write kubeconfig started.Kubeconfig

            this.Does(widgets, "apply -f -") |> ignore

            this.Does "wait --for=condition=Established crd/widgets.example.com" |> ignore
        }

    [<OneTimeTearDown>]
    member _.Stop() : Task =
        task {
            match server with
            | Some running -> do! (running :> IAsyncDisposable).DisposeAsync()
            | None -> ()

            home.Delete true
        }
