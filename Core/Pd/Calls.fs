namespace Tikv.Core.Pd

open Tikv.Core

/// One request to PD's HTTP API, as the operator makes it. Codec.fs turns it into method, path and body, and reads the
/// answer.
[<RequireQualifiedAccess>]
type PdCall =
    // read
    | GetCluster
    | GetMembers
    | GetHealth
    | GetStores
    | GetStore of Store: StoreId
    | GetReplicationConfig
    | GetEvictLeaders
    // write
    | EvictLeaders of Store: StoreId
    | StopEvictingLeaders of Store: StoreId
    | TransferLeader of Member: string
    | RemoveMember of Member: MemberId
    | RemoveStore of Store: StoreId
    | RestoreStore of Store: StoreId
    | SetStoreLabels of Store: StoreId * Labels: Map<string, string>

/// The body of an answer: JSON where it parses as such (PD sends errors as JSON strings, JSON objects, plain text or
/// nothing: P 6).
[<RequireQualifiedAccess>]
type PdBody =
    | Json of Value: Json
    | Text of Value: string

/// What PD said.
type PdReply = { Status: int; Body: PdBody }

/// One address of PD. The adapter dials it directly (`<host>.<namespace>...`) or through the API server's proxy.
type PdEndpoint = {
    Namespace: string
    /// A Service, or the Pod of one member.
    IsPod: bool
    Name: string
    /// DNS name within the cluster, without port.
    Host: string
    Port: int
    /// Needs TLS.
    Tls: bool
}
