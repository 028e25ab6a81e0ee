module Tikv.Core.Tests.Pd.Recordings

open System
open System.IO
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd

/// One exchange with a real PD, or what a process or a gRPC call came to (then without request).
type Recorded = {
    File: string
    Case: string
    Server: string
    Method: string
    /// As sent, with the query.
    Path: string
    Body: string
    Reply: PdReply
}

let private text path json = Json.stringAt path json |> Option.defaultValue ""

let private recorded (file: string) json =
    Json.intAt [ "response"; "status" ] json
    |> Option.map (fun status -> {
        File = FileInfo(file).Name
        Case = text [ "case" ] json
        Server = text [ "server" ] json
        Method = text [ "request"; "method" ] json
        Path = text [ "request"; "path" ] json
        Body = text [ "request"; "body" ] json
        Reply = {
            Status = status
            Body =
                text [ "response"; "body" ] json
                |> Text.Encoding.UTF8.GetBytes
                |> ReadOnlyMemory
                |> PdBody.parse
        }
    })

/// Every exchange of every recording that was answered.
let all =
    lazy
        (Directory.GetFiles(
            Path.Combine(TestContext.CurrentContext.TestDirectory, "recordings", "pd"),
            "*.jsonl"
         )
         |> Array.sort
         |> Seq.collect (fun file ->
             File.ReadLines file
             |> Seq.choose (fun line ->
                 match Json.parse line with
                 | Ok json -> recorded file json
                 | Error problem -> failwith $"%s{file}: %s{problem}"))
         |> List.ofSeq)

/// The answer of the only exchange with that name.
let reply case =
    match all.Value |> List.filter (fun one -> one.Case = case) with
    | [ one ] -> one.Reply
    | found -> failwith $"%d{List.length found} exchanges are named %s{case}"

/// The exchanges of one route: method and path without query.
let ofRoute verb (path: string -> bool) =
    all.Value
    |> List.filter (fun one ->
        one.Method = verb
        && path (one.Path.Split('?')[0])
        && not (one.Case.Contains "allow-follower"))
