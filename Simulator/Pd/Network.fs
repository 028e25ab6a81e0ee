namespace Tikv.Simulator.Pd

open System

/// Who answers at an address.
[<RequireQualifiedAccess>]
module Network =

    /// `host:port` of a URL, or of what is `host:port` already.
    let authority (url: string) =
        let start =
            match url.IndexOf("://", StringComparison.Ordinal) with
            | -1 -> 0
            | index -> index + 3

        match url.IndexOf('/', start) with
        | -1 -> url.Substring start
        | slash -> url.Substring(start, slash - start)

    let private host (url: string) = (authority url).Split(':')[0]

    /// The PD processes that a client URL leads to: the one that advertises it, or those behind the name of its host.
    let processes (world: PdWorld) (url: string) : PdProcess list =
        let address = authority url

        let direct =
            world.Members
            |> Map.toList
            |> List.map snd
            |> List.filter (fun one -> authority one.Start.ClientUrl = address)

        match direct, Map.tryFind (host url) world.Hosts with
        | [], Some names -> names |> List.choose (fun name -> Map.tryFind name world.Members)
        | direct, _ -> direct

    /// The first PD process at any of the URLs that answers requests.
    let answering (world: PdWorld) (urls: string list) : PdProcess option =
        urls
        |> Seq.collect (processes world)
        |> Seq.tryFind (fun one -> one.State = ProcessState.Running)
