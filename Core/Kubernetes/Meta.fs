namespace Tikv.Core.Kubernetes

open Tikv.Core

/// Who owns an object. The garbage collector deletes it after the last of them.
type OwnerReference = {
    ApiVersion: string
    Kind: string
    Name: string
    Uid: Uid
    /// The one owner that manages the object.
    Controller: bool
    BlockOwnerDeletion: bool
}

/// `metadata` of any object.
type Meta = {
    Name: string
    Namespace: string
    Uid: Uid
    ResourceVersion: ResourceVersion
    /// Counts changes of spec; 0 for kinds that have none.
    Generation: int64
    Labels: Map<string, string>
    Annotations: Map<string, string>
    Finalizers: string list
    OwnerReferences: OwnerReference list
    /// RFC 3339, whole seconds, UTC; empty before creation.
    CreationTimestamp: string
    /// Since when it is being deleted.
    DeletionTimestamp: string option
    /// Seconds that it was given to end.
    DeletionGraceSeconds: int64 option
}

/// Reading and writing `metadata`. Total: what is absent reads as empty, and what is empty is not written.
[<RequireQualifiedAccess>]
module Meta =

    let empty: Meta = {
        Name = ""
        Namespace = ""
        Uid = Uid ""
        ResourceVersion = ResourceVersion ""
        Generation = 0L
        Labels = Map.empty
        Annotations = Map.empty
        Finalizers = []
        OwnerReferences = []
        CreationTimestamp = ""
        DeletionTimestamp = None
        DeletionGraceSeconds = None
    }

    /// Of an object that is yet to be created.
    let named (space: string) (name: string) : Meta = { empty with Name = name; Namespace = space }

    let private text name json = Json.stringField name json |> Option.defaultValue ""

    let private flag name json = Json.boolField name json |> Option.defaultValue false

    let private owner json : OwnerReference = {
        ApiVersion = text "apiVersion" json
        Kind = text "kind" json
        Name = text "name" json
        Uid = Uid(text "uid" json)
        Controller = flag "controller" json
        BlockOwnerDeletion = flag "blockOwnerDeletion" json
    }

    /// The metadata of a whole object.
    let decode (object: Json) : Meta =
        let meta = Json.tryField "metadata" object |> Option.defaultValue Json.empty

        {
            Name = text "name" meta
            Namespace = text "namespace" meta
            Uid = Uid(text "uid" meta)
            ResourceVersion = ResourceVersion(text "resourceVersion" meta)
            Generation = Json.int64At [ "generation" ] meta |> Option.defaultValue 0L
            Labels = Json.mapAt [ "labels" ] meta
            Annotations = Json.mapAt [ "annotations" ] meta
            Finalizers = Json.itemsAt [ "finalizers" ] meta |> List.choose Json.asString
            OwnerReferences = Json.itemsAt [ "ownerReferences" ] meta |> List.map owner
            CreationTimestamp = text "creationTimestamp" meta
            DeletionTimestamp = Json.stringAt [ "deletionTimestamp" ] meta
            DeletionGraceSeconds = Json.int64At [ "deletionGracePeriodSeconds" ] meta
        }

    let private ownerJson (owner: OwnerReference) =
        let (Uid uid) = owner.Uid

        Json.object [
            "apiVersion", Json.string owner.ApiVersion
            "kind", Json.string owner.Kind
            "name", Json.string owner.Name
            "uid", Json.string uid
            "controller", Json.bool owner.Controller
            "blockOwnerDeletion", Json.bool owner.BlockOwnerDeletion
        ]

    /// The value of `metadata`.
    let encode (meta: Meta) : Json =
        let (Uid uid), (ResourceVersion version) = meta.Uid, meta.ResourceVersion
        let text value = if value = "" then None else Some(Json.string value)
        let map value = if Map.isEmpty value then None else Some(Json.ofMap value)
        let list item items = if List.isEmpty items then None else Some(Json.array (List.map item items))

        Json.present [
            "name", text meta.Name
            "namespace", text meta.Namespace
            "uid", text uid
            "resourceVersion", text version
            "generation", (if meta.Generation = 0L then None else Some(Json.int64 meta.Generation))
            "labels", map meta.Labels
            "annotations", map meta.Annotations
            "finalizers", list Json.string meta.Finalizers
            "ownerReferences", list ownerJson meta.OwnerReferences
            "creationTimestamp", text meta.CreationTimestamp
            "deletionTimestamp", Option.map Json.string meta.DeletionTimestamp
            "deletionGracePeriodSeconds", Option.map Json.int64 meta.DeletionGraceSeconds
        ]

    /// The owner that manages the object.
    let controller (meta: Meta) : OwnerReference option = meta.OwnerReferences |> List.tryFind _.Controller

    let isDeleting (meta: Meta) = Option.isSome meta.DeletionTimestamp
