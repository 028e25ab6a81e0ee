using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>Finalizers, preconditions and grace.</summary>
internal static class DeletionCases
{
    public static readonly ApiCase[] All =
    [
        new("a finalizer holds a deleted object until it is taken off",
        [
            Post("widgets", Widget("a", """ "size": 3 """, """ "finalizers": ["conformance.tikv.org/f"] """)),
            Delete("widgets/a"),
            Delete("widgets/a"),
            Get("widgets/a"),
            Merge("widgets/a", """{"metadata":{"finalizers":null}}"""),
            Get("widgets/a"),
        ]),
        new("no finalizer can be added to an object that is being deleted",
        [
            Post("widgets", Widget("a", """ "size": 3 """, """ "finalizers": ["conformance.tikv.org/f"] """)),
            Delete("widgets/a"),
            Merge("widgets/a", """{"metadata":{"finalizers":["conformance.tikv.org/f","conformance.tikv.org/g"]}}"""),
            Merge("widgets/a", """{"metadata":{"finalizers":["conformance.tikv.org/g"]}}"""),
            Merge("widgets/a", """{"spec":{"size":4}}"""),
            JsonPatch("widgets/a", """[{"op":"remove","path":"/metadata/finalizers"}]"""),
            Get("widgets/a"),
        ]),
        new("an object that is being deleted cannot be created anew",
        [
            Post("widgets", Widget("a", """ "size": 3 """, """ "finalizers": ["conformance.tikv.org/f"] """)),
            Delete("widgets/a"),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Merge("widgets/a", """{"metadata":{"finalizers":[]}}"""),
            Post("widgets", Widget("a", """ "size": 3 """)),
        ]),
        new("a deletion takes effect only on the uid and resourceVersion that it names",
        [
            Post("configmaps", ConfigMap("a", """ "x": "1" """)),
            Delete("configmaps/a", """{"preconditions":{"uid":"11111111-2222-3333-4444-555555555555"}}"""),
            Delete("configmaps/a", """{"preconditions":{"uid":"{1:metadata.uid}","resourceVersion":"1"}}"""),
            Delete("configmaps/a", """{"preconditions":{"uid":"{1:metadata.uid}","resourceVersion":"{1:metadata.resourceVersion}"}}"""),
            Get("configmaps/a"),
            Post("widgets", Widget("a", """ "size": 3 """)),
            Delete("widgets/a", """{"preconditions":{"uid":"11111111-2222-3333-4444-555555555555"}}"""),
            Delete("widgets/a", """{"preconditions":{"resourceVersion":"1"}}"""),
            Delete("widgets/a", """{"preconditions":{"uid":"{6:metadata.uid}","resourceVersion":"{6:metadata.resourceVersion}"}}"""),
            Get("widgets/a"),
        ]),
        new("a foreground deletion waits under a finalizer of its own",
        [
            Post("widgets", Widget("a", """ "size": 3 """, """ "finalizers": ["conformance.tikv.org/f"] """)),
            Delete("widgets/a", """{"propagationPolicy":"Foreground"}"""),
        ]),
    ];
}
