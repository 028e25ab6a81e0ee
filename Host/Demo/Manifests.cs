using System.Reflection;
using Tikv.Adapters.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Host.Start;
using YamlDotNet.Core;

namespace Tikv.Host.Demo;

/// <summary>One object of a manifest.</summary>
/// <param name="Source">Its file, for messages.</param>
/// <param name="Object">What it names.</param>
/// <param name="Body">All of it.</param>
internal sealed record Manifest(string Source, ObjectRef Object, Json Body);

/// <summary>Reads YAML files and applies them: what does not exist is created, what does is brought to them.</summary>
internal static class Manifests
{
    /// <param name="folder">Where the files are; none takes the basic example that is built in.</param>
    /// <exception cref="StartProblem">There is no file, or one is no manifest of ours.</exception>
    public static IReadOnlyList<Manifest> Read(string? folder)
    {
        List<Manifest> read = [.. (folder is null ? BuiltIn() : InFolder(folder)).SelectMany(file => Parse(file.Name, file.Text))];

        return read.Any(manifest => manifest.Object.Kind.IsCluster) ? read
            : throw Wrong(folder ?? "the built-in example", "holds no object of kind Cluster");
    }

    /// <exception cref="StartProblem">The API server refuses one.</exception>
    public static async Task Apply(IReadOnlyList<Manifest> manifests, IKubernetesApi api, CancellationToken ct)
    {
        foreach (var manifest in manifests)
        {
            var outcome = await api.Write(Write.NewCreate(manifest.Object, manifest.Body), ct);

            if (outcome is Outcome<Json>.Refused { Error.Code: 409 })
            {
                outcome = await api.Write(Write.NewPatch(manifest.Object, false, manifest.Body), ct);
            }

            var problem = outcome switch
            {
                Outcome<Json>.Refused { Error: var error } => error.Message,
                Outcome<Json>.Unknown { Problem: var unknown } => unknown,
                _ => null,
            };

            if (problem is not null)
            {
                throw Wrong(manifest.Source, $"{KindModule.name(manifest.Object.Kind)} {manifest.Object.Name}: {problem}");
            }
        }
    }

    private static IEnumerable<Manifest> Parse(string source, string text)
    {
        IReadOnlyList<Json> documents;

        try
        {
            documents = YamlDocuments.Read(text);
        }
        catch (YamlException problem)
        {
            throw Wrong(source, $"is not YAML: line {problem.Start.Line}: {problem.InnerException?.Message ?? problem.Message}");
        }

        return documents.Select(document =>
        {
            var name = At(document, "metadata", "name") ?? throw Wrong(source, "an object has no metadata.name");
            var (version, kind) = (At(document, "apiVersion"), At(document, "kind"));
            var known = KindModule.ours.FirstOrDefault(ours => KindModule.name(ours) == kind && KindModule.apiVersion(ours) == version);

            return known is not null
                ? new Manifest(source, new ObjectRef(known, At(document, "metadata", "namespace") ?? "default", name), document)
                : throw Wrong(source, $"{name} is of kind {kind} of {version}; here can only be "
                    + $"{string.Join(", ", KindModule.ours.Select(KindModule.name))} of {KindModule.apiVersion(Kind.Cluster)}");
        });
    }

    private static IEnumerable<(string Name, string Text)> InFolder(string folder)
    {
        List<string> files = Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file) is ".yaml" or ".yml").Order(StringComparer.Ordinal)]
            : throw Wrong(folder, "there is no such folder");

        return files.Select(file => (file, File.ReadAllText(file)));
    }

    private static IEnumerable<(string Name, string Text)> BuiltIn()
    {
        var assembly = Assembly.GetExecutingAssembly();

        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".yaml", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return (name, reader.ReadToEnd());
        }
    }

    private static string? At(Json json, params string[] path) =>
        JsonModule.stringAt(Microsoft.FSharp.Collections.ListModule.OfArray(path), json)?.Value;

    private static StartProblem Wrong(string source, string problem) => new(ExitCode.Misconfigured, $"{source}: {problem}");
}
