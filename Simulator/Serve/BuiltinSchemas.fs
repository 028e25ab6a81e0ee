/// Descriptions of the built-in kinds: what `kubectl explain` prints. The main fields are listed; the server allows the
/// others too. In our own words; the full reference is Kubernetes' API documentation.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.BuiltinSchemas

/// By name.
let all: Map<string, Definition> =
    List.concat [
        PodSchemas.meta
        PodSchemas.pods
        PodSchemas.workloads
        ObjectSchemas.configuration
        ObjectSchemas.network
        ObjectSchemas.storage
        ObjectSchemas.cluster
    ]
    |> List.map (fun definition -> definition.Name, definition)
    |> Map.ofList

/// What is said of a kind that is not described here.
let undescribed name = kind name $"%s{name}, not described by the embedded cluster." []
