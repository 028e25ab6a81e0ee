using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>Watches and lists.</summary>
internal static class ReadCases
{
    public static readonly ApiCase[] All =
    [
        new("a watch tells what happened after its resourceVersion, in order",
        [
            Post("widgets", Widget("a", """ "size": 1 """)),
            Post("widgets", Widget("b", """ "size": 2 """)),
            Merge("widgets/a", """{"spec":{"size":3}}"""),
            Delete("widgets/b"),
            Watch("widgets?watch=1&resourceVersion={1:metadata.resourceVersion}", events: 3),
        ]),
        new("a watch without a resourceVersion begins with what exists",
        [
            Post("widgets", Widget("a", """ "size": 1 """)),
            Watch("widgets?watch=1", events: 1),
        ]),
        new("a watch by label tells of an object that leaves the label as deleted",
        [
            Post("widgets", Widget("a", """ "size": 1 """, """ "labels": {"app": "a"} """)),
            Merge("widgets/a", """{"metadata":{"labels":{"app":"b"}}}"""),
            Merge("widgets/a", """{"metadata":{"labels":{"app":"a"}}}"""),
            Watch("widgets?watch=1&labelSelector=app%3Da&resourceVersion={1:metadata.resourceVersion}", events: 2),
        ]),
        new("a watch of one object tells of that object only",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Post("configmaps", ConfigMap("b", """ "x": "1" """)),
            Merge("configmaps/a", """{"data":{"x":"2"}}"""),
            Watch("configmaps?watch=1&fieldSelector=metadata.name%3Da&resourceVersion={1:metadata.resourceVersion}", events: 1),
        ]),
        new("a watch from a resourceVersion that is long gone is expired",
        [
            Watch("widgets?watch=1&resourceVersion=1", events: 1),
        ]),

        new("a list comes in pages of the size asked for, in the order of names",
        [
            Post("widgets", Widget("c", """ "size": 1 """)),
            Post("widgets", Widget("a", """ "size": 1 """)),
            Post("widgets", Widget("b", """ "size": 1 """)),
            Get("widgets?limit=2"),
            Get("widgets?limit=2&continue={4:metadata.continue}"),
            Get("widgets?limit=3"),
        ]),
        new("a list can be narrowed by labels and by name",
        [
            Post("widgets", Widget("a", """ "size": 1 """, """ "labels": {"app": "a", "tier": "x"} """)),
            Post("widgets", Widget("b", """ "size": 1 """, """ "labels": {"app": "b"} """)),
            Get("widgets?labelSelector=app%3Da"),
            Get("widgets?labelSelector=app%20in%20(a,b),!tier"),
            Get("widgets?labelSelector=app!%3Da"),
            Get("widgets?fieldSelector=metadata.name%3Db"),
            Get("widgets?fieldSelector=spec.size%3D1"),
            Get("widgets?labelSelector=%3D%3D"),
        ]),
        new("a collection is deleted by label",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """, """ "labels": {"app": "a"} """)),
            Post("configmaps", ConfigMap("b", """ "x": "1" """, """ "labels": {"app": "b"} """)),
            Delete("configmaps?labelSelector=app%3Da"),
            Get("configmaps?labelSelector=app"),
        ]),
    ];
}
