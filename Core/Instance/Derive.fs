/// What follows from an instance's specification alone, worked out when it is first asked for.
module Tikv.Core.Instance.Derive

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// By whether there is TLS: each worked out when first asked for.
let private either make =
    let plain, secured = lazy (make false), lazy (make true)
    fun tls -> if tls then secured.Value else plain.Value

let private make
    ``component``
    (settings: InstanceSettings)
    (template: ComponentTemplate)
    (encoded: Lazy<Json>)
    (meta: Meta)
    : Prints =
    let metadata = Revision.metadata meta
    let group = Labels.groupOf meta
    let document = lazy (Toml.parse (template.Config |> Option.defaultValue ""))

    {
        Metadata = metadata
        Group = group
        Labels = lazy (Labels.ofInstance settings.Cluster.Name group (Defaults.word ``component``) meta.Name)
        Process = either (fun tls -> Revision.processOf template encoded.Value metadata tls)
        Base = either (fun tls -> Revision.baseOf encoded.Value metadata tls)
        Config = lazy (Reload.fingerprintOf ``component`` document.Value |> Option.defaultValue "")
        Document = document
    }

/// Those of before, while nothing that they follow from has changed.
let private kept spec (meta: Meta) (before: Derived<Prints> option) =
    before
    |> Option.filter (fun derived ->
        Derived.tryOf spec derived
        |> Option.exists (fun (prints: Prints) ->
            prints.Metadata = Revision.metadata meta && prints.Group = Labels.groupOf meta))

let ofPd (before: Derived<Prints> option) (object: Object<PDSpec, PDStatus>) : Derived<Prints> =
    let spec = object.Spec

    kept spec object.Meta before
    |> Option.defaultWith (fun () ->
        make
            Component.PD
            spec.Instance
            spec.Template.Component
            (lazy (Codec.encode spec.Template))
            object.Meta
        |> Derived.from spec)

let ofTikv (before: Derived<Prints> option) (object: Object<TiKVSpec, TiKVStatus>) : Derived<Prints> =
    let spec = object.Spec

    kept spec object.Meta before
    |> Option.defaultWith (fun () ->
        make
            Component.TiKV
            spec.Instance
            spec.Template.Component
            (lazy (Codec.encode spec.Template))
            object.Meta
        |> Derived.from spec)
