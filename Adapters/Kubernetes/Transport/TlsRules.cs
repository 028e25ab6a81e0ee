using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tikv.Adapters.Kubernetes.Transport;

/// <summary>Which server certificates are accepted.</summary>
internal static class TlsRules
{
    /// <summary>Nothing is checked.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "The user asked for it: insecure-skip-tls-verify.")]
    public static RemoteCertificateValidationCallback Anything { get; } = (_, _, _, _) => true;

    /// <summary>
    /// Only chains to these roots. Given as a policy and not as a callback: a callback that builds the chain again sees a
    /// chain error for every private root, and is then easily blind for a wrong name (U 3.1 item 15).
    /// </summary>
    public static X509ChainPolicy TrustOnly(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };

        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    /// <summary>The certificate must be for that name instead of the host's; everything else is checked as usual.</summary>
    public static RemoteCertificateValidationCallback NamedInstead(string name) => (_, certificate, _, errors) =>
        certificate is X509Certificate2 offered
        && (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None
        && offered.MatchesHostname(name);
}
