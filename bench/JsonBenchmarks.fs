namespace Tikv.Bench

open BenchmarkDotNet.Attributes
open Tikv.Core

/// A watch event brings one Pod as text; a write sends one out.
[<MemoryDiagnoser>]
type JsonBenchmarks() =

    let container index =
        Json.object [
            "name", Json.string $"container-%d{index}"
            "image", Json.string "pingcap/tikv:v8.5.0"
            "args", Json.strings [ for flag in 1..12 -> $"--flag-%d{flag}=/var/lib/tikv/%d{flag}" ]
            "ports",
            Json.array [
                for port in [ 20160; 20180 ] ->
                    Json.object [ "containerPort", Json.int port; "protocol", Json.string "TCP" ]
            ]
            "resources", Json.object [ "limits", Json.ofMap (Map [ "cpu", "4"; "memory", "8Gi" ]) ]
        ]

    let pod =
        Json.object [
            "apiVersion", Json.string "v1"
            "kind", Json.string "Pod"
            "metadata",
            Json.object [
                "name", Json.string "basic-tikv-0"
                "namespace", Json.string "default"
                "resourceVersion", Json.string "123456"
                "labels", Json.ofMap (Map [ for label in 1..8 -> $"tikv.org/label-%d{label}", "value" ])
                "annotations",
                Json.ofMap (Map [ for note in 1..8 -> $"tikv.org/note-%d{note}", String.replicate 40 "x" ])
            ]
            "spec",
            Json.object [
                "containers", Json.array [ container 1; container 2 ]
                "volumes",
                Json.array [ for volume in 1..5 -> Json.object [ "name", Json.string $"volume-%d{volume}" ] ]
            ]
            "status",
            Json.object [
                "phase", Json.string "Running"
                "conditions",
                Json.array [
                    for kind in [ "Initialized"; "Ready"; "ContainersReady"; "PodScheduled" ] ->
                        Json.object [ "type", Json.string kind; "status", Json.string "True" ]
                ]
            ]
        ]

    let text = Json.print pod

    [<Benchmark>]
    member _.ParsePod() = Json.parse text

    [<Benchmark>]
    member _.PrintPod() = Json.print pod
