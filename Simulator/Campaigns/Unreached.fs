/// What neither the usual generated runs nor named scenarios reach, and why that is so: nothing fails for it. Whoever adds a
/// scenario that reaches some of it takes it off; a search says what of it a run has reached.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Unreached

/// It cannot be in the layer whose type it belongs to.
let never = [
    "reason Group.TakenAlone.OtherValue" // the group passes such an instance over: it has its turn later
]

/// Tests of Core alone lead there; the world of the simulator does not.
let byTests = [
    "reason Cluster.AnotherCluster" // a PD of somebody else would have to answer at the address of ours
    "reason Group.InstancesUnreadable" // the schema on the server keeps such an instance out; an older one did not
    "reason Group.TakenAlone.FewReplicas" // with less than three replicas each restart costs regions, whatever is done
    "reason Instance.TakenAlone.FewReplicas" // the same
    "reason Group.TakenAlone.Leaving" // a store leaves by hand between two looks of one group
    "reason Group.TakenAlone.Silent" // the same, of a store that PD no longer hears
    "reason Instance.ClusterUnreadable" // the schema on the server keeps such a Cluster out; an older one did not
    "reason Instance.MembersUnhealthy" // the group begins nothing while a member is ill: one of five falls ill in between
    "reason Instance.PdLeaderHere" // all other members are healthy, and none has a name
    "reason Instance.LeadersComeBack" // leaders come back to a store sooner than its peers catch up
    "reason Instance.TakenAlone.Crowded" // it befalls two stores that are taken down together already
    "reason Instance.TakenAlone.Leaving" // the same
    "reason Instance.TakenAlone.PdUnknown" // the same
    "reason Instance.TakenAlone.StoreUnknown" // the same
    "action Group.CountCollision" // two templates with one hash
]

let known: string list = never @ byTests
