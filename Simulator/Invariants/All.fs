/// Every property.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.All

let invariants: Invariant list =
    DataSafety.all
    @ [ Identity.injective; Identity.idIsRecordedOnce; Identity.oneBootstrap ]
    @ Availability.all
    @ Eviction.all
    @ ChangeOrder.all
    @ [
        Hygiene.deletesCarryUid
        Hygiene.foreignFieldsStay
        Hygiene.namesAreOwn
        Children.asMany
        Doubt.settledFirst
        Honesty.readyIsTrue
        Hygiene.secretsStaySecret
        Hygiene.invalidDisruptsNothing
        Quiescence.settledIsStill
    ]
    @ Replacing.all
    @ Liveness.all
    |> List.sortBy _.Property.Id
