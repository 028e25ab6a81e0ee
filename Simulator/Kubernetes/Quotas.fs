/// The ResourceQuota admission: what a namespace may still hold (V K17).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Quotas

open Tikv.Core

let private isFinished pod =
    match Json.stringAt [ "status"; "phase" ] pod with
    | Some("Succeeded" | "Failed") -> true
    | _ -> false

let private ofContainers kind name pod =
    Json.itemsAt [ "spec"; "containers" ] pod
    |> List.sumBy (fun container ->
        Json.tryPath [ "resources"; kind; name ] container
        |> Option.bind Quantities.ofJson
        |> Option.defaultValue 0m)

/// How much of a limited thing an object takes; none when it takes no part in it.
let private takes (key: ResourceKey) (limited: string) object : decimal option =
    let counted = "count/" + Meta.groupResource key

    match key.Plural, limited with
    | _, limited when limited = counted -> Some 1m
    | ("pods" | "persistentvolumeclaims" | "services" | "configmaps" | "secrets"), limited when
        key.Group = "" && limited = key.Plural
        ->
        Some 1m
    | "pods", ("cpu" | "requests.cpu") -> Some(ofContainers "requests" "cpu" object)
    | "pods", ("memory" | "requests.memory") -> Some(ofContainers "requests" "memory" object)
    | "pods", "limits.cpu" -> Some(ofContainers "limits" "cpu" object)
    | "pods", "limits.memory" -> Some(ofContainers "limits" "memory" object)
    | "persistentvolumeclaims", "requests.storage" ->
        Json.tryPath [ "spec"; "resources"; "requests"; "storage" ] object
        |> Option.bind Quantities.ofJson
    | _ -> None

let private printed (amount: decimal) =
    amount.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture)

/// Why a new object is one too many, if it is.
let refusal (key: ResourceKey) ``namespace`` name object server : Response option =
    let used limited =
        State.objects key (Some ``namespace``) server
        |> Seq.filter (isFinished >> not)
        |> Seq.sumBy (fun other -> takes key limited other |> Option.defaultValue 0m)

    let exceeded quota =
        Json.membersAt [ "spec"; "hard" ] quota
        |> List.choose (fun (limited, hard) ->
            match takes key limited object, Quantities.ofJson hard with
            | Some wanted, Some hard when wanted > 0m && used limited + wanted > hard ->
                Some(limited, wanted, used limited, hard)
            | _ -> None)

    State.objects Builtins.resourceQuotas (Some ``namespace``) server
    |> Seq.tryPick (fun quota ->
        match exceeded quota with
        | [] -> None
        | exceeded ->
            let list pick =
                exceeded
                |> List.map (fun one ->
                    let limited, amount = pick one
                    limited + "=" + printed amount)
                |> String.concat ","

            let requested = list (fun (limited, wanted, _, _) -> limited, wanted)
            let used = list (fun (limited, _, used, _) -> limited, used)
            let hard = list (fun (limited, _, _, hard) -> limited, hard)

            Some(
                Errors.forbidden
                    key
                    name
                    $"exceeded quota: %s{Meta.name quota}, requested: %s{requested}, used: %s{used}, limited: %s{hard}"
                    []
            ))
