namespace Tikv.Core

open System
open Tikv.Core.Api

/// How a decision is told in the conditions of an object: the same words at every layer, and one place that knows
/// kstatus (Ready, Reconciling, Stalled).
[<RequireQualifiedAccess>]
module Report =
    /// One verdict on an object.
    type Verdict = {
        Ready: ConditionStatus
        Synced: bool
        /// Why not, as code and text, most important first. Empty when all is as desired.
        Why: (string * string) list
        /// Nothing moves until somebody repairs the object.
        Stalled: bool
    }

    /// What is to be changed of a status; none when it says all there is to say.
    let change (old: 'Status, now: 'Status) : Json option =
        if now = old then None else MergePatch.diff (Codec.encode old) (Codec.encode now)

    /// Ready and Synced are always there; Reconciling and Stalled only while they are true (kstatus).
    let conditions clock generation verdict old =
        let set name status (reason, message: string) =
            Condition.set clock generation name status reason message

        let why =
            match verdict.Why with
            | [] -> None
            | (code, _) :: _ -> Some(code, String.Join("; ", verdict.Why |> List.map snd |> List.distinct))

        let because standard = why |> Option.defaultValue standard

        let whether holds = if holds then ConditionStatus.True else ConditionStatus.False

        let ready =
            match verdict.Ready with
            | ConditionStatus.True -> "Ready", "it serves"
            | ConditionStatus.False
            | ConditionStatus.Unknown -> because (ConditionReason.Creating, "it is being built")

        let synced =
            if verdict.Synced then
                ConditionReason.AllUpToDate, "everything is as the specification says"
            else
                because (ConditionReason.Waiting, "changes are being carried out")

        let settled = verdict.Synced && verdict.Why.IsEmpty && verdict.Ready = ConditionStatus.True

        old
        |> set ConditionType.Ready verdict.Ready ready
        |> set ConditionType.Synced (whether verdict.Synced) synced
        |> if settled || verdict.Stalled then
               Condition.remove ConditionType.Reconciling
           else
               set
                   ConditionType.Reconciling
                   ConditionStatus.True
                   (because (
                       if verdict.Ready = ConditionStatus.True then
                           ConditionReason.Waiting, "changes are being carried out"
                       else
                           ConditionReason.Creating, "it is being built"
                   ))
        |> if verdict.Stalled then
               set ConditionType.Stalled ConditionStatus.True (because ("Stalled", "a repair is needed"))
           else
               Condition.remove ConditionType.Stalled

    /// A number that is reported only when it has moved by a tenth, or to or from zero: counts of regions move all the
    /// time, and a settled cluster makes no writes (architecture, law 10).
    let coarse (old: int option) (now: int) =
        match old with
        | Some old when (old = 0) = (now = 0) && abs (now - old) * 10 <= max old now -> Some old
        | _ -> Some now
