namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// The parameters of a query string, unescaped.
type Query = Map<string, string list>

/// Reading of parameters, and of the options that requests carry in them.
[<RequireQualifiedAccess>]
module Query =

    let unescape (text: string) = Uri.UnescapeDataString text

    let parse (text: string) : Query =
        text.Split('&', StringSplitOptions.RemoveEmptyEntries)
        |> Seq.map (fun pair ->
            match pair.Split('=', 2) with
            | [| key; value |] -> unescape (key.Replace('+', ' ')), unescape (value.Replace('+', ' '))
            | _ -> unescape pair, "")
        |> Seq.groupBy fst
        |> Seq.map (fun (key, values) -> key, values |> Seq.map snd |> List.ofSeq)
        |> Map.ofSeq

    let tryText name (query: Query) = query |> Map.tryFind name |> Option.bind List.tryHead
    let text name query = tryText name query |> Option.defaultValue ""

    let flag name query =
        match tryText name query with
        | Some("true" | "1" | "True" | "") -> true
        | _ -> false

    let tryNumber name query =
        tryText name query
        |> Option.bind (fun value ->
            match Int32.TryParse value with
            | true, number -> Some number
            | false, _ -> None)

    let notEmpty text = if text = "" then None else Some text

    let listOptions query : ListOptions = {
        LabelSelector = text "labelSelector" query
        FieldSelector = text "fieldSelector" query
        Limit = tryNumber "limit" query |> Option.filter (fun limit -> limit > 0)
        Continue = tryText "continue" query |> Option.bind notEmpty
        ResourceVersion = tryText "resourceVersion" query |> Option.bind notEmpty
    }

    /// From the body where it says something, from the query otherwise.
    let deleteOptions query (body: Json) : DeleteOptions =
        let propagation =
            match Json.stringAt [ "propagationPolicy" ] body, tryText "propagationPolicy" query with
            | Some policy, _ -> Some policy
            | None, Some policy -> notEmpty policy
            | None, None ->
                match Json.boolAt [ "orphanDependents" ] body with
                | Some true -> Some "Orphan"
                | Some false -> Some "Background"
                | None -> None

        {
            GraceSeconds =
                Json.intAt [ "gracePeriodSeconds" ] body
                |> Option.orElse (tryNumber "gracePeriodSeconds" query)
            Uid = Json.stringAt [ "preconditions"; "uid" ] body
            ResourceVersion = Json.stringAt [ "preconditions"; "resourceVersion" ] body
            Propagation = propagation
        }

    let isDryRun query body =
        Map.containsKey "dryRun" query
        || (Json.itemsAt [ "dryRun" ] body |> List.isEmpty |> not)
