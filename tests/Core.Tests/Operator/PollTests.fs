/// What PD said in one round of questions, as facts.
module Tikv.Core.Tests.Operator.PollTests

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Core.Tests.Words
open NUnit.Framework

module One = Tikv.Core.Tests.Instance.Given

let private member' (fact: MemberFact) : Member = {
    Id = fact.Id
    Name = fact.Name
    PeerUrls = fact.PeerUrls
    ClientUrls = fact.ClientUrls
    LeaderPriority = 0
    Version = "v8.5.2"
}

let private health (fact: MemberFact) : MemberHealth = {
    Id = fact.Id
    Name = fact.Name
    ClientUrls = fact.ClientUrls
    Health = fact.Healthy
}

/// A round in which PD tells these facts, in their order.
let private poll (facts: PdFacts) : Poll =
    let leader = facts.Members |> List.tryFind _.IsLeader |> Option.map member'

    let answers = [
        PdCall.GetMembers,
        PdEncode.members {
            ClusterId = facts.ClusterId
            Members = facts.Members |> List.map member'
            Leader = leader
            EtcdLeader = leader
        }
        PdCall.GetHealth, PdEncode.health (facts.Members |> List.map health)
        PdCall.GetStores, PdEncode.stores facts.Stores
        PdCall.GetReplicationConfig,
        PdEncode.replication {
            MaxReplicas = facts.MaxReplicas
            LocationLabels = facts.LocationLabels
            IsolationLevel = facts.IsolationLevel
            StrictlyMatchLabel = false
            EnablePlacementRules = true
        }
        PdCall.GetEvictLeaders, PdEncode.evictLeaders facts.Evicting
        PdCall.GetRegionCount, Json.object [ "count", Json.int facts.Regions ]
    ]

    {
        Namespace = "default"
        Cluster = "basic"
        AskedAt = facts.AskedAt
        Awaited = Map.empty
        IsRepeated = false
        Answers =
            answers
            |> List.map (fun (call, body) -> call, Done { Status = 200; Body = PdBody.Json body })
    }

[<Test>]
let ``facts are in the order of ids, however PD lists members and stores (V I64)`` () =
    let { Members = members; Stores = stores } = One.facts

    for facts in [ One.facts; { One.facts with Members = List.rev members; Stores = List.rev stores } ] do
        match Poll.view (poll facts) with
        | PdView.Answered facts ->
            facts.Members |> List.map _.Id |> shouldBe (members |> List.map _.Id)
            facts.Stores |> List.map _.Id |> shouldBe (stores |> List.map _.Id)
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``questions whose answers were lost are asked once more, when PD has answered others`` () =
    let whole = poll One.facts

    let losing calls = {
        whole with
            Answers =
                whole.Answers
                |> List.map (fun (call, outcome) ->
                    call, (if List.contains call calls then Unknown "no answer" else outcome))
    }

    Poll.unanswered whole |> shouldBe []
    Poll.unanswered (losing [ PdCall.GetStores ]) |> shouldBe [ PdCall.GetStores ]

    Poll.unanswered { losing [ PdCall.GetStores ] with IsRepeated = true }
    |> shouldBe []

    Poll.unanswered (losing Poll.questions) |> shouldBe []
