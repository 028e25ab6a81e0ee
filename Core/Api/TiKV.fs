namespace Tikv.Core.Api

open System
open Tikv.Core

type TiKVPorts = {
    [<Doc "Clients and the other stores. Default: 20160.">]
    Client: Port option
    [<Doc "Status and metrics. Default: 20180.">]
    Status: Port option
}

type TiKVServer = {
    [<Doc "Ports that the process listens on.">]
    Ports: TiKVPorts
    [<Doc "Labels of the store in PD, besides those of its topology. Taking one away here does not take it from PD.";
      MaxLength 64>]
    [<Cel("self.all(k, !(k in ['host', 'region', 'zone']) && !k.startsWith('k/') && !k.startsWith('$k/'))",
          "host, region, zone and keys that begin with k/ or $k/ are set by the operator")>]
    Labels: Map<string, string>
}

/// What an instance of TiKV is made from.
type TiKVTemplateSpec = {
    [<Inline>]
    Component: ComponentTemplate
    [<Doc "Settings of the server.">]
    Server: TiKVServer
}

type TiKVTemplate = {
    [<Doc "Labels and annotations of the instances (not of their Pods). A change restarts each once.">]
    Metadata: ObjectMetadata
    [<Doc "What each instance is made from."; Required>]
    Spec: TiKVTemplateSpec
}

[<RequireQualifiedAccess>]
type EvictLeaderPolicy =
    | Proceed
    | Hold

/// How leaders are moved away before a store is restarted, and back after it.
type EvictionSettings = {
    [<Doc "How long to wait for the leaders of a store to move away before it is restarted, such as 5m. 0s: do not wait.";
      Default "5m">]
    EvictLeaderTimeout: TimeSpan
    [<Doc "What happens then. Proceed: restart all the same. Hold: wait on, and say so."; Default "Proceed">]
    EvictLeaderPolicy: EvictLeaderPolicy
    [<Doc "Seconds that a restarted store must have been serving before leaders may come back.";
      Default 0;
      Minimum 0;
      Maximum 86400>]
    MinReadyForLeaderSeconds: int
}

[<Doc "Stores of TiKV that are alike.">]
type TiKVGroupSpec = {
    [<Inline>]
    Group: GroupSettings
    [<Inline>]
    Eviction: EvictionSettings
    [<Doc "What each instance is made from."; Required>]
    Template: TiKVTemplate
}

type TiKVGroupStatus = GroupStatus

[<Doc "One store of TiKV.">]
type TiKVSpec = {
    [<Inline>]
    Instance: InstanceSettings
    [<Doc "true: the store leaves the cluster. Set back to false before it is gone, it stays. Default: false.">]
    Offline: bool
    [<Inline>]
    Eviction: EvictionSettings
    [<Inline>]
    Template: TiKVTemplateSpec
}

/// PD's NodeState.
[<RequireQualifiedAccess>]
type StoreState =
    | Preparing
    | Serving
    | Removing
    | Removed

/// The evict-leader entry of this store in PD is the operator's: written before the entry is set, removed after it is gone.
type EvictionMark = {
    [<Doc "Since when (RFC 3339): when it was asked for, and once the entry was seen in PD, when that was. The deadline counts from then.";
      Required>]
    Since: string
    [<Doc "The store id (decimal) that the entry is of.">]
    Store: StoreId option
    [<Doc "Region leaders on the store before.">]
    Leaders: int option
    [<Doc "The store's last heartbeat when the entry was first seen in PD (RFC 3339, by PD's clock): a later one counts leaders under the entry.">]
    HeardAt: string option
    [<Doc "PD was asked once more while an earlier request had no answer: until then (RFC 3339) that one may still make an entry of ours.">]
    Until: string option
    [<Doc "When the entry was seen to be gone from PD (RFC 3339): one that appears later is somebody else's.">]
    Ended: string option
}

type TiKVStatus = {
    [<Inline>]
    Instance: InstanceStatus
    [<Doc "The store id (decimal). Recorded once for each disk.">]
    Id: StoreId option
    [<Doc "PD's word for the store: Preparing, Serving, Removing or Removed.">]
    State: StoreState option
    [<Doc "Region leaders on the store at the last look.">]
    Leaders: int option
    [<Doc "Regions on the store at the last look.">]
    Regions: int option
    [<Doc "Share of the store's capacity that is used, such as 42%.">]
    CapacityUsed: string option
    [<Doc "Leaders are being moved away by the operator.">]
    Evicting: EvictionMark option
}
