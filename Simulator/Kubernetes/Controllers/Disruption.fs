/// The disruption controller: counts what each PodDisruptionBudget allows now.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Disruption

open System
open Tikv.Core

let private name = "disruption"

let private isReady pod =
    not (Meta.isTerminating pod)
    && Json.itemsAt [ "status"; "conditions" ] pod
       |> List.exists (fun condition ->
           Json.stringAt [ "type" ] condition = Some "Ready"
           && Json.stringAt [ "status" ] condition = Some "True")

let private isFinished pod =
    match Json.stringAt [ "status"; "phase" ] pod with
    | Some("Succeeded" | "Failed") -> true
    | _ -> false

/// A number of Pods, or a part of the expected ones, rounded up.
let private amount expected json =
    match json with
    | Json.String text when text.EndsWith '%' ->
        match Int32.TryParse(text.TrimEnd '%') with
        | true, percent -> (expected * percent + 99) / 100
        | false, _ -> 0
    | json -> Json.asInt json |> Option.defaultValue 0

/// How many Pods the controllers of these Pods want; an error where one has no scale subresource.
let private wanted (pods: Json list) server : Result<int, string> =
    let scale pod =
        Meta.ownerReferences pod
        |> List.tryFind (fun owner -> Json.boolAt [ "controller" ] owner = Some true)
        |> Option.bind (fun owner ->
            let apiVersion = Json.stringAt [ "apiVersion" ] owner |> Option.defaultValue ""

            let group =
                if apiVersion.Contains '/' then apiVersion.Substring(0, apiVersion.IndexOf '/') else ""

            let kind = Json.stringAt [ "kind" ] owner |> Option.defaultValue ""
            let name = Json.stringAt [ "name" ] owner |> Option.defaultValue ""

            match Map.tryFind (group + "/" + kind) server.Kinds with
            | None -> None
            | Some key ->
                match State.tryServed key server, State.tryFind key (Meta.``namespace`` pod) name server with
                | Some served, Some object ->
                    Scaling.view served object |> Option.map (fun scale -> Meta.uid object, scale)
                | _ -> None)

    let scales = pods |> List.map (fun pod -> pod, scale pod)

    match scales |> List.tryFind (fun (_, scale) -> scale.IsNone) with
    | Some(pod, _) -> Error $"found no controllers for pod \"%s{Meta.name pod}\""
    | None ->
        scales
        |> List.choose snd
        |> List.distinctBy fst
        |> List.sumBy (fun (_, scale) -> Json.intAt [ "spec"; "replicas" ] scale |> Option.defaultValue 0)
        |> Ok

let private condition now status reason message =
    Json.array [
        Json.object [
            "type", Json.String "DisruptionAllowed"
            "status", Json.String status
            "reason", Json.String reason
            "message", Json.String message
            "lastTransitionTime", Json.String(Meta.time now)
        ]
    ]

/// How long an eviction counts that the Pod's state does not show yet: 2 minutes, as the real controller has it.
let private patience = TimeSpan.FromMinutes 2.0

let private counted now budget server =
    let spec = Json.tryField "spec" budget |> Option.defaultValue Json.empty

    let requirements =
        Json.tryField "selector" spec
        |> Option.map Selectors.ofObject
        |> Option.defaultValue []

    let pods =
        State.objects Builtins.pods (Some(Meta.``namespace`` budget)) server
        |> Seq.filter (fun pod ->
            not (isFinished pod)
            && (let labels = Meta.labels pod in requirements |> List.forall (Selectors.satisfies labels)))
        |> List.ofSeq

    let disrupted =
        Json.membersAt [ "status"; "disruptedPods" ] budget
        |> List.filter (fun (name, at) ->
            let recent =
                match Json.asString at |> Option.map DateTimeOffset.TryParse with
                | Some(true, at) -> now - at < patience
                | _ -> false

            recent
            && pods
               |> List.exists (fun pod -> Meta.name pod = name && not (Meta.isTerminating pod)))

    let healthy =
        pods
        |> List.filter (fun pod ->
            isReady pod
            && not (disrupted |> List.exists (fun (name, _) -> name = Meta.name pod)))
        |> List.length

    let count =
        match Json.tryField "minAvailable" spec, Json.tryField "maxUnavailable" spec with
        | Some(Json.Number _ as least), _ -> Ok struct (List.length pods, amount 0 least)
        | Some least, _ ->
            wanted pods server
            |> Result.map (fun expected -> struct (expected, amount expected least))
        | None, Some most ->
            wanted pods server
            |> Result.map (fun expected -> struct (expected, max 0 (expected - amount expected most)))
        | None, None -> Ok struct (List.length pods, 1)

    match count with
    | Ok(struct (expected, desired)) ->
        let allowed = if expected > 0 then max 0 (healthy - desired) else 0
        let status, reason = if allowed > 0 then "True", "SufficientPods" else "False", "InsufficientPods"
        struct (allowed, healthy, desired, expected, disrupted, condition now status reason "")
    | Error problem ->
        struct (0, healthy, 0, List.length pods, disrupted, condition now "False" "SyncFailed" problem)

let private refresh now server budget =
    let struct (allowed, healthy, desired, expected, disrupted, conditions) = counted now budget server

    let same =
        let key json =
            Json.stringAt [ "type" ] json, Json.stringAt [ "status" ] json, Json.stringAt [ "reason" ] json

        let before = Json.itemsAt [ "status"; "conditions" ] budget
        List.map key before = List.map key (Json.asItems conditions |> Option.defaultValue [])

    let status =
        Json.present [
            "observedGeneration", Some(Json.int64 (Meta.generation budget))
            "disruptedPods", (if List.isEmpty disrupted then None else Some(Json.Object disrupted))
            "disruptionsAllowed", Some(Json.int allowed)
            "currentHealthy", Some(Json.int healthy)
            "desiredHealthy", Some(Json.int desired)
            "expectedPods", Some(Json.int expected)
            "conditions", (if same then Json.tryPath [ "status"; "conditions" ] budget else Some conditions)
        ]

    let object = Json.withField "status" status budget

    if Fields.differ budget object then
        let struct (server, _) = Store.replace Builtins.podDisruptionBudgets now object budget server
        server
    else
        server

/// Counts anew after any change of a Pod or a budget.
let step (now: DateTimeOffset) (server: ApiServer) : ApiServer =
    let budgets = State.objects Builtins.podDisruptionBudgets None server |> List.ofSeq
    let changed key = not (List.isEmpty (Changes.unseen name key server))

    if
        List.isEmpty budgets
        || not (changed Builtins.pods || changed Builtins.podDisruptionBudgets)
    then
        server
    else
        let server = (server, budgets) ||> List.fold (refresh now)
        Changes.markSeen name server.Revision server
