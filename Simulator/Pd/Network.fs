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

    // ---- what passes

    /// Where a process is: it keeps its place through its lives.
    let place (proc: string) =
        match proc.IndexOf '@' with
        | -1 -> proc
        | at -> proc.Substring(0, at)

    /// Whether something sent from one place comes to the other.
    let passes (from: string) (into: string) (world: PdWorld) =
        Set.isEmpty world.Cuts
        || from = into
        || not (
            Set.contains (struct (from, into)) world.Cuts
            || Set.contains (struct (from, "*")) world.Cuts
            || Set.contains (struct ("*", into)) world.Cuts
        )

    /// Whether two processes can talk: both ways.
    let meet (one: string) (other: string) (world: PdWorld) =
        Set.isEmpty world.Cuts
        || (let one, other = place one, place other
            passes one other world && passes other one world)

    /// The first PD process at any of the URLs that answers requests of a process.
    let answering (world: PdWorld) (from: string) (urls: string list) : PdProcess option =
        urls
        |> Seq.collect (processes world)
        |> Seq.tryFind (fun one -> one.State = ProcessState.Running && meet from one.Start.Process world)
