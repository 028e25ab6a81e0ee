/// Every property, in the order of its id.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.All

let invariants: Invariant list = [
    Claims.areKept
    Identity.injective
    Identity.idIsRecordedOnce
    Identity.oneBootstrap
    Hygiene.deletesCarryUid
    Children.asMany
    Honesty.readyIsTrue
    Quiescence.settledIsStill
]
