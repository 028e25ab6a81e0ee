namespace Tikv.Conformance.Tests;

/// <summary>What every API server must answer alike. The golden answers are those of a real one.</summary>
internal static class AllCases
{
    public static readonly ApiCase[] All =
    [
        .. ObjectCases.All,
        .. DeletionCases.All,
        .. BuiltInCases.All,
        .. PatchCases.All,
        .. ReadCases.All,
        .. SchemaCases.All,
    ];
}
