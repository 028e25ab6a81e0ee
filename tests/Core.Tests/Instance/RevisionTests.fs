module Tikv.Core.Tests.Instance.RevisionTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private metadata key : ObjectMetadata = { Labels = Map [ key, "1" ]; Annotations = Map [ key, "2" ] }

let private withOverlay overlay = withTemplate (fun template -> { template with Overlay = Some overlay })

let private podOverlay spec = { Pod = Some { Metadata = metadata "team"; Spec = spec }; VolumeClaims = [] }

let private hotReload =
    withTemplate (fun template -> { template with UpdateStrategy = { Config = Some ConfigUpdate.HotReload } })

let private withConfig text = withTemplate (fun template -> { template with Config = Some text })

let private withVolume change =
    withTemplate (fun template -> { template with Volumes = template.Volumes |> List.map change })

let private serverLabels =
    withTikvRole (fun (spec, status) ->
        let server = { spec.Template.Server with Labels = Map [ "disk", "ssd" ] }
        { spec with Template = { spec.Template with Server = server } }, status)

let private claimOverlay = {
    Pod = None
    VolumeClaims = [ { Name = "data"; VolumeClaim = { Metadata = metadata "team" } } ]
}

let private same change observed = Revision.ofProcess (change observed) = Revision.ofProcess observed

/// What is changed, on what, and how.
let private inPlace: (string * Observed * (Observed -> Observed)) list = [
    "the metadata of the Pod's overlay", tikv, withOverlay (podOverlay None)
    "the metadata of the Pod's overlay beside its spec",
    withOverlay
        { podOverlay (Some Json.empty) with Pod = Some { Metadata = metadata "a"; Spec = Some Json.empty } }
        tikv,
    withOverlay (podOverlay (Some Json.empty))
    "the overlay of a claim", pd, withOverlay claimOverlay
    "the size of a volume",
    tikv,
    withVolume (fun volume -> { volume with Storage = ok (Quantity.parse "2Gi") })
    "the storage class", pd, withVolume (fun volume -> { volume with StorageClassName = Some "fast" })
    "the labels of the server", tikv, serverLabels
    "a configuration that is reloaded", hotReload tikv, withConfig "log.level = 'warn'"
    "the reclaim policy", tikv, reclaimed
    "how long leaders are waited for",
    tikv,
    withEviction (fun eviction -> { eviction with MinReadyForLeaderSeconds = 9 })
    "whether it is to leave", tikv, offline
    "the cluster's silence", tikv, silent
    "the labels of the instance",
    tikv,
    (fun observed -> {
        observed with
            Meta = { observed.Meta with Labels = Map.add Labels.revision "r2" observed.Meta.Labels }
    })
]

let private byRestart: (string * Observed * (Observed -> Observed)) list = [
    "the version", tikv, withTemplate (fun template -> { template with Version = "v8.5.3" })
    "the image", pd, withTemplate (fun template -> { template with Image = Some "registry/pd" })
    "the configuration", tikv, withConfig "log.level = 'warn'"
    "the resources",
    tikv,
    withTemplate (fun template -> {
        template with
            Resources = { template.Resources with Cpu = Some(ok (Quantity.parse "2")) }
    })
    "the Pod's overlay", tikv, withOverlay (podOverlay (Some(json """{"priorityClassName":"high"}""")))
    "the mounts of a volume",
    tikv,
    withVolume (fun volume -> {
        volume with
            Mounts = [ { Type = "data"; MountPath = Some "/data"; SubPath = None } ]
    })
    "the metadata of the group's template",
    tikv,
    (fun observed -> {
        observed with
            Meta = { observed.Meta with Annotations = Map [ Annotations.templateMetadata, "m2" ] }
    })
    "TLS", tikv, withClusterSpec (fun spec -> { spec with TlsCluster = Some { Enabled = true } })
]

[<Test>]
let ``what changes in place restarts no process`` () =
    let restarting =
        inPlace
        |> List.filter (fun (_, observed, change) -> not (same change observed))
        |> List.map (fun (what, _, _) -> what)

    restarting |> shouldBe []

[<Test>]
let ``what a process reads only when it starts restarts it`` () =
    let ignored =
        byRestart
        |> List.filter (fun (_, observed, change) -> same change observed)
        |> List.map (fun (what, _, _) -> what)

    ignored |> shouldBe []
