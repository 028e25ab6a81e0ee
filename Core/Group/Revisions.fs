/// The history of a group's template, as ControllerRevisions, and the way back along it.
module Tikv.Core.Group.Revisions

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// The component begins the name: a PD group and a TiKV group may have the same (T 7.1 #24).
let name (observed: Observed) hash = $"%s{Manifest.componentName observed}-%s{observed.Meta.Name}-%s{hash}"

let private body (observed: Observed) hash number =
    Json.object [
        "apiVersion", Json.string (Kind.apiVersion Kind.ControllerRevision)
        "kind", Json.string (Kind.name Kind.ControllerRevision)
        "metadata",
        Json.object [
            "name", Json.string (name observed hash)
            "namespace", Json.string observed.Meta.Namespace
            "labels", Json.ofMap (Manifest.labels observed |> Map.add Labels.revision hash)
            "ownerReferences", Json.array [ Manifest.owner observed ]
        ]
        "data", Json.object [ "template", Shared.template observed ]
        "revision", Json.int64 number
    ]

/// The group as it was with the template of a revision; none when that cannot be read.
let restored (observed: Observed) (revision: RevisionView) : Observed option =
    let kept = revision.Data |> Json.tryField "template" |> Option.defaultValue Json.Null
    let path: Path = [ "template"; "data" ]

    match observed.Role with
    | PD(spec, status) ->
        Codec.decode<PDTemplate> path kept
        |> Result.toOption
        |> Option.map (fun template -> { observed with Role = PD({ spec with Template = template }, status) })
    | TiKV(spec, status) ->
        Codec.decode<TiKVTemplate> path kept
        |> Result.toOption
        |> Option.map (fun template -> {
            observed with
                Role = TiKV({ spec with Template = template }, status)
        })

/// Whether a revision keeps the group's present template. What is written the same is the same; what is not may be, in
/// another spelling.
let private keeps (observed: Observed) (revision: RevisionView) =
    Json.tryField "template" revision.Data = Some(Shared.template observed)
    || restored observed revision |> Option.map Shared.toldOf = Some(Shared.toldOf observed)

let private hashOf (revision: RevisionView) =
    revision.Meta.Labels |> Map.tryFind Labels.revision |> Option.defaultValue ""

let private collisions (observed: Observed) = (Manifest.status observed).CollisionCount

/// The wanted template is kept under the highest number. A name that another template has makes the next hash another one.
let kept (observed: Observed) =
    let hash = Shared.revision observed
    let wanted = name observed hash
    let latest = observed.Revisions |> List.fold (fun latest one -> max latest one.Revision) 0L

    match observed.Revisions |> List.tryFind (fun one -> one.Meta.Name = wanted) with
    | None -> Decision.act [ CreateRevision(wanted, body observed hash (latest + 1L)) ]
    | Some one when not (keeps observed one) -> Decision.act [ CountCollision(collisions observed + 1) ]
    | Some one when
        one.Revision < latest
        || observed.Revisions
           |> List.exists (fun other -> other.Revision = latest && other.Meta.Name <> wanted)
        ->
        Decision.act [ RenumberRevision(one.Meta, latest + 1L) ]
    | Some _ -> Decision.settled

/// Of the revisions that nobody has, the oldest go beyond the Cluster's limit.
let history (observed: Observed) =
    let limit =
        observed.Cluster
        |> Option.map _.Spec.RevisionHistoryLimit
        |> Option.defaultValue Int32.MaxValue

    let isInUse revision =
        revision = Shared.revision observed
        || (Manifest.status observed).CurrentRevision = Some revision
        || observed.Instances
           |> Map.exists (fun _ one ->
               Map.tryFind Labels.revision one.Meta.Labels = Some revision
               || one.Current = Some revision)

    let unused =
        observed.Revisions
        |> List.filter (fun one -> one.Meta.DeletionTimestamp.IsNone && not (isInUse (hashOf one)))
        |> List.sortBy (fun one -> one.Revision, one.Meta.Name)

    unused
    |> List.truncate (max 0 (unused.Length - limit))
    |> List.map (fun one -> RemoveRevision one.Meta)
    |> Decision.act

/// Volumes never shrink, also not on the way back.
let private grown (now: ComponentTemplate) (before: ComponentTemplate) = {
    before with
        Volumes =
            before.Volumes
            |> List.map (fun volume ->
                match now.Volumes |> List.tryFind (fun one -> one.Name = volume.Name) with
                | Some one when Quantity.compare one.Storage volume.Storage > 0 -> {
                    volume with
                        Storage = one.Storage
                  }
                | _ -> volume)
}

let private templateOf (now: Observed) (before: Observed) =
    match now.Role, before.Role with
    | PD(now, _), PD(before, _) ->
        let template = before.Template

        Codec.encode {
            template with
                Spec.Component = grown now.Template.Spec.Component template.Spec.Component
        }
    | TiKV(now, _), TiKV(before, _) ->
        let template = before.Template

        Codec.encode {
            template with
                Spec.Component = grown now.Template.Spec.Component template.Spec.Component
        }
    | _ -> Shared.template before

let private asked (observed: Observed) request =
    let current = name observed (Shared.revision observed)
    let newestFirst = observed.Revisions |> List.sortByDescending _.Revision

    match request with
    | ""
    | "0"
    | "previous" -> newestFirst |> List.tryFind (fun one -> one.Meta.Name <> current)
    | request ->
        newestFirst
        |> List.tryFind (fun one ->
            one.Revision.ToString CultureInfo.InvariantCulture = request
            || hashOf one = request
            || one.Meta.Name = request)

/// The template goes back to the revision that was asked for, as `kubectl rollout undo` has it.
let rollBack (observed: Observed) =
    match observed.Meta.Annotations |> Map.tryFind Annotations.rollbackTo with
    | None -> Decision.settled
    | Some request ->
        let request = request.Trim()

        let found =
            asked observed request
            |> Option.bind (fun one ->
                restored observed one
                |> Option.map (fun before -> one, templateOf observed before))

        match found with
        | Some(one, template) -> Decision.act [ RollBack(one.Meta.Name, template) ]
        | None ->
            let known =
                observed.Revisions
                |> List.sortByDescending _.Revision
                |> List.map (fun one -> $"%d{one.Revision} (%s{hashOf one})")

            Decision.wait [ UnknownRevision(request, known) ]

/// The group with the template that all its instances last had, for what must go on while the wanted one must not.
let current (observed: Observed) =
    (Manifest.status observed).CurrentRevision
    |> Option.bind (fun hash -> observed.Revisions |> List.tryFind (fun one -> hashOf one = hash))
    |> Option.bind (restored observed)
