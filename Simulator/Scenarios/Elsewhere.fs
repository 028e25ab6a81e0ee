/// Ids of the references that are no scenario here: shown in another way, or without a meaning for this operator.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Elsewhere

/// Ids that a test shows, with its name: what they ask for is one decision, and takes no run.
let shown: (string * string) list = [
    "T 6.4.2", "the Pods of the first bootstrap wait until all initial members exist"
    "T 6.4.3", "a first member is configured to bootstrap with all the others"
    "T 6.4.4", "once the cluster has an id, PD is bootstrapped for ever"
    "T 6.4.5", "a member of the first bootstrap that starts late completes it"
    "T 6.4.7", "replicas of PD wait for the bootstrap"
    "T 6.4.14", "the first Pod of TiKV waits for the first answer of PD"
    "T 6.4.28", "after its deadline a restart proceeds, or holds, as the policy says"
    "T 6.4.32",
    "of those that leave, the one of the lowest priority number is called back, else the lowest index"
    "T S29", "the earliest time that was asked for wins"
    "T S57", "every way to have no leader means the same"
    "T S58", "the name of an instance ends with its index"
    "L B29", "names leave room for what is added to them"
    "L F08", "what is left of a member goes in order once PD does not list it"
    "L F09", "an eviction that is not there counts as ended, but not before TiKV has registered"
    "L F26", "a change with any one misfortune ends as one without"
]

/// Ids that do not apply, and why.
let notApplicable: (string * string) list = [
    "T 6.4.12",
    "a missing Pod is made at once, whatever a cache says: its name, its claim and its disk keep two of a kind apart"
    "T 6.4.15",
    "an instance is Ready as soon as Kubernetes and PD say that it serves; what waits longer is told as SoakTime"
    "T 6.4.16", "Ready does not ask for leaders: a store may rightly have none (T S24)"
    "T 6.4.21",
    "leaders have moved away before a Pod is deleted, however many; a process hands over what is left within 20 s of its 60"
    "T S34", "there is no mode of PD microservices and no TSO group in this operator"
    "T S35", "feature gates stand at the Cluster alone: there is no second list to compare them with"
    "T S39", "there are no Router and ResourceManager groups"
    "T S56",
    "there is no channel that could fill: what a step asks for is data, and every answer has a deadline"
    "L F25",
    "Pods have no preStop hook: nothing in the end of a process asks PD, and its grace period is 60 s"
]
