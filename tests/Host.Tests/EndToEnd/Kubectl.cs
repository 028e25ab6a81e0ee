using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Tikv.Host.Tests.EndToEnd;

/// <summary>A real kubectl, led by one kubeconfig.</summary>
internal sealed class Kubectl(string kubeConfig)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Skips a test where there is no kubectl.</summary>
    public static void IsNeeded()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);

        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "kubectl"))))
        {
            Assert.Ignore("needs kubectl in PATH");
        }
    }

    /// <summary>Runs to the end and gives what was printed; fails unless that went well.</summary>
    public async Task<string> Run(params string[] arguments)
    {
        var (code, output) = await Try(arguments);
        Assert.That(code, Is.Zero, $"kubectl {string.Join(' ', arguments)}:\n{output}");
        return output;
    }

    public async Task<(int Code, string Output)> Try(params string[] arguments)
    {
        using var child = Start(arguments);

        try
        {
            var code = await child.End(Limit);
            return (code, child.Output);
        }
        catch (OperationCanceledException)
        {
            using var look = Start("get", "tikv-all,pods", "-o", "wide");
            await look.End(Limit);
            throw new AssertionException($"kubectl {string.Join(' ', arguments)} did not end:\n{child.Output}\n{look.Output}");
        }
    }

    /// <summary>Runs on, such as a watch.</summary>
    public ChildProcess Start(params string[] arguments) =>
        ChildProcess.Start("kubectl", [("KUBECONFIG", kubeConfig)], arguments);

    /// <summary>An object as JSON; none when there is none.</summary>
    public async Task<JsonNode?> Find(string kind, string name) =>
        await Run("get", kind, name, "--ignore-not-found", "-o", "json") is { } text && text.Trim().Length > 0 ? JsonNode.Parse(text) : null;

    public async Task<JsonNode> Get(string kind, string name) =>
        await Find(kind, name) ?? throw new AssertionException($"there is no {kind} {name}");

    public async Task<IReadOnlyList<JsonNode>> List(string kind) =>
        [.. JsonNode.Parse(await Run("get", kind, "-o", "json"))!["items"]!.AsArray().Select(item => item!)];

    /// <summary>The uid of each object by its name.</summary>
    public async Task<Dictionary<string, string>> Uids(string kind) =>
        (await List(kind)).ToDictionary(item => $"{item["metadata"]!["name"]}", item => $"{item["metadata"]!["uid"]}");
}
