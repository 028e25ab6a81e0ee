/// How a change looks to one watcher.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Watch

/// What a watcher with this selector is told of a change: an object that leaves the selector is told as deleted, with
/// its new revision, though it still exists; one that enters it, as added.
let view selector (change: Change) =
    if Selectors.isEverything selector then
        Some struct (change.Type, change.Object)
    else
        let before =
            change.Type <> ChangeType.Added
            && change.Previous |> Option.exists (Selectors.selects selector)

        let after = change.Type <> ChangeType.Deleted && Selectors.selects selector change.Object

        match before, after with
        | true, true -> Some struct (ChangeType.Modified, change.Object)
        | false, true -> Some struct (ChangeType.Added, change.Object)
        | true, false ->
            match change.Type, change.Previous with
            | ChangeType.Modified, Some previous ->
                Some
                    struct (ChangeType.Deleted,
                            Meta.setText "resourceVersion" (string change.Revision) previous)
            | _ -> Some struct (ChangeType.Deleted, change.Object)
        | false, false -> None
