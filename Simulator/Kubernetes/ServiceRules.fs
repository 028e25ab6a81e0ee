/// Defaults of Services and what is wrong with them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.ServiceRules

open Tikv.Core

let private port json =
    let number = Json.tryField "port" json |> Option.defaultValue Json.Null
    json |> PodDefaults.fill [ "protocol", Json.String "TCP"; "targetPort", number ]

let private ports json =
    match json with
    | Json.Array items -> Json.Array(items |> List.map port)
    | json -> json

let private clusterIP json = Json.stringAt [ "spec"; "clusterIP" ] json |> Option.defaultValue ""
let private kind json = Json.stringAt [ "spec"; "type" ] json |> Option.defaultValue "ClusterIP"

let defaults (json: Json) : Json =
    let ip spec =
        match Json.stringAt [ "clusterIP" ] spec with
        | None
        | Some "" -> spec
        | Some ip ->
            PodDefaults.fill
                [
                    "clusterIPs", Json.strings [ ip ]
                    "ipFamilies", Json.strings [ "IPv4" ]
                    "ipFamilyPolicy", Json.String "SingleStack"
                ]
                spec

    let outside spec =
        match kind json with
        | "NodePort"
        | "LoadBalancer" -> PodDefaults.fill [ "externalTrafficPolicy", Json.String "Cluster" ] spec
        | _ -> spec

    json
    |> PodDefaults.inside
        "spec"
        (PodDefaults.inside "ports" ports
         >> PodDefaults.fill [
             "type", Json.String "ClusterIP"
             "sessionAffinity", Json.String "None"
             "internalTrafficPolicy", Json.String "Cluster"
         ]
         >> outside
         >> ip)

/// Gives a new Service an address of 10.96.0.0/16, unless it has one, is headless, or is a name only. The number
/// decides which.
let allocate (taken: string -> bool) (number: int64) (json: Json) : Json =
    if clusterIP json <> "" || kind json = "ExternalName" then
        json
    else
        let address number = $"10.96.%d{(number / 254L) % 256L}.%d{number % 254L + 1L}"

        let free =
            Seq.initInfinite (fun step -> address (number + int64 step))
            |> Seq.take 65024
            |> Seq.tryFind (taken >> not)

        match free with
        | Some ip -> Json.setPath [ "spec"; "clusterIP" ] (Some(Json.String ip)) json |> defaults
        | None -> json

let private portCauses (json: Json) : Errors.Cause list =
    let ports = Json.itemsAt [ "spec"; "ports" ] json |> List.indexed

    [
        if List.isEmpty ports && clusterIP json <> "None" && kind json <> "ExternalName" then
            Causes.required "spec.ports"

        for index, port in ports do
            let name = Json.stringAt [ "name" ] port |> Option.defaultValue ""

            if name = "" && List.length ports > 1 then
                Causes.required $"spec.ports[%d{index}].name"

            if
                name <> ""
                && ports
                   |> List.exists (fun (other, item) ->
                       other < index && Json.stringAt [ "name" ] item = Some name)
            then
                Causes.duplicate $"spec.ports[%d{index}].name" ("\"" + name + "\"")

            match Json.intAt [ "port" ] port with
            | Some number when number >= 1 && number <= 65535 -> ()
            | number ->
                Causes.invalid
                    $"spec.ports[%d{index}].port"
                    (number |> Option.defaultValue 0 |> string)
                    "must be between 1 and 65535, inclusive"
    ]

let private types = [ "ClusterIP"; "ExternalName"; "LoadBalancer"; "NodePort" ]

let causes (json: Json) : Errors.Cause list = [
    yield! portCauses json

    if not (List.contains (kind json) types) then
        Causes.unsupported "spec.type" ("\"" + kind json + "\"") types
]

let changeCauses (old: Json) (json: Json) : Errors.Cause list =
    match clusterIP old, clusterIP json with
    | before, after when
        before = after
        || before = ""
        || kind json = "ExternalName"
        || kind old = "ExternalName"
          ->
          []
    | _, "" -> [ Causes.invalid "spec.clusterIPs[0]" "[]string(nil)" "primary clusterIP can not be unset" ]
    | _, after -> [
        Causes.invalid "spec.clusterIPs[0]" $"[]string{{\"%s{after}\"}}" "may not change once set"
      ]
