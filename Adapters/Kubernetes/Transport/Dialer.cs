using System.Net.Security;
using System.Net.Sockets;
using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Kubernetes.Transport;

/// <summary>Opens sockets that notice a dead peer, and TLS streams for a server name that is not the host's.</summary>
internal sealed class Dialer(KubernetesConnection connection, SslClientAuthenticationOptions tls)
{
    public async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        try
        {
            // A peer that vanished is noticed after about 75 s.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            var stream = new NetworkStream(socket, ownsSocket: true);

            return connection.TlsServerName is { } name && IsServer(context) ? await Encrypt(stream, name, context, ct) : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>False when a proxy is dialled; the handler then does TLS through it.</summary>
    private bool IsServer(SocketsHttpConnectionContext context) =>
        connection.Server.Scheme == Uri.UriSchemeHttps
        && context.DnsEndPoint.Port == connection.Server.Port
        && context.DnsEndPoint.Host.Trim('[', ']') == connection.Server.IdnHost.Trim('[', ']');

    /// <summary>
    /// The handler takes a stream that is encrypted already as it is. So the name goes out as SNI, and is checked by the
    /// platform; <c>SslOptions.TargetHost</c> of the handler would be overwritten (U 3.1 item 16).
    /// </summary>
    private async Task<Stream> Encrypt(
        NetworkStream stream, string name, SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var encrypted = new SslStream(stream);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            CertificateChainPolicy = tls.CertificateChainPolicy,
            ClientCertificateContext = tls.ClientCertificateContext,
            RemoteCertificateValidationCallback = connection.InsecureSkipTlsVerify ? TlsRules.Anything : null,
            ApplicationProtocols = context.InitialRequestMessage.Version.Major >= 2
                ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]
                : [SslApplicationProtocol.Http11],
        };

        try
        {
            await encrypted.AuthenticateAsClientAsync(options, ct);
            return encrypted;
        }
        catch
        {
            await encrypted.DisposeAsync();
            throw;
        }
    }
}
