namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>PEM text that stands in the configuration itself, or in a file that may be replaced while we run.</summary>
internal sealed class Pem
{
    private readonly string? text;

    private Pem(string? text, string? path, string origin) => (this.text, Path, Origin) = (text, path, origin);

    /// <summary>The file; nothing when the text stands in the configuration.</summary>
    public string? Path { get; }

    /// <summary>Where it comes from, for messages.</summary>
    public string Origin { get; }

    public static Pem Inline(string text, string origin) => new(text, null, origin);
    public static Pem InFile(string path, string origin) => new(null, path, origin);

    public string Read()
    {
        try
        {
            return text ?? File.ReadAllText(Path!);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException(Origin, "", $"cannot read {Path}: {problem.Message}", problem);
        }
    }
}
