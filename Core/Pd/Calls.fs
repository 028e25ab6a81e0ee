namespace Tikv.Core.Pd

open System
open System.Text
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
    | GetRegionCount
    // write
    | EvictLeaders of Store: StoreId
    | StopEvictingLeaders of Store: StoreId
    | TransferLeader of Member: string
    | RemoveMember of Member: MemberId
    | RemoveStore of Store: StoreId
    | RestoreStore of Store: StoreId
    | SetStoreLabels of Store: StoreId * Labels: Map<string, string>
    /// Settings of PD by dotted key, for all its members.
    | SetConfig of Settings: Map<string, Json>
    /// Settings of one TiKV by dotted key, asked of its status port.
    | SetTikvConfig of Settings: Map<string, Json>

/// The body of an answer: JSON where it parses as such (PD sends errors as JSON strings, JSON objects, plain text or
/// nothing: P 6).
[<RequireQualifiedAccess>]
type PdBody =
    | Json of Value: Json
    | Text of Value: string

[<RequireQualifiedAccess>]
module PdBody =
    let private text (bytes: ReadOnlyMemory<byte>) = PdBody.Text(Encoding.UTF8.GetString bytes.Span)

    /// JSON where the bytes are JSON, text otherwise. What cannot begin a JSON value is not tried as one: a failed attempt
    /// costs a hundred times as much as a look at the first byte.
    let parse (bytes: ReadOnlyMemory<byte>) =
        let begins = bytes.Span.TrimStart " \t\r\n"B

        if begins.IsEmpty || not ("{[\"-0123456789tfn"B.AsSpan().Contains begins[0]) then
            text bytes
        else
            match Json.parseBytes bytes with
            | Ok json -> PdBody.Json json
            | Error _ -> text bytes

    /// As PD writes it: JSON indented and ended by a newline.
    let print body =
        match body with
        | PdBody.Json json -> Json.printIndented json + "\n"
        | PdBody.Text text -> text

    let private unquoted (text: string) =
        match Json.parse text with
        | Ok(Json.String inner) -> inner
        | Ok _
        | Error _ -> text

    /// What an error says, whichever of PD's four shapes it has (P 6).
    let message body =
        match body with
        | PdBody.Text text -> text.Trim()
        | PdBody.Json(Json.String text) -> (unquoted text).Trim()
        | PdBody.Json json -> Json.stringAt [ "msg" ] json |> Option.defaultWith (fun () -> Json.print json)

/// What PD said.
type PdReply = { Status: int; Body: PdBody }

/// The Secrets of a client certificate. Values are no part of it: the adapter reads them for itself.
type EndpointTls = {
    /// Secret with `ca.crt`.
    Authority: string
    /// Secret with `tls.crt` and `tls.key`.
    Pair: string
    /// Changes with either Secret; empty while they have not been seen.
    Version: string
    /// The certificate of the server is not checked.
    SkipVerify: bool
}

/// One address of PD. The adapter dials it directly (`<host>.<namespace>...`) or through the API server's proxy.
type PdEndpoint = {
    Namespace: string
    /// A Service, or the Pod of one member.
    IsPod: bool
    Name: string
    /// DNS name within the cluster, without port.
    Host: string
    Port: int
    /// None: without TLS.
    Tls: EndpointTls option
}
