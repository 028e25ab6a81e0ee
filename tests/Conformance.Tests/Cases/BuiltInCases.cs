using static Tikv.Conformance.Tests.Request;
using static Tikv.Conformance.Tests.Widgets;

namespace Tikv.Conformance.Tests;

/// <summary>What Kubernetes itself knows about Pods, claims, Services and Leases.</summary>
internal static class BuiltInCases
{
    public static readonly ApiCase[] All =
    [
        new("a Pod that is bound to a node is deleted by grace, and at once by a grace of 0",
        [
            Post("pods", """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},
                 "spec":{"nodeName":"nowhere","terminationGracePeriodSeconds":40,"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i:1"}]}}
                """),
            Delete("pods/a"),
            Delete("pods/a", """{"gracePeriodSeconds":7}"""),
            Delete("pods/a", """{"gracePeriodSeconds":0,"preconditions":{"uid":"{1:metadata.uid}"}}"""),
            Get("pods/a"),
        ]),
        new("a Pod that no node has is deleted at once",
        [
            Post("pods", """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},
                 "spec":{"schedulerName":"nobody","automountServiceAccountToken":false,"containers":[{"name":"c","image":"i:1"}]}}
                """),
            Delete("pods/a"),
            Get("pods/a"),
        ]),
        new("a Pod is given its defaults",
        [
            Post("pods", """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},
                 "spec":{"schedulerName":"nobody","automountServiceAccountToken":false,"containers":[
                   {"name":"c","image":"i:1","ports":[{"name":"client","containerPort":80}],
                    "readinessProbe":{"tcpSocket":{"port":"client"}},"resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]}}
                """),
        ]),
        new("most of a Pod's spec cannot be changed",
        [
            Post("pods", """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},
                 "spec":{"schedulerName":"nobody","automountServiceAccountToken":false,"containers":[{"name":"c","image":"i:1"}]}}
                """),
            Merge("pods/a", """{"spec":{"hostname":"b"}}"""),
            Merge("pods/a", """{"metadata":{"labels":{"app":"a"}}}"""),
            Strategic("pods/a", """{"spec":{"containers":[{"name":"c","image":"i:2"}]}}"""),
        ]),
        new("a claim's size cannot shrink and its access modes cannot change",
        [
            Post("persistentvolumeclaims", """
                {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"a"},
                 "spec":{"storageClassName":"none","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"2Gi"}}}}
                """),
            Merge("persistentvolumeclaims/a", """{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}"""),
            Merge("persistentvolumeclaims/a", """{"spec":{"accessModes":["ReadOnlyMany"]}}"""),
        ]),
        new("a headless Service is given its defaults, and keeps its clusterIP",
        [
            Post("services", """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},
                 "spec":{"clusterIP":"None","publishNotReadyAddresses":true,"selector":{"app":"a"},"ports":[{"name":"client","port":2379}]}}
                """),
            Merge("services/a", """{"spec":{"clusterIP":"10.96.200.200"}}"""),
        ]),
        new("a Lease is created, renewed, and lost by a stale resourceVersion",
        [
            Post("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", """
                {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},
                 "spec":{"holderIdentity":"one","leaseDurationSeconds":15,"leaseTransitions":0,"renewTime":"2026-01-01T00:00:00.000000Z"}}
                """),
            Put("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/a", """
                {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a","resourceVersion":"{1:metadata.resourceVersion}"},
                 "spec":{"holderIdentity":"two","leaseDurationSeconds":15,"leaseTransitions":1,"renewTime":"2026-01-01T00:00:01.000000Z"}}
                """),
            Put("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/a", """
                {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a","resourceVersion":"{1:metadata.resourceVersion}"},
                 "spec":{"holderIdentity":"one","leaseDurationSeconds":15,"leaseTransitions":0,"renewTime":"2026-01-01T00:00:02.000000Z"}}
                """),
        ]),
    ];
}
