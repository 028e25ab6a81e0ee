/// How the operator writes to the API server.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Hygiene

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private has path json =
    match Json.stringAt path json with
    | Some text -> text <> ""
    | None -> false

/// A version that the write was decided on is named, so that the server can refuse it.
let private guarded write =
    match write with
    | Create(object, body) ->
        if Json.stringAt [ "metadata"; "name" ] body = Some object.Name then
            Finding.Held
        else
            Finding.Broken $"%s{object.Name} is created without a name of its own"
    | Patch(object, _, body) ->
        if has [ "metadata"; "uid" ] body && has [ "metadata"; "resourceVersion" ] body then
            Finding.Held
        else
            Finding.Broken
                $"a patch of %s{Kind.name object.Kind} %s{object.Name} names no uid and resourceVersion"
    | Delete(object, precondition, _) ->
        let (Uid uid) = precondition.Uid

        if uid <> "" then
            Finding.Held
        else
            Finding.Broken $"%s{Kind.name object.Kind} %s{object.Name} is deleted whichever life it is in"

/// I43.
let deletesCarryUid: Invariant =
    Invariant.makeOf
        Sights.Landed
        {
            Id = "I43"
            Means =
                "Every delete carries the uid it was decided on, every patch uid and resourceVersion, every create a name"
            Source = "architecture, law 1; verification C5"
        }
        ()
        (fun () _ sight ->
            match sight with
            | Sight.Landed(_, write, _, _) -> struct ((), guarded write)
            | _ -> struct ((), Finding.Nothing))

let namesAreOwn: Invariant =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I46"
            "Names are the group's and an index, or follow from them, and never made up by the server: a repeated create meets the first"
            "architecture, law 1; verification C5")
        (fun _ sight ->
            match sight with
            | Sight.Landed(_, Create(object, body), _, _) when object.Kind <> Kind.Event ->
                if (Json.stringAt [ "metadata"; "generateName" ] body).IsSome then
                    Finding.Broken $"the name of a %s{Kind.name object.Kind} is left to the server"
                else
                    match object.Kind with
                    | Kind.Pod
                    | Kind.PD
                    | Kind.TiKV ->
                        if (Ground.groupAndIndex object.Name).IsSome then
                            Finding.Held
                        else
                            Finding.Broken $"%s{object.Name} has no index"
                    | _ -> Finding.Held
            | _ -> Finding.Nothing)

let private others (names: Map<string, string>) =
    names
    |> Map.filter (fun name _ ->
        not (name.StartsWith "tikv.org/") && not (name.StartsWith "app.kubernetes.io/"))

/// I45.
let foreignFieldsStay: Invariant =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I45"
            "Labels, annotations and finalizers that others put on an object survive every write of an operator"
            "architecture, law 9; verification C5")
        (fun { World = world } sight ->
            match sight with
            | Sight.Landed(_, Patch(object, false, _), code, before) when code < 300 ->
                let resource = Kind.resource object.Kind

                let key: Tikv.Simulator.Kubernetes.ResourceKey = {
                    Group = resource.Group
                    Version = resource.Version
                    Plural = resource.Plural
                }

                let find (world: World) =
                    ApiServer.tryGet key (Some object.Namespace) object.Name world.Server

                match find before, find world with
                | Some before, Some now ->
                    let annotations json = Json.mapAt [ "metadata"; "annotations" ] json

                    // what a group's template asks for may be taken back by it
                    let gone read =
                        others (read before)
                        |> Map.tryFindKey (fun name _ ->
                            not (name.StartsWith "example.com/") && not (Map.containsKey name (read now)))

                    let finalizers =
                        Meta.finalizers before
                        |> List.filter (fun name -> not (name.StartsWith "tikv.org/"))

                    match gone Meta.labels, gone annotations with
                    | Some name, _
                    | None, Some name -> Finding.Broken $"%s{name} was taken from %s{object.Name}"
                    | None, None ->
                        match
                            finalizers
                            |> List.tryFind (fun name -> not (List.contains name (Meta.finalizers now)))
                        with
                        | Some name ->
                            Finding.Broken $"the finalizer %s{name} was taken from %s{object.Name}"
                        | None ->
                            if
                                Map.isEmpty (others (Meta.labels before))
                                && Map.isEmpty (others (annotations before))
                                && List.isEmpty finalizers
                            then
                                Finding.Nothing
                            else
                                Finding.Held
                | _ -> Finding.Nothing
            | _ -> Finding.Nothing)

let private secrets (world: World) =
    ApiServer.listObjects (Builtins.key "" "v1" "secrets") None world.Server
    |> List.collect (fun secret -> Json.membersAt [ "data" ] secret)
    |> List.choose (snd >> Json.asString)
    |> List.filter (fun value -> value.Length >= 8)

let secretsStaySecret: Invariant =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I50"
            "No value of a Secret stands in a status, an event or a ConfigMap that an operator writes"
            "verification C5")
        (fun { World = world } sight ->
            match sight with
            | Sight.Landed(_, (Patch(_, _, body) | Create(_, body)), code, _) when code < 300 ->
                match secrets world with
                | [] -> Finding.Nothing
                | secrets ->
                    let text = Json.print body

                    match
                        secrets
                        |> List.tryFind (fun secret ->
                            text.Contains(secret, System.StringComparison.Ordinal))
                    with
                    | Some _ -> Finding.Broken "a value of a Secret is written in the clear"
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

/// The group of an instance says that its spec is not valid.
let private isInvalid (world: World) ``namespace`` (pod: string) =
    match Ground.groupAndIndex pod with
    | None -> false
    | Some(group, _) ->
        [ "pdgroups"; "tikvgroups" ]
        |> List.choose (fun plural -> Ground.tryObject plural ``namespace`` group world)
        |> List.exists (fun group ->
            (Json.int64At [ "status"; "observedGeneration" ] group |> Option.defaultValue 0L)
            >= Meta.generation group
            && Json.itemsAt [ "status"; "conditions" ] group
               |> List.exists (fun condition -> Json.stringAt [ "reason" ] condition = Some "InvalidSpec"))

/// Since when each group has said so, and when each instance was last given another spec (`namespace/name`).
type private Validity = { InvalidSince: Map<string, int64>; GivenAt: Map<string, int64> }

let private follow (known: Validity) (world: World) (change: Change) =
    let name = Meta.name change.Object
    let key = View.keyOf change.Object

    match change.Resource.Plural with
    | "pdgroups"
    | "tikvgroups" ->
        match
            isInvalid world (Meta.``namespace`` change.Object) (name + "-0"),
            Map.containsKey key known.InvalidSince
        with
        | true, false -> { known with InvalidSince = Map.add key world.Now known.InvalidSince }
        | false, true -> { known with InvalidSince = Map.remove key known.InvalidSince }
        | _ -> known
    | "pds"
    | "tikvs" when
        change.Previous |> Option.map Meta.generation
        <> Some(Meta.generation change.Object)
          ->
          { known with GivenAt = Map.add key world.Now known.GivenAt }
    | _ -> known

/// An instance goes by its own spec, which is valid: a restart that it was told of before goes on.
let invalidDisruptsNothing: Invariant =
    Invariant.makeOf
        (Sights.Changed ||| Sights.Landed)
        (Invariant.property
            "I51"
            "While the spec of a group is not valid, none of its instances is given another one, by which a Pod that serves is taken down"
            "verification C5")
        { InvalidSince = Map.empty; GivenAt = Map.empty }
        (fun known { Ledger = ledger; World = world } sight ->
            match sight, Landing.podDeletion sight with
            | Sight.Changed change, _ -> struct (follow known world change, Finding.Nothing)
            | _, ValueSome(struct (before, pod, _, (Landing.Victim.Store _ | Landing.Victim.Member _))) when
                not (Landing.isStopped pod ledger before)
                ->
                let group = Ground.groupAndIndex pod.Name |> Option.map fst |> Option.defaultValue ""

                match
                    Map.tryFind (View.key pod.Namespace group) known.InvalidSince,
                    Map.tryFind (View.key pod.Namespace pod.Name) known.GivenAt
                with
                | Some since, Some given when given >= since ->
                    struct (known, Finding.Broken $"%s{pod.Name} is taken down though its group is not valid")
                | Some _, _ -> struct (known, Finding.Held)
                | None, _ -> struct (known, Finding.Nothing)
            | Sight.Landed(_, Patch({ Kind = (Kind.PDGroup | Kind.TiKVGroup) } as object, true, _), _, _), _ when
                Map.containsKey (View.key object.Namespace object.Name) known.InvalidSince
                ->
                struct (known, Finding.Held)
            | _ -> struct (known, Finding.Nothing))
