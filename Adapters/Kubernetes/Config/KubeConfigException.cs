namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>
/// A kubeconfig, or what stands in for one, that cannot be used. The message names file, place, value and what would
/// be right; it never holds a secret.
/// </summary>
public sealed class KubeConfigException : Exception
{
    /// <param name="file">The file at fault, or a word for where the configuration came from.</param>
    /// <param name="place">The field, such as <c>users["kind"].user.exec.apiVersion</c>; empty for the whole file.</param>
    /// <param name="problem">What is wrong, and what would be right.</param>
    internal KubeConfigException(string file, string place, string problem, Exception? inner = null)
        : base(place.Length == 0 ? $"{file}: {problem}" : $"{file}: {place}: {problem}", inner)
    {
        File = file;
        Place = place;
    }

    public string File { get; }
    public string Place { get; }
}
