namespace Tikv.Core.Pd

/// Changes of PD's etcd that quorum has a say in.
[<RequireQualifiedAccess; Struct>]
type MemberChange =
    | Add
    /// Of a member that is not connected: dead, or added and never started.
    | RemoveDead
    | RemoveLive

/// How many members agree, and what they may agree upon (V B9: the rules of etcd 3.5 with strict reconfiguration).
[<RequireQualifiedAccess>]
module Quorum =
    let majority members = members / 2 + 1

    /// Enough members live for the others to agree on anything.
    let isKept members dead = members - dead >= majority members

    /// Whether a change leaves a quorum of the members that are then listed; `dead` counts the unstarted ones too.
    let allows change members dead =
        isKept members dead
        && match change with
           | MemberChange.Add -> dead = 0
           | MemberChange.RemoveDead -> dead > 0 && members - dead >= majority (members - 1)
           | MemberChange.RemoveLive -> members > 1 && members - dead - 1 >= majority (members - 1)
