using System.Net.Sockets;
using System.Security.Authentication;
using Tikv.Adapters.Kubernetes.Credentials;

namespace Tikv.Adapters.Kubernetes;

/// <summary>Failures of the transport, in words.</summary>
internal static class Problem
{
    /// <summary>Failures that a server or a network can cause. Anything else is a fault of ours, and is not caught.</summary>
    public static bool IsOfTransport(Exception problem) =>
        problem is HttpRequestException or IOException or SocketException or AuthenticationException or CredentialException
            or ObjectDisposedException;

    /// <summary>The innermost message says what happened; the outer ones say only that something did.</summary>
    public static string Text(Exception problem)
    {
        var inner = problem;

        while (inner.InnerException is { } next)
        {
            inner = next;
        }

        return problem is CredentialException ? problem.Message : inner.Message;
    }
}
