namespace Tikv.Core.Api

/// What is wrong with an object: which field, what it holds, and what it may hold.
type Problem = {
    /// Path of the field, such as `spec.template.spec.volumes[0].storage`.
    Field: string
    /// What it holds, as JSON or text, cut to a length that a message bears; empty when the field is absent.
    Value: string
    /// What is allowed, in words that follow "it must".
    Allowed: string
}

[<RequireQualifiedAccess>]
module Problem =

    /// Characters of a value, and of a path (keys of maps are steps of it), that a message shows.
    let private shownOfValue, shownOfPath = 100, 300

    let private cut length (text: string) =
        if text.Length > length then text.Substring(0, length) + "..." else text

    let make (field: string) (value: string) (allowed: string) : Problem = {
        Field = cut shownOfPath field
        Value = cut shownOfValue value
        Allowed = allowed
    }

    /// A field that is not there, and has to be.
    let missing (field: string) (allowed: string) : Problem = make field "" allowed

    /// For people: conditions, events, logs and the command line all print this.
    let text problem =
        if problem.Value = "" then
            $"%s{problem.Field} is missing: it must %s{problem.Allowed}"
        else
            $"%s{problem.Field} is %s{problem.Value}: it must %s{problem.Allowed}"

/// The way to a value, innermost step first: field names, and `[0]` or `[key]` for items.
type Path = string list

[<RequireQualifiedAccess>]
module Path =
    let text (path: Path) =
        List.foldBack
            (fun (step: string) (text: string) ->
                if text = "" || step.StartsWith '[' then text + step else text + "." + step)
            path
            ""

    let item (index: int) (path: Path) : Path = $"[%d{index}]" :: path
    let key (key: string) (path: Path) : Path = $"[%s{key}]" :: path

    /// The path of a text such as `spec.template`.
    let ofText (text: string) : Path = text.Split '.' |> List.ofArray |> List.rev
