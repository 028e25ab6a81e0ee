namespace Tikv.Simulator.Pd

open Tikv.Core

/// How etcd sees one of its members from the one that serves the call.
[<RequireQualifiedAccess; Struct>]
type Connection =
    | Down
    /// For less than 5 s.
    | Fresh
    | Connected

/// Etcd's rules for changes of members, with strict reconfiguration: the table V B9.
[<RequireQualifiedAccess>]
module Membership =

    let quorum count = count / 2 + 1

    let private started (members: EtcdMember list) =
        members |> List.filter (fun one -> one.Name <> "") |> List.length

    let notEnoughStarted = "etcdserver: re-configuration failed due to not enough started members"
    let unhealthy = "etcdserver: unhealthy cluster"
    let notFound = "etcdserver: member not found"

    /// Whether a voter may be added, asked of `self`.
    let mayAdd (self: MemberId) (connection: MemberId -> Connection) (members: EtcdMember list) =
        let count = List.length members + 1
        let started = started members

        if not (started = 1 && count = 2) && started < quorum count then
            Error notEnoughStarted
        elif
            members
            |> List.exists (fun one -> one.Id <> self && connection one.Id <> Connection.Connected)
        then
            Error unhealthy
        else
            Ok()

    /// Whether a voter may be removed, asked of `self`.
    let mayRemove (self: MemberId) (connection: MemberId -> Connection) id (members: EtcdMember list) =
        let others = members |> List.filter (fun one -> one.Id <> id)

        let active =
            members
            |> List.filter (fun one -> one.Id = self || connection one.Id = Connection.Connected)
            |> List.length

        if List.length others = List.length members then Error notFound
        elif started others < quorum (List.length others) then Error notEnoughStarted
        elif id <> self && connection id = Connection.Down then Ok()
        elif active - 1 < 1 + (List.length members - 1) / 2 then Error unhealthy
        else Ok()
