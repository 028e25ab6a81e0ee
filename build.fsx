// The tasks of this repository. Needs the .NET SDK 10 and nothing else:   dotnet fsi build.fsx [TARGET [ARGUMENTS]]

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text.RegularExpressions
open System.Xml.Linq

let root = __SOURCE_DIRECTORY__
let output = Path.Combine(root, "out")
let solution = "tikv-operator.slnx"

/// Ends the run with a sentence for people and a code for scripts.
exception Failed of Sentence: string * ExitCode: int

// ---- processes

/// What runs now. Ctrl-C reaches it from the terminal; SIGTERM does not, so it is passed on.
let mutable running: Process option = None

let stopRunning () =
    match running with
    | Some child when not child.HasExited -> Process.Start("kill", [ "-TERM"; string child.Id ]).WaitForExit()
    | _ -> ()

let start (variables: (string * string) list) capture (program: string) (arguments: string list) =
    let info =
        ProcessStartInfo(program, arguments, WorkingDirectory = root, RedirectStandardOutput = capture)

    for name, value in variables do
        info.Environment[name] <- value

    try
        Process.Start info |> Option.ofObj |> Option.get
    with :? ComponentModel.Win32Exception as problem ->
        raise (Failed($"{program} cannot be started: {problem.Message}", 127))

/// Runs to the end with its output shown, and gives its exit code.
let tryRunWith variables program arguments =
    use child = start variables false program arguments
    running <- Some child
    child.WaitForExit()
    running <- None
    child.ExitCode

let runWith variables what program arguments =
    match tryRunWith variables program arguments with
    | 0 -> ()
    | code -> raise (Failed($"{what} failed: {program} ended with {code}", code))

let run what program arguments = runWith [] what program arguments

/// Exit code and standard output, for questions to tools.
let ask program arguments =
    use child = start [] true program arguments
    let answer = child.StandardOutput.ReadToEnd()
    child.WaitForExit()
    child.ExitCode, answer

// ---- what every target needs

let checkSdk () =
    match ask "dotnet" [ "--version" ] with
    | 0, version when int (version.Split('.')[0]) >= 10 -> ()
    | _, version -> raise (Failed($"the .NET SDK 10 or later is needed; here is {version.Trim()}", 1))

/// paket.dependencies and paket.lock name the package feed by this variable: every machine has its own.
let findFeed () =
    if String.IsNullOrEmpty(Environment.GetEnvironmentVariable "NUGET_FEED") then
        let _, sources = ask "dotnet" [ "nuget"; "list"; "source"; "--format"; "short" ]

        match
            sources.Split('\n')
            |> Seq.tryFind (fun line -> line.StartsWith("E ", StringComparison.Ordinal))
        with
        | Some line -> Environment.SetEnvironmentVariable("NUGET_FEED", line.Substring(2).Trim())
        | None ->
            raise (
                Failed(
                    "no NuGet source is enabled: add one with `dotnet nuget add source`, or set NUGET_FEED",
                    1
                )
            )

let prepare () =
    checkSdk ()
    findFeed ()
    // a build server that outlives the build keeps CI and containers from ending
    Environment.SetEnvironmentVariable("MSBUILDDISABLENODEREUSE", "1")
    Environment.SetEnvironmentVariable("DOTNET_CLI_TELEMETRY_OPTOUT", "1")
    Environment.SetEnvironmentVariable("DOTNET_NOLOGO", "1")

    match ask "dotnet" [ "tool"; "restore" ] with
    | 0, _ -> ()
    | code, answer -> raise (Failed($"dotnet tool restore failed:\n{answer}", code))

let dotnet what arguments = run what "dotnet" arguments

let build project =
    dotnet $"building {project}" [
        "build"
        project
        "-c"
        "Release"
        "-v"
        "quiet"
        "-nodeReuse:false"
        "-p:UseSharedCompilation=false"
    ]

/// The operator's program, built in Release.
let host () =
    build "Host"
    Path.Combine(root, "Host/bin/Release/net10.0/tikv-operator")

// ---- tests

type Counts = {
    Passed: int
    Failed: int
    Skipped: int
} with

    static member Zero = { Passed = 0; Failed = 0; Skipped = 0 }

    static member (+)(one, other) = {
        Passed = one.Passed + other.Passed
        Failed = one.Failed + other.Failed
        Skipped = one.Skipped + other.Skipped
    }

let countsOf (trx: string) =
    if File.Exists trx then
        let counters =
            XDocument.Load(trx).Descendants()
            |> Seq.find (fun element -> element.Name.LocalName = "Counters")

        let count name =
            int (counters.Attribute(XName.Get name).Value)

        {
            Passed = count "passed"
            Failed = count "executed" - count "passed"
            Skipped = count "total" - count "executed"
        }
    else
        Counts.Zero

/// Runs a built test project. A run that breaks off without a failed test counts as one failure.
let runTests variables filter (project: string) =
    let name = Path.GetFileName project
    let results = Path.Combine(output, "test-results")
    let trx = Path.Combine(results, name + ".trx")
    Directory.CreateDirectory results |> ignore
    File.Delete trx

    let code =
        tryRunWith variables "dotnet" [
            "test"
            project
            "-c"
            "Release"
            "--no-build"
            "--nologo"
            "--results-directory"
            results
            "--logger"
            $"trx;LogFileName={name}.trx"
            yield! filter
        ]

    let counts = countsOf trx

    name,
    (if code <> 0 && counts.Failed = 0 then
         { counts with Failed = 1 }
     else
         counts)

let testProjects () =
    Directory.GetDirectories(Path.Combine(root, "tests"))
    |> Seq.filter (fun folder -> Seq.isEmpty (Directory.EnumerateFiles(folder, "*.*proj")) |> not)
    |> Seq.map (fun folder -> Path.GetRelativePath(root, folder))
    |> Seq.sort
    |> List.ofSeq

/// Prints counts by project and the sum, and fails when a test did or when there was none.
let summarise (results: (string * Counts) list) =
    printfn ""

    for name, counts in results do
        printfn
            $"{name, -24} {counts.Passed, 5} passed, {counts.Failed, 3} failed, {counts.Skipped, 3} skipped"

    let sum = results |> Seq.map snd |> Seq.fold (+) Counts.Zero
    printfn $"{sum.Passed} passed, {sum.Failed} failed"

    if sum.Failed > 0 then
        raise (Failed("tests failed", 1))

    if sum.Passed = 0 then
        raise (Failed("no test was run", 1))

let filterOf arguments =
    match arguments with
    | [] -> []
    | [ (pattern: string) ] when Regex.IsMatch(pattern, "[=~]") -> [ "--filter"; pattern ]
    | words -> [
        "--filter"
        words
        |> List.map (fun word -> $"FullyQualifiedName~{word}")
        |> String.concat "|"
      ]

let test arguments =
    build solution
    testProjects () |> List.map (runTests [] (filterOf arguments)) |> summarise

/// The properties with more cases, of seeds by chance. FsCheck prints the seed of a failure.
let hunt (arguments: string list) =
    let times, words =
        match arguments with
        | times :: words when Regex.IsMatch(times, @"^\d+$") -> times, words
        | words -> "50", words

    let filter =
        words
        |> List.map (fun word -> $"(TestCategory=Property&FullyQualifiedName~{word})")
        |> function
            | [] -> "TestCategory=Property"
            | named -> String.concat "|" named

    let variables = [ "PROPERTY_TIMES", times; "PROPERTY_SEED", "random" ]
    let projects = [ "tests/Core.Tests"; "tests/Simulator.Tests" ]
    List.iter build projects

    projects |> List.map (runTests variables [ "--filter"; filter ]) |> summarise

// ---- the other targets

/// Carries out every check, so that one run tells of all that is to be mended.
let check _ =
    let complaint what arguments =
        if tryRunWith [] "dotnet" arguments = 0 then
            None
        else
            Some what

    let sources = [ "Core"; "Host"; "Simulator"; "bench"; "tests"; "build.fsx" ]

    let fsharp =
        complaint "F# (mend it with `dotnet fantomas .`)" ("fantomas" :: "--check" :: sources)

    build solution

    let csharp =
        [ "whitespace"; "style" ]
        |> List.map (fun kind ->
            [
                "format"
                kind
                solution
                "--verify-no-changes"
                "--no-restore"
                "-v"
                "quiet"
            ]
            |> complaint $"the %s{kind} of C# (mend it with `dotnet format %s{solution}`)")

    let tidy = runTests [] [] "tests/Tidy.Tests"
    let complaints = fsharp :: csharp |> List.choose id

    for what in complaints do
        eprintfn $"not formatted: %s{what}"

    summarise [ tidy ]

    if not complaints.IsEmpty then
        raise (Failed("some files are not formatted, see above", 1))

let demo arguments =
    run "the demo" (host ()) ("demo" :: "--manifests" :: "examples/basic" :: arguments)

let simulator = Path.Combine(root, "Simulator/bin/Release/net10.0/tikv-sim.dll")

/// Where failures are kept, as scenario files.
let found = Path.Combine(output, "found")

let runsOf usual target (arguments: string list) =
    match arguments with
    | [] -> usual
    | [ runs ] when Regex.IsMatch(runs, @"^\d+$") -> runs
    | _ -> raise (Failed($"how many generated runs? Such as `{target} {usual}`", 2))

/// Generated runs that must come right, and with the named scenarios reach everything that is not listed as out of reach.
let search (arguments: string list) =
    let runs = runsOf "5000" "search" arguments
    build "Simulator"

    dotnet "the search" [
        simulator
        "search"
        "--mode"
        "swarm"
        "--runs"
        runs
        "--require-coverage"
        "--save"
        found
    ]

/// What takes too long for each change: many generated runs that must reach everything, every exploration, the relations, and
/// the faulty operators. Each is carried out, so that one night tells of all that fails.
let nightly (arguments: string list) =
    let runs = runsOf "20000" "nightly" arguments
    build "Simulator"

    let explorations =
        Directory.GetFiles(Path.Combine(root, "Simulator/Scenarios/stories/explorations"), "*.yaml")
        |> Array.map (Path.GetFileNameWithoutExtension >> string)
        |> Array.sort
        |> List.ofArray

    // another part of all runs each day
    let seed = string ((DateTime.UtcNow - DateTime(2026, 1, 1)).Days * 1_000_000 + 1)
    let search mode = [ "search"; "--mode"; mode; "--runs"; runs; "--seed"; seed; "--save"; found ]

    let failed =
        [
            search "plain" @ [ "--require-coverage"; "--coverage" ]
            search "swarm"
            search "phases"
            for exploration in explorations do
                [ "explore"; exploration; "--save"; found ]
            [ "relate"; "--stories"; "--save"; found ]
            [ "mutants" ]
        ]
        |> List.filter (fun command ->
            printfn $"""== tikv-sim {String.Join(" ", command)}"""
            tryRunWith [] "dotnet" (simulator :: command) <> 0)

    for command in failed do
        eprintfn $"""failed: tikv-sim {String.Join(" ", command)}"""

    if not failed.IsEmpty then
        raise (Failed($"{failed.Length} failed, see above; what was found is kept in {found}", 1))

let crds arguments =
    run "crds" (host ()) ("crds" :: "--output" :: "deploy/crds" :: arguments)

let bench arguments =
    build "bench"

    let choice =
        if List.isEmpty arguments then
            [ "--filter"; "*" ]
        else
            arguments

    let artifacts = Path.Combine(output, "bench")
    dotnet "bench" ("bench/bin/Release/net10.0/Bench.dll" :: "--artifacts" :: artifacts :: choice)

let publish _ =
    dotnet "publish" [
        "publish"
        "Host"
        "-c"
        "Release"
        "-r"
        "linux-x64"
        "--self-contained"
        "-p:PublishSingleFile=true"
        "-p:PublishReadyToRun=true"
        "-p:DebugType=embedded"
        "-nodeReuse:false"
        "-v"
        "quiet"
        "-o"
        output
    ]

/// A real control plane, the published operator on it, and the API cases against both servers.
let conformance arguments =
    let script name =
        Path.Combine(root, "tests/conformance", name)

    match tryRunWith [] (script "build-kubernetes.sh") [] with
    | 3 when String.IsNullOrEmpty(Environment.GetEnvironmentVariable "CONFORMANCE_REQUIRED") ->
        printfn "conformance is skipped (see above); set CONFORMANCE_REQUIRED=1 to have that fail"
    | 0 ->
        publish []
        build "tests/Conformance.Tests"
        let runFolder = Directory.CreateTempSubdirectory("tikv-conformance-").FullName

        try
            runWith [] "starting Kubernetes" (script "up.sh") [ runFolder ]

            let variables = [
                "CONFORMANCE_REAL_KUBECONFIG", Path.Combine(runFolder, "admin.kubeconfig")
                "CONFORMANCE_OPERATOR", Path.Combine(output, "tikv-operator")
            ]

            let record = "CONFORMANCE_RECORD", script "golden/1.20.json"

            match arguments with
            | [ "--record" ] ->
                [
                    runTests (record :: variables) (filterOf [ "ApiTests" ]) "tests/Conformance.Tests"
                ]
                |> summarise
            | filter -> [ runTests variables (filterOf filter) "tests/Conformance.Tests" ] |> summarise
        finally
            tryRunWith [] (script "down.sh") [ runFolder; "--wipe" ] |> ignore
    | code -> raise (Failed("building Kubernetes for conformance failed", code))

let lock _ =
    dotnet "paket install" [ "paket"; "install" ]
    let file = Path.Combine(root, "paket.lock")
    File.WriteAllText(file, Regex.Replace(File.ReadAllText file, @"(?m)^(\s*remote: )\S+$", "$1%NUGET_FEED%"))

// ---- the command line

let targets = [
    "check", "formats (Fantomas, dotnet format) and the tidy tests", check
    "build", "everything, in Release", (fun _ -> build solution)
    "test", "all tests; with words, those whose names contain one of them", test
    "search", "generated runs that must come right and reach everything: [RUNS] (5000)", search
    "nightly",
    "searches that must reach everything, explorations, relations, mutants: [RUNS] (20000)",
    nightly
    "hunt", "the properties with seeds by chance and N times as many cases (default 50): [N [WORDS]]", hunt
    "demo", "a TiKV cluster on the embedded Kubernetes; arguments go to `tikv-operator demo`", demo
    "bench", "the benchmarks; arguments go to BenchmarkDotNet", bench
    "crds", "writes deploy/crds; with --check fails when it would change", crds
    "conformance", "a real API server against the embedded one (--record: new golden answers)", conformance
    "publish", "the operator as one file for linux-x64, in out/", publish
    "lock", "updates paket.lock after a change of dependencies", lock
]

let printTargets () =
    printfn "dotnet fsi build.fsx TARGET [ARGUMENTS]\n"

    for name, says, _ in targets do
        printfn $"  {name, -12} {says}"

let onSignal (context: PosixSignalContext) =
    context.Cancel <- true

    if context.Signal = PosixSignal.SIGTERM then
        stopRunning ()

let registrations = [
    for signal in [ PosixSignal.SIGINT; PosixSignal.SIGTERM ] do
        PosixSignalRegistration.Create(signal, onSignal)
]

let main arguments =
    match arguments with
    | [] ->
        printTargets ()
        0
    | name :: rest ->
        match targets |> List.tryFind (fun (target, _, _) -> target = name) with
        | None ->
            eprintfn $"there is no target `{name}`\n"
            printTargets ()
            2
        | Some(_, _, action) ->
            try
                prepare ()
                action rest
                0
            with Failed(sentence, code) ->
                eprintfn $"build.fsx {name}: {sentence}"
                code

let exitCode = main (List.ofArray fsi.CommandLineArgs |> List.tail)
registrations |> List.iter _.Dispose()
exit exitCode
