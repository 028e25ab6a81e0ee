namespace Tikv.Core.Api

open Tikv.Core
open Tikv.Core.Kubernetes

/// The compiled limits of one record type, made once at its first use.
type private CompiledLimits<'Spec when 'Spec: not null>() =
    static let shape = Shape.record typeof<'Spec>
    static let check = Limits.compile shape
    static let compare = Limits.compileUpdate shape
    static member Check(spec: 'Spec) : Problem list = check [ "spec" ] (box spec)
    static member Compare(old: 'Spec, now: 'Spec) : Problem list = compare [ "spec" ] (box old) (box now)

/// Everything that the CRDs say, schema and rules in CEL alike, and what they cannot say. No problems: valid. An invalid
/// object disrupts nothing: the operator says what is wrong, and keeps to the last good state.
[<RequireQualifiedAccess>]
module Validation =

    let private check (kind: Kind) (meta: Meta) (spec: 'Spec) (rules: Problem list) : Problem list =
        Checks.name (Crd.longestName kind) meta.Name
        @ CompiledLimits<'Spec>.Check spec
        @ rules
        |> List.distinctBy (fun problem -> problem.Field, problem.Allowed)

    let private inSpec (name: string) : Path = [ name; "spec" ]
    let private inTemplate: Path = [ "spec"; "template"; "spec" ]

    let private group (settings: GroupSettings) (metadata: ObjectMetadata) = [
        yield! Checks.schedulePolicies (inSpec "schedulePolicies") settings.SchedulePolicies
        yield! Checks.metadata [ "metadata"; "template"; "spec" ] metadata

        for index, offline in List.indexed settings.OfflineIndexes do
            yield!
                Checks.must
                    "be 0 or more"
                    (offline >= 0)
                    (string offline)
                    (Path.item index (inSpec "offlineIndexes"))
    ]

    let private instance (meta: Meta) (settings: InstanceSettings) = [
        yield!
            Checks.must
                $"end with -%d{settings.Index}, the index"
                (meta.Name.EndsWith $"-%d{settings.Index}")
                meta.Name
                [ "name"; "metadata" ]
        yield! Checks.labels (inSpec "topology") settings.Topology
    ]

    let private pdTemplate (path: Path) (template: PDTemplateSpec) = [
        yield! TemplateChecks.all Component.PD path template.Component
        yield!
            Checks.ports
                ("ports" :: "server" :: path)
                (Defaults.pdClientPort template)
                (Defaults.pdPeerPort template)
    ]

    let private tikvTemplate (path: Path) (template: TiKVTemplateSpec) = [
        yield! TemplateChecks.all Component.TiKV path template.Component
        yield!
            Checks.ports
                ("ports" :: "server" :: path)
                (Defaults.tikvClientPort template)
                (Defaults.tikvStatusPort template)
        yield! Checks.storeLabels ("labels" :: "server" :: path) template.Server.Labels
    ]

    let cluster (object: Object<ClusterSpec, ClusterStatus>) : Problem list =
        check Kind.Cluster object.Meta object.Spec []

    let pdGroup (object: Object<PDGroupSpec, PDGroupStatus>) : Problem list =
        let spec = object.Spec

        group spec.Group spec.Template.Metadata
        @ pdTemplate inTemplate spec.Template.Spec
        |> check Kind.PDGroup object.Meta spec

    let tikvGroup (object: Object<TiKVGroupSpec, TiKVGroupStatus>) : Problem list =
        let spec = object.Spec

        group spec.Group spec.Template.Metadata
        @ tikvTemplate inTemplate spec.Template.Spec
        |> check Kind.TiKVGroup object.Meta spec

    let pd (object: Object<PDSpec, PDStatus>) : Problem list =
        let spec = object.Spec
        let own = object.Meta.Name

        instance object.Meta spec.Instance
        @ pdTemplate [ "spec" ] spec.Template
        @ Checks.must
            $"be empty, or hold the member itself (%s{own})"
            (List.isEmpty spec.InitialCluster || List.contains own spec.InitialCluster)
            (String.concat ", " spec.InitialCluster)
            (inSpec "initialCluster")
        |> check Kind.PD object.Meta spec

    let tikv (object: Object<TiKVSpec, TiKVStatus>) : Problem list =
        instance object.Meta object.Spec.Instance
        @ tikvTemplate [ "spec" ] object.Spec.Template
        |> check Kind.TiKV object.Meta object.Spec

    /// What may not change from one spec to the next. The new spec itself is not looked at.
    let updateCluster (old: ClusterSpec) (now: ClusterSpec) : Problem list =
        let names (spec: ClusterSpec) = spec.FeatureGates |> List.map _.Name
        let before, after = names old, names now
        let free = List.contains Feature.FeatureModification before

        let changed =
            List.except before after @ List.except after before
            |> List.except [ Feature.FeatureModification ]

        [
            yield! CompiledLimits<ClusterSpec>.Compare(old, now)

            if free && not (List.contains Feature.FeatureModification after) then
                Problem.make
                    "spec.featureGates"
                    "without FeatureModification"
                    "keep FeatureModification, once it is on"

            if not free && not (List.isEmpty changed) then
                Problem.make
                    "spec.featureGates"
                    (changed |> List.map (fun feature -> $"{feature}") |> String.concat ", ")
                    "stay as it was at creation, unless FeatureModification was turned on before"
        ]

    let updatePdGroup (old: PDGroupSpec) (now: PDGroupSpec) : Problem list = [
        yield! CompiledLimits<PDGroupSpec>.Compare(old, now)

        yield!
            TemplateChecks.volumesUpdate
                ("volumes" :: inTemplate)
                old.Template.Spec.Component.Volumes
                now.Template.Spec.Component.Volumes

        yield!
            Checks.must
                "stay true: a PD cluster is bootstrapped once"
                (now.Bootstrapped || not old.Bootstrapped)
                "false"
                (inSpec "bootstrapped")

        yield!
            Checks.must
                $"stay %d{old.Group.Replicas} until the group is bootstrapped"
                (old.Bootstrapped || old.Group.Replicas = now.Group.Replicas)
                (string now.Group.Replicas)
                (inSpec "replicas")
    ]

    let updateTikvGroup (old: TiKVGroupSpec) (now: TiKVGroupSpec) : Problem list =
        CompiledLimits<TiKVGroupSpec>.Compare(old, now)
        @ TemplateChecks.volumesUpdate
            ("volumes" :: inTemplate)
            old.Template.Spec.Component.Volumes
            now.Template.Spec.Component.Volumes

    let updatePd (old: PDSpec) (now: PDSpec) : Problem list =
        CompiledLimits<PDSpec>.Compare(old, now)
        @ TemplateChecks.volumesUpdate
            (inSpec "volumes")
            old.Template.Component.Volumes
            now.Template.Component.Volumes

    let updateTikv (old: TiKVSpec) (now: TiKVSpec) : Problem list =
        CompiledLimits<TiKVSpec>.Compare(old, now)
        @ TemplateChecks.volumesUpdate
            (inSpec "volumes")
            old.Template.Component.Volumes
            now.Template.Component.Volumes

    let private errors result =
        match result with
        | Ok problems -> problems
        | Error problems -> problems

    /// Of an object as JSON: what cannot be read, what is unknown, and what is not allowed. Other kinds have no problems.
    let json (kind: Kind) (object: Json) : Problem list =
        let checks =
            match kind with
            | Kind.Cluster -> Codec.cluster object |> Result.map cluster
            | Kind.PDGroup -> Codec.pdGroup object |> Result.map pdGroup
            | Kind.TiKVGroup -> Codec.tikvGroup object |> Result.map tikvGroup
            | Kind.PD -> Codec.pd object |> Result.map pd
            | Kind.TiKV -> Codec.tikv object |> Result.map tikv
            | Kind.Pod
            | Kind.ConfigMap
            | Kind.PersistentVolumeClaim
            | Kind.Service
            | Kind.Lease
            | Kind.Event
            | Kind.Node
            | Kind.PersistentVolume
            | Kind.StorageClass
            | Kind.PodDisruptionBudget
            | Kind.ControllerRevision
            | Kind.Secret -> Ok []

        Codec.unknownFields kind object @ errors checks

    /// Of an old and a new object as JSON: the problems of the new one, and what may not change between them. An old
    /// object that cannot be read holds nothing back.
    let update (kind: Kind) (old: Json) (now: Json) : Problem list =
        let compare decode (rule: 'Spec -> 'Spec -> Problem list) =
            match decode old, decode now with
            | Ok(old: Object<'Spec, 'Status>), Ok now -> rule old.Spec now.Spec
            | _ -> []

        let changes =
            match kind with
            | Kind.Cluster -> compare Codec.cluster updateCluster
            | Kind.PDGroup -> compare Codec.pdGroup updatePdGroup
            | Kind.TiKVGroup -> compare Codec.tikvGroup updateTikvGroup
            | Kind.PD -> compare Codec.pd updatePd
            | Kind.TiKV -> compare Codec.tikv updateTikv
            | Kind.Pod
            | Kind.ConfigMap
            | Kind.PersistentVolumeClaim
            | Kind.Service
            | Kind.Lease
            | Kind.Event
            | Kind.Node
            | Kind.PersistentVolume
            | Kind.StorageClass
            | Kind.PodDisruptionBudget
            | Kind.ControllerRevision
            | Kind.Secret -> []

        json kind now @ changes
