namespace Tikv.Host

open System

type LogFormat =
    | Json = 0
    | Text = 1

type LogLevel =
    | Trace = 0
    | Debug = 1
    | Info = 2
    | Warn = 3
    | Error = 4

/// How the operator reaches PD.
type PdRoute =
    /// Direct in the cluster, through the API server with a kubeconfig.
    | Auto = 0
    | Direct = 1
    | ApiServerProxy = 2

type LogOptions = { Format: LogFormat; Level: LogLevel }

/// A cluster embedded in the process.
type EmbeddedOptions = {
    /// Of 127.0.0.1; 0 takes a free one.
    Port: int
    /// Seconds of its world per second.
    Speed: float
    Seed: int
    /// Where its kubeconfig is written.
    KubeConfigOut: string
}

type RunOptions = {
    KubeConfig: string | null
    Context: string | null
    /// Empty: all of them.
    WatchNamespaces: string list
    LeaderElect: bool
    /// None: POD_NAMESPACE, else the namespace of the configuration that was found.
    LeaderElectionNamespace: string | null
    LeaderElectionId: string
    /// `HOST:PORT` or `:PORT`; none: not served.
    MetricsAddress: string | null
    HealthAddress: string | null
    MaxConcurrentReconciles: int
    PdRoute: PdRoute
    /// How long an API server that does not answer is asked again before the start is given up.
    StartTimeout: TimeSpan
    /// Run against a cluster of our own instead of one that is found.
    Embedded: EmbeddedOptions option
    Log: LogOptions
}

type SnapshotOptions = {
    /// None: the only one in the namespace.
    Cluster: string | null
    /// None: that of the configuration that was found.
    Namespace: string | null
    /// A file; none: print it.
    Output: string | null
    KubeConfig: string | null
    Context: string | null
    PdRoute: PdRoute
}

type CrdsOptions = {
    /// The folder of the files; none: print them all.
    Output: string | null
    /// Compare instead of writing.
    Check: bool
}

type DemoOptions = {
    ExitWhenReady: bool
    /// The folder of the YAML files to apply; none: the example that is built in.
    Manifests: string | null
    Timeout: TimeSpan
    HealthAddress: string | null
    MetricsAddress: string | null
    Cluster: EmbeddedOptions
    Log: LogOptions
}

/// What the command line asked for. C# sees these records and never sees Argu.
[<RequireQualifiedAccess>]
type Command =
    | Run of Options: RunOptions
    | Crds of Options: CrdsOptions
    | Demo of Options: DemoOptions
    | Serve of Options: EmbeddedOptions
    | Snapshot of Options: SnapshotOptions
    | Version
    | Help of Text: string
    /// Arguments that are not understood: what, and what is allowed.
    | Misunderstood of Message: string

    /// One function a case: a new command fails to compile in C# until it is carried out there.
    member command.Match
        (
            run: Func<RunOptions, 'Result>,
            crds: Func<CrdsOptions, 'Result>,
            demo: Func<DemoOptions, 'Result>,
            serve: Func<EmbeddedOptions, 'Result>,
            snapshot: Func<SnapshotOptions, 'Result>,
            version: Func<'Result>,
            help: Func<string, 'Result>,
            misunderstood: Func<string, 'Result>
        ) : 'Result =
        match command with
        | Run options -> run.Invoke options
        | Crds options -> crds.Invoke options
        | Demo options -> demo.Invoke options
        | Serve options -> serve.Invoke options
        | Snapshot options -> snapshot.Invoke options
        | Version -> version.Invoke()
        | Help text -> help.Invoke text
        | Misunderstood message -> misunderstood.Invoke message
