/// The file that leads clients to the embedded cluster.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Kubeconfig

open System
open System.IO
open System.Text

/// The first line of the file: the server replaces no file that does not begin with it.
let private mark = "# Written by tikv-sim: leads to an embedded TiKV cluster, while it runs."

/// The text of a kubeconfig with one context, `tikv-sim`.
let text (url: string) (authority: string) (token: string) =
    let authority = Convert.ToBase64String(Encoding.UTF8.GetBytes authority)

    String.concat "\n" [
        mark
        "apiVersion: v1"
        "kind: Config"
        "clusters:"
        "- name: tikv-sim"
        "  cluster:"
        $"    server: %s{url}"
        $"    certificate-authority-data: %s{authority}"
        "users:"
        "- name: tikv-sim"
        "  user:"
        $"    token: %s{token}"
        "contexts:"
        "- name: tikv-sim"
        "  context:"
        "    cluster: tikv-sim"
        "    user: tikv-sim"
        "    namespace: default"
        "current-context: tikv-sim"
        ""
    ]

let private isOurs (path: string) =
    match File.ReadLines path |> Seq.tryHead with
    | Some first -> first = mark
    | None -> true

/// Why the file cannot be written at this path; none when it can.
let refusal (path: string) =
    let folder = Path.GetDirectoryName(Path.GetFullPath path) |> Option.ofObj

    if Directory.Exists path then
        Some $"%s{path} is a folder; name a file for the kubeconfig"
    elif folder |> Option.exists (Directory.Exists >> not) then
        Some $"the folder of %s{path} does not exist"
    elif File.Exists path && not (isOurs path) then
        Some $"%s{path} exists and was not written by tikv-sim; name another file for the kubeconfig"
    else
        None

/// Writes the file, readable by its owner only. Other clients never see half of it.
let write (path: string) (text: string) =
    let temporary = path + ".new"
    File.Delete temporary

    let options =
        FileStreamOptions(
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = (UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
        )

    using (new StreamWriter(temporary, options)) (fun writer -> writer.Write text)
    File.Move(temporary, path, true)
