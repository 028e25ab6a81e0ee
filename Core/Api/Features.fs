namespace Tikv.Core.Api

open Tikv.Core

/// The feature gates of one cluster. A gate that is not named in `spec.featureGates` is off.
[<RequireQualifiedAccess>]
module Features =

    /// How settled a feature is.
    let stage (feature: Feature) =
        match feature with
        | Feature.FeatureModification -> FeatureStage.STABLE
        | Feature.VolumeAttributesClass
        | Feature.DisablePDDefaultReadinessProbe
        | Feature.UsePDReadyAPI
        | Feature.UseTiKVReadyAPI -> FeatureStage.ALPHA

    let isOn (feature: Feature) (spec: ClusterSpec) =
        spec.FeatureGates |> List.exists (fun gate -> gate.Name = feature)

    /// The gates that are on, for the status of the Cluster.
    let inEffect (spec: ClusterSpec) : FeatureGateStatus list =
        spec.FeatureGates
        |> List.map (fun gate -> { Name = gate.Name; Stage = stage gate.Name })
