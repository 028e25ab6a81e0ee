using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>What a CustomResourceDefinition's schema drops, fills in and refuses.</summary>
internal static class SchemaCases
{
    public static readonly ApiCase[] All =
    [
        new("a field that the schema does not know is dropped",
        [
            Post("widgets", """
                {"apiVersion":"conformance.tikv.org/v1","kind":"Widget","metadata":{"name":"a","strange":1},"top":true,
                 "spec":{"size":3,"other":1,"limits":{"hard":1,"other":2},"free":{"any":{"thing":[1]}},"tags":[{"key":"k","other":1}]}}
                """),
        ]),
        new("what the schema gives a default is filled in, below a parent that is there",
        [
            Post("widgets", Widget("a", """ "size": 3 """)),
            Post("widgets", Widget("b", """ "size": 3, "limits": {} """)),
            Post("widgets", Widget("c", """ "size": 3, "mode": "slow", "limits": {"soft": 1} """)),
            Merge("widgets/c", """{"spec":{"mode":null}}"""),
        ]),
        new("every breach of the schema is named",
        [
            Post("widgets", Widget("a", "")),
            Post("widgets", Widget("a", """ "size": 0 """)),
            Post("widgets", Widget("a", """ "size": 101 """)),
            Post("widgets", Widget("a", """ "size": 3, "limits": {"hard": "three"} """)),
            Post("widgets", Widget("a", """ "size": 3, "mode": "odd" """)),
            Post("widgets", Widget("a", """ "size": 3, "code": "A" """)),
            Post("widgets", Widget("a", """ "size": 3, "code": "abcdef" """)),
            Post("widgets", Widget("a", """ "size": 3, "names": ["a", "b", "c", "d"] """)),
            Post("widgets", Widget("a", """ "size": 3, "labels": {"a": 1} """)),
            Post("widgets", Widget("a", """ "size": 3, "tags": [{"key": "k"}, {"key": "k"}] """)),
            Post("widgets", Widget("a", """ "size": 0, "mode": "odd" """)),
            Post("widgets", """{"apiVersion":"conformance.tikv.org/v1","kind":"Widget","metadata":{"name":"a"}}"""),
        ]),
        new("labels and owners are checked for every kind",
        [
            Post("widgets", Widget("a", """ "size": 3 """, """ "labels": {"a b": "c"} """)),
            Post("widgets", Widget("a", """ "size": 3 """, """ "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}] """)),
        ]),
    ];
}
