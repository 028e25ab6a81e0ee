using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;
using Tikv.Core.Kubernetes;

namespace Tikv.Adapters.Tests.Kubernetes;

/// <summary>Values that many tests begin with.</summary>
internal static class Given
{
    public static ObjectRef ConfigMap(string name) => new(Kind.ConfigMap, "shop", name);

    public static KubernetesClient Client(FakeServer server, KubernetesOptions? options = null, TimeProvider? time = null) =>
        new(Connection(server.Url), options, time);

    public static KubernetesConnection Connection(Uri url) => new() { Server = url, Origin = "a test" };

    public static Json Json(string text) => JsonModule.parse(text).ResultValue;

    public static string Text(this Json json, params string[] path) =>
        JsonModule.stringAt(ListModule.OfArray(path), json)?.Value ?? "";

    public static FSharpOption<T> Some<T>(T value) => FSharpOption<T>.Some(value);

    public static ResourceVersion Version(string value) => ResourceVersion.NewResourceVersion(value);

    public static Precondition Precondition(string uid, string? version) =>
        new(Uid.NewUid(uid), version is null ? null : Some(Version(version)));

    public static T Answer<T>(this Outcome<T> outcome) =>
        outcome is Outcome<T>.Done done ? done.Answer : throw new AssertionException($"not done: {outcome}");

    public static ApiError Error<T>(this Outcome<T> outcome) =>
        outcome is Outcome<T>.Refused refused ? refused.Error : throw new AssertionException($"not refused: {outcome}");

    public static string Problem<T>(this Outcome<T> outcome) =>
        outcome is Outcome<T>.Unknown unknown ? unknown.Problem : throw new AssertionException($"not unknown: {outcome}");
}
