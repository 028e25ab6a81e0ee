/// Objects by kind and name, such as `TiKVGroup/basic-tikv`; all stand in one namespace.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Target

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let space = "default"

let private own =
    Kind.watched @ [ Kind.Lease; Kind.Event; Kind.Secret ]
    |> List.map (fun kind -> Kind.name kind, (Answers.key kind, not (Kind.isClusterWide kind)))

/// Of two kinds of one name that of the older group counts, which stands first.
let private others =
    Builtins.all
    |> List.rev
    |> List.map (fun resource -> resource.Kind, (resource.Key, resource.Namespaced))

/// Every kind by its name in manifests: where it is served, and whether in namespaces.
let kinds: Map<string, ResourceKey * bool> = Map.ofList (others @ own)

let tryParse (target: string) =
    match target.Split '/' with
    | [| kind; name |] when name <> "" -> Map.tryFind kind kinds |> Option.map (fun found -> found, name)
    | _ -> None

let private parse target : ResourceKey * string option * string =
    match tryParse target with
    | Some((key, namespaced), name) -> key, (if namespaced then Some space else None), name
    | None -> invalidArg (nameof target) $"%s{target} is not kind/name of a known kind"

let tryGet target (world: World) =
    let key, place, name = parse target
    ApiServer.tryGet key place name world.Server

let request target make : Request =
    let key, place, name = parse target
    make key place name

/// The kind and name of a manifest.
let ofManifest (manifest: Json) =
    (Json.stringAt [ "kind" ] manifest |> Option.defaultValue "")
    + "/"
    + Meta.name manifest
