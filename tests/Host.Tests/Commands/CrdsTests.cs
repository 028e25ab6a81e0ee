using NUnit.Framework;
using Tikv.Core.Api;
using Tikv.Host.Commands;

namespace Tikv.Host.Tests.Commands;

[TestFixture]
public sealed class CrdsTests
{
    private readonly StringWriter output = new();
    private readonly StringWriter errors = new();
    private string folder = "";

    private int Run(bool check, string? where) => CrdsCommand.Run(new CrdsOptions(where, check), output, errors);

    [SetUp]
    public void SetUp()
    {
        folder = Directory.CreateTempSubdirectory("tikv-crds-").FullName;
        output.GetStringBuilder().Clear();
        errors.GetStringBuilder().Clear();
    }

    [TearDown]
    public void TearDown() => Directory.Delete(folder, recursive: true);

    [OneTimeTearDown]
    public void Dispose()
    {
        output.Dispose();
        errors.Dispose();
    }

    [Test]
    public void Without_a_folder_every_definition_is_printed()
    {
        Assert.That(Run(check: false, null), Is.Zero);
        var printed = output.ToString().Split('\n').Where(line => line.StartsWith("  name: ", StringComparison.Ordinal));
        Assert.That(printed, Is.EqualTo(Crd.all.Select(crd => "  name: " + Name(crd.Item1))));
    }

    [Test]
    public void What_was_written_does_not_differ()
    {
        Assert.That(Run(check: false, folder), Is.Zero);
        Assert.That(Run(check: true, folder), Is.Zero, errors.ToString);
    }

    [Test]
    public void A_check_names_every_file_that_differs_is_missing_or_is_left_over()
    {
        _ = Run(check: false, folder);
        File.AppendAllText(Path.Combine(folder, "core.tikv.org_pds.yaml"), "# edited\n");
        File.Delete(Path.Combine(folder, "core.tikv.org_tikvs.yaml"));
        File.WriteAllText(Path.Combine(folder, "core.tikv.org_tidbs.yaml"), "");

        Assert.That(Run(check: true, folder), Is.EqualTo(1));
        Assert.That(errors.ToString(), Does
            .Contain("core.tikv.org_pds.yaml differs")
            .And.Contain("core.tikv.org_tikvs.yaml is missing")
            .And.Contain("core.tikv.org_tidbs.yaml is of no kind")
            .And.Not.Contain("clusters"));
    }

    [Test]
    public void A_check_writes_nothing()
    {
        _ = Run(check: true, folder);
        Assert.That(Directory.EnumerateFileSystemEntries(folder), Is.Empty);
    }

    private static string Name(string file) =>
        string.Join('.', Path.GetFileNameWithoutExtension(file).Split('_').Reverse());
}
