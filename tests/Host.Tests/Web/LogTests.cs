using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Tikv.Host.Logging;

namespace Tikv.Host.Tests.Web;

[TestFixture]
public sealed class LogTests
{
    private static string Logged(LogFormat format, Action<ILogger> log)
    {
        using var output = new StringWriter();

        using (var logs = Logs.To(output, new LogOptions(format, LogLevel.Info)))
        {
            log(logs.CreateLogger("operator"));
        }

        return output.ToString();
    }

    [Test]
    public void A_line_is_one_JSON_object_with_a_constant_message_and_fields_beside_it()
    {
        var text = Logged(LogFormat.Json, logger => logger.LogWarning("Pod created. {name} {generation}", "basic-pd-0", 3L));
        var line = JsonNode.Parse(text)!.AsObject();

        Assert.Multiple(() =>
        {
            Assert.That(text, Does.EndWith("\n").And.Not.Contain("\n{"));
            Assert.That($"{line["level"]}", Is.EqualTo("warn"));
            Assert.That($"{line["logger"]}", Is.EqualTo("operator"));
            Assert.That($"{line["msg"]}", Is.EqualTo("Pod created."));
            Assert.That($"{line["name"]}", Is.EqualTo("basic-pd-0"));
            Assert.That(line["generation"]!.GetValue<long>(), Is.EqualTo(3));
            Assert.That($"{line["ts"]}", Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"));
        });
    }

    [Test]
    public void An_exception_is_told_with_its_stack()
    {
        var line = JsonNode.Parse(Logged(LogFormat.Json, logger => logger.LogError(new InvalidOperationException("broken"), "Failed.")))!;
        Assert.That($"{line["error"]}", Is.EqualTo("broken"));
        Assert.That($"{line["stacktrace"]}", Does.Contain(nameof(InvalidOperationException)));
    }

    [Test]
    public void A_field_with_the_name_of_a_key_does_not_replace_it()
    {
        var line = JsonNode.Parse(Logged(LogFormat.Json, logger => logger.LogInformation("Said. {msg} {level}", "other", "high")))!;
        Assert.That($"{line["msg"]} {line["msg_"]} {line["level_"]}", Is.EqualTo("Said. other high"));
    }

    [Test]
    public void Lines_below_the_level_are_left_out() =>
        Assert.That(Logged(LogFormat.Json, logger => logger.LogDebug("Looked.")), Is.Empty);

    [Test]
    public void For_people_a_line_is_text() =>
        Assert.That(
            Logged(LogFormat.Text, logger => logger.LogInformation("Pod created. {name} {why}", "basic-pd-0", "it was missing")),
            Does.Match(@"^\d\d:\d\d:\d\d\.\d{3} info  Pod created\. name=basic-pd-0 why=""it was missing""\n$"));
}
