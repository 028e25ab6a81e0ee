using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tikv.Adapters.Web;
using Tikv.Host.Start;

namespace Tikv.Host.Web;

/// <summary>
/// Serves /healthz, /livez, /readyz and /metrics, each kind at its own address or both at the same one. Reads of them
/// need no credentials, so they tell no secrets.
/// </summary>
internal sealed class WebEndpoints : IAsyncDisposable
{
    private const string PlainText = "text/plain; charset=utf-8";

    private readonly List<WebApplication> applications = [];

    private WebEndpoints()
    {
    }

    /// <summary>The addresses that are listened on, as URLs.</summary>
    public IReadOnlyList<string> Urls => [.. applications.SelectMany(application => application.Urls)];

    /// <exception cref="StartProblem">An address cannot be had.</exception>
    public static async Task<WebEndpoints> Start(
        string? healthAddress,
        string? metricsAddress,
        Health health,
        Func<IEnumerable<Metric>> metrics,
        ILoggerFactory logs)
    {
        var web = new WebEndpoints();

        try
        {
            if (healthAddress is not null && healthAddress == metricsAddress && !healthAddress.EndsWith(":0", StringComparison.Ordinal))
            {
                await web.Listen("--health-probe-bind-address", healthAddress, request => OfHealth(request, health) ?? OfMetrics(request, metrics), logs);
            }
            else
            {
                if (healthAddress is not null)
                {
                    await web.Listen("--health-probe-bind-address", healthAddress, request => OfHealth(request, health), logs);
                }

                if (metricsAddress is not null)
                {
                    await web.Listen("--metrics-bind-address", metricsAddress, request => OfMetrics(request, metrics), logs);
                }
            }

            return web;
        }
        catch
        {
            await web.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var application in applications)
        {
            await application.StopAsync();
            await application.DisposeAsync();
        }
    }

    private async Task Listen(string flag, string address, Func<HttpRequest, Reply?> answer, ILoggerFactory logs)
    {
        var endpoint = BindAddress.Parse(flag, address);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 0;

            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                options.ListenAnyIP(endpoint.Port);
            }
            else
            {
                options.Listen(endpoint);
            }
        });

        var application = builder.Build();
        application.Run(context => Answer(context, answer));

        try
        {
            await application.StartAsync();
            applications.Add(application);
        }
        catch (Exception problem) when (problem is AddressInUseException or IOException or System.Net.Sockets.SocketException)
        {
            await application.DisposeAsync();
            throw new StartProblem(
                ExitCode.Misconfigured, $"{flag}={address} cannot be listened on: {problem.Message.TrimEnd('.')}; name another, or 0 for none", problem);
        }
    }

    private static Task Answer(HttpContext context, Func<HttpRequest, Reply?> answer)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        var reply = answer(context.Request) ?? new Reply(StatusCodes.Status404NotFound, PlainText, "nothing is served here\n");
        response.StatusCode = reply.Status;
        response.ContentType = reply.ContentType;
        return response.WriteAsync(reply.Text, context.RequestAborted);
    }

    private static Reply? OfHealth(HttpRequest request, Health health)
    {
        HealthReport? report = request.Path.Value switch
        {
            "/healthz" or "/livez" => health.Live(),
            "/readyz" => health.Ready(),
            _ => null,
        };

        return report is null ? null : new Reply(
            report.Passed ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            PlainText,
            report.Text(request.Query.ContainsKey("verbose")));
    }

    private static Reply? OfMetrics(HttpRequest request, Func<IEnumerable<Metric>> metrics) =>
        request.Path == "/metrics" ? new Reply(StatusCodes.Status200OK, MetricsText.ContentType, MetricsText.Render(metrics())) : null;

    private sealed record Reply(int Status, string ContentType, string Text);
}
