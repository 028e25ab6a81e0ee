namespace Tikv.Simulator.WhatIf

open Argu

[<RequireQualifiedAccess>]
type ImportArgument =
    | [<MainCommand; Unique; Mandatory>] Dump of path: string
    | [<Unique>] Cluster of name: string
    | [<Unique>] Into of file: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Dump _ ->
                "a file of `tikv-operator snapshot`, or a folder of what kubectl and PD printed (docs/what-if.md)"
            | Cluster _ -> "which Cluster of the dump, as NAME or NAMESPACE/NAME (default: the only one)"
            | Into _ -> "the scenario file to write (default: print it)"

[<RequireQualifiedAccess>]
type PreviewArgument =
    | [<MainCommand; Unique; Mandatory>] Source of path: string
    | Change of what: string
    | [<AltCommandLine "-f">] File of manifest: string
    | [<Unique>] Cluster of name: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Source _ -> "a dump, as for import; or a scenario: a file, or the name of one"
            | Change _ ->
                $"what is changed; may be said again: %s{Phrases.changeForms}; or a step of a scenario"
            | File _ -> "a changed manifest of the Cluster or of groups; may be said again"
            | Cluster _ -> "which Cluster of the dump, as NAME or NAMESPACE/NAME (default: the only one)"

[<RequireQualifiedAccess>]
type WhatIfArgument =
    | [<MainCommand; Unique; Mandatory>] Source of path: string
    | Change of what: string
    | [<AltCommandLine "-f">] File of manifest: string
    | Fault of what: string
    | [<Unique>] Cluster of name: string
    | [<Unique>] Seeds of number: int
    | [<Unique>] Seed of number: uint64
    | [<Unique>] Shard of part: string
    | [<Unique>] Patience of span: string
    | [<Unique>] Save of file: string
    | [<Unique>] Html of file: string
    | [<Unique>] Json of file: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Source _ -> "a dump, as for import; or a scenario: a file, or the name of one"
            | Change _ ->
                $"what is changed; may be said again (default: the steps of the scenario): %s{Phrases.changeForms}; or a step of a scenario, such as '{{restart: TiKVGroup/basic-tikv, note: once}}'"
            | File _ -> "a changed manifest of the Cluster or of groups; may be said again"
            | Fault _ ->
                $"what strikes meanwhile; may be said again: %s{Phrases.faultForms}; or a step of a scenario, such as '{{slowDisk: basic-tikv-0}}'"
            | Cluster _ -> "which Cluster of the dump, as NAME or NAMESPACE/NAME (default: the only one)"
            | Seeds _ -> "how many runs (default: 100)"
            | Seed _ -> "the first seed; each run has the next one (default: 1)"
            | Shard _ -> "one of several parts of the runs, such as 2/8 (default: all of them)"
            | Patience _ ->
                "how much longer than without the fault it may take before it waits for a person (default: 3h)"
            | Save _ -> "write the worst run to this file, as a scenario"
            | Html _ -> "write a page that shows the worst run to this file"
            | Json _ -> "write the answer with every run to this file"

[<RequireQualifiedAccess>]
module Arguments =

    let import (given: ParseResults<ImportArgument>) : int =
        Command.import
            (given.GetResult ImportArgument.Dump)
            (given.TryGetResult ImportArgument.Cluster)
            (given.TryGetResult ImportArgument.Into)

    let preview (given: ParseResults<PreviewArgument>) : int =
        Command.preview {
            Source = given.GetResult PreviewArgument.Source
            Cluster = given.TryGetResult PreviewArgument.Cluster
            Changes = given.GetResults PreviewArgument.Change
            Files = given.GetResults PreviewArgument.File
            Faults = []
            Seeds = 1
            FirstSeed = 1UL
            Shard = None
            Patience = "3h"
            Save = None
            Html = None
            Json = None
        }

    let whatif (given: ParseResults<WhatIfArgument>) : int =
        Command.whatif {
            Source = given.GetResult WhatIfArgument.Source
            Cluster = given.TryGetResult WhatIfArgument.Cluster
            Changes = given.GetResults WhatIfArgument.Change
            Files = given.GetResults WhatIfArgument.File
            Faults = given.GetResults WhatIfArgument.Fault
            Seeds = given.GetResult(WhatIfArgument.Seeds, 100)
            FirstSeed = given.GetResult(WhatIfArgument.Seed, 1UL)
            Shard = given.TryGetResult WhatIfArgument.Shard
            Patience = given.GetResult(WhatIfArgument.Patience, "3h")
            Save = given.TryGetResult WhatIfArgument.Save
            Html = given.TryGetResult WhatIfArgument.Html
            Json = given.TryGetResult WhatIfArgument.Json
        }
