namespace Tikv.Core.Tests.Group

open FsCheck
open FsCheck.FSharp
open Tikv.Core
open Tikv.Core.Group
open Tikv.Core.Tests.Group

/// Any look at a group that the world can show.
type Looks =
    static member private Changes: (Observed -> Observed) list = [
        Given.withoutClusterId
        Given.notBootstrapped
        Given.replicas 0
        Given.replicas 1
        Given.replicas 5
        Given.without [ 1 ]
        Given.withSurplus [ 3 ]
        Given.withSurplus [ 3; 4; 6 ]
        Given.withoutInstance 1
        Given.withoutInstance 0 >> Given.withoutInstance 1 >> Given.withoutInstance 2
        Given.version "v8.5.3"
        (fun observed -> {
            observed with
                PdGroups = [ Given.pdGroup "basic-pd" None; Given.pdGroup "another-pd" None ]
        })
        (fun observed -> { observed with Pd = Tikv.Core.Pd.PdView.Silent "no answer" })
        Given.retained [ 3; 4 ]
        (fun observed -> { observed with LeavingElsewhere = [ "other-tikv-0" ] })
        Given.outdated 0
        Given.outdated 1
        Given.outdated 2
        Given.oldSettings 1
        Given.notReady 0
        Given.notReady 1
        Given.notReady 3
        Given.unknown 0 >> Given.unknown 1 >> Given.unknown 2
        Given.broken 1
        Given.broken 2
        Given.unproven 0
        Given.leads 2
        Given.priority 0 0
        Given.deferred 0
        Given.deferred 3
        Given.unsettled 2
        Given.readySince 1 2
        Given.unregistered 3
        Given.offline 1
        Given.offline 3
        Given.removed 3
        Given.removed 1
        Given.ending 1
        Given.ending 3
        (fun observed -> { observed with Services = Map.empty })
        (fun observed -> {
            observed with
                Services =
                    observed.Services
                    |> Map.map (fun _ service -> {
                        service with
                            Meta = { service.Meta with OwnerReferences = [] }
                    })
        })
        (fun observed -> {
            observed with
                Services =
                    observed.Services
                    |> Map.map (fun _ service -> {
                        service with
                            Spec = Json.withField "selector" Json.empty service.Spec
                    })
        })
        (fun observed -> { observed with Meta = { observed.Meta with Finalizers = [] } })
        Given.asleep 1L 0
        Given.asleep 1L 1 >> Given.asleep 1L 2
        Given.withBudget id
        Given.withBudget (fun budget -> { budget with Spec = Json.empty })
        Given.withBudget (fun budget -> { budget with Meta = { budget.Meta with OwnerReferences = [] } })
        (fun observed -> { observed with Budget = Tikv.Core.Kubernetes.Sighting.Absent })
        Given.abandoned
        Given.endingCluster
        Given.deleting
        Given.suspended
        Given.paused
        (fun observed -> { observed with Cluster = None })
    ]

    static member Observed() : Arbitrary<Observed> =
        gen {
            let! start = Gen.elements [ Given.pd; Given.tikv ]
            let! count = Gen.choose (0, 8)
            let! happened = Gen.listOfLength count (Gen.choose (0, Looks.Changes.Length - 1))

            return
                happened
                |> List.distinct
                |> List.sort
                |> List.fold (fun observed index -> Looks.Changes[index] observed) start
        }
        |> Arb.fromGen
