namespace Tikv.Core.Api

/// Dotted keys of the configuration file that the operator writes; a user's config may not set them.
[<RequireQualifiedAccess>]
module ManagedKeys =

    let pd = [
        "name"
        "data-dir"
        "client-urls"
        "peer-urls"
        "advertise-client-urls"
        "advertise-peer-urls"
        "initial-cluster"
        "initial-cluster-state"
        "initial-cluster-token"
        "join"
        "security.cacert-path"
        "security.cert-path"
        "security.key-path"
    ]

    let tikv = [
        "server.addr"
        "server.advertise-addr"
        "server.status-addr"
        "server.advertise-status-addr"
        "storage.data-dir"
        "pd.endpoints"
        "security.ca-path"
        "security.cert-path"
        "security.key-path"
    ]

    let ofComponent (kind: Component) =
        match kind with
        | Component.PD -> pd
        | Component.TiKV -> tikv
