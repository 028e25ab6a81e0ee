using System.Globalization;
using Tikv.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Tikv.Host.Demo;

/// <summary>YAML as kubectl reads it: plain scalars are null, booleans or numbers where they look so.</summary>
internal static class YamlDocuments
{
    /// <exception cref="YamlException">It is not YAML.</exception>
    public static IReadOnlyList<Json> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>().Select(Of)];
    }

    private static Json Of(YamlNode node) => node switch
    {
        YamlMappingNode mapping => JsonModule.@object(mapping.Children.Select(pair => Tuple.Create(((YamlScalarNode)pair.Key).Value ?? "", Of(pair.Value)))),
        YamlSequenceNode sequence => JsonModule.array(sequence.Select(Of)),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" } => Json.Null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "True" or "TRUE" } => Json.NewBool(true),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" or "False" or "FALSE" } => Json.NewBool(false),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when long.TryParse(
            scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonModule.int64(number),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when double.TryParse(
            scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) =>
            Json.NewNumber(number.ToString("R", CultureInfo.InvariantCulture)),
        _ => Json.NewString(((YamlScalarNode)node).Value ?? ""),
    };
}
