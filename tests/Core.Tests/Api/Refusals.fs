/// What validation is seen to refuse.
[<AutoOpen>]
module Tikv.Core.Tests.Api.Refusals

open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

/// One value put into a valid object gives exactly this one problem.
let refuses (kind: Kind) (path: string) (value: string) (problem: string) =
    Samples.of' kind
    |> Samples.having path value
    |> problems kind
    |> shouldBe [ problem ]

let templates = [ Kind.PDGroup; Kind.TiKVGroup; Kind.PD; Kind.TiKV ]

/// The same for each kind that has a template; paths and problems are written as those of an instance.
let refusesInTemplate (path: string) (value: string) (problem: string) =
    for kind in templates do
        let template = Samples.template kind
        refuses kind $"%s{template}.%s{path}" value (problem.Replace("spec.", template + "."))
