namespace Tikv.Core

/// A value of a TOML 1.0 document; the document itself is a table. Tables keep the order of their keys.
[<RequireQualifiedAccess>]
type TomlValue =
    | String of Value: string
    | Integer of Value: int64
    | Float of Value: float
    | Bool of Value: bool
    /// A date, a time, or both, as it was written (RFC 3339).
    | DateTime of Text: string
    | Array of Items: TomlValue list
    | Table of Members: (string * TomlValue) list
