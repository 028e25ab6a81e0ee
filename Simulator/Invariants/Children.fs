/// What is made for a group: never more than it asks for, and never the same twice.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Children

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

type private Seen = {
    /// By namespace and group: the most replicas that its spec ever asked for, with the replacements that it allows.
    Most: Map<string, int>
    /// Names of the children that are not being deleted, by plural and group.
    Children: Map<string, Set<string>>
    /// Groups in which an instance is being replaced, or has been.
    Replaces: Set<string>
    /// Names of the instances that are being deleted: their Pods run on until they have left the cluster, while others take
    /// their place.
    Leaving: Set<string>
}

let private groupOf (name: string) =
    match name.LastIndexOf '-' with
    | -1 -> None
    | at ->
        match System.Int32.TryParse(name.Substring(at + 1)) with
        | true, index -> Some(name.Substring(0, at), index)
        | _ -> None

let private isGroup plural = plural = "pdgroups" || plural = "tikvgroups"
let private isChild plural = plural = "pods" || plural = "pds" || plural = "tikvs"

let private replicas seen key object =
    let wanted = Json.intAt [ "spec"; "replicas" ] object |> Option.defaultValue 1

    let offline = Json.itemsAt [ "spec"; "offlineIndexes" ] object |> List.length

    let replacements =
        if Json.boolAt [ "spec"; "failover"; "enabled" ] object = Some true then
            Json.intAt [ "spec"; "failover"; "maxReplacements" ] object
            |> Option.defaultValue 3
        else
            0

    let most = max (wanted + offline + replacements) (Map.tryFind key seen.Most |> Option.defaultValue 0)
    { seen with Most = Map.add key most seen.Most }

let private child (seen: Seen) (change: Change) =
    let name = Meta.name change.Object

    match groupOf name with
    | None -> struct (seen, Finding.Nothing)
    | Some(group, index) ->
        let group = Meta.``namespace`` change.Object + "/" + group
        let key = change.Resource.Plural + ":" + group
        let known = Map.tryFind key seen.Children |> Option.defaultValue Set.empty

        match Map.tryFind group seen.Most with
        | None -> struct (seen, Finding.Nothing)
        | Some most ->
            let whole = Meta.``namespace`` change.Object + "/" + name

            if change.Type = ChangeType.Deleted || Meta.isTerminating change.Object then
                let pods = "pods:" + group
                let left = seen.Children |> Map.add key (Set.remove name known)
                let ofPods = Map.tryFind pods left |> Option.defaultValue Set.empty

                let leaving =
                    if change.Resource.Plural = "pods" then seen.Leaving
                    elif change.Type = ChangeType.Deleted then Set.remove whole seen.Leaving
                    else Set.add whole seen.Leaving

                struct ({
                            seen with
                                Children = left |> Map.add pods (Set.remove name ofPods)
                                Leaving = leaving
                        },
                        Finding.Nothing)
            elif
                Set.contains name known
                && (Json.mapAt [ "metadata"; "annotations" ] change.Object).ContainsKey "tikv.org/replaced"
            then
                // one at a time is replaced, and stays until its successor serves
                struct ({ seen with Replaces = Set.add group seen.Replaces }, Finding.Nothing)
            elif Set.contains name known || Set.contains whole seen.Leaving then
                struct (seen, Finding.Nothing)
            else
                let now = Set.add name known
                let seen = { seen with Children = Map.add key now seen.Children }
                let most = if Set.contains group seen.Replaces then most + 1 else most

                // one that is deleted by hand keeps its Pod while another takes its place
                let surge = if change.Resource.Plural = "pods" then 1 else 0

                if Set.count now > most + surge then
                    struct (seen,
                            Finding.Broken
                                $"%s{group} has %d{Set.count now} %s{change.Resource.Plural} and asks for %d{most}")
                elif index < 0 then
                    struct (seen, Finding.Broken $"%s{name} has no index")
                else
                    struct (seen, Finding.Held)

/// I46 and I47.
let asMany: Invariant =
    Invariant.make
        {
            Id = "I47"
            Means =
                "A group never has more Pods or instances than its spec asks for, and each has its own index"
            Source = "architecture, law 1; verification C5 (I46, I47)"
        }
        { Most = Map.empty; Children = Map.empty; Replaces = Set.empty; Leaving = Set.empty }
        (fun seen _ sight ->
            match sight with
            | Sight.Changed change when isGroup change.Resource.Plural ->
                struct (replicas seen (View.keyOf change.Object) change.Object, Finding.Nothing)
            | Sight.Changed change when isChild change.Resource.Plural -> child seen change
            | _ -> struct (seen, Finding.Nothing))
