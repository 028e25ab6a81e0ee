namespace Tikv.Host

type Options = { Placeholder: unit }
