using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>The four kinds of patches, server-side apply among them.</summary>
internal static class PatchCases
{
    public static readonly ApiCase[] All =
    [
        new("a merge patch merges objects, replaces lists, and removes what is null",
        [
            Post("widgets", Widget("a", """ "size": 3, "names": ["x", "y"], "labels": {"k": "1", "l": "2"} """)),
            Merge("widgets/a", """{"spec":{"names":["z"],"labels":{"k":null,"m":"3"}}}"""),
        ]),
        new("a merge patch with a stale resourceVersion is a conflict",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a", """{"metadata":{"resourceVersion":"{1:metadata.resourceVersion}"},"spec":{"size":4}}"""),
            Merge("widgets/a", """{"metadata":{"resourceVersion":"{1:metadata.resourceVersion}"},"spec":{"size":5}}"""),
            Merge("widgets/a/status", """{"metadata":{"resourceVersion":"{1:metadata.resourceVersion}"},"status":{"phase":"Up"}}"""),
        ]),
        new("a JSON patch is carried out whole or not at all",
        [
            Post("widgets", Widget("a", """ "size": 3, "names": ["x"] """)),
            JsonPatch("widgets/a", """[{"op":"test","path":"/spec/size","value":3},{"op":"replace","path":"/spec/size","value":4},{"op":"add","path":"/spec/names/-","value":"y"}]"""),
            JsonPatch("widgets/a", """[{"op":"replace","path":"/spec/size","value":9},{"op":"test","path":"/spec/mode","value":"slow"}]"""),
            JsonPatch("widgets/a", """[{"op":"remove","path":"/spec/nothing"}]"""),
            JsonPatch("widgets/a", """[{"op":"copy","from":"/spec/names/0","path":"/spec/names/0"},{"op":"move","from":"/spec/size","path":"/spec/limits"}]"""),
            JsonPatch("widgets/a", "{}"),
            Get("widgets/a"),
        ]),
        new("a strategic merge patch is for built-in kinds only",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1", "y": "2" """)),
            Strategic("configmaps/a", """{"data":{"x":null,"z":"3"}}"""),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Strategic("widgets/a", """{"spec":{"size":4}}"""),
        ]),
        new("a patch that leaves an invalid object is invalid",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a", """{"spec":{"size":0}}"""),
            Merge("widgets/a", """{"spec":{"size":null}}"""),
            Get("widgets/a"),
        ]),

        new("an apply creates, and then owns what it sets",
        [
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
            Apply("widgets/a", "one", Widget("a", """ "size": 3, "tags": [{"key": "k", "value": "1"}] """)),
        ], ShowManagedFields: true),
        new("an apply that drops a field removes it when nobody else owns it",
        [
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1" """)),
            Apply("configmaps/a", "two", ConfigMap("a", """ "x": "1" """)),
            Apply("configmaps/a", "one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"""),
        ], ShowManagedFields: true),
        new("an apply of a field that another manager owns is a conflict, unless forced",
        [
            Apply("widgets/a", "one", Widget("a", """ "size": 3 """)),
            Apply("widgets/a", "two", Widget("a", """ "size": 4 """)),
            Apply("widgets/a", "two", Widget("a", """ "size": 4 """), force: true),
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
            Apply("configmaps/a", "two", ConfigMap("a", """ "x": "2", "y": "2" """)),
            Apply("configmaps/a", "two", ConfigMap("a", """ "x": "2", "y": "2" """), force: true),
        ], ShowManagedFields: true),
        new("an apply to a list of maps owns its own items only",
        [
            Apply("widgets/a", "one", Widget("a", """ "size": 3, "tags": [{"key": "k", "value": "1"}] """)),
            Apply("widgets/a", "two", Widget("a", """ "size": 3, "tags": [{"key": "l", "value": "2"}] """)),
            Apply("widgets/a", "one", Widget("a", """ "size": 3 """)),
        ], ShowManagedFields: true),
        new("an apply needs a manager, and no managedFields",
        [
            new("PATCH", "configmaps/a", ConfigMap("a", """ "x": "1" """), "application/apply-patch+yaml"),
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1" """,
                """ "managedFields": [{"manager": "one", "operation": "Apply", "apiVersion": "v1"}] """)),
        ]),
        new("an update takes over what it changes from an apply",
        [
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
            new("PATCH", "configmaps/a?fieldManager=two", """{"data":{"x":"2"}}""", "application/merge-patch+json"),
            Apply("configmaps/a", "one", ConfigMap("a", """ "x": "1", "y": "1" """)),
        ], ShowManagedFields: true),
        new("an apply may be written in YAML",
        [
            Apply("configmaps/a", "one", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n"),
        ]),
    ];
}
