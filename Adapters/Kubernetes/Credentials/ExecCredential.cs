using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;

namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>
/// Credentials from a command. It runs once for any number of requests that wait; again shortly before what it gave
/// expires, and after a 401.
/// </summary>
internal sealed class ExecCredential(ExecPlugin plugin, TimeProvider time, TimeSpan deadline) : ICredentialSource
{
    /// <summary>How long before its expiry a credential is no longer used.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private Task<(Credential Credential, DateTimeOffset? Expires)>? run;

    public async ValueTask<Credential> Current(CancellationToken ct)
    {
        Task<(Credential Credential, DateTimeOffset? Expires)> current;

        lock (gate)
        {
            if (run is null || run.IsFaulted || (run.IsCompletedSuccessfully && IsOver(run.Result.Expires)))
            {
                run = Task.Run(Run, CancellationToken.None);
            }

            current = run;
        }

        return (await current.WaitAsync(ct)).Credential;
    }

    public bool Refused(Credential credential)
    {
        lock (gate)
        {
            if (run is { IsCompletedSuccessfully: true } && credential.CameFrom(run.Result.Credential))
            {
                run = null;
            }

            return true;
        }
    }

    private bool IsOver(DateTimeOffset? expires) => expires is { } at && time.GetUtcNow() >= at - Leeway;

    private async Task<(Credential, DateTimeOffset?)> Run()
    {
        var output = await ExecProcess.Run(plugin, deadline);
        var parsed = JsonModule.parseBytes(output);
        var answer = parsed.IsOk ? parsed.ResultValue : throw Wrong($"printed no JSON: {parsed.ErrorValue}");

        string? Text(params string[] path) => JsonModule.stringAt(ListModule.OfArray(path), answer)?.Value;

        if (Text("kind") != "ExecCredential" || Text("apiVersion") != plugin.ApiVersion)
        {
            throw Wrong(
                $"printed kind \"{Text("kind")}\" of \"{Text("apiVersion")}\"; must be ExecCredential of {plugin.ApiVersion}");
        }

        var token = Text("status", "token");
        var certificate = Text("status", "clientCertificateData");
        var key = Text("status", "clientKeyData");

        if (certificate is null != key is null)
        {
            throw Wrong("printed only one of clientCertificateData and clientKeyData");
        }

        if (token is null && certificate is null)
        {
            throw Wrong("printed neither a token nor a client certificate in its status");
        }

        var identity = certificate is null ? null : new ClientIdentity(certificate, key!);
        CheckUsable(identity);

        return (
            new Credential(token is null ? null : new AuthenticationHeaderValue("Bearer", token), identity),
            Expiry(Text("status", "expirationTimestamp")));
    }

    private void CheckUsable(ClientIdentity? identity)
    {
        try
        {
            foreach (var certificate in identity?.Load() ?? [])
            {
                certificate.Dispose();
            }
        }
        catch (CryptographicException problem)
        {
            throw Wrong($"printed a client certificate that cannot be used: {problem.Message}");
        }
    }

    private DateTimeOffset? Expiry(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at
        : throw Wrong($"printed the expirationTimestamp \"{text}\"; must be RFC 3339");

    private CredentialException Wrong(string problem) => new($"{plugin.Origin}: {plugin.Command} {problem}");
}
