/// A settled cluster is left alone.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Quiescence

open Tikv.Core.Kubernetes
open Tikv.Simulator.World

let private routine kind =
    match kind with
    | Kind.Lease
    | Kind.Event -> true
    | _ -> false

/// I54.
let settledIsStill: Invariant =
    Invariant.makeOf
        (Sights.Landed ||| Sights.AskedPd ||| Sights.Settled ||| Sights.Unsettled)
        {
            Id = "I54"
            Means =
                "Once what is asked for is reached and nothing happens, the operator writes nothing, through resyncs, relists and closed watches"
            Source = "architecture, law 10; verification C6"
        }
        false
        (fun settled _ sight ->
            match sight with
            | Sight.Settled -> struct (true, Finding.Held)
            | Sight.Unsettled -> struct (false, Finding.Nothing)
            | Sight.Landed(_, write, code, _) when settled && not (routine (Write.object write).Kind) ->
                let object = Write.object write

                struct (settled,
                        Finding.Broken
                            $"%s{Kind.name object.Kind} %s{object.Name} is written (answer %d{code}) though all is settled")
            | Sight.AskedPd(_, call, status, _) when settled ->
                struct (settled,
                        Finding.Broken
                            $"PD is told %s{Words.call call} (answer %d{status}) though all is settled")
            | _ -> struct (settled, Finding.Nothing))
