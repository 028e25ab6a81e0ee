namespace Tikv.Core

open System

/// A semantic version (semver.org 2.0), with or without the `v` that TiKV's image tags carry. Equality and order are
/// those of precedence: build metadata and the `v` do not count.
[<CustomEquality; CustomComparison>]
type SemVer = {
    Major: int
    Minor: int
    Patch: int
    /// The identifiers after `-`; none for a release.
    Prerelease: string list
    /// What follows `+`; empty when there is none.
    Build: string
    /// As it was written.
    Text: string
} with

    static member private IsNumber(identifier: string) = identifier |> Seq.forall Char.IsAsciiDigit

    /// Numbers by value (they have no leading zeros), before words; words in ASCII order.
    static member private CompareIdentifiers(one: string, other: string) =
        match SemVer.IsNumber one, SemVer.IsNumber other with
        | true, true when one.Length <> other.Length -> compare one.Length other.Length
        | true, false -> -1
        | false, true -> 1
        | _ -> String.CompareOrdinal(one, other)

    /// A release comes after its prereleases; of two lists the longer one, when one begins the other.
    static member private ComparePrereleases(one: string list, other: string list) =
        match one, other with
        | [], [] -> 0
        | [], _ -> 1
        | _, [] -> -1
        | _ ->
            Seq.zip one other
            |> Seq.map SemVer.CompareIdentifiers
            |> Seq.tryFind ((<>) 0)
            |> Option.defaultValue (compare one.Length other.Length)

    static member private Precedence(one: SemVer, other: SemVer) =
        match compare (one.Major, one.Minor, one.Patch) (other.Major, other.Minor, other.Patch) with
        | 0 -> SemVer.ComparePrereleases(one.Prerelease, other.Prerelease)
        | order -> order

    override this.Equals(other: obj) =
        match other with
        | :? SemVer as other -> SemVer.Precedence(this, other) = 0
        | _ -> false

    override this.GetHashCode() = HashCode.Combine(this.Major, this.Minor, this.Patch, this.Prerelease.Length)
    override this.ToString() = this.Text

    interface IComparable with
        member this.CompareTo(other: obj | null) =
            match other with
            | :? SemVer as other -> SemVer.Precedence(this, other)
            | _ -> 1

[<RequireQualifiedAccess>]
module SemVer =

    let private number (text: string) =
        if
            text = ""
            || not (text |> Seq.forall Char.IsAsciiDigit)
            || (text.Length > 1 && text[0] = '0')
        then
            None
        else
            match Int32.TryParse text with
            | true, number -> Some number
            | false, _ -> None

    let private isIdentifier (text: string) =
        text <> ""
        && text |> Seq.forall (fun char -> Char.IsAsciiLetterOrDigit char || char = '-')

    /// A numeric identifier of a prerelease has no leading zero.
    let private isPrereleaseIdentifier (text: string) =
        isIdentifier text
        && (text.Length = 1
            || text[0] <> '0'
            || text |> Seq.exists (Char.IsAsciiDigit >> not))

    /// The text before the first `mark`, and what follows it, if it is there.
    let private cut (mark: char) (text: string) =
        match text.IndexOf mark with
        | -1 -> text, None
        | at -> text.Substring(0, at), Some(text.Substring(at + 1))

    let private identifiers (text: string option) =
        text
        |> Option.map (fun text -> List.ofArray (text.Split '.'))
        |> Option.defaultValue []

    let parse (text: string) : Result<SemVer, string> =
        let rest, build = cut '+' (if text.StartsWith 'v' then text.Substring 1 else text)
        let core, prerelease = cut '-' rest
        let prereleases = identifiers prerelease

        match core.Split '.' |> Array.map number with
        | [| Some major; Some minor; Some patch |] when
            List.forall isPrereleaseIdentifier prereleases
            && List.forall isIdentifier (identifiers build)
            ->
            Ok {
                Major = major
                Minor = minor
                Patch = patch
                Prerelease = prereleases
                Build = build |> Option.defaultValue ""
                Text = text
            }
        | _ ->
            Error
                $"\"%s{text}\" is not a version: it must be MAJOR.MINOR.PATCH with an optional -prerelease and +build, such as v8.5.0"

    let major version = version.Major
    let minor version = version.Minor
    let isPrerelease version = not (List.isEmpty version.Prerelease)

    /// Without `v`, as PD wants its `cluster-version`.
    let print version =
        let prerelease = if isPrerelease version then "-" + String.concat "." version.Prerelease else ""

        let build = if version.Build = "" then "" else "+" + version.Build
        $"%d{version.Major}.%d{version.Minor}.%d{version.Patch}%s{prerelease}%s{build}"

    /// Whether the version is of this major and minor, or later; its prereleases count as it.
    let atLeast major minor version = (version.Major, version.Minor) >= (major, minor)
