using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tikv.Core;

namespace Tikv.Adapters.Tests.Kubernetes;

/// <summary>What a server was asked.</summary>
internal sealed record Seen(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Target => Path + Query;
    public Json Json => JsonModule.parse(Body).ResultValue;
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Subject of the client certificate.</summary>
    public string? Client { get; init; }

    public string Protocol { get; init; } = "";
}

/// <summary>A web server on this machine that answers as a test wants it to.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Seen> seen = new();

    private FakeServer(WebApplication app) => this.app = app;

    public Uri Url { get; private set; } = null!;
    public IReadOnlyList<Seen> Requests => [.. seen];

    /// <param name="answer">Answers every request.</param>
    /// <param name="certificate">Makes it serve TLS.</param>
    /// <param name="accepts">Makes it demand a client certificate, and says which will do.</param>
    public static async Task<FakeServer> Start(
        Func<HttpContext, Seen, Task> answer, X509Certificate2? certificate = null, Func<X509Certificate2, bool>? accepts = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;

                    if (accepts is null)
                    {
                        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                        https.AllowAnyClientCertificate();
                    }
                    else
                    {
                        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                        https.ClientCertificateValidation = (shown, _, _) => accepts(shown);
                    }
                });
            }
        }));

        var app = builder.Build();
        var server = new FakeServer(app);

        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var request = new Seen(
                context.Request.Method,
                context.Request.PathBase + context.Request.Path,
                context.Request.QueryString.Value ?? "",
                context.Request.Headers.ToDictionary(
                    header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                await reader.ReadToEndAsync())
            {
                Client = context.Connection.ClientCertificate?.Subject,
                Protocol = context.Request.Protocol,
            };
            server.seen.Enqueue(request);
            await answer(context, request);
        });

        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        server.Url = new Uri(address + "/");
        return server;
    }

    /// <summary>Answers every request with the same JSON.</summary>
    public static Task<FakeServer> Start(int status, string json) =>
        Start((context, _) => Answer(context, status, json));

    public static async Task Answer(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json, Encoding.UTF8);
    }

    /// <summary>A body that is sent piece by piece, each on its way before the next.</summary>
    public static async Task Stream(HttpContext context, params IEnumerable<string> pieces)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();

        foreach (var piece in pieces)
        {
            await context.Response.WriteAsync(piece);
            await context.Response.Body.FlushAsync();
        }
    }

    /// <summary>Says nothing more, until the client goes away.</summary>
    public static async Task Hang(HttpContext context)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // as intended
        }
    }

    public static string Status(int code, string reason, string message) =>
        $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{code}},"reason":"{{reason}}","message":"{{message}}"}""";

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
