namespace Tikv.Simulator.Run

open System
open System.Diagnostics
open System.IO

/// A process of this program that was to answer has ended instead.
exception Ended of Asked: string * Code: int with
    override problem.Message =
        match problem :> exn with
        | Ended(asked, code) ->
            $"a process of tikv-sim ended with %d{code} before it had answered `%s{asked}`"
        | _ -> ""

/// This program in a process of its own, which is asked line by line, and answers each with a line. It has a garbage collector
/// of its own: threads of one process all stand still while its garbage is collected.
type Offspring(arguments: string list) =

    /// Where a run leaves nothing behind, more garbage before each collection means less work: the collector looks at what
    /// is alive, not at what is not. In bytes, as hexadecimal digits
    /// (https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector#gen0-size).
    static let garbage = "4000000"

    static let self: string * string list =
        let program = Environment.ProcessPath |> Option.ofObj |> Option.defaultValue "dotnet"
        let library = typeof<Shard>.Assembly.Location

        match Path.GetFileNameWithoutExtension program with
        | "tikv-sim" -> program, []
        | "dotnet" -> program, [ library ]
        // a process of somebody else that uses this library, such as one that tests it
        | _ -> "dotnet", [ library ]

    let child =
        let program, first = self

        let info =
            ProcessStartInfo(
                program,
                first @ arguments,
                RedirectStandardInput = true,
                RedirectStandardOutput = true
            )

        if not (info.Environment.ContainsKey "DOTNET_GCgen0size") then
            info.Environment["DOTNET_GCgen0size"] <- garbage

        match Process.Start info with
        | NonNull child -> child
        | Null -> invalidOp $"%s{program} cannot be started"

    /// Raises `Ended` when it ends without having answered.
    member _.Ask(line: string) : string =
        try
            child.StandardInput.WriteLine line
            child.StandardInput.Flush()
        with :? IOException ->
            // it is gone; so is its answer
            ()

        match child.StandardOutput.ReadLine() with
        | NonNull answer -> answer
        | Null ->
            child.WaitForExit()
            raise (Ended(line, child.ExitCode))

    interface IDisposable with
        /// It ends when there is nothing more to be asked.
        member _.Dispose() =
            try
                child.StandardInput.Close()
            with :? IOException ->
                ()

            child.WaitForExit()
            child.Dispose()

[<RequireQualifiedAccess>]
module Offspring =

    /// What such a process does: answers each line that comes in, until there are no more.
    let answer (reply: string -> string) : int =
        let rec go () =
            match Console.In.ReadLine() with
            | NonNull line ->
                Console.Out.WriteLine(reply line)
                Console.Out.Flush()
                go ()
            | Null -> 0

        go ()
