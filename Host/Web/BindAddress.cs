using System.Globalization;
using System.Net;
using Tikv.Host.Start;

namespace Tikv.Host.Web;

/// <summary>Where a web endpoint listens; the spelling is controller-runtime's.</summary>
internal static class BindAddress
{
    /// <param name="flag">The flag, for the message.</param>
    /// <param name="text"><c>HOST:PORT</c>, or <c>:PORT</c> for every address of the machine.</param>
    /// <exception cref="StartProblem">The host is neither an IP address nor <c>localhost</c>.</exception>
    public static IPEndPoint Parse(string flag, string text)
    {
        var colon = text.LastIndexOf(':');
        var port = int.Parse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        var host = text[..colon].Trim('[', ']');

        return host switch
        {
            "" => new IPEndPoint(IPAddress.IPv6Any, port),
            "localhost" => new IPEndPoint(IPAddress.Loopback, port),
            _ when IPAddress.TryParse(host, out var address) => new IPEndPoint(address, port),
            _ => throw new StartProblem(
                ExitCode.Misconfigured, $"{flag}: \"{host}\" is not an IP address; name one, or none to listen on all of them"),
        };
    }
}
