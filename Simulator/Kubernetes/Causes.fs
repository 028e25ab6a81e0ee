/// What can be wrong with a field, in the words of Kubernetes' `field.Error`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Causes

open Tikv.Core

/// A value as error messages print it.
let printed json =
    match json with
    | Json.String text -> "\"" + text + "\""
    | json -> Json.print json

let private cause reason field message : Errors.Cause = { Reason = reason; Message = message; Field = field }

/// The value is printed as it is: quote strings with `printed`.
let invalid field (value: string) (why: string) =
    cause "FieldValueInvalid" field $"Invalid value: %s{value}: %s{why}"

let invalidText field (value: string) why = invalid field ("\"" + value + "\"") why
let required field = cause "FieldValueRequired" field "Required value"
let requiredBecause field (why: string) = cause "FieldValueRequired" field $"Required value: %s{why}"
let forbidden field (why: string) = cause "FieldValueForbidden" field $"Forbidden: %s{why}"
let duplicate field (value: string) = cause "FieldValueDuplicate" field $"Duplicate value: %s{value}"
let notFound field (value: string) = cause "FieldValueNotFound" field $"Not found: \"%s{value}\""

let unsupported field (value: string) (supported: string list) =
    let list = supported |> List.map (fun text -> "\"" + text + "\"") |> String.concat ", "
    cause "FieldValueNotSupported" field $"Unsupported value: %s{value}: supported values: %s{list}"

let immutable field value = invalid field value "field is immutable"
