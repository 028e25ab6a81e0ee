namespace Tikv.Core

/// What one look at the world led to. Both lists empty means: as desired.
type Decision<'Action, 'Reason> = {
    /// Carry out in this order. The first failure ends the round; the next round observes afresh.
    Actions: 'Action list
    /// Why something that still differs is being left alone for now. Every reason, not only the first.
    Waiting: 'Reason list
}

[<RequireQualifiedAccess>]
module Decision =
    let settled<'Action, 'Reason> : Decision<'Action, 'Reason> = { Actions = []; Waiting = [] }
    let act actions : Decision<'Action, 'Reason> = { Actions = actions; Waiting = [] }
    let wait reasons : Decision<'Action, 'Reason> = { Actions = []; Waiting = reasons }

    let isSettled (decision: Decision<'Action, 'Reason>) =
        List.isEmpty decision.Actions && List.isEmpty decision.Waiting

    /// Several decisions as one, in the order given; a reason given twice is kept once.
    let together (decisions: Decision<'Action, 'Reason> list) : Decision<'Action, 'Reason> =
        if decisions |> List.forall isSettled then
            settled
        else
            {
                Actions = decisions |> List.collect _.Actions
                Waiting = decisions |> List.collect _.Waiting |> List.distinct
            }

/// A rule looks at one concern. It neither remembers nor performs anything.
type Rule<'Observed, 'Action, 'Reason> = 'Observed -> Decision<'Action, 'Reason>

[<RequireQualifiedAccess>]
module Rule =
    /// The first rule that is not settled decides: a rule may rely on all that stand above it.
    let inTurn (rules: Rule<'Observed, 'Action, 'Reason> list) : Rule<'Observed, 'Action, 'Reason> =
        let rec first rules observed =
            match rules with
            | [] -> Decision.settled
            | rule :: others ->
                let decision = rule observed
                if Decision.isSettled decision then first others observed else decision

        fun observed -> first rules observed

    /// Every rule decides, in the order given; a reason given twice is kept once.
    let together (rules: Rule<'Observed, 'Action, 'Reason> list) : Rule<'Observed, 'Action, 'Reason> =
        fun observed -> rules |> List.map (fun rule -> rule observed) |> Decision.together
