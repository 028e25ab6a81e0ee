using Tikv.Adapters.Kubernetes.Config;
using Tikv.Host.Start;

namespace Tikv.Host.Commands;

/// <summary>Turns what ended a command into a message and an exit code.</summary>
internal static class Ends
{
    public static async Task<int> Told(string command, TextWriter errors, Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (StartProblem problem)
        {
            return Say(problem.Code, problem.Message);
        }
        catch (KubeConfigException problem)
        {
            return Say(ExitCode.Misconfigured, problem.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Clean; // stopped before it was up
        }
        catch (Exception problem)
        {
            return Say(ExitCode.Fault, $"a fault of the operator's own; please report it:\n{problem}");
        }

        int Say(int code, string message)
        {
            errors.WriteLine($"tikv-operator {command}: {message}");
            return code;
        }
    }
}
