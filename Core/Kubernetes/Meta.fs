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
