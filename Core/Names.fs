namespace Tikv.Core

open System

/// What Kubernetes lets things be called (Kubernetes documentation, "Object Names and IDs", "Labels and Selectors").
/// Each check takes the field that holds the value, for the message.
[<RequireQualifiedAccess>]
module Names =

    /// Of a DNS label, a label value, and the name part of a label key.
    let longestLabel = 63

    /// Of a DNS subdomain, and so of most object names.
    let longestSubdomain = 253

    let private isLower (char: char) = Char.IsAsciiLetterLower char || Char.IsAsciiDigit char

    let private refused (field: string) (value: string) (rule: string) =
        let shown = if value.Length > 300 then value.Substring(0, 300) + "..." else value
        Error $"%s{field}: \"%s{shown}\" is not allowed: %s{rule}"

    let private checkLength field (value: string) longest what =
        if value.Length > longest then
            refused field value $"%s{what} has at most %d{longest} characters, this has %d{value.Length}"
        else
            Ok value

    let private isLabel (value: string) =
        value <> ""
        && isLower value[0]
        && isLower value[value.Length - 1]
        && value |> Seq.forall (fun char -> isLower char || char = '-')

    /// A DNS label (RFC 1123).
    let label (field: string) (value: string) : Result<string, string> =
        if isLabel value then
            checkLength field value longestLabel "a DNS label"
        else
            refused
                field
                value
                "a DNS label consists of a-z, 0-9 and '-', and begins and ends with a letter or digit"

    /// A DNS subdomain (RFC 1123): labels joined by dots.
    let subdomain (field: string) (value: string) : Result<string, string> =
        if value.Split '.' |> Array.forall isLabel then
            checkLength field value longestSubdomain "a DNS subdomain"
        else
            refused
                field
                value
                "a DNS subdomain consists of a-z, 0-9, '-' and '.', and each part begins and ends with a letter or digit"

    let private isQualified (value: string) =
        value <> ""
        && Char.IsAsciiLetterOrDigit value[0]
        && Char.IsAsciiLetterOrDigit value[value.Length - 1]
        && value
           |> Seq.forall (fun char ->
               Char.IsAsciiLetterOrDigit char || char = '-' || char = '_' || char = '.')

    let private word =
        "consists of letters, digits, '-', '_' and '.', and begins and ends with a letter or digit"

    /// The value of a label; it may be empty.
    let labelValue (field: string) (value: string) : Result<string, string> =
        if value = "" || isQualified value then
            checkLength field value longestLabel "a label value"
        else
            refused field value $"a label value %s{word}"

    /// The key of a label or an annotation: a name, with an optional DNS subdomain and `/` before it.
    let qualifiedName (field: string) (value: string) : Result<string, string> =
        let name (value: string) (part: string) =
            if isQualified part then
                checkLength field part longestLabel "the name part of a key"
                |> Result.map (fun _ -> value)
            else
                refused field value $"the name part of a key %s{word}"

        match value.Split '/' with
        | [| part |] -> name value part
        | [| prefix; part |] -> subdomain field prefix |> Result.bind (fun _ -> name value part)
        | _ -> refused field value "a key has at most one '/'"

    /// The name of an instance, and of its Pod and ConfigMap.
    let instance (group: string) (index: int) = group + "-" + string index

    /// The index of an instance of the group; none when the name is not one of its own.
    let indexOf (group: string) (name: string) : int option =
        let prefix = group + "-"

        if name.StartsWith(prefix, StringComparison.Ordinal) then
            match Int32.TryParse(name.AsSpan prefix.Length) with
            | true, index when String.Equals(instance group index, name) && index >= 0 -> Some index
            | _ -> None
        else
            None
