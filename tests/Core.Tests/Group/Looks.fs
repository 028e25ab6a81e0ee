namespace Tikv.Core.Tests.Group

open FsCheck
open Tikv.Core
open Tikv.Core.Group
open Tikv.Core.Tests
open Tikv.Core.Tests.Group

/// Any look at a group that the world can show: what is desired with any subset of what is not.
type Looks =
    static member private Services change (observed: Observed) = {
        observed with
            Services = observed.Services |> Map.map (fun _ service -> change service)
    }

    /// Each of these may have happened, in this order.
    static member private Changes: (string * (Observed -> Observed)) list = [
        "no cluster id", Given.withoutClusterId
        "not bootstrapped", Given.notBootstrapped
        "no replicas", Given.replicas 0
        "one replica", Given.replicas 1
        "five replicas", Given.replicas 5
        "1 is to be left out", Given.without [ 1 ]
        "3 is surplus", Given.withSurplus [ 3 ]
        "3, 4 and 6 are surplus", Given.withSurplus [ 3; 4; 6 ]
        "1 is not there", Given.withoutInstance 1
        "0, 1 and 2 are not there",
        Given.withoutInstance 0 >> Given.withoutInstance 1 >> Given.withoutInstance 2
        "1 cannot be read", Given.unreadable 1
        "4 cannot be read", Given.unreadable 4
        "another version", Given.version "v8.5.3"
        "two PD groups, not upgraded",
        (fun observed -> {
            observed with
                PdGroups = [ Given.pdGroup "basic-pd" None; Given.pdGroup "another-pd" None ]
        })
        "PD is silent", (fun observed -> { observed with Pd = Pd.PdView.Silent "no answer" })
        "3 and 4 left volumes", Given.retained [ 3; 4 ]
        "a store leaves elsewhere", (fun observed -> { observed with LeavingElsewhere = [ "other-tikv-0" ] })
        "0 is outdated", Given.outdated 0
        "1 is outdated", Given.outdated 1
        "2 is outdated", Given.outdated 2
        "1 has old settings", Given.oldSettings 1
        "0 is not ready", Given.notReady 0
        "1 is not ready", Given.notReady 1
        "3 is not ready", Given.notReady 3
        "0, 1 and 2 are unknown", Given.unknown 0 >> Given.unknown 1 >> Given.unknown 2
        "1 is broken", Given.broken 1
        "2 is broken", Given.broken 2
        "0 is unproven", Given.unproven 0
        "2 leads", Given.leads 2
        "0 has priority 0", Given.priority 0 0
        "0 is deferred", Given.deferred 0
        "3 is deferred", Given.deferred 3
        "2 is unsettled", Given.unsettled 2
        "2 is ready since 1 s", Given.readySince 1 2
        "3 is not registered", Given.unregistered 3
        "1 is offline", Given.offline 1
        "3 is offline", Given.offline 3
        "3 is removed", Given.removed 3
        "1 is removed", Given.removed 1
        "1 ends", Given.ending 1
        "3 ends", Given.ending 3
        "no Services", (fun observed -> { observed with Services = Map.empty })
        "the Services are another's",
        Looks.Services(fun service -> { service with Meta = { service.Meta with OwnerReferences = [] } })
        "the Services select nothing",
        Looks.Services(fun service -> {
            service with
                Spec = Json.withField "selector" Json.empty service.Spec
        })
        "no finalizer", (fun observed -> { observed with Meta = { observed.Meta with Finalizers = [] } })
        "0 sleeps", Given.asleep 1L 0
        "1 and 2 sleep", Given.asleep 1L 1 >> Given.asleep 1L 2
        "a budget", Given.withBudget id
        "an empty budget", Given.withBudget (fun budget -> { budget with Spec = Json.empty })
        "the budget is another's",
        Given.withBudget (fun budget -> { budget with Meta = { budget.Meta with OwnerReferences = [] } })
        "no budget", (fun observed -> { observed with Budget = Kubernetes.Sighting.Absent })
        "it is given up", Given.abandoned
        "its instances were told", Given.told
        "the cluster ends", Given.endingCluster
        "it is deleted", Given.deleting
        "suspended", Given.suspended
        "paused", Given.paused
        "no Cluster", (fun observed -> { observed with Cluster = None })
    ]

    static member private Starts = [ "PD", Given.pd; "TiKV", Given.tikv ]

    static member Look() : Arbitrary<Look<Observed>> = Look.any 8 Looks.Starts Looks.Changes
