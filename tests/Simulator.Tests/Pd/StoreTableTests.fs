/// The table V B10: what each event makes of a store in each state.
module Tikv.Simulator.Tests.Pd.StoreTableTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

let private t1 = afterwards
let private six = StoreId 6UL
let private delete force = $"""/pd/api/v1/store/6%s{if force then "?force=true" else ""}"""

let private serving = lazy (stores 5 40)

/// Store 6 in the given state, a little after `t1`.
let private world state =
    let asked verb path world = ask t1 "pd-0" verb path "" world |> fst

    match state with
    | "serving" -> serving.Value
    | "removing" -> serving.Value |> asked "DELETE" (delete false)
    | "destroyed" -> serving.Value |> asked "DELETE" (delete true)
    | "removed" ->
        serving.Value
        |> asked "DELETE" (delete false)
        |> PdWorld.advance (t1 + 1_000_000L)
    | "deleted" ->
        let now = t1 + 1_000_000L

        serving.Value
        |> asked "DELETE" (delete false)
        |> PdWorld.advance now
        |> ask now "pd-0" "DELETE" "/pd/api/v1/stores/remove-tombstone" ""
        |> fst
    | other -> failwith other

let private now state = if state = "removed" || state = "deleted" then t1 + 1_000_000L else t1

let private stateOf world =
    match Map.tryFind six (group world).Cluster.Stores with
    | Some store when store.PhysicallyDestroyed -> $"%A{store.NodeState}+destroyed"
    | Some store -> $"%A{store.NodeState}"
    | None -> "none"

[<TestCase("serving", "DELETE", false, 200, "Removing")>]
[<TestCase("removing", "DELETE", false, 200, "Removing")>]
[<TestCase("destroyed", "DELETE", false, 400, "Removing+destroyed")>]
[<TestCase("removed", "DELETE", false, 410, "Removed")>]
[<TestCase("deleted", "DELETE", false, 404, "none")>]
[<TestCase("serving", "DELETE", true, 200, "Removing+destroyed")>]
[<TestCase("removing", "DELETE", true, 200, "Removing+destroyed")>]
[<TestCase("destroyed", "DELETE", true, 200, "Removing+destroyed")>]
[<TestCase("removed", "DELETE", true, 410, "Removed")>]
[<TestCase("deleted", "DELETE", true, 404, "none")>]
[<TestCase("serving", "UP", false, 200, "Serving")>]
[<TestCase("removing", "UP", false, 200, "Serving")>]
[<TestCase("destroyed", "UP", false, 400, "Removing+destroyed")>]
[<TestCase("removed", "UP", false, 410, "Removed")>]
[<TestCase("deleted", "UP", false, 404, "none")>]
[<TestCase("serving", "REMOVE-TOMBSTONE", false, 200, "Serving")>]
[<TestCase("removing", "REMOVE-TOMBSTONE", false, 200, "Removing")>]
[<TestCase("removed", "REMOVE-TOMBSTONE", false, 200, "none")>]
let ``a request changes a store as the table says``
    (state: string, event: string, force: bool, status: int, result: string)
    =
    let verb, path =
        match event with
        | "UP" -> "POST", "/pd/api/v1/store/6/state?state=Up"
        | "DELETE" -> "DELETE", delete force
        | _ -> "DELETE", "/pd/api/v1/stores/remove-tombstone"

    let after, (answered, _, _) = ask (now state) "pd-0" verb path "" (world state)
    answered |> shouldBe status
    stateOf after |> shouldBe result

let private register state start =
    let world = world state
    let now = now state

    match Stores.register timings now epoch false start start.Disk.Value.Store (group world).Cluster with
    | Ok cluster -> $"%A{cluster.Stores[start.Disk.Value.Store].NodeState}"
    | Error message -> message.Split(':')[0]

let private put number address = {
    tikv "tikv-9" (Some { Cluster = ClusterId 0UL; Store = StoreId number }) with
        Address = address
}

let private addressOfSix = lazy ((group serving.Value).Cluster.Stores[six].Address)

[<TestCase("serving", "Serving")>]
[<TestCase("removing", "Removing")>]
[<TestCase("destroyed", "Removing")>]
[<TestCase("removed", "store 6 is tombstone")>]
[<TestCase("deleted", "Preparing")>]
let ``a store registers again as the table says`` (state: string, result: string) =
    register state (put 6UL addressOfSix.Value) |> shouldBe result

[<TestCase("serving", "duplicated store address")>]
[<TestCase("removing", "duplicated store address")>]
[<TestCase("destroyed", "Preparing")>]
[<TestCase("removed", "Preparing")>]
[<TestCase("deleted", "Preparing")>]
let ``another store takes its address as the table says`` (state: string, result: string) =
    register state (put 99UL addressOfSix.Value) |> shouldBe result

[<Test>]
let ``with no store to spare a removal is refused and nothing changes`` () =
    let three = stores 3 10
    let after, (status, body, _) = ask t1 "pd-0" "DELETE" "/pd/api/v1/store/5" "" three
    status |> shouldBe 400
    Assert.That(PdBody.message body, Does.Contain "the number of up stores would be 2 while need 3")
    (group after).Cluster |> shouldBe (group three).Cluster
