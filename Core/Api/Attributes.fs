namespace Tikv.Core.Api

open System

/// What the field means, for `kubectl explain` and the reference pages. Every field of a kind has one.
[<AttributeUsage(AttributeTargets.Property ||| AttributeTargets.Class)>]
type DocAttribute(text: string) =
    inherit Attribute()
    member _.Text = text

/// The value of an absent field: written into the schema, and filled in by the decoder.
[<AttributeUsage(AttributeTargets.Property)>]
type DefaultAttribute(value: obj) =
    inherit Attribute()
    member _.Value = value

/// The field must be given.
[<AttributeUsage(AttributeTargets.Property)>]
type RequiredAttribute() =
    inherit Attribute()

/// Least value of a number.
[<AttributeUsage(AttributeTargets.Property)>]
type MinimumAttribute(value: int) =
    inherit Attribute()
    member _.Value = value

/// Greatest value of a number.
[<AttributeUsage(AttributeTargets.Property)>]
type MaximumAttribute(value: int) =
    inherit Attribute()
    member _.Value = value

/// Least number of characters of a text, of items of a list, or of keys of a map.
[<AttributeUsage(AttributeTargets.Property)>]
type MinLengthAttribute(value: int) =
    inherit Attribute()
    member _.Value = value

/// Greatest number of characters of a text, of items of a list, or of keys of a map.
[<AttributeUsage(AttributeTargets.Property)>]
type MaxLengthAttribute(value: int) =
    inherit Attribute()
    member _.Value = value

/// A regular expression (RE2 and .NET alike) that the text matches, and what it says in words.
[<AttributeUsage(AttributeTargets.Property)>]
type PatternAttribute(expression: string, words: string) =
    inherit Attribute()
    member _.Expression = expression
    member _.Words = words

/// Never changes after creation; neither may the field be added or taken away.
[<AttributeUsage(AttributeTargets.Property)>]
type ImmutableAttribute() =
    inherit Attribute()

/// A rule in the Common Expression Language for API servers that have it (1.25 and later). Validation.fs checks the same.
[<AttributeUsage(AttributeTargets.Property ||| AttributeTargets.Class, AllowMultiple = true)>]
type CelAttribute(rule: string, message: string) =
    inherit Attribute()
    member _.Rule = rule
    member _.Message = message

/// The list is a map by this field of its items: no two items share it.
[<AttributeUsage(AttributeTargets.Property)>]
type ListMapKeyAttribute(key: string) =
    inherit Attribute()
    member _.Key = key

/// No two items of the list are equal.
[<AttributeUsage(AttributeTargets.Property)>]
type ListSetAttribute() =
    inherit Attribute()

/// The fields of this record stand in the object that holds it.
[<AttributeUsage(AttributeTargets.Property)>]
type InlineAttribute() =
    inherit Attribute()
