namespace Tikv.Conformance.Tests;

/// <summary>A custom resource with one of each: limits, defaults, pruning, map lists, status and scale.</summary>
internal static class Widgets
{
    public const string ApiPath = "/apis/conformance.tikv.org/v1";

    public const string Definition =
        """
        {
          "apiVersion": "apiextensions.k8s.io/v1",
          "kind": "CustomResourceDefinition",
          "metadata": { "name": "widgets.conformance.tikv.org" },
          "spec": {
            "group": "conformance.tikv.org",
            "scope": "Namespaced",
            "names": { "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wd"] },
            "versions": [{
              "name": "v1",
              "served": true,
              "storage": true,
              "subresources": {
                "status": {},
                "scale": { "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.ready", "labelSelectorPath": ".status.selector" }
              },
              "additionalPrinterColumns": [
                { "name": "Size", "type": "integer", "jsonPath": ".spec.size" },
                { "name": "Phase", "type": "string", "jsonPath": ".status.phase" }
              ],
              "schema": {
                "openAPIV3Schema": {
                  "type": "object",
                  "required": ["spec"],
                  "properties": {
                    "spec": {
                      "type": "object",
                      "required": ["size"],
                      "properties": {
                        "size": { "type": "integer", "minimum": 1, "maximum": 100 },
                        "mode": { "type": "string", "default": "fast", "enum": ["fast", "slow"] },
                        "code": { "type": "string", "pattern": "^[a-z]+$", "maxLength": 5 },
                        "limits": {
                          "type": "object",
                          "properties": { "soft": { "type": "integer", "default": 5 }, "hard": { "type": "integer" } }
                        },
                        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                        "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                        "names": { "type": "array", "items": { "type": "string" }, "maxItems": 3 },
                        "tags": {
                          "type": "array",
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": ["key"],
                          "items": {
                            "type": "object",
                            "required": ["key"],
                            "properties": { "key": { "type": "string" }, "value": { "type": "string" } }
                          }
                        }
                      }
                    },
                    "status": {
                      "type": "object",
                      "properties": { "phase": { "type": "string" }, "ready": { "type": "integer" }, "selector": { "type": "string" } }
                    }
                  }
                }
              }
            }]
          }
        }
        """;

    /// <summary>The rest of a Widget after its name: <c>widget("a", """ "size": 3 """)</c>.</summary>
    public static string Widget(string name, string spec, string metadata = "") =>
        $$$"""{"apiVersion":"conformance.tikv.org/v1","kind":"Widget","metadata":{"name":"{{{name}}}"{{{Rest(metadata)}}}},"spec":{ {{{spec}}} }}""";

    public static string ConfigMap(string name, string data, string metadata = "") =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"{{{Rest(metadata)}}}},"data":{ {{{data}}} }}""";

    private static string Rest(string members) => members.Length == 0 ? "" : "," + members;
}
