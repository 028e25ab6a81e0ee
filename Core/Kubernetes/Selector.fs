namespace Tikv.Core.Kubernetes

open Tikv.Core

/// Label selectors (Kubernetes documentation, "Labels and Selectors", set-based requirements).
[<RequireQualifiedAccess>]
module Selector =
    let private holds (labels: Map<string, string>) requirement =
        let value =
            Json.stringAt [ "key" ] requirement
            |> Option.bind (fun key -> Map.tryFind key labels)

        let isListed value =
            Json.itemsAt [ "values" ] requirement
            |> List.exists (fun listed -> Json.asString listed = Some value)

        match Json.stringAt [ "operator" ] requirement, value with
        | Some "In", Some value -> isListed value
        | Some "NotIn", Some value -> not (isListed value)
        | Some "NotIn", None -> true
        | Some "Exists", value -> value.IsSome
        | Some "DoesNotExist", value -> value.IsNone
        | _ -> false

    /// `matchLabels` and `matchExpressions` together; one that is empty takes everything, and JSON's null nothing.
    let matches (selector: Json) labels =
        selector <> Json.Null
        && Json.membersAt [ "matchLabels" ] selector
           |> List.forall (fun (key, value) -> Map.tryFind key labels = Json.asString value)
        && Json.itemsAt [ "matchExpressions" ] selector |> List.forall (holds labels)
