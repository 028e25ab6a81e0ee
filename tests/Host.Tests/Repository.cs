namespace Tikv.Host.Tests;

/// <summary>Files of the repository that tests look at.</summary>
internal static class Repository
{
    public static string Path(string relative)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);

        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "tikv-operator.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("no folder above the tests holds tikv-operator.slnx");
        }

        return System.IO.Path.Combine(folder.FullName, relative);
    }
}
