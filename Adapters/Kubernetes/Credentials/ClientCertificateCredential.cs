using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>
/// Adds a client certificate from the configuration to another credential. Files are read again every 5 minutes, as
/// client-go does; a new certificate makes new connections.
/// </summary>
internal sealed class ClientCertificateCredential(Pem certificate, Pem key, ICredentialSource other, TimeProvider time)
    : ICredentialSource
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private ClientIdentity? last;
    private long readAt;

    public async ValueTask<Credential> Current(CancellationToken ct)
    {
        var credential = await other.Current(ct);
        return new Credential(credential.Authorization, credential.Identity ?? Identity());
    }

    public bool Refused(Credential credential) => other.Refused(credential);

    private ClientIdentity Identity()
    {
        lock (gate)
        {
            if (last is null || time.GetElapsedTime(readAt) >= Lifetime)
            {
                try
                {
                    last = new ClientIdentity(certificate.Read(), key.Read());
                }
                catch (KubeConfigException problem)
                {
                    last = last ?? throw new CredentialException(problem.Message, problem);
                }

                readAt = time.GetTimestamp();
            }

            return last;
        }
    }
}
