using Tikv.Core;
using Tikv.Core.Api;
using Tikv.Host.Start;

namespace Tikv.Host.Commands;

/// <summary><c>tikv-operator crds</c>.</summary>
internal static class CrdsCommand
{
    private const string DefaultFolder = "deploy/crds";

    public static int Run(CrdsOptions options, TextWriter output, TextWriter errors)
    {
        try
        {
            return options.Check ? Check(options.Output ?? DefaultFolder, output, errors)
                : options.Output is { } folder ? Write(folder, output)
                : Print(output);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"tikv-operator crds: {problem.Message}");
            return ExitCode.Fault;
        }
    }

    private static int Print(TextWriter output)
    {
        output.Write(Yaml.printAll(Microsoft.FSharp.Collections.ListModule.OfSeq(Crd.all.Select(crd => crd.Item2))));
        return ExitCode.Clean;
    }

    private static int Write(string folder, TextWriter output)
    {
        Directory.CreateDirectory(folder);

        foreach (var (file, text) in Files())
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }

        foreach (var stray in Strays(folder))
        {
            File.Delete(stray);
        }

        output.WriteLine($"{Crd.all.Length} definitions written to {folder}");
        return ExitCode.Clean;
    }

    private static int Check(string folder, TextWriter output, TextWriter errors)
    {
        var problems = Files()
            .Select(wanted => (Path: Path.Combine(folder, wanted.File), wanted.Text))
            .Where(wanted => !File.Exists(wanted.Path) || File.ReadAllText(wanted.Path) != wanted.Text)
            .Select(wanted => $"{wanted.Path} {(File.Exists(wanted.Path) ? "differs" : "is missing")}")
            .Concat(Strays(folder).Select(stray => $"{stray} is of no kind that there is"))
            .ToList();

        foreach (var problem in problems)
        {
            errors.WriteLine(problem);
        }

        if (problems.Count > 0)
        {
            errors.WriteLine($"write them anew: tikv-operator crds --output {folder}");
            return ExitCode.Fault;
        }

        output.WriteLine($"the {Crd.all.Length} definitions in {folder} are as the code has them");
        return ExitCode.Clean;
    }

    private static IEnumerable<(string File, string Text)> Files() =>
        Crd.all.Select(crd => (crd.Item1, Yaml.print(crd.Item2)));

    /// <summary>Files of definitions that we no longer have.</summary>
    private static IEnumerable<string> Strays(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, $"{Core.Kubernetes.KindModule.group}_*.yaml")
                .Where(path => Crd.all.All(crd => crd.Item1 != Path.GetFileName(path)))
                .Order(StringComparer.Ordinal)
            : [];
}
