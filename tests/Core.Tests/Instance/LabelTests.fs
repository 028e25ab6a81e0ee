module Tikv.Core.Tests.Instance.LabelTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private node labels : Sighting<NodeView> =
    Sighting.Known {
        Meta = { Meta.named "" "node-1" with Labels = Map.ofList labels }
        Ready = true
        ReadySince = ""
        Unschedulable = false
        Taints = []
    }

let private located = [
    "topology.kubernetes.io/region", "r1"
    "topology.kubernetes.io/zone", "z1"
    "kubernetes.io/hostname", "node-1"
    "rack", "k7"
]

let private by labels = withFacts (fun facts -> { facts with LocationLabels = labels })
let private on labels (observed: Observed) = { observed with Node = node labels }
let private bears labels = withStore 2 (fun store -> { store with Labels = Map.ofList labels })

let private serverLabels labels =
    withTikvRole (fun (spec, status) ->
        let server = { spec.Template.Server with Labels = Map.ofList labels }
        { spec with Template = { spec.Template with Server = server } }, status)

let private sets labels = act [ SetStoreLabels(storeId 2, Map.ofList labels) ]

[<Test>]
let ``a store bears PD's location labels, by the labels of its node`` () =
    tikv
    |> by [ "region"; "zone"; "host" ]
    |> on located
    |> decide
    |> shouldBe (sets [ "region", "r1"; "zone", "z1"; "host", "node-1" ])

[<Test>]
let ``a location label may be the key of a label of nodes itself`` () =
    tikv
    |> by [ "rack"; "topology.kubernetes.io/zone" ]
    |> on located
    |> decide
    |> shouldBe (sets [ "rack", "k7"; "topology.kubernetes.io/zone", "z1" ])

[<Test>]
let ``a store bears the labels of its group`` () =
    tikv
    |> serverLabels [ "disk", "ssd" ]
    |> decide
    |> shouldBe (sets [ "disk", "ssd" ])

[<Test>]
let ``only what differs is sent, and keys are compared without case`` () =
    tikv
    |> by [ "zone"; "host" ]
    |> on located
    |> bears [ "Zone", "z1"; "host", "elsewhere" ]
    |> decide
    |> shouldBe (sets [ "host", "node-1" ])

[<Test>]
let ``labels of others stay, and a store with all its labels is left alone`` () =
    tikv
    |> by [ "zone" ]
    |> on located
    |> bears [ "zone", "z1"; "engine", "tiflash"; "disk", "old" ]
    |> decide
    |> shouldBe settled

[<Test>]
let ``a store serves without the labels that its node lacks, or that cannot be seen`` () =
    tikv |> by [ "zone" ] |> on [] |> decide |> shouldBe settled

    { by [ "zone" ] tikv with Node = Sighting.Unknown }
    |> decide
    |> shouldBe settled

[<Test>]
let ``labels come last: nothing waits for them`` () =
    tikv
    |> by [ "zone" ]
    |> on located
    |> holding
    |> decide
    |> shouldBe (act [ ReleaseDisruption(clusterMeta (holding tikv)) ])

[<Test>]
let ``without PD no label is set`` () =
    (tikv |> by [ "zone" ] |> on located |> silent |> decide).Actions |> shouldBe []

[<Test>]
let ``a new label of the group restarts nothing`` () =
    let observed = tikv |> serverLabels [ "disk", "ssd" ]
    Revision.ofProcess observed |> shouldBe (Revision.ofProcess tikv)

[<Test>]
let ``no other store is labelled, and no label is taken away`` () =
    Lint.instance tikv [ SetStoreLabels(storeId 1, Map [ "zone", "z1" ]) ]
    |> shouldBe [ "only the instance's own store is labelled (law 9)" ]

    Lint.instance tikv [ SetStoreLabels(storeId 2, Map [ "zone", "" ]) ]
    |> shouldBe [ "a label of a store is never taken away: it may be another's (law 9)" ]
