/// The fields that built-in kinds know, where naive clients most often err: what is not here at these depths is unknown.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.FieldNames

open Tikv.Core

let private words (text: string) = text.Split ' ' |> Set.ofArray

let private top =
    dict [
        "ConfigMap", words "data binaryData immutable"
        "Secret", words "data stringData type immutable"
        "Pod", words "spec status"
        "Service", words "spec status"
        "PersistentVolumeClaim", words "spec status"
        "PersistentVolume", words "spec status"
        "Namespace", words "spec status"
        "Node", words "spec status"
        "Lease", words "spec"
        "StatefulSet", words "spec status"
        "PodDisruptionBudget", words "spec status"
        "ControllerRevision", words "data revision"
    ]

let private podSpec =
    words
        "activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes"

let private container =
    words
        "args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"

let private serviceSpec =
    words
        "allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type"

let private claimSpec =
    words
        "accessModes dataSource dataSourceRef resources selector storageClassName volumeAttributesClassName volumeMode volumeName"

let private common = words "apiVersion kind metadata"

/// Takes away unknown members of the object at a path, and tells them.
let private strip (path: string list) known (json: Json, found: string list) =
    let unknown =
        Json.membersAt path json
        |> List.map fst
        |> List.filter (fun name -> not (Set.contains name known))

    let json =
        (json, unknown)
        ||> List.fold (fun json name -> Json.setPath (path @ [ name ]) None json)

    json, found @ (unknown |> List.map (fun name -> String.concat "." (path @ [ name ])))

let private stripContainers (path: string list) (json: Json, found: string list) =
    match Json.tryPath path json with
    | Some(Json.Array items) ->
        let stripped = items |> List.map (fun item -> strip [] container (item, []))

        if stripped |> List.forall (snd >> List.isEmpty) then
            json, found
        else
            let prefix = String.concat "." path

            let unknown =
                stripped
                |> List.indexed
                |> List.collect (fun (index, (_, names)) ->
                    names |> List.map (fun name -> $"%s{prefix}[%d{index}].%s{name}"))

            Json.setPath path (Some(Json.Array(stripped |> List.map fst))) json, found @ unknown
    | _ -> json, found

/// Takes away what a built-in kind does not know, and tells the paths.
let prune (kind: string) (json: Json) : struct (Json * string list) =
    let top =
        match top.TryGetValue kind with
        | true, known -> strip [] (Set.union common known) (json, [])
        | false, _ -> json, []

    let json, unknown =
        match kind with
        | "Pod" ->
            top
            |> strip [ "spec" ] podSpec
            |> stripContainers [ "spec"; "containers" ]
            |> stripContainers [ "spec"; "initContainers" ]
        | "Service" -> top |> strip [ "spec" ] serviceSpec
        | "PersistentVolumeClaim" -> top |> strip [ "spec" ] claimSpec
        | _ -> top

    struct (json, unknown)
