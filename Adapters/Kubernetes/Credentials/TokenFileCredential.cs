using System.Net.Http.Headers;

namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>
/// A token in a file that Kubernetes replaces before it expires. Read again every minute, as client-go does, and at once
/// after a 401. When it cannot be read the last token stands, until that is refused.
/// </summary>
internal sealed class TokenFileCredential(string path, TimeProvider time) : ICredentialSource
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private Credential? last;
    private long readAt;

    public ValueTask<Credential> Current(CancellationToken ct)
    {
        lock (gate)
        {
            if (last is null || time.GetElapsedTime(readAt) >= Lifetime)
            {
                last = Read(last);
                readAt = time.GetTimestamp();
            }

            return ValueTask.FromResult(last);
        }
    }

    public bool Refused(Credential credential)
    {
        lock (gate)
        {
            if (last is not null && credential.CameFrom(last))
            {
                last = null;
            }

            return true;
        }
    }

    private Credential Read(Credential? previous)
    {
        try
        {
            var token = File.ReadAllText(path).Trim();

            return token.Length == 0 ? throw new CredentialException($"the token file {path} is empty")
                : previous?.Authorization?.Parameter == token ? previous
                : new Credential(new AuthenticationHeaderValue("Bearer", token));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return previous ?? throw new CredentialException($"cannot read the token file {path}: {problem.Message}", problem);
        }
        catch (CredentialException) when (previous is not null)
        {
            return previous;
        }
    }
}
