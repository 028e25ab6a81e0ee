/// Runs as JUnit XML: a test case a scenario. The same runs give the same bytes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Junit

open System.IO
open System.Text
open System.Xml
open Tikv.Simulator.Run

let private seconds value = Markup.number 3 value

/// Lines of the transcript under a failure.
let private most = 40

let private attributes (pairs: (string * string) list) (writer: XmlWriter) =
    for name, value in pairs do
        writer.WriteAttributeString(name, Markup.clean value)

let private element (name: string) pairs (inside: XmlWriter -> unit) (writer: XmlWriter) =
    writer.WriteStartElement name
    attributes pairs writer
    inside writer
    writer.WriteEndElement()

let private nothing (_: XmlWriter) = ()

/// What failed, as test reports group it: the id of a property, or `stuck`.
let private kind (account: Account) =
    match Account.broken account with
    | first :: _ -> first.Property.Id
    | [] -> Account.verdict account

let private failure (account: Account) =
    [
        Run.words account.Result
        ""
        match Account.tryDeed account with
        | Some deed ->
            Account.deedWords deed
            ""
        | None -> ()
        "To run it again: " + account.Replay
        ""
        match account.Why with
        | Some why ->
            yield! Explanation.print why
            ""
        | None -> ()
        "The last of it:"
        yield! Account.lastLines most account
    ]
    |> String.concat "\n"
    |> Markup.clean

let private testCase (account: Account) (writer: XmlWriter) =
    let properties = [
        "seed", string (Account.scenario account).World.Seed
        "fingerprint", Account.fingerprint account
        "shows", (Account.scenario account).Shows
        "replay", account.Replay
    ]

    writer
    |> element
        "testcase"
        [
            "classname", "tikv-sim"
            "name", account.Result.Scenario
            "time", seconds (Account.seconds account)
        ]
        (fun writer ->
            writer
            |> element "properties" [] (fun writer ->
                for name, value in properties do
                    element "property" [ "name", name; "value", value ] nothing writer)

            if not (Account.isGood account) then
                writer
                |> element
                    "failure"
                    [ "type", kind account; "message", Run.words account.Result ]
                    (fun writer -> writer.WriteString(failure account)))

/// `time` is in seconds of the simulated world, so that it tells the same each time.
let print (accounts: Account list) : string =
    let failed = accounts |> List.filter (Account.isGood >> not) |> List.length

    let sums = [
        "name", "tikv-sim"
        "tests", string accounts.Length
        "failures", string failed
        "errors", "0"
        "skipped", "0"
        "time", seconds (accounts |> List.sumBy Account.seconds)
    ]

    let settings = XmlWriterSettings(Indent = true, NewLineChars = "\n", Encoding = UTF8Encoding false)

    use bytes = new MemoryStream()

    using (XmlWriter.Create(bytes, settings)) (fun writer ->
        writer
        |> element
            "testsuites"
            (sums |> List.filter (fun (name, _) -> name <> "skipped"))
            (element "testsuite" sums (fun writer -> accounts |> List.iter (fun one -> testCase one writer))))

    Encoding.UTF8.GetString(bytes.ToArray()) + "\n"
