namespace Tikv.Adapters;

internal static class Placeholder;
