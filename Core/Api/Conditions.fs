namespace Tikv.Core.Api

open System
open Tikv.Core

[<RequireQualifiedAccess>]
type ConditionStatus =
    | True
    | False
    | Unknown

/// metav1.Condition.
type Condition = {
    [<Doc "What the condition is about."; Required; MinLength 1; MaxLength 316>]
    Type: string
    [<Doc "Whether it holds."; Required>]
    Status: ConditionStatus
    [<Doc "The generation of the object that it was judged on."; Minimum 0>]
    ObservedGeneration: int64
    [<Doc "When status last changed (RFC 3339)."; Required>]
    LastTransitionTime: string
    [<Doc "Why, in one CamelCase word."; Required; MinLength 1; MaxLength 1024>]
    Reason: string
    [<Doc "Why, in words."; Required; MaxLength 32768>]
    Message: string
}

/// Keeping a list of conditions.
[<RequireQualifiedAccess>]
module Condition =

    let tryFind (name: string) (conditions: Condition list) : Condition option =
        conditions |> List.tryFind (fun condition -> condition.Type = name)

    /// Unknown when it is not there.
    let status (name: string) (conditions: Condition list) : ConditionStatus =
        match tryFind name conditions with
        | Some condition -> condition.Status
        | None -> ConditionStatus.Unknown

    let isTrue name conditions = status name conditions = ConditionStatus.True

    /// Adds the condition at the end, or replaces it where it stands. The time of its last transition changes only with
    /// its status; one that is still to come was written by a clock that has been set back since, and is taken for now, lest
    /// who counts from it wait for that clock. Without a message the reason stands for it: API servers there are (1.20) that
    /// take an empty text for null and refuse it. `clock` is the wall clock; `generation` is that of the object that was judged.
    let set
        (clock: DateTimeOffset)
        (generation: int64)
        (name: string)
        (status: ConditionStatus)
        (reason: string)
        (message: string)
        (conditions: Condition list)
        : Condition list =
        let since time = {
            Type = name
            Status = status
            ObservedGeneration = generation
            LastTransitionTime = time
            Reason = reason
            Message = (if message = "" then reason else message)
        }

        let replaceBy condition =
            conditions
            |> List.map (fun found -> if found.Type = name then condition else found)

        let isPast moment = Timestamp.tryParse moment |> Option.forall (fun at -> at <= clock)

        match tryFind name conditions with
        | None -> conditions @ [ since (Timestamp.print clock) ]
        | Some old when old.Status = status && isPast old.LastTransitionTime ->
            let condition = since old.LastTransitionTime
            if condition = old then conditions else replaceBy condition
        | Some _ -> replaceBy (since (Timestamp.print clock))

    /// For conditions that are there only while they are true (kstatus).
    let remove (name: string) (conditions: Condition list) : Condition list =
        if (tryFind name conditions).IsSome then
            conditions |> List.filter (fun condition -> condition.Type <> name)
        else
            conditions

    /// There with its reason and message, and True, while there is one; not there otherwise.
    let onlyWhile clock generation (name: string) (why: (string * string) option) conditions =
        match why with
        | Some(reason, message) -> conditions |> set clock generation name ConditionStatus.True reason message
        | None -> conditions |> remove name
