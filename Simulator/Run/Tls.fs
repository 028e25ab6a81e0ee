/// Whether a client and a PD agree on TLS: a handshake without its arithmetic. Certificates of one authority are those
/// that come with the same `ca.crt`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Tls

open System
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// The text of a value, read as the API server hands it out now: a process and its files are of one mind after the next
/// sync of the kubelet, which PD and TiKV follow by themselves.
let private value space secret key (world: World) =
    ApiServer.tryGet (Builtins.key "" "v1" "secrets") (Some space) secret world.Server
    |> Option.bind (Json.stringAt [ "data"; key ])
    |> Option.map (Convert.FromBase64String >> Encoding.UTF8.GetString)

let private isValid (clock: DateTimeOffset) (pem: string) =
    try
        use certificate = X509Certificate2.CreateFromPem(pem.AsSpan())

        DateTimeOffset certificate.NotBefore <= clock
        && clock < DateTimeOffset certificate.NotAfter
    with :? CryptographicException ->
        false

/// The Secrets that a Pod serves TLS with: where the authority is, where the pair.
let private served (pod: Pod) =
    let holder key sources =
        sources
        |> List.tryPick (fun (name, keys) -> if List.contains key keys then Some name else None)

    pod.Spec.Volumes
    |> Map.tryPick (fun _ source ->
        match source with
        | VolumeSource.Secrets sources ->
            match holder "ca.crt" sources, holder "tls.crt" sources with
            | Some authority, Some pair -> Some(authority, pair)
            | _ -> None
        | _ -> None)

/// Both sides want TLS, show certificates that are valid, and trust the same authority; or neither wants it.
let agree (endpoint: PdEndpoint) (pod: Pod) (world: World) : bool =
    match endpoint.Tls, served pod with
    | None, None -> true
    | Some tls, Some(authority, pair) ->
        let space = endpoint.Namespace
        let clock = World.clock world

        match
            value space tls.Authority "ca.crt" world,
            value space tls.Pair "tls.crt" world,
            value space tls.Pair "tls.key" world
        with
        | Some trusted, Some shown, Some _ ->
            isValid clock shown
            && (match value space authority "ca.crt" world, value space pair "tls.crt" world with
                | Some theirs, Some certificate -> theirs = trusted && isValid clock certificate
                // What a running process has read it keeps when the Secret is gone.
                | _ -> true)
        | _ -> false
    | _ -> false
