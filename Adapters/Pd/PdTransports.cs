using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Credentials;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>
/// The transport for each client certificate. Its Secrets are read when they are first needed, and again when they have
/// another version; connections made with the former are used no more.
/// </summary>
internal sealed class PdTransports(IKubernetesApi api) : IDisposable
{
    private readonly PdTransport plain = PdTransport.Plain();
    private readonly ConcurrentDictionary<(string Space, string Authority, string Pair, bool SkipVerify), Slot> slots = new();

    /// <exception cref="CredentialException">The certificates cannot be had, or not be used.</exception>
    public async Task<PdTransport> Of(PdEndpoint endpoint, CancellationToken ct)
    {
        if (endpoint.Tls is not { Value: var tls })
        {
            return plain;
        }

        var slot = slots.GetOrAdd((endpoint.Namespace, tls.Authority, tls.Pair, tls.SkipVerify), _ => new Slot());
        await slot.Gate.WaitAsync(ct);

        try
        {
            if (slot.Current is not { } known || tls.Version.Length == 0 || slot.Version != tls.Version)
            {
                known = await Made(endpoint.Namespace, tls, ct);
                slot.Replace(known, tls.Version);
            }

            return known;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    public void Dispose()
    {
        plain.Dispose();

        foreach (var slot in slots.Values)
        {
            slot.Dispose();
        }
    }

    private async Task<PdTransport> Made(string space, EndpointTls tls, CancellationToken ct)
    {
        var authority = await Values(space, tls.Authority, ct);
        var pair = tls.Pair == tls.Authority ? authority : await Values(space, tls.Pair, ct);

        try
        {
            return PdTransport.Mutual(
                Value(authority, tls.Authority, "ca.crt"),
                new ClientIdentity(Value(pair, tls.Pair, "tls.crt"), Value(pair, tls.Pair, "tls.key")),
                tls.SkipVerify);
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException)
        {
            throw new CredentialException(
                $"the client certificate of the Secrets {tls.Authority} and {tls.Pair} cannot be used: {problem.Message}", problem);
        }
    }

    private async Task<Json> Values(string space, string name, CancellationToken ct) =>
        await api.Read(new ObjectRef(Kind.Secret, space, name), ct) switch
        {
            Outcome<Json>.Done { Answer: var secret } => secret,
            Outcome<Json>.Refused { Error: { Code: 404 } } => throw new CredentialException($"the Secret {name} does not exist"),
            Outcome<Json>.Refused { Error: var error } => throw new CredentialException($"cannot read the Secret {name}: {error.Message}"),
            Outcome<Json>.Unknown { Problem: var problem } => throw new CredentialException($"cannot read the Secret {name}: {problem}"),
            _ => throw new InvalidOperationException("no such outcome"),
        };

    private static string Value(Json secret, string name, string key)
    {
        var text = JsonModule.stringAt(ListModule.OfArray(["data", key]), secret)?.Value
            ?? throw new CredentialException($"the Secret {name} has no {key}");
        var room = new byte[text.Length];

        return Convert.TryFromBase64String(text, room, out var length)
            ? Encoding.UTF8.GetString(room, 0, length)
            : throw new CredentialException($"{key} of the Secret {name} is not base64");
    }

    /// <summary>The transport in use, and the one before it: requests under way may still need that.</summary>
    private sealed class Slot : IDisposable
    {
        private PdTransport? former;

        public SemaphoreSlim Gate { get; } = new(1);
        public PdTransport? Current { get; private set; }
        public string Version { get; private set; } = "";

        public void Replace(PdTransport next, string version)
        {
            former?.Dispose();
            former = Current;
            Current = next;
            Version = version;
        }

        public void Dispose()
        {
            Current?.Dispose();
            former?.Dispose();
            Gate.Dispose();
        }
    }
}
