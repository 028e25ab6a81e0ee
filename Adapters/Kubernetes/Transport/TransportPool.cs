using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Kubernetes.Credentials;

namespace Tikv.Adapters.Kubernetes.Transport;

/// <summary>
/// The transport of the moment. Another client certificate, or a replaced CA file, makes another transport; the old one
/// is disposed of when the last request on it is over.
/// </summary>
internal sealed class TransportPool(KubernetesConnection connection, TimeProvider time) : IDisposable
{
    /// <summary>How often the CA file is read again.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<Transport, int> leases = [];
    private Transport? current;
    private string? authorities;
    private long readAt;
    private bool disposed;

    /// <summary>Transports that are not disposed of.</summary>
    public int LiveTransports
    {
        get
        {
            lock (gate)
            {
                return leases.Count;
            }
        }
    }

    /// <summary>Requests and watches that hold a transport.</summary>
    public int LiveLeases
    {
        get
        {
            lock (gate)
            {
                return leases.Values.Sum();
            }
        }
    }

    /// <summary>To be given back by <see cref="Release"/> when the answer has been read.</summary>
    public Transport Acquire(ClientIdentity? identity)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            ReadAuthorities();

            var fitting = Fitting(identity);
            leases[fitting]++;
            return fitting;
        }
    }

    public void Release(Transport transport)
    {
        lock (gate)
        {
            if (--leases[transport] == 0 && (disposed || !ReferenceEquals(transport, current)))
            {
                leases.Remove(transport);
                transport.Dispose();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            Retire();
        }
    }

    private Transport Fitting(ClientIdentity? identity)
    {
        if (current is not null && current.Authorities == authorities && current.Identity == identity)
        {
            return current;
        }

        Transport next;

        try
        {
            next = new Transport(connection, authorities, identity);
        }
        catch (CredentialException) when (current is not null && current.Identity == identity)
        {
            authorities = current.Authorities; // half written, perhaps: until the next look nothing changes
            return current;
        }

        leases.Add(next, 0);
        Retire();
        return current = next;
    }

    private void Retire()
    {
        if (current is not null && leases[current] == 0)
        {
            leases.Remove(current);
            current.Dispose();
        }

        current = null;
    }

    private void ReadAuthorities()
    {
        if (connection.CertificateAuthority is not { } pem || (readAt != 0 && time.GetElapsedTime(readAt) < Lifetime))
        {
            return;
        }

        try
        {
            authorities = pem.Read();
        }
        catch (KubeConfigException problem) when (authorities is null)
        {
            throw new CredentialException(problem.Message, problem);
        }
        catch (KubeConfigException)
        {
            // Being replaced at this moment: those read before stand until the next look.
        }

        readAt = time.GetTimestamp();
    }
}
