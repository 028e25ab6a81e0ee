using System.Net.Http.Headers;
using System.Text;
using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Kubernetes.Credentials;

internal static class CredentialSources
{
    /// <summary>The source that a connection asks for: token file, token, basic, exec plugin; each with a client certificate.</summary>
    public static ICredentialSource Of(KubernetesConnection connection, TimeProvider time, TimeSpan execDeadline)
    {
        ICredentialSource source = connection switch
        {
            { TokenFile: { } path } => new TokenFileCredential(path, time),
            { Token: { } token } => Fixed("Bearer", token),
            { Basic: { } basic } => Fixed(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.User}:{basic.Password}"))),
            { Exec: { } plugin } => new ExecCredential(plugin, time, execDeadline),
            _ => new FixedCredential(Credential.None),
        };

        return connection is { ClientCertificate: { } certificate, ClientKey: { } key }
            ? new ClientCertificateCredential(certificate, key, source, time)
            : source;
    }

    private static FixedCredential Fixed(string scheme, string value) =>
        new(new Credential(new AuthenticationHeaderValue(scheme, value)));
}
