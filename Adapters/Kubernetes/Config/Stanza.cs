using System.Globalization;
using Tikv.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>
/// One mapping of a kubeconfig that remembers its file: relative paths are meant from there, whichever files it is
/// merged with (U 3.1 item 2).
/// </summary>
internal sealed class Stanza(string file, string place, YamlMappingNode node)
{
    public string File => file;
    public string Place => place;

    /// <summary>Reads the first document of a file; nothing when the file is empty.</summary>
    public static Stanza? Parse(string file, string text)
    {
        var stream = new YamlStream();

        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException problem)
        {
            var at = $"line {problem.Start.Line}, column {problem.Start.Column}";
            throw new KubeConfigException(file, "", $"not YAML at {at}: {problem.Message}", problem);
        }

        return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode switch
        {
            YamlMappingNode root => new Stanza(file, "", root),
            YamlScalarNode scalar when IsNull(scalar) => null,
            _ => throw new KubeConfigException(file, "", "must be a mapping with clusters, users and contexts"),
        };
    }

    /// <summary>The text of a scalar; nothing when it is absent, null or empty. A number stands for its text.</summary>
    public string? Text(string field) => Find(field) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) || string.IsNullOrEmpty(scalar.Value) => null,
        YamlScalarNode scalar => scalar.Value,
        _ => throw Wrong(field, "must be a text"),
    };

    public string Required(string field) => Text(field) ?? throw Wrong(field, "is missing");

    public bool Flag(string field) => Text(field) switch
    {
        null or "false" => false,
        "true" => true,
        { } value => throw Wrong(field, $"is \"{value}\"; allowed are true and false"),
    };

    /// <summary>One of a closed set of words; nothing when it is absent.</summary>
    public string? OneOf(string field, params string[] allowed)
    {
        var value = Text(field);

        return value is null || allowed.Contains(value)
            ? value
            : throw Wrong(field, $"is \"{value}\"; allowed are {string.Join(", ", allowed)}");
    }

    /// <summary>An absolute path; a relative one is meant from the folder of the file.</summary>
    public string? PathOf(string field) => Text(field) is { } path ? FromHere(path) : null;

    public string FromHere(string path) => Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(file))!);

    public byte[]? Base64(string field)
    {
        try
        {
            return Text(field) is { } text ? Convert.FromBase64String(text) : null;
        }
        catch (FormatException)
        {
            throw Wrong(field, "is not base64");
        }
    }

    public Stanza? Child(string field) => Find(field) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlMappingNode mapping => new Stanza(file, PlaceOf(field), mapping),
        _ => throw Wrong(field, "must be a mapping"),
    };

    public IReadOnlyList<Stanza> Children(string field) =>
        [.. Items(field).Select((item, index) => item is YamlMappingNode mapping
            ? new Stanza(file, $"{PlaceOf(field)}[{index}]", mapping)
            : throw Wrong(field, $"entry {index} must be a mapping"))];

    public IReadOnlyList<string> Texts(string field) =>
        [.. Items(field).Select((item, index) => item is YamlScalarNode scalar
            ? scalar.Value ?? ""
            : throw Wrong(field, $"entry {index} must be a text"))];

    /// <summary>A mapping of names to lists of texts, such as <c>as-user-extra</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists(string field) =>
        Child(field) is { } child ? child.Fields().ToDictionary(name => name, child.Texts) : [];

    /// <summary>The value as JSON, for what is passed on without being understood.</summary>
    public Json? Tree(string field) => Find(field) is { } found ? ToJson(found) : null;

    public Stanza Named(string name) => new(file, $"{place[..place.LastIndexOf('[')]}[\"{name}\"]", node);

    public KubeConfigException Wrong(string field, string problem) => new(file, PlaceOf(field), problem);

    private string PlaceOf(string field) =>
        place.Length == 0 ? field : field.Length == 0 ? place : $"{place}.{field}";

    private IEnumerable<string> Fields() => node.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value ?? "");

    private IEnumerable<YamlNode> Items(string field) => Find(field) switch
    {
        null => [],
        YamlScalarNode scalar when IsNull(scalar) => [],
        YamlSequenceNode sequence => sequence.Children,
        _ => throw Wrong(field, "must be a list"),
    };

    private YamlNode? Find(string field) => Find(node, field);

    /// <summary>YAML 1.1 merge keys count, as they do for kubectl.</summary>
    private static YamlNode? Find(YamlMappingNode mapping, string field) =>
        mapping.Children.TryGetValue(new YamlScalarNode(field), out var found) ? found
        : !mapping.Children.TryGetValue(new YamlScalarNode("<<"), out var merged) ? null
        : merged switch
        {
            YamlMappingNode one => Find(one, field),
            YamlSequenceNode many => many.OfType<YamlMappingNode>().Select(one => Find(one, field)).FirstOrDefault(it => it is not null),
            _ => null,
        };

    private static bool IsNull(YamlScalarNode scalar) =>
        scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null" or "Null" or "NULL";

    private static Json ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => JsonModule.@object(mapping.Children.Select(pair =>
            Tuple.Create(((pair.Key as YamlScalarNode)?.Value) ?? "", ToJson(pair.Value)))),
        YamlSequenceNode sequence => JsonModule.array(sequence.Select(ToJson)),
        YamlScalarNode scalar when IsNull(scalar) => Json.Null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" } => Json.NewBool(true),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" } => Json.NewBool(false),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when long.TryParse(
            scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonModule.int64(number),
        YamlScalarNode scalar => Json.NewString(scalar.Value ?? ""),
        _ => Json.Null,
    };
}
