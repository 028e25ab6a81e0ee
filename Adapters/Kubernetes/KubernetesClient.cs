using System.Globalization;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Kubernetes.Credentials;
using Tikv.Adapters.Kubernetes.Transport;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;

namespace Tikv.Adapters.Kubernetes;

/// <summary>The Kubernetes API over HTTP.</summary>
public sealed class KubernetesClient : IKubernetesApi, IDisposable
{
    /// <summary>client-go's number of tries.</summary>
    private const int MaxTries = 10;

    private const string MergePatch = "application/merge-patch+json";

    private readonly KubernetesConnection connection;
    private readonly KubernetesOptions options;
    private readonly TimeProvider time;
    private readonly TransportPool transports;
    private readonly Sender sender;

    public KubernetesClient(KubernetesConnection connection, KubernetesOptions? options = null, TimeProvider? time = null)
    {
        this.connection = connection;
        this.options = options ?? new KubernetesOptions();
        this.time = time ?? TimeProvider.System;
        transports = new TransportPool(connection, this.time);
        sender = new Sender(
            connection,
            CredentialSources.Of(connection, this.time, this.options.ExecDeadline),
            transports,
            this.options,
            this.time);
    }

    internal TransportPool Transports => transports;

    public void Dispose() => transports.Dispose();

    public async Task<Outcome<ListPage>> ListPage(
        Kind kind, string? space, string? resourceVersion, string? page, CancellationToken ct) =>
        PageOf(await Get(Urls.List(kind, space, options.PageSize, resourceVersion, page), options.ListDeadline, ct));

    /// <summary>A page of all objects of a kind, those of others too.</summary>
    public async Task<Outcome<ListPage>> ListAllPage(Kind kind, string? page, CancellationToken ct) =>
        PageOf(await Get(Urls.ListAll(kind, options.PageSize, page), options.ListDeadline, ct));

    public Task<WatchEnd> Watch(
        Kind kind, string? space, ResourceVersion from, TimeSpan timeout, Action<WatchEvent> told, CancellationToken ct) =>
        new WatchStream(sender, options, told).Run(Urls.Watch(kind, space, from.Value, timeout), timeout, ct);

    public Task<Outcome<Json>> Read(ObjectRef name, CancellationToken ct) =>
        Get(Urls.Object(name), options.RequestDeadline, ct);

    public async Task<Outcome<Json>> Write(Write write, CancellationToken ct)
    {
        var answer = await Exchange(RequestOf(write), options.RequestDeadline, ct);

        return answer switch
        {
            Outcome<RawAnswer>.Unknown unknown => Outcome<Json>.NewUnknown(unknown.Problem),
            Outcome<RawAnswer>.Done done => done.Answer.AsJson(),
            _ => throw new InvalidOperationException("an exchange is never refused"),
        };
    }

    public Task<Outcome<RawAnswer>> Raw(
        HttpMethod method, string path, Json? body, TimeSpan deadline, CancellationToken ct) =>
        Exchange(new ApiRequest(method, path, body), deadline, ct);

    private ApiRequest RequestOf(Write write)
    {
        var manager = Urls.Query(("fieldManager", options.FieldManager));

        return write switch
        {
            Write.Create create => new ApiRequest(
                HttpMethod.Post, Urls.Collection(create.Object.Kind, create.Object.Namespace) + manager, create.Body),
            Write.Patch patch => new ApiRequest(
                HttpMethod.Patch,
                Urls.Object(patch.Object) + (patch.Status ? "/status" : "") + manager,
                patch.Body,
                MergePatch),
            Write.Delete delete => new ApiRequest(
                HttpMethod.Delete, Urls.Object(delete.Object), DeleteOptions(delete.Precondition, delete.Grace)),
            _ => throw new InvalidOperationException($"unknown write {write}"),
        };
    }

    private static Json DeleteOptions(Precondition precondition, FSharpOption<int>? grace) => JsonModule.present(
    [
        Tuple.Create("kind", Some(Json.NewString("DeleteOptions"))),
        Tuple.Create("apiVersion", Some(Json.NewString("v1"))),
        Tuple.Create("propagationPolicy", Some(Json.NewString("Background"))),
        Tuple.Create("gracePeriodSeconds", grace is null ? null : Some(JsonModule.@int(grace.Value))),
        Tuple.Create("preconditions", Some(JsonModule.present(
        [
            Tuple.Create("uid", Some(Json.NewString(precondition.Uid.Value))),
            Tuple.Create(
                "resourceVersion",
                precondition.ResourceVersion is { } version ? Some(Json.NewString(version.Value.Value)) : null),
        ]))),
    ]);

    private static FSharpOption<Json>? Some(Json value) => FSharpOption<Json>.Some(value);

    private static Outcome<ListPage> PageOf(Outcome<Json> answer) => answer switch
    {
        Outcome<Json>.Done done => Page(done.Answer),
        Outcome<Json>.Refused refused => Outcome<ListPage>.NewRefused(refused.Error),
        _ => Outcome<ListPage>.NewUnknown(((Outcome<Json>.Unknown)answer).Problem),
    };

    private static Outcome<ListPage> Page(Json list)
    {
        var version = JsonModule.stringAt(ListModule.OfArray(["metadata", "resourceVersion"]), list);
        var token = JsonModule.stringAt(ListModule.OfArray(["metadata", "continue"]), list);

        return version is null
            ? Outcome<ListPage>.NewUnknown("the answer is not a list: it has no metadata.resourceVersion")
            : Outcome<ListPage>.NewDone(new ListPage(
                JsonModule.itemsAt(ListModule.OfArray(["items"]), list),
                ResourceVersion.NewResourceVersion(version.Value),
                token is { Value.Length: > 0 } ? token : null));
    }

    /// <summary>
    /// Reads, and reads again when the server is busy and says for how long (429 or 503 with Retry-After), as long as the
    /// deadline allows.
    /// </summary>
    private async Task<Outcome<Json>> Get(string path, TimeSpan deadline, CancellationToken ct)
    {
        var request = new ApiRequest(HttpMethod.Get, path);
        var started = time.GetTimestamp();

        for (var tries = 1; ; tries++)
        {
            var left = deadline - time.GetElapsedTime(started);
            var outcome = await Exchange(request, left, ct);

            if (outcome is not Outcome<RawAnswer>.Done { Answer: var answer })
            {
                return Outcome<Json>.NewUnknown(((Outcome<RawAnswer>.Unknown)outcome).Problem);
            }

            if (answer.Status is not (429 or 503)
                || answer.Error().RetryAfter is not { Value: var seconds }
                || tries == MaxTries
                || TimeSpan.FromSeconds(seconds) >= deadline - time.GetElapsedTime(started))
            {
                return answer.AsJson();
            }

            await Task.Delay(TimeSpan.FromSeconds(seconds), time, ct);
        }
    }

    /// <summary>Sends a request and reads the whole answer, whatever its status. Never <c>Refused</c>.</summary>
    private async Task<Outcome<RawAnswer>> Exchange(ApiRequest request, TimeSpan deadline, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(deadline > TimeSpan.Zero ? deadline : TimeSpan.Zero);

        try
        {
            using var exchange = await sender.Send(request, limited.Token);
            var body = await exchange.Response.Content.ReadAsByteArrayAsync(limited.Token);
            return Outcome<RawAnswer>.NewDone(
                new RawAnswer(exchange.Status, body) { RetryAfter = exchange.Response.Headers.RetryAfter });
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            var seconds = deadline.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
            return Outcome<RawAnswer>.NewUnknown($"no answer from {connection.Server} within {seconds} s");
        }
        catch (Exception problem) when (Problem.IsOfTransport(problem))
        {
            ct.ThrowIfCancellationRequested();
            return Outcome<RawAnswer>.NewUnknown($"cannot talk to {connection.Server}: {Problem.Text(problem)}");
        }
    }
}
