using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>Creating, reading and updating objects.</summary>
internal static class ObjectCases
{
    public static readonly ApiCase[] All =
    [
        new("a created object gets a uid, a resourceVersion and generation 1",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Get("widgets/a"),
        ]),
        new("a created object of a built-in kind without a spec has no generation",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """, """ "labels": {"app": "a"}, "annotations": {"note": "n"} """)),
            Get("configmaps/a"),
        ]),
        new("creating a name that is taken is refused",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Post("configmaps", ConfigMap("a", """ "x": "2" """)),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Post("widgets", Widget("a", """ "size": 3 """)),
        ]),
        new("creating with a resourceVersion is refused",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """, """ "resourceVersion": "1" """)),
            Post("widgets", Widget("a", """ "size": 3 """, """ "resourceVersion": "1" """)),
        ]),
        new("creating in a namespace that does not exist is refused",
        [
            Post("/api/v1/namespaces/nowhere/configmaps", ConfigMap("a", """ "x": "1" """)),
            Post($"{ApiPath}/namespaces/nowhere/widgets", Widget("a", """ "size": 3 """)),
        ]),
        new("creating with another namespace than the path's is refused",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """, """ "namespace": "other" """)),
        ]),
        new("creating without a name is refused",
        [
            Post("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}"""),
            Post("widgets", """{"apiVersion":"conformance.tikv.org/v1","kind":"Widget","metadata":{},"spec":{"size":3}}"""),
        ]),
        new("creating with a name that is no DNS name is refused",
        [
            Post("configmaps", ConfigMap("A_b", """ "x": "1" """)),
            Post("widgets", Widget("A_b", """ "size": 3 """)),
        ]),
        new("creating with a uid and a creationTimestamp ignores both",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """, """ "uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z" """)),
        ]),
        new("creating a status with the object drops it",
        [
            Post("widgets", """{"apiVersion":"conformance.tikv.org/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":3},"status":{"phase":"Up"}}"""),
        ]),
        new("a dry run of a creation answers and stores nothing",
        [
            Post("configmaps?dryRun=All", ConfigMap("a", """ "x": "1" """)),
            Get("configmaps/a"),
        ]),
        new("a body that is no JSON is refused",
        [
            Post("configmaps", "{"),
            Post("widgets", "{"),
        ]),
        new("a body of another kind is refused",
        [
            Post("configmaps", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}"""),
            Post("widgets", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"""),
        ]),

        new("what does not exist is not found",
        [
            Get("configmaps/none"),
            Get("widgets/none"),
            Get("/api/v1/namespaces/none"),
            Delete("configmaps/none"),
            Delete("widgets/none"),
            Put("configmaps/none", ConfigMap("none", """ "x": "1" """, """ "resourceVersion": "1" """)),
            Put("widgets/none", Widget("none", """ "size": 3 """, """ "resourceVersion": "1" """)),
            Merge("configmaps/none", """{"data":{"x":"1"}}"""),
            Merge("widgets/none", """{"spec":{"size":1}}"""),
            Merge("widgets/none/status", """{"status":{"phase":"Up"}}"""),
        ]),
        new("a path that nobody serves is not found",
        [
            Get("/apis/nobody.tikv.org/v1"),
            Get("/apis/nobody.tikv.org/v1/namespaces/default/things"),
            Get($"{ApiPath}/namespaces/default/things"),
            Get("/api/v1/namespaces/default/things"),
        ]),

        new("an update with a stale resourceVersion is a conflict",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Put("configmaps/a", ConfigMap("a", """ "x": "2" """, """ "resourceVersion": "{1:metadata.resourceVersion}" """)),
            Put("configmaps/a", ConfigMap("a", """ "x": "3" """, """ "resourceVersion": "{1:metadata.resourceVersion}" """)),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Put("widgets/a", Widget("a", """ "size": 4 """, """ "resourceVersion": "{4:metadata.resourceVersion}" """)),
            Put("widgets/a", Widget("a", """ "size": 5 """, """ "resourceVersion": "{4:metadata.resourceVersion}" """)),
        ]),
        new("an update without a resourceVersion is unconditional for a built-in kind",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Put("configmaps/a", ConfigMap("a", """ "x": "2" """)),
        ]),
        new("an update without a resourceVersion is invalid for a custom resource",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Put("widgets/a", Widget("a", """ "size": 4 """)),
            Get("widgets/a"),
        ]),
        new("an update with another uid is a conflict",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Put("configmaps/a", ConfigMap("a", """ "x": "2" """, """ "uid": "11111111-2222-3333-4444-555555555555" """)),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Put("widgets/a", Widget("a", """ "size": 4 """,
                """ "uid": "11111111-2222-3333-4444-555555555555", "resourceVersion": "{3:metadata.resourceVersion}" """)),
            Merge("widgets/a", """{"metadata":{"uid":"11111111-2222-3333-4444-555555555555"},"spec":{"size":4}}"""),
            Merge("configmaps/a", """{"metadata":{"uid":"11111111-2222-3333-4444-555555555555"},"data":{"x":"4"}}"""),
        ]),
        new("an update that changes nothing keeps the resourceVersion",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Put("configmaps/a", ConfigMap("a", """ "x": "1" """)),
            Merge("configmaps/a", """{"data":{"x":"1"}}"""),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a", """{"spec":{"size":3}}"""),
            Get("widgets/a"),
        ]),
        new("an update under another name than the path's is refused",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Put("configmaps/a", ConfigMap("b", """ "x": "2" """)),
        ]),
        new("an immutable ConfigMap keeps its data",
        [
            Post("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"},"immutable":true}"""),
            Merge("configmaps/a", """{"data":{"x":"2"}}"""),
        ]),

        new("the generation counts changes of the spec only",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a", """{"metadata":{"labels":{"app":"a"}}}"""),
            Merge("widgets/a", """{"spec":{"size":4}}"""),
            Merge("widgets/a/status", """{"status":{"ready":4}}"""),
        ]),
        new("the status subresource changes the status only, and the object itself all but the status",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a/status", """{"status":{"phase":"Up"},"spec":{"size":9}}"""),
            Merge("widgets/a", """{"status":{"phase":"Down"},"spec":{"size":4}}"""),
            Put("widgets/a/status", """
                {"apiVersion":"conformance.tikv.org/v1","kind":"Widget",
                 "metadata":{"name":"a","resourceVersion":"{3:metadata.resourceVersion}","labels":{"ignored":"yes"}},
                 "spec":{"size":9},"status":{"phase":"Sideways"}}
                """),
            Put("widgets/a/status", """
                {"apiVersion":"conformance.tikv.org/v1","kind":"Widget",
                 "metadata":{"name":"a","resourceVersion":"{3:metadata.resourceVersion}"},"spec":{"size":9},"status":{"phase":"Stale"}}
                """),
            Get("widgets/a/status"),
        ]),
        new("a status of the wrong type is invalid",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a/status", """{"status":{"phase":5}}"""),
        ]),
        new("the scale subresource reads and writes the replicas",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Get("widgets/a/scale"),
            Merge("widgets/a/scale", """{"spec":{"replicas":5}}"""),
            Merge("widgets/a/status", """{"status":{"ready":5,"selector":"app=a"}}"""),
            Get("widgets/a/scale"),
            Get("widgets/a"),
        ]),
    ];
}
