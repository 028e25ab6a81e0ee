/// Binding of Pods to nodes, and eviction as disruption budgets allow it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.PodActions

open Tikv.Core

let private success =
    Answers.created (
        Json.object [
            "kind", Json.String "Status"
            "apiVersion", Json.String "v1"
            "metadata", Json.empty
            "status", Json.String "Success"
            "code", Json.int 201
        ]
    )

/// Sets or replaces the condition of that type.
let withCondition now kind status (more: (string * Json) list) pod =
    let condition =
        Json.object [
            "type", Json.String kind
            "status", Json.String status
            "lastProbeTime", Json.Null
            "lastTransitionTime", Json.String(Meta.time now)
            yield! more
        ]

    let others =
        Json.itemsAt [ "status"; "conditions" ] pod
        |> List.filter (fun condition -> Json.stringAt [ "type" ] condition <> Some kind)

    Json.setPath [ "status"; "conditions" ] (Some(Json.Array(others @ [ condition ]))) pod

let bind now (request: Request) pod (server: ApiServer) : struct (ApiServer * Response) =
    let name = Meta.name pod
    let key = { request.Resource with Plural = "pods/binding" }
    let node = Json.stringAt [ "target"; "name" ] request.Body |> Option.defaultValue ""

    match Json.stringAt [ "spec"; "nodeName" ] pod |> Option.defaultValue "" with
    | _ when Meta.isTerminating pod ->
        struct (server,
                Errors.conflict key name $"pod %s{name} is being deleted, cannot be assigned to a host")
    | assigned when assigned <> "" ->
        struct (server, Errors.conflict key name $"pod %s{name} is already assigned to node \"%s{assigned}\"")
    | _ when node = "" -> struct (server, Errors.invalid "" "Binding" name [ Causes.required "target.name" ])
    | _ ->
        let bound =
            pod
            |> Json.setPath [ "spec"; "nodeName" ] (Some(Json.String node))
            |> withCondition now "PodScheduled" "True" []

        let struct (server, _) = Store.replace request.Resource now bound pod server
        struct (server, success)

let private budgets pod server =
    let labels = Meta.labels pod

    State.objects Builtins.podDisruptionBudgets (Some(Meta.``namespace`` pod)) server
    |> Seq.filter (fun budget ->
        match Json.tryPath [ "spec"; "selector" ] budget with
        | Some selector -> Selectors.ofObject selector |> List.forall (Selectors.satisfies labels)
        | None -> false)
    |> List.ofSeq

let private count field budget = Json.intAt [ "status"; field ] budget |> Option.defaultValue 0

let private refused retry budget words =
    let cause: Errors.Cause = {
        Reason = "DisruptionBudget"
        Message = $"The disruption budget %s{Meta.name budget} %s{words}"
        Field = ""
    }

    Errors.tooManyRequests "Cannot evict pod as it would violate the pod's disruption budget." [ cause ] retry

/// Takes one disruption from the budget's allowance, until its controller counts anew.
let private taken now pod budget =
    budget
    |> Json.setPath
        [ "status"; "disruptionsAllowed" ]
        (Some(Json.int (count "disruptionsAllowed" budget - 1)))
    |> Json.setPath [ "status"; "disruptedPods"; Meta.name pod ] (Some(Json.String(Meta.time now)))

/// Pods that are not running are let go whatever the budget says.
let private isFree pod =
    Meta.isTerminating pod
    || (match Json.stringAt [ "status"; "phase" ] pod with
        | Some("Pending" | "Succeeded" | "Failed") -> true
        | _ -> false)

let private options (body: Json) : DeleteOptions =
    let at path = Json.stringAt ("deleteOptions" :: path) body

    {
        GraceSeconds = Json.intAt [ "deleteOptions"; "gracePeriodSeconds" ] body
        Uid = at [ "preconditions"; "uid" ]
        ResourceVersion = at [ "preconditions"; "resourceVersion" ]
        Propagation = at [ "propagationPolicy" ]
    }

/// The way out of the budgets: none to ask, or one that must give.
let evict now (served: Served) (request: Request) pod (server: ApiServer) : struct (ApiServer * Response) =
    let go server pod =
        let pod =
            if isFree pod then
                pod
            else
                withCondition
                    now
                    "DisruptionTarget"
                    "True"
                    [ "reason", Json.String "EvictionByEvictionAPI" ]
                    pod

        let main = { request with Subresource = None }
        let struct (server, response) = Deleting.delete now served main (options request.Body) pod server
        struct (server, (if response.Code = 200 then success else response))

    match if isFree pod then [] else budgets pod server with
    | [] -> go server pod
    | _ :: _ :: _ ->
        struct (server,
                Errors.unexplained
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
    | [ budget ] when
        Json.int64At [ "status"; "observedGeneration" ] budget
        |> Option.exists (fun seen -> seen < Meta.generation budget)
        ->
        struct (server, refused (Some 10) budget "is still being processed by the server.")
    | [ budget ] when count "disruptionsAllowed" budget <= 0 ->
        let wanted, healthy = count "desiredHealthy" budget, count "currentHealthy" budget
        let words = $"needs %d{wanted} healthy pods and has %d{healthy} currently"

        struct (server, refused None budget words)
    | [ _ ] when request.DryRun -> struct (server, success)
    | [ budget ] ->
        let struct (server, _) =
            Store.replace Builtins.podDisruptionBudgets now (taken now pod budget) budget server

        go server pod
