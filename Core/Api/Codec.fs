namespace Tikv.Core.Api

open Tikv.Core
open Tikv.Core.Kubernetes

/// The compiled codec of one record type, made once at its first use.
type private Compiled<'Record when 'Record: not null>() =
    static let shape = Shape.record typeof<'Record>
    static let read = Reader.compile shape
    static let write = Writer.compile shape
    static member Shape = shape

    static member Read(path: Path, json: Json) : Result<'Record, Problem list> =
        read path json |> Result.map unbox<'Record>

    static member Write(record: 'Record) : Json = write (box record)

/// Our kinds, from and to JSON. Problems name the field, what it holds and what is allowed; unknown fields are ignored.
/// What is written is canonical: reading and writing again changes nothing.
[<RequireQualifiedAccess>]
module Codec =

    let private read<'Spec, 'Status when 'Spec: not null and 'Status: not null>
        (json: Json)
        : Result<Object<'Spec, 'Status>, Problem list> =
        let part name = Json.tryField name json |> Option.defaultValue Json.Null

        let spec =
            match part "spec" with
            | Json.Null -> Compiled<'Spec>.Read([ "spec" ], Json.empty)
            | spec -> Compiled<'Spec>.Read([ "spec" ], spec)

        let status =
            match part "status" with
            | Json.Null -> Compiled<'Status>.Read([ "status" ], Json.empty)
            | status -> Compiled<'Status>.Read([ "status" ], status)

        match spec, status with
        | Ok spec, Ok status -> Ok { Meta = Meta.decode json; Spec = spec; Status = status }
        | Error problems, Ok _ -> Error problems
        | Ok _, Error problems -> Error problems
        | Error problems, Error more -> Error(problems @ more)

    /// The same object at a later time, whose spec has not changed since it was read.
    let reread<'Spec, 'Status when 'Spec: not null and 'Status: not null>
        (spec: 'Spec)
        (json: Json)
        : Result<Object<'Spec, 'Status>, Problem list> =
        let status =
            match Json.tryField "status" json |> Option.defaultValue Json.Null with
            | Json.Null -> Json.empty
            | status -> status

        Compiled<'Status>.Read([ "status" ], status)
        |> Result.map (fun status -> { Meta = Meta.decode json; Spec = spec; Status = status })

    let cluster (json: Json) : Result<Object<ClusterSpec, ClusterStatus>, Problem list> = read json
    let pdGroup (json: Json) : Result<Object<PDGroupSpec, PDGroupStatus>, Problem list> = read json
    let tikvGroup (json: Json) : Result<Object<TiKVGroupSpec, TiKVGroupStatus>, Problem list> = read json
    let pd (json: Json) : Result<Object<PDSpec, PDStatus>, Problem list> = read json
    let tikv (json: Json) : Result<Object<TiKVSpec, TiKVStatus>, Problem list> = read json

    /// Only the status: of an object whose spec cannot be read.
    let decodeStatus<'Status when 'Status: not null> (json: Json) : Result<'Status, Problem list> =
        Compiled<'Status>.Read([ "status" ], Json.tryField "status" json |> Option.defaultValue Json.empty)

    /// A record that stands anywhere: the path names it in problems.
    let decode<'Record when 'Record: not null> (path: Path) (json: Json) : Result<'Record, Problem list> =
        Compiled<'Record>.Read(path, json)

    let encode<'Record when 'Record: not null> (record: 'Record) : Json = Compiled<'Record>.Write record

    /// The value of `spec`.
    let encodeSpec<'Spec when 'Spec: not null> (spec: 'Spec) : Json = encode spec

    /// The value of `status`.
    let encodeStatus<'Status when 'Status: not null> (status: 'Status) : Json = encode status

    /// The body of a create: the whole object but for its status, which only the status subresource takes.
    let encodeNew<'Spec when 'Spec: not null> (kind: Kind) (meta: Meta) (spec: 'Spec) : Json =
        Json.object [
            "apiVersion", Json.string (Kind.apiVersion kind)
            "kind", Json.string (Kind.name kind)
            "metadata", Meta.encode meta
            "spec", encode spec
        ]

    /// The whole object.
    let encodeObject<'Spec, 'Status when 'Spec: not null and 'Status: not null>
        (kind: Kind)
        (object: Object<'Spec, 'Status>)
        : Json =
        encodeNew kind object.Meta object.Spec
        |> Json.withField "status" (encode object.Status)

    /// Spec and status of one of our kinds; none for another kind.
    let shapes (kind: Kind) : (RecordShape * RecordShape) option =
        match kind with
        | Kind.Cluster -> Some(Compiled<ClusterSpec>.Shape, Compiled<ClusterStatus>.Shape)
        | Kind.PDGroup -> Some(Compiled<PDGroupSpec>.Shape, Compiled<PDGroupStatus>.Shape)
        | Kind.TiKVGroup -> Some(Compiled<TiKVGroupSpec>.Shape, Compiled<TiKVGroupStatus>.Shape)
        | Kind.PD -> Some(Compiled<PDSpec>.Shape, Compiled<PDStatus>.Shape)
        | Kind.TiKV -> Some(Compiled<TiKVSpec>.Shape, Compiled<TiKVStatus>.Shape)
        | Kind.Pod
        | Kind.ConfigMap
        | Kind.PersistentVolumeClaim
        | Kind.Service
        | Kind.Lease
        | Kind.Event
        | Kind.Node
        | Kind.PersistentVolume
        | Kind.StorageClass
        | Kind.PodDisruptionBudget
        | Kind.ControllerRevision
        | Kind.Secret -> None

    /// The members of spec that no field is named after.
    let unknownFields (kind: Kind) (json: Json) : Problem list =
        match shapes kind, Json.tryField "spec" json with
        | Some(spec, _), Some json -> Reader.unknown (Shape.Record spec) [ "spec" ] json
        | _ -> []
