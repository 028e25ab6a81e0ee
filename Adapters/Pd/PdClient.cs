using System.Diagnostics;
using Microsoft.FSharp.Collections;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>PD's HTTP API, at the first endpoint that answers.</summary>
internal sealed class PdClient(IPdRoute route) : IPdApi
{
    public async Task<Outcome<PdReply>> Ask(FSharpList<PdEndpoint> endpoints, PdCall question, CancellationToken ct)
    {
        var request = PdCodec.request(question);
        var problems = new List<string>();
        PdReply? leaderless = null;

        foreach (var endpoint in endpoints)
        {
            switch (await Measured(endpoint, request, ct))
            {
                case Outcome<PdReply>.Done { Answer: var reply } when !(request.Method == "GET" && KnowsNoLeader(reply)):
                    return Outcome<PdReply>.NewDone(reply);
                case Outcome<PdReply>.Done { Answer: var reply }:
                    leaderless = reply;
                    break;
                case Outcome<PdReply>.Refused { Error: var error }:
                    problems.Add($"{route.Describe(endpoint)}: the API server refused: {error.Message}");
                    break;
                case Outcome<PdReply>.Unknown { Problem: var problem }:
                    problems.Add($"{route.Describe(endpoint)}: {problem}");
                    break;
            }
        }

        return leaderless is not null ? Outcome<PdReply>.NewDone(leaderless)
            : Outcome<PdReply>.NewUnknown(problems.Count == 0 ? "PD has no endpoint yet" : string.Join("; ", problems));
    }

    public void Dispose() => route.Dispose();

    private async Task<Outcome<PdReply>> Measured(PdEndpoint endpoint, PdRequest request, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var outcome = await route.Ask(endpoint, request, ct);
        var status = outcome is Outcome<PdReply>.Done { Answer: var reply } ? reply.Status : (int?)null;
        PdMetrics.Record(endpoint.Namespace, endpoint.Name, status, Stopwatch.GetElapsedTime(started));
        return outcome;
    }

    private static bool KnowsNoLeader(PdReply reply) =>
        reply.Status >= 500 && PdErrorModule.ofReply(reply) is { IsNoLeader: true } or { IsTimedOut: true };
}
