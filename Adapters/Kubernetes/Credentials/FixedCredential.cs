namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>A credential that stands in the configuration.</summary>
internal sealed class FixedCredential(Credential credential) : ICredentialSource
{
    public ValueTask<Credential> Current(CancellationToken ct) => ValueTask.FromResult(credential);

    public bool Refused(Credential credential) => false;
}
