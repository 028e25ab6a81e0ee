namespace Tikv.Simulator.World

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// Where a volume of a Pod comes from.
[<RequireQualifiedAccess>]
type VolumeSource =
    | Claim of Name: string
    /// With the file name of each key that is projected; empty projects all keys under their own names.
    | ConfigMap of Name: string * Items: (string * string) list * Optional: bool
    | Secret of Name: string * Optional: bool
    /// Files of several Secrets in one directory, each with the keys that it must have.
    | Secrets of Sources: (string * string list) list
    | Other

type Mount = { Path: string; Volume: string; SubPath: string }

[<RequireQualifiedAccess>]
type ProbeKind =
    | Http of Path: string * Port: int
    | Tcp of Port: int
    | Exec

/// Delays in milliseconds.
type Probe = { Kind: ProbeKind; InitialDelay: int64; Period: int64; Failures: int; Successes: int }

type Container = {
    Name: string
    Image: string
    /// Command and arguments, word by word; a shell script is split at white space.
    Words: string list
    Environment: Map<string, string>
    /// ConfigMaps and Secrets that its environment takes values from and that must exist: `configmap` or `secret`, name.
    Sources: (string * string) list
    Mounts: Mount list
    Readiness: Probe option
    Liveness: Probe option
    Startup: Probe option
    /// terminationMessagePolicy FallbackToLogsOnError: the end of the log tells why it ended.
    TellsWhy: bool
}

/// Pods that must not share a domain: topology key, and the labels of the others.
type Separation = { TopologyKey: string; Others: LabelRequirement list }

type Spread = { Key: string; MaxSkew: int; Required: bool; Of: LabelRequirement list }

type Toleration = { Key: string; Operator: string; Value: string; Effect: string; Seconds: int64 option }

/// What the machines read of a Pod's spec, which is immutable but for the node: it is read once in a Pod's life.
type PodSpec = {
    Containers: Container list
    Volumes: Map<string, VolumeSource>
    Hostname: string
    Subdomain: string
    NodeSelector: Map<string, string>
    /// Terms of required node affinity, of which one must hold; empty asks for nothing.
    NodeTerms: LabelRequirement list list
    Apart: Separation list
    PreferApart: Separation list
    Spreads: Spread list
    Tolerations: Toleration list
    /// Milli-cores, and milli-bytes.
    Cpu: int64
    Memory: int64
    /// What else it asks for, in thousandths: `ephemeral-storage`, and what people have their nodes offer.
    Others: (string * int64) list
    /// Milliseconds.
    Grace: int64
    RestartPolicy: string
    /// BestEffort, Burstable or Guaranteed.
    Qos: string
    /// Not to be scheduled here and now: scheduling gates hold it, or another scheduler is to find its node.
    Gated: bool
}

[<RequireQualifiedAccess>]
module PodSpec =
    let private text path fallback json = Json.stringAt path json |> Option.defaultValue fallback

    let private volume json =
        let source =
            match
                Json.tryField "persistentVolumeClaim" json,
                Json.tryField "configMap" json,
                Json.tryField "secret" json
            with
            | Some claim, _, _ -> VolumeSource.Claim(text [ "claimName" ] "" claim)
            | None, Some map, _ ->
                let items =
                    Json.itemsAt [ "items" ] map
                    |> List.map (fun item -> text [ "key" ] "" item, text [ "path" ] "" item)

                VolumeSource.ConfigMap(
                    text [ "name" ] "" map,
                    items,
                    Json.boolAt [ "optional" ] map |> Option.defaultValue false
                )
            | None, None, Some secret ->
                VolumeSource.Secret(
                    text [ "secretName" ] "" secret,
                    Json.boolAt [ "optional" ] secret |> Option.defaultValue false
                )
            | None, None, None ->
                match
                    Json.itemsAt [ "projected"; "sources" ] json
                    |> List.choose (Json.tryField "secret")
                with
                | [] -> VolumeSource.Other
                | sources ->
                    sources
                    |> List.map (fun secret ->
                        text [ "name" ] "" secret,
                        Json.itemsAt [ "items" ] secret |> List.map (text [ "key" ] ""))
                    |> VolumeSource.Secrets

        text [ "name" ] "" json, source

    let private port (ports: Map<string, int>) json =
        match Json.tryField "port" json with
        | Some(Json.String name) -> Map.tryFind name ports |> Option.defaultValue 0
        | Some number -> Json.asInt number |> Option.defaultValue 0
        | None -> 0

    let private probe ports json =
        let number name fallback = Json.intAt [ name ] json |> Option.defaultValue fallback

        let kind =
            match Json.tryField "httpGet" json, Json.tryField "tcpSocket" json with
            | Some http, _ -> ProbeKind.Http(text [ "path" ] "/" http, port ports http)
            | None, Some tcp -> ProbeKind.Tcp(port ports tcp)
            | None, None -> ProbeKind.Exec

        {
            Kind = kind
            InitialDelay = int64 (number "initialDelaySeconds" 0) * 1000L
            Period = int64 (max 1 (number "periodSeconds" 10)) * 1000L
            Failures = number "failureThreshold" 3
            Successes = number "successThreshold" 1
        }

    let private expand (environment: Map<string, string>) (word: string) =
        if word.Contains '$' then
            (word, environment)
            ||> Map.fold (fun word name value ->
                word.Replace("$(" + name + ")", value).Replace("${" + name + "}", value))
        else
            word

    let private environment ``namespace`` name json =
        Json.itemsAt [ "env" ] json
        |> List.map (fun variable ->
            let value =
                match Json.stringAt [ "valueFrom"; "fieldRef"; "fieldPath" ] variable with
                | Some "metadata.name" -> name
                | Some "metadata.namespace" -> ``namespace``
                | _ -> text [ "value" ] "" variable

            text [ "name" ] "" variable, value)
        |> Map.ofList

    let private sources json =
        let required kind reference =
            if Json.boolAt [ "optional" ] reference = Some true then
                None
            else
                Some(kind, text [ "name" ] "" reference)

        let from configMap secret json =
            Option.orElse
                (Json.tryField secret json |> Option.bind (required "secret"))
                (Json.tryField configMap json |> Option.bind (required "configmap"))

        let variables = Json.itemsAt [ "env" ] json |> List.choose (Json.tryField "valueFrom")

        (variables |> List.choose (from "configMapKeyRef" "secretKeyRef"))
        @ (Json.itemsAt [ "envFrom" ] json |> List.choose (from "configMapRef" "secretRef"))

    let private container ``namespace`` pod json =
        let ports =
            Json.itemsAt [ "ports" ] json
            |> List.map (fun port ->
                text [ "name" ] "" port, Json.intAt [ "containerPort" ] port |> Option.defaultValue 0)
            |> Map.ofList

        let environment = environment ``namespace`` pod json
        let words name = Json.itemsAt [ name ] json |> List.choose Json.asString

        {
            Name = text [ "name" ] "" json
            Image = text [ "image" ] "" json
            Words =
                words "command" @ words "args"
                |> List.map (expand environment)
                |> List.collect (fun word ->
                    word.Split([| ' '; '\n'; '\t'; '\\' |], System.StringSplitOptions.RemoveEmptyEntries)
                    |> List.ofArray)
            Environment = environment
            Sources = sources json
            Mounts =
                Json.itemsAt [ "volumeMounts" ] json
                |> List.map (fun mount -> {
                    Path = text [ "mountPath" ] "" mount
                    Volume = text [ "name" ] "" mount
                    SubPath = text [ "subPath" ] "" mount
                })
            Readiness = Json.tryField "readinessProbe" json |> Option.map (probe ports)
            Liveness = Json.tryField "livenessProbe" json |> Option.map (probe ports)
            Startup = Json.tryField "startupProbe" json |> Option.map (probe ports)
            TellsWhy = text [ "terminationMessagePolicy" ] "" json = "FallbackToLogsOnError"
        }

    let private separation json = {
        TopologyKey = text [ "topologyKey" ] "" json
        Others =
            Json.tryField "labelSelector" json
            |> Option.map Selectors.ofObject
            |> Option.defaultValue []
    }

    let private spread json = {
        Key = text [ "topologyKey" ] "" json
        MaxSkew = Json.intAt [ "maxSkew" ] json |> Option.defaultValue 1
        Required = text [ "whenUnsatisfiable" ] "DoNotSchedule" json = "DoNotSchedule"
        Of =
            Json.tryField "labelSelector" json
            |> Option.map Selectors.ofObject
            |> Option.defaultValue []
    }

    let private toleration json = {
        Key = text [ "key" ] "" json
        Operator = text [ "operator" ] "Equal" json
        Value = text [ "value" ] "" json
        Effect = text [ "effect" ] "" json
        Seconds = Json.int64At [ "tolerationSeconds" ] json
    }

    let private amount kind name container =
        Json.tryPath [ "resources"; kind; name ] container
        |> Amount.tryMilli
        |> Option.defaultValue 0L

    let private qos containers =
        let all = [
            for container in containers do
                for name in [ "cpu"; "memory" ] ->
                    amount "requests" name container, amount "limits" name container
        ]

        if all |> List.forall (fun (request, limit) -> request = 0L && limit = 0L) then
            "BestEffort"
        elif
            all
            |> List.forall (fun (request, limit) -> limit > 0L && (request = 0L || request = limit))
        then
            "Guaranteed"
        else
            "Burstable"

    /// Reads a Pod's spec.
    let read (pod: Json) : PodSpec =
        let spec = Json.tryField "spec" pod |> Option.defaultValue Json.empty
        let containers = Json.itemsAt [ "containers" ] spec

        let requested name = containers |> List.sumBy (amount "requests" name)

        {
            Containers = containers |> List.map (container (Meta.``namespace`` pod) (Meta.name pod))
            Volumes = Json.itemsAt [ "volumes" ] spec |> List.map volume |> Map.ofList
            Hostname = text [ "hostname" ] "" spec
            Subdomain = text [ "subdomain" ] "" spec
            NodeSelector = Json.mapAt [ "nodeSelector" ] spec
            NodeTerms =
                spec
                |> Json.itemsAt [
                    "affinity"
                    "nodeAffinity"
                    "requiredDuringSchedulingIgnoredDuringExecution"
                    "nodeSelectorTerms"
                ]
                |> List.map Selectors.ofObject
            Apart =
                spec
                |> Json.itemsAt [
                    "affinity"
                    "podAntiAffinity"
                    "requiredDuringSchedulingIgnoredDuringExecution"
                ]
                |> List.map separation
            PreferApart =
                spec
                |> Json.itemsAt [
                    "affinity"
                    "podAntiAffinity"
                    "preferredDuringSchedulingIgnoredDuringExecution"
                ]
                |> List.choose (Json.tryField "podAffinityTerm")
                |> List.map separation
            Spreads = Json.itemsAt [ "topologySpreadConstraints" ] spec |> List.map spread
            Tolerations = Json.itemsAt [ "tolerations" ] spec |> List.map toleration
            Cpu = requested "cpu"
            Memory = requested "memory"
            Others =
                containers
                |> List.collect (Json.mapAt [ "resources"; "requests" ] >> Map.toList)
                |> List.map fst
                |> List.distinct
                |> List.filter (fun name -> name <> "cpu" && name <> "memory")
                |> List.map (fun name -> name, requested name)
            Grace =
                1000L
                * (Json.int64At [ "terminationGracePeriodSeconds" ] spec |> Option.defaultValue 30L)
            RestartPolicy = text [ "restartPolicy" ] "Always" spec
            Qos = qos containers
            Gated =
                not (List.isEmpty (Json.itemsAt [ "schedulingGates" ] spec))
                || text [ "schedulerName" ] "default-scheduler" spec <> "default-scheduler"
        }
