namespace Tikv.Simulator.Kubernetes

open System
open System.Text
open Tikv.Core

/// What the server does to the objects of one kind, besides storing them.
type Strategy = {
    /// Why the body cannot be read as this kind at all (400), if so.
    Undecodable: Json -> string option
    /// Takes away unknown fields, and tells their paths.
    Prune: Json -> struct (Json * string list)
    Defaults: Json -> Json
    /// What is pruned from and filled into one member of the object does not depend on the others.
    ByMember: bool
    /// What only a new object gets.
    Fresh: Json -> Json
    NameProblems: string -> string list
    Causes: Json -> Errors.Cause list
    /// Of the old object and the new one: also what is wrong with the new one alone.
    ChangeCauses: Json -> Json -> Errors.Cause list
    /// Whether an update without resourceVersion is accepted: the last writer wins.
    Unconditional: bool
    HasGeneration: bool
    Shape: Shape
    /// What a new object of this kind is compared with to see what its creator owns.
    Blank: Json
}

/// Strategies of the built-in kinds.
[<RequireQualifiedAccess>]
module Strategies =

    let plain = {
        Undecodable = fun _ -> None
        Prune = fun json -> struct (json, [])
        Defaults = id
        ByMember = false
        Fresh = id
        NameProblems = MetadataRules.subdomain
        Causes = fun _ -> []
        ChangeCauses = fun _ _ -> []
        Unconditional = true
        HasGeneration = false
        Shape = Shapes.builtin
        Blank = Json.object [ "metadata", Json.empty; "spec", Json.empty; "status", Json.empty ]
    }

    let private text path json = Json.stringAt path json |> Option.defaultValue ""

    let private notStrings kind field json =
        Json.membersAt [ field ] json
        |> List.tryPick (fun (_, value) ->
            match value with
            | Json.String _ -> None
            | Json.Number _ -> Some "number"
            | Json.Bool _ -> Some "bool"
            | Json.Object _ -> Some "object"
            | Json.Array _ -> Some "array"
            | Json.Null -> None)
        |> Option.map (fun found ->
            $"json: cannot unmarshal %s{found} into Go struct field %s{kind}.%s{field} of type string")

    let private wrongList kind path json =
        match Json.tryPath path json with
        | None
        | Some(Json.Array _) -> None
        | Some _ ->
            let field = String.concat "." path
            Some $"json: cannot unmarshal into Go struct field %s{kind}.%s{field} of type array"

    let private wrongNumber kind path json =
        match Json.tryPath path json with
        | None
        | Some(Json.Number _) -> None
        | Some _ ->
            let field = String.concat "." path
            Some $"json: cannot unmarshal string into Go struct field %s{kind}.%s{field} of type int64"

    let private wrongQuantity json (path: string list) =
        Json.membersAt path json
        |> List.tryPick (fun (_, value) ->
            match Quantities.ofJson value with
            | Some _ -> None
            | None -> Some Quantities.complaint)

    let private undecodablePod json =
        wrongList "PodSpec" [ "spec"; "containers" ] json
        |> Option.orElse (wrongNumber "PodSpec" [ "spec"; "terminationGracePeriodSeconds" ] json)
        |> Option.orElse (
            Json.itemsAt [ "spec"; "containers" ] json
            |> List.tryPick (fun container ->
                [ "requests"; "limits" ]
                |> List.tryPick (fun kind -> wrongQuantity container [ "resources"; kind ]))
        )

    let private isConfigKey (key: string) =
        key <> ""
        && key
           |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '-' || c = '_' || c = '.')

    let private configKeys json : Errors.Cause list = [
        for field in [ "data"; "binaryData" ] do
            for key, _ in Json.membersAt [ field ] json do
                if not (isConfigKey key) then
                    Causes.invalidText
                        $"%s{field}[%s{key}]"
                        key
                        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    ]

    let private immutableData old json : Errors.Cause list =
        if Json.boolAt [ "immutable" ] old <> Some true then
            []
        else
            [
                for field in [ "immutable"; "data"; "binaryData" ] do
                    if Json.tryField field old <> Json.tryField field json then
                        Causes.forbidden field "field is immutable when `immutable` is set"
            ]

    /// `stringData` is a way to write, never to read.
    let private secretDefaults json =
        let encoded =
            Json.membersAt [ "stringData" ] json
            |> List.map (fun (key, value) ->
                let bytes = Encoding.UTF8.GetBytes(Json.asString value |> Option.defaultValue "")
                key, Json.String(Convert.ToBase64String bytes))

        let json =
            if List.isEmpty encoded then
                json
            else
                let data = Json.tryField "data" json |> Option.defaultValue Json.empty

                json
                |> Json.withoutField "stringData"
                |> Json.withField
                    "data"
                    (List.fold (fun data (key, value) -> Json.withField key value data) data encoded)

        PodDefaults.fill [ "type", Json.String "Opaque" ] json

    let private freshNamespace json =
        json
        |> Json.setPath
            [ "metadata"; "labels"; "kubernetes.io/metadata.name" ]
            (Some(Json.String(Meta.name json)))
        |> Json.withField "spec" (Json.object [ "finalizers", Json.strings [ "kubernetes" ] ])
        |> Json.withField "status" (Json.object [ "phase", Json.String "Active" ])

    let private lease json : Errors.Cause list =
        match Json.int64At [ "spec"; "leaseDurationSeconds" ] json with
        | Some seconds when seconds <= 0L -> [
            Causes.invalid "spec.leaseDurationSeconds" (string seconds) "must be greater than 0"
          ]
        | _ -> []

    let private template =
        PodDefaults.inside "template" (PodDefaults.inside "spec" PodDefaults.templateSpec)

    let private setDefaults =
        PodDefaults.inside
            "spec"
            (template
             >> PodDefaults.fill [
                 "replicas", Json.int 1
                 "podManagementPolicy", Json.String "OrderedReady"
                 "updateStrategy", Json.object [ "type", Json.String "RollingUpdate" ]
                 "revisionHistoryLimit", Json.int 10
             ])

    let private setFrozen =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

    let private setChanges old json : Errors.Cause list =
        let fixedPart object =
            (Json.tryField "spec" object |> Option.defaultValue Json.empty,
             [
                 "replicas"
                 "ordinals"
                 "template"
                 "updateStrategy"
                 "revisionHistoryLimit"
                 "persistentVolumeClaimRetentionPolicy"
                 "minReadySeconds"
             ])
            ||> List.fold (fun json field -> Json.withoutField field json)

        if fixedPart old <> fixedPart json then [ Causes.forbidden "spec" setFrozen ] else []

    let private deploymentDefaults =
        PodDefaults.inside
            "spec"
            (template
             >> PodDefaults.fill [
                 "replicas", Json.int 1
                 "strategy", Json.object [ "type", Json.String "RollingUpdate" ]
                 "revisionHistoryLimit", Json.int 10
                 "progressDeadlineSeconds", Json.int 600
             ])

    let private workload = { plain with HasGeneration = true }

    let private eventCauses json : Errors.Cause list =
        let about = text [ "involvedObject"; "namespace" ] json

        if about <> "" && about <> Meta.``namespace`` json then
            [ Causes.invalidText "involvedObject.namespace" about "does not match event.namespace" ]
        else
            []

    let private ofPods = {
        plain with
            Undecodable = undecodablePod
            Prune = FieldNames.prune "Pod"
            Defaults = PodDefaults.defaults
            Fresh = PodDefaults.fresh
            Causes = PodRules.causes
            ChangeCauses = PodRules.changeCauses
            Blank = Json.setPath [ "spec"; "containers" ] (Some(Json.Array [])) plain.Blank
    }

    let private ofClaims = {
        plain with
            Undecodable = fun json -> wrongQuantity json [ "spec"; "resources"; "requests" ]
            Prune = FieldNames.prune "PersistentVolumeClaim"
            Defaults = VolumeRules.claimDefaults
            Fresh = VolumeRules.freshClaim
            Causes = VolumeRules.claimCauses
            ChangeCauses = VolumeRules.claimChangeCauses
            Blank = Json.setPath [ "spec"; "resources" ] (Some Json.empty) plain.Blank
    }

    let private blankWorkload =
        plain.Blank
        |> Json.setPath [ "spec"; "template"; "spec"; "containers" ] (Some(Json.Array []))

    let private ofKind (kind: string) : Strategy =
        match kind with
        | "Pod" -> ofPods
        | "PersistentVolumeClaim" -> ofClaims
        | "ConfigMap" -> {
            plain with
                Undecodable = notStrings "ConfigMap" "data"
                Prune = FieldNames.prune "ConfigMap"
                Causes = configKeys
                ChangeCauses = immutableData
          }
        | "Secret" -> {
            plain with
                Prune = FieldNames.prune "Secret"
                Defaults = secretDefaults
                Causes = configKeys
                ChangeCauses = immutableData
          }
        | "Service" -> {
            plain with
                Prune = FieldNames.prune "Service"
                Defaults = ServiceRules.defaults
                Fresh = Json.withField "status" (Json.object [ "loadBalancer", Json.empty ])
                NameProblems = MetadataRules.dns1035
                Causes = ServiceRules.causes
                ChangeCauses = ServiceRules.changeCauses
                Unconditional = false
          }
        | "Namespace" -> { plain with Fresh = freshNamespace; NameProblems = MetadataRules.label }
        | "PersistentVolume" -> {
            plain with
                Defaults = VolumeRules.volumeDefaults
                Fresh = Json.withField "status" (Json.object [ "phase", Json.String "Pending" ])
          }
        | "StorageClass" -> {
            plain with
                Defaults = VolumeRules.classDefaults
                ChangeCauses = VolumeRules.classChangeCauses
          }
        | "Lease" -> { plain with Prune = FieldNames.prune "Lease"; Causes = lease; Unconditional = false }
        | "StatefulSet" -> {
            workload with
                Defaults = setDefaults
                Fresh = Json.withField "status" (Json.object [ "replicas", Json.int 0 ])
                ChangeCauses = setChanges
                Blank = blankWorkload
          }
        | "Deployment" -> {
            workload with
                Defaults = deploymentDefaults
                Fresh = Json.withField "status" Json.empty
                Blank = blankWorkload
          }
        | "PodDisruptionBudget" -> {
            workload with
                Unconditional = false
                Fresh =
                    Json.withField
                        "status"
                        (Json.object [
                            "disruptionsAllowed", Json.int 0
                            "currentHealthy", Json.int 0
                            "desiredHealthy", Json.int 0
                            "expectedPods", Json.int 0
                        ])
          }
        | "Event" -> {
            plain with
                Causes = eventCauses
                Blank = Json.setPath [ "involvedObject" ] (Some Json.empty) plain.Blank
          }
        | "Role"
        | "RoleBinding"
        | "ClusterRole"
        | "ClusterRoleBinding" -> { plain with NameProblems = MetadataRules.pathSegment }
        | _ -> plain

    /// The strategy of a built-in kind.
    let builtin (kind: string) : Strategy =
        let strategy = ofKind kind

        {
            strategy with
                ChangeCauses = fun old json -> strategy.Causes json @ strategy.ChangeCauses old json
        }
