/// Which part may know which, as the compiled assemblies have it.
module Tikv.Tidy.Tests.ArchitectureTests

open System
open System.IO
open System.Reflection.Metadata
open System.Reflection.PortableExecutable
open NUnit.Framework

let private references assembly =
    use stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"))
    use reader = new PEReader(stream)
    let metadata = reader.GetMetadataReader()

    [
        for handle in metadata.AssemblyReferences do
            metadata.GetString (metadata.GetAssemblyReference handle).Name
    ]

let private isPlatform (name: string) =
    name = "FSharp.Core"
    || name = "netstandard"
    || name.StartsWith("System.", StringComparison.Ordinal)

let private others (allowed: string list) assembly =
    references assembly
    |> List.filter (fun name -> not (isPlatform name || List.contains name allowed))

[<Test>]
let ``Core knows nothing but FSharp.Core and the base class library`` () =
    Assert.That(others [] "Tikv.Core", Is.Empty)

[<Test>]
let ``Core has no sockets, processes, threads or tasks at hand`` () =
    let forbidden = [
        "System.Net"
        "System.Diagnostics.Process"
        "System.IO.FileSystem"
        "System.Threading"
        "System.Console"
    ]

    let found =
        references "Tikv.Core"
        |> List.filter (fun name ->
            forbidden
            |> List.exists (fun prefix -> name.StartsWith(prefix, StringComparison.Ordinal)))

    Assert.That(found, Is.Empty)

let private ours (name: string) =
    name.StartsWith("Tikv.", StringComparison.Ordinal)
    || name.StartsWith("tikv-", StringComparison.Ordinal)

[<Test>]
let ``of our own parts the adapters know Core only`` () =
    Assert.That(references "Tikv.Adapters" |> List.filter ours, Is.SubsetOf [ "Tikv.Core" ])

[<Test>]
let ``of our own parts the simulator knows Core only`` () =
    Assert.That(references "tikv-sim" |> List.filter ours, Is.SubsetOf [ "Tikv.Core" ])
