namespace Tikv.Simulator.Kubernetes

open System
open Tikv.Core

/// Names a served resource: API group (empty for core), version and plural.
[<Struct>]
type ResourceKey = { Group: string; Version: string; Plural: string }

/// One column of `kubectl get`, as CustomResourceDefinitions declare it.
type PrinterColumn = { Name: string; Type: string; JsonPath: string; Priority: int; Description: string }

/// A resource that the server serves: a built-in kind, or one made by a CustomResourceDefinition.
type ResourceType = {
    Key: ResourceKey
    Singular: string
    Kind: string
    ShortNames: string list
    Categories: string list
    Namespaced: bool
    /// Such as `status`, `scale`, `eviction`.
    Subresources: string list
    /// `specReplicasPath`, `statusReplicasPath`, `labelSelectorPath` of the scale subresource.
    ScalePaths: (string * string * string option) option
    /// The OpenAPI v3 schema that objects are checked, pruned and defaulted by; none for built-in kinds.
    Schema: Json option
    Columns: PrinterColumn list
    Custom: bool
}

/// How the body of a patch is to be read.
type PatchKind =
    | JsonPatch
    | MergePatch
    | StrategicMergePatch
    | ServerSideApply of Force: bool

type DeleteOptions = {
    GraceSeconds: int option
    Uid: string option
    ResourceVersion: string option
    /// Background (the default), Foreground or Orphan.
    Propagation: string option
}

type ListOptions = {
    LabelSelector: string
    FieldSelector: string
    Limit: int option
    Continue: string option
    ResourceVersion: string option
}

[<RequireQualifiedAccess>]
type Verb =
    | Get
    | List of ListOptions
    | Create
    | Update
    | Patch of PatchKind
    | Delete of DeleteOptions
    | DeleteCollection of ListOptions * DeleteOptions

/// One request, as the API server sees it after routing. Watches are not requests: see `ApiServer.changesAfter`.
type Request = {
    Resource: ResourceKey
    Namespace: string option
    Name: string option
    Subresource: string option
    Verb: Verb
    Body: Json
    FieldManager: string
    DryRun: bool
    /// `fieldValidation`: Strict, Warn or Ignore.
    FieldValidation: string
}

/// `Warnings` go to the client as Warning headers (299).
type Response = { Code: int; Body: Json; Warnings: string list }

[<RequireQualifiedAccess>]
type ChangeType =
    | Added
    | Modified
    | Deleted

/// One entry of the history that watches are served from. The object bears the revision as its resourceVersion, also
/// when it was deleted.
type Change = {
    Revision: int64
    At: DateTimeOffset
    Resource: ResourceKey
    Type: ChangeType
    Object: Json
    /// The object before (for selectors: a watch tells of an object that leaves its selector as deleted).
    Previous: Json option
}
