namespace Tikv.Core.Api

open Tikv.Core

/// What an absent field of a template means. (Fields outside of templates have their defaults as attributes: the API
/// server and the decoder fill them in. Templates are kept as given, so that a default never makes a revision.)
[<RequireQualifiedAccess>]
module Defaults =

    let private port number (given: Port option) = given |> Option.map _.Port |> Option.defaultValue number

    let pdClientPort (template: PDTemplateSpec) = port 2379 template.Server.Ports.Client
    let pdPeerPort (template: PDTemplateSpec) = port 2380 template.Server.Ports.Peer
    let tikvClientPort (template: TiKVTemplateSpec) = port 20160 template.Server.Ports.Client
    let tikvStatusPort (template: TiKVTemplateSpec) = port 20180 template.Server.Ports.Status

    /// The word for a component in names, labels and paths.
    let word (kind: Component) =
        match kind with
        | Component.PD -> "pd"
        | Component.TiKV -> "tikv"

    /// A tag stands after the last slash (before it, a colon begins a port); a digest begins with `@`.
    let private isTagged (image: string) =
        let name = image.Substring(image.LastIndexOf '/' + 1)
        name.Contains ':' || name.Contains '@'

    /// The image to run. Without a tag or digest of its own, the version is its tag.
    let image (kind: Component) (template: ComponentTemplate) =
        let image = template.Image |> Option.defaultValue $"pingcap/%s{word kind}"
        if isTagged image then image else image + ":" + template.Version

    let configUpdate (template: ComponentTemplate) =
        template.UpdateStrategy.Config |> Option.defaultValue ConfigUpdate.Restart

    /// Where a component keeps its data in the container.
    let dataPath (kind: Component) = $"/var/lib/%s{word kind}"

    /// The type of the mount that holds the data of the component.
    let dataMount = "data"

    /// Name of the volume that holds the data of the component.
    let dataVolume = "data"

    /// Where a volume is mounted; at least once, and every mount has its path.
    let mounts (kind: Component) (volume: Volume) : VolumeMount list =
        match volume.Mounts with
        | [] -> [ { Type = dataMount; MountPath = Some(dataPath kind); SubPath = None } ]
        | mounts ->
            mounts
            |> List.map (fun mount ->
                if mount.Type = dataMount && Option.isNone mount.MountPath then
                    { mount with MountPath = Some(dataPath kind) }
                else
                    mount)

    let private ``component`` kind (template: ComponentTemplate) : ComponentTemplate = {
        template with
            Image = Some(image kind template)
            UpdateStrategy = { Config = Some(configUpdate template) }
            Volumes =
                template.Volumes
                |> List.map (fun volume -> { volume with Mounts = mounts kind volume })
    }

    /// The template with every default written out.
    let pdTemplate (template: PDTemplateSpec) : PDTemplateSpec = {
        Component = ``component`` Component.PD template.Component
        Server = {
            Ports = {
                Client = Some { Port = pdClientPort template }
                Peer = Some { Port = pdPeerPort template }
            }
        }
    }

    /// The template with every default written out.
    let tikvTemplate (template: TiKVTemplateSpec) : TiKVTemplateSpec = {
        Component = ``component`` Component.TiKV template.Component
        Server = {
            template.Server with
                Ports = {
                    Client = Some { Port = tikvClientPort template }
                    Status = Some { Port = tikvStatusPort template }
                }
        }
    }

    let private secret (given: SecretReference option) name =
        given |> Option.map _.Name |> Option.defaultValue name

    /// Secrets of a group's certificates: that of the authority, that of the pair.
    let tlsSecrets (kind: Component) (group: string) (template: ComponentTemplate) : string * string =
        let name = $"%s{group}-%s{word kind}-cluster-secret"
        let pair = template.Security.Tls.Cluster
        secret (pair |> Option.bind _.Ca) name, secret (pair |> Option.bind _.CertKeyPair) name

    /// Secrets of the operator's own certificate: that of the authority, that of the pair.
    let clientTlsSecrets (cluster: string) (spec: ClusterSpec) : string * string =
        let name = $"%s{cluster}-cluster-client-secret"
        let client = spec.Security.Tls.Client
        secret (client |> Option.bind _.Ca) name, secret (client |> Option.bind _.CertKeyPair) name

    let isTls (spec: ClusterSpec) = spec.TlsCluster |> Option.exists _.Enabled

    /// Name of the Pod, and ConfigMap, of an instance.
    let podName (instance: string) (settings: InstanceSettings) =
        settings.PodName |> Option.defaultValue instance

    /// Name of the claim of one of its volumes.
    let volumeClaimName (instance: string) (settings: InstanceSettings) (volume: string) =
        settings.VolumeClaimNames
        |> Map.tryFind volume
        |> Option.defaultValue (volume + "-" + podName instance settings)
