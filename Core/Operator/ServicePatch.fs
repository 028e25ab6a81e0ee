/// How a Service is changed so that what others have put there stays.
module internal Tikv.Core.Operator.ServicePatch

open Tikv.Core
open Tikv.Core.Kubernetes

/// A merge patch replaces lists whole: what others put into a port (the node port that the server chose) is carried over.
let private withKeptPorts (observed: Group.Observed) name spec =
    let actual =
        observed.Services
        |> Map.tryFind name
        |> Option.map (fun service -> Json.itemsAt [ "ports" ] service.Spec)
        |> Option.defaultValue []

    // The server takes node ports back with the type.
    let inside = Json.stringAt [ "type" ] spec |> Option.defaultValue "ClusterIP" = "ClusterIP"

    let kept port =
        let name = Json.stringAt [ "name" ] port
        let own = Json.membersAt [] port

        actual
        |> List.tryFind (fun one -> Json.stringAt [ "name" ] one = name)
        |> Option.map (Json.membersAt [])
        |> Option.defaultValue []
        |> List.filter (fun (key, _) ->
            own |> List.forall (fun (mine, _) -> mine <> key)
            && not (inside && key = "nodePort"))
        |> fun others -> Json.object (own @ others)

    match Json.tryField "ports" spec with
    | Some(Json.Array ports) -> spec |> Json.withField "ports" (Json.Array(ports |> List.map kept))
    | _ -> spec

/// A selector with a key too many selects nothing; a merge patch takes the key away only when it is told so.
let spec (observed: Group.Observed) name spec =
    let surplus =
        observed.Services
        |> Map.tryFind name
        |> Option.map (fun service -> Json.membersAt [ "selector" ] service.Spec)
        |> Option.defaultValue []
        |> List.map fst
        |> List.filter (fun key -> (Json.tryPath [ "selector"; key ] spec).IsNone)

    surplus
    |> List.fold (fun spec key -> spec |> Json.setPath [ "selector"; key ] (Some Json.Null)) spec
    |> withKeptPorts observed name

/// Annotations that are wanted, and those that were ours and are not wanted any more.
let annotations (observed: Group.Observed) (seen: Meta) =
    let wanted = Group.Manifest.serviceAnnotations observed seen.Name

    let dropped =
        seen.Annotations
        |> Map.tryFind Annotations.writtenKeys
        |> Option.map (fun keys ->
            Annotations.writtenKeys :: List.ofArray (keys.Split(System.Convert.ToChar 44)))
        |> Option.defaultValue []
        |> List.filter (fun key -> not (Map.containsKey key wanted) && Map.containsKey key seen.Annotations)

    let members =
        (wanted |> Map.toList |> List.map (fun (key, value) -> key, Json.string value))
        @ (dropped |> List.map (fun key -> key, Json.Null))

    if members.IsEmpty then [] else [ "annotations", Json.object members ]
