namespace Tikv.Host

open System
open System.Globalization
open System.Text.RegularExpressions
open Argu

type private LogFormatWord =
    | Json
    | Text

type private LogLevelWord =
    | Trace
    | Debug
    | Info
    | Warn
    | Error

type private PdAccessWord =
    | Auto
    | Direct
    | [<CustomCommandLine "api-server-proxy">] Api_Server_Proxy

type private RunArgument =
    | [<Unique; EqualsAssignmentOrSpaced; CustomCommandLine "--kubeconfig">] KubeConfig of file: string
    | [<Unique; EqualsAssignmentOrSpaced>] Context of name: string
    | [<EqualsAssignmentOrSpaced>] Watch_Namespaces of names: string
    | [<Unique; EqualsAssignment>] Leader_Elect of bool option
    | [<Unique; EqualsAssignmentOrSpaced>] Leader_Election_Namespace of name: string
    | [<Unique; EqualsAssignmentOrSpaced>] Leader_Election_Id of name: string
    | [<Unique; EqualsAssignmentOrSpaced>] Metrics_Bind_Address of address: string
    | [<Unique; EqualsAssignmentOrSpaced>] Health_Probe_Bind_Address of address: string
    | [<Unique; EqualsAssignmentOrSpaced>] Max_Concurrent_Reconciles of count: int
    | [<Unique; EqualsAssignmentOrSpaced>] Log_Format of LogFormatWord
    | [<Unique; EqualsAssignmentOrSpaced>] Log_Level of LogLevelWord
    | [<Unique; EqualsAssignmentOrSpaced>] Pd_Access of PdAccessWord
    | [<Unique; EqualsAssignmentOrSpaced>] Start_Timeout of seconds: int
    | [<Unique>] Embedded
    | [<Unique; EqualsAssignmentOrSpaced>] Kubeconfig_Out of file: string
    | [<Unique; EqualsAssignmentOrSpaced>] Speed of factor: float
    | [<Unique; EqualsAssignmentOrSpaced>] Port of number: int
    | [<Unique; EqualsAssignmentOrSpaced>] Seed of number: int

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | KubeConfig _ -> "kubeconfig to use (default: in-cluster, then KUBECONFIG, then ~/.kube/config)"
            | Context _ -> "context of the kubeconfig (default: its current one)"
            | Watch_Namespaces _ -> "namespaces to watch, with commas between (default: all)"
            | Leader_Elect _ ->
                "act only while holding a Lease: true or false (default: true; false with --embedded)"
            | Leader_Election_Namespace _ -> "namespace of the Lease (default: the operator's own)"
            | Leader_Election_Id _ -> "name of the Lease (default: tikv-operator)"
            | Metrics_Bind_Address _ -> "where to serve /metrics, such as :8080; 0: nowhere (default: 0)"
            | Health_Probe_Bind_Address _ ->
                "where to serve /healthz, /livez and /readyz, such as :8081; 0: nowhere (default: 0)"
            | Max_Concurrent_Reconciles _ -> "objects worked on at the same time (default: 8)"
            | Log_Format _ ->
                "one JSON object a line, or text for people (default: text on a terminal, else json)"
            | Log_Level _ -> "lines of that level and above (default: info)"
            | Pd_Access _ ->
                "how PD is reached: by its DNS names, or through the API server (default: auto: direct in the cluster, else the proxy)"
            | Start_Timeout _ ->
                "seconds to wait at the start for an API server that does not answer (default: 30)"
            | Embedded -> "start a cluster inside this process and run against it"
            | Kubeconfig_Out _ ->
                "with --embedded: where to write its kubeconfig (default: out/embedded/kubeconfig)"
            | Speed _ -> "with --embedded: seconds of its world per second, up to 1000 (default: 1)"
            | Port _ -> "with --embedded: port of 127.0.0.1 to serve it on; 0: a free one (default: 0)"
            | Seed _ -> "with --embedded: what its names and chances are drawn from (default: 1)"

type private CrdsArgument =
    | [<Unique; EqualsAssignmentOrSpaced>] Output of folder: string
    | [<Unique>] Check

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Output _ -> "write one file for each definition there (default: print them all)"
            | Check ->
                "write nothing: name every file of --output (default: deploy/crds) that differs, and end with 1"

type private DemoArgument =
    | [<Unique>] Exit_When_Ready
    | [<Unique; EqualsAssignmentOrSpaced>] Manifests of folder: string
    | [<Unique; EqualsAssignmentOrSpaced>] Kubeconfig_Out of file: string
    | [<Unique; EqualsAssignmentOrSpaced>] Speed of factor: float
    | [<Unique; EqualsAssignmentOrSpaced>] Port of number: int
    | [<Unique; EqualsAssignmentOrSpaced>] Seed of number: int
    | [<Unique; EqualsAssignmentOrSpaced>] Timeout of seconds: int
    | [<Unique; EqualsAssignmentOrSpaced>] Metrics_Bind_Address of address: string
    | [<Unique; EqualsAssignmentOrSpaced>] Health_Probe_Bind_Address of address: string
    | [<Unique; EqualsAssignmentOrSpaced>] Log_Level of LogLevelWord

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Exit_When_Ready -> "end with 0 once the TiKV cluster is ready"
            | Manifests _ -> "folder of the YAML files to apply (default: examples/basic)"
            | Kubeconfig_Out _ -> "where to write the kubeconfig (default: out/demo/kubeconfig)"
            | Speed _ -> "seconds of the embedded world per second, up to 1000 (default: 5)"
            | Port _ -> "port of 127.0.0.1 for the embedded API server; 0: a free one (default: 0)"
            | Seed _ -> "what names and chances are drawn from (default: 1)"
            | Timeout _ -> "seconds until a cluster that is not ready is a failure (default: 300)"
            | Metrics_Bind_Address _ -> "where to serve the operator's /metrics; 0: nowhere (default: 0)"
            | Health_Probe_Bind_Address _ ->
                "where to serve the operator's /readyz and others; 0: nowhere (default: 0)"
            | Log_Level _ ->
                "lines of that level and above go to operator.log beside the kubeconfig (default: info)"

type private ServeArgument =
    | [<Unique; EqualsAssignmentOrSpaced>] Kubeconfig_Out of file: string
    | [<Unique; EqualsAssignmentOrSpaced>] Speed of factor: float
    | [<Unique; EqualsAssignmentOrSpaced>] Port of number: int
    | [<Unique; EqualsAssignmentOrSpaced>] Seed of number: int

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Kubeconfig_Out _ -> "where to write the kubeconfig (default: out/embedded/kubeconfig)"
            | Speed _ -> "seconds of the world per second, up to 1000 (default: 1)"
            | Port _ -> "port of 127.0.0.1 to serve it on; 0: a free one (default: 0)"
            | Seed _ -> "what names and chances are drawn from (default: 1)"

type private SnapshotArgument =
    | [<MainCommand; Unique>] Cluster of name: string
    | [<Unique; EqualsAssignmentOrSpaced; AltCommandLine "-n">] Namespace of name: string
    | [<Unique; EqualsAssignmentOrSpaced; CustomCommandLine("--output", "-o")>] To of file: string
    | [<Unique; EqualsAssignmentOrSpaced; CustomCommandLine "--kubeconfig">] Kube_Config of file: string
    | [<Unique; EqualsAssignmentOrSpaced>] Context of name: string
    | [<Unique; EqualsAssignmentOrSpaced>] Pd_Access of PdAccessWord

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Cluster _ -> "name of the Cluster (default: the only one in the namespace)"
            | Namespace _ -> "its namespace (default: that of the kubeconfig's context)"
            | To _ -> "file to write (default: print it)"
            | Kube_Config _ -> "kubeconfig to use (default: in-cluster, then KUBECONFIG, then ~/.kube/config)"
            | Context _ -> "context of the kubeconfig (default: its current one)"
            | Pd_Access _ ->
                "how PD is reached: direct, by its DNS names, or api-server-proxy (default: auto)"

type private Argument =
    | [<CliPrefix(CliPrefix.None)>] Run of ParseResults<RunArgument>
    | [<CliPrefix(CliPrefix.None)>] Crds of ParseResults<CrdsArgument>
    | [<CliPrefix(CliPrefix.None)>] Demo of ParseResults<DemoArgument>
    | [<CliPrefix(CliPrefix.None)>] Serve of ParseResults<ServeArgument>
    | [<CliPrefix(CliPrefix.None)>] Snapshot of ParseResults<SnapshotArgument>
    | Version

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Run _ -> "run the operator, in a cluster or with a kubeconfig"
            | Crds _ -> "print the CustomResourceDefinitions, write them, or compare them"
            | Demo _ -> "a TiKV cluster on an embedded Kubernetes cluster, for kubectl to look at"
            | Serve _ -> "an embedded Kubernetes cluster alone"
            | Snapshot _ -> "what the operator sees of a cluster, as one file, for tikv-sim import and whatif"
            | Version -> "print the version"

/// A value that Argu takes and we cannot use.
exception private Unusable of Sentence: string

[<RequireQualifiedAccess>]
module CommandLine =

    let private unusable flag (value: string) allowed =
        raise (Unusable $"%s{flag} is \"%s{value}\"; must be %s{allowed}")

    let private inRange flag least most (value: int) =
        if value < least || value > most then
            unusable flag (string value) $"from %d{least} to %d{most}"

        value

    let private speed (value: float) =
        if not (Double.IsFinite value) || value <= 0.0 || value > 1000.0 then
            unusable "--speed" (value.ToString CultureInfo.InvariantCulture) "above 0 and no more than 1000"

        value

    let private dnsLabel = Regex "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

    let private label flag (value: string) =
        if not (dnsLabel.IsMatch value) then
            unusable
                flag
                value
                "a name in Kubernetes: up to 63 small letters, digits and dashes, none of them at an end"

        value

    /// `0` and an empty text: nowhere.
    let private address flag (given: string option) : string | null =
        match given with
        | None
        | Some("" | "0") -> null
        | Some text ->
            let colon = text.LastIndexOf ':'
            let number = if colon < 0 then "" else text.Substring(colon + 1)

            match UInt16.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, _ -> text
            | false, _ -> unusable flag text "HOST:PORT, :PORT, or 0 for nowhere"

    let private level word =
        match word with
        | Trace -> LogLevel.Trace
        | Debug -> LogLevel.Debug
        | Info -> LogLevel.Info
        | Warn -> LogLevel.Warn
        | Error -> LogLevel.Error

    let private format terminal word =
        match word with
        | Some Json -> LogFormat.Json
        | Some Text -> LogFormat.Text
        | None -> if terminal then LogFormat.Text else LogFormat.Json

    let private route word =
        match word with
        | Auto -> PdRoute.Auto
        | Direct -> PdRoute.Direct
        | Api_Server_Proxy -> PdRoute.ApiServerProxy

    let private seconds flag most value = TimeSpan.FromSeconds(float (inRange flag 0 most value))

    /// Flags that mean nothing without --embedded, and those that mean nothing with it.
    let private embedded (given: ParseResults<RunArgument>) =
        if given.Contains RunArgument.Embedded then
            for flag, isGiven in
                [ "--kubeconfig", given.Contains KubeConfig; "--context", given.Contains RunArgument.Context ] do
                if isGiven then
                    raise (
                        Unusable
                            $"%s{flag} and --embedded exclude each other: --embedded makes its own cluster"
                    )

            Some {
                Port = given.GetResult(RunArgument.Port, 0) |> inRange "--port" 0 65535
                Speed = given.GetResult(RunArgument.Speed, 1.0) |> speed
                Seed = given.GetResult(RunArgument.Seed, 1)
                KubeConfigOut = given.GetResult(RunArgument.Kubeconfig_Out, "out/embedded/kubeconfig")
            }
        else
            for flag, isGiven in
                [
                    "--kubeconfig-out", given.Contains RunArgument.Kubeconfig_Out
                    "--speed", given.Contains RunArgument.Speed
                    "--port", given.Contains RunArgument.Port
                    "--seed", given.Contains RunArgument.Seed
                ] do
                if isGiven then
                    raise (Unusable $"%s{flag} needs --embedded")

            None

    let private namespaces (given: ParseResults<RunArgument>) =
        given.GetResults Watch_Namespaces
        |> List.collect (fun names ->
            names.Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
            |> List.ofArray)
        |> List.map (label "--watch-namespaces")
        |> List.distinct

    let private run terminal (given: ParseResults<RunArgument>) : RunOptions =
        let embedded = embedded given

        {
            KubeConfig = given.TryGetResult KubeConfig |> Option.toObj
            Context = given.TryGetResult RunArgument.Context |> Option.toObj
            WatchNamespaces = namespaces given
            LeaderElect =
                match given.TryGetResult Leader_Elect with
                | None -> embedded.IsNone
                | Some given -> Option.defaultValue true given
            LeaderElectionNamespace =
                given.TryGetResult Leader_Election_Namespace
                |> Option.map (label "--leader-election-namespace")
                |> Option.toObj
            LeaderElectionId =
                given.GetResult(Leader_Election_Id, "tikv-operator")
                |> label "--leader-election-id"
            MetricsAddress =
                given.TryGetResult RunArgument.Metrics_Bind_Address
                |> address "--metrics-bind-address"
            HealthAddress =
                given.TryGetResult RunArgument.Health_Probe_Bind_Address
                |> address "--health-probe-bind-address"
            MaxConcurrentReconciles =
                given.GetResult(Max_Concurrent_Reconciles, 8)
                |> inRange "--max-concurrent-reconciles" 1 1000
            PdRoute = given.GetResult(RunArgument.Pd_Access, Auto) |> route
            StartTimeout = given.GetResult(Start_Timeout, 30) |> seconds "--start-timeout" 3600
            Embedded = embedded
            Log = {
                Format = given.TryGetResult Log_Format |> format terminal
                Level = given.GetResult(RunArgument.Log_Level, Info) |> level
            }
        }

    let private crds (given: ParseResults<CrdsArgument>) : CrdsOptions = {
        Output = given.TryGetResult Output |> Option.toObj
        Check = given.Contains Check
    }

    let private demo (given: ParseResults<DemoArgument>) : DemoOptions = {
        ExitWhenReady = given.Contains Exit_When_Ready
        Manifests = given.TryGetResult Manifests |> Option.toObj
        Timeout = given.GetResult(DemoArgument.Timeout, 300) |> seconds "--timeout" 86400
        HealthAddress =
            given.TryGetResult DemoArgument.Health_Probe_Bind_Address
            |> address "--health-probe-bind-address"
        MetricsAddress =
            given.TryGetResult DemoArgument.Metrics_Bind_Address
            |> address "--metrics-bind-address"
        Cluster = {
            Port = given.GetResult(DemoArgument.Port, 0) |> inRange "--port" 0 65535
            Speed = given.GetResult(DemoArgument.Speed, 5.0) |> speed
            Seed = given.GetResult(DemoArgument.Seed, 1)
            KubeConfigOut = given.GetResult(DemoArgument.Kubeconfig_Out, "out/demo/kubeconfig")
        }
        Log = { Format = LogFormat.Text; Level = given.GetResult(DemoArgument.Log_Level, Info) |> level }
    }

    let private serve (given: ParseResults<ServeArgument>) : EmbeddedOptions = {
        Port = given.GetResult(ServeArgument.Port, 0) |> inRange "--port" 0 65535
        Speed = given.GetResult(ServeArgument.Speed, 1.0) |> speed
        Seed = given.GetResult(ServeArgument.Seed, 1)
        KubeConfigOut = given.GetResult(ServeArgument.Kubeconfig_Out, "out/embedded/kubeconfig")
    }

    let private snapshot (given: ParseResults<SnapshotArgument>) : SnapshotOptions = {
        Cluster = given.TryGetResult Cluster |> Option.toObj
        Namespace = given.TryGetResult Namespace |> Option.map (label "--namespace") |> Option.toObj
        Output = given.TryGetResult To |> Option.toObj
        KubeConfig = given.TryGetResult Kube_Config |> Option.toObj
        Context = given.TryGetResult SnapshotArgument.Context |> Option.toObj
        PdRoute = given.GetResult(SnapshotArgument.Pd_Access, Auto) |> route
    }

    let private commandOf terminal argument =
        match argument with
        | Run given -> Command.Run(run terminal given)
        | Crds given -> Command.Crds(crds given)
        | Demo given -> Command.Demo(demo given)
        | Serve given -> Command.Serve(serve given)
        | Snapshot given -> Command.Snapshot(snapshot given)
        | Version -> Command.Version

    /// `terminal`: whether a person reads what is printed.
    let parse (terminal: bool) (arguments: string array) : Command =
        let parser =
            ArgumentParser.Create<Argument>(programName = "tikv-operator", errorHandler = ExceptionExiter())

        try
            match arguments with
            | [||] -> Command.Misunderstood(parser.PrintUsage "a command is missing")
            | [| "version" |]
            | [| "--version" |] -> Command.Version
            | _ -> parser.Parse(arguments).GetSubCommand() |> commandOf terminal
        with
        | :? ArguParseException as problem when problem.ErrorCode = ErrorCode.HelpText ->
            Command.Help problem.Message
        | :? ArguParseException as problem -> Command.Misunderstood problem.Message
        | Unusable message -> Command.Misunderstood message
