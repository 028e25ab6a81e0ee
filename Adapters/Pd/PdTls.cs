namespace Tikv.Adapters.Pd;

/// <summary>What PD is trusted by, and what is shown to it, in PEM.</summary>
public sealed record PdTls(string AuthorityPem, string? CertificatePem = null, string? KeyPem = null)
{
    public override string ToString() => nameof(PdTls);
}
