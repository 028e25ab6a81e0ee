/// Defaults and refusals of built-in kinds, as kube-apiserver has them.
module Tikv.Simulator.Tests.Kubernetes.BuiltinTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Tests.Kubernetes.Cluster

let private made key body =
    let struct (_, made) = server |> must (Requests.create key place (json body))
    made

let private service = Requests.create Builtins.services place
let private withPod = server |> after (Requests.create Builtins.pods place (pod "p"))
let private patchPod kind (body: string) = Requests.patch kind Builtins.pods place "p" (json body)

[<Test>]
let ``K15 a pod gets the defaults that naive comparisons trip over`` () =
    let made =
        made
            Builtins.pods
            "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'x:1','ports':[{'containerPort':80}],'readinessProbe':{'tcpSocket':{'port':80}},'livenessProbe':{'httpGet':{'port':80}},'resources':{'limits':{'cpu':'1'}}}],'volumes':[{'name':'m','configMap':{'name':'c'}}]}}"

    let container = Json.itemsAt [ "spec"; "containers" ] made |> List.head
    let text path = textAt path made

    (text [ "spec"; "restartPolicy" ],
     text [ "spec"; "dnsPolicy" ],
     numberAt [ "spec"; "terminationGracePeriodSeconds" ] made)
    |> shouldBe ("Always", "ClusterFirst", 30L)

    (textAt [ "imagePullPolicy" ] container, textAt [ "terminationMessagePath" ] container)
    |> shouldBe ("IfNotPresent", "/dev/termination-log")

    numberAt [ "readinessProbe"; "periodSeconds" ] container |> shouldBe 10L
    textAt [ "livenessProbe"; "httpGet"; "scheme" ] container |> shouldBe "HTTP"
    textAt [ "resources"; "requests"; "cpu" ] container |> shouldBe "1"

    (Json.itemsAt [ "ports" ] container |> List.head |> textAt [ "protocol" ])
    |> shouldBe "TCP"

    (Json.itemsAt [ "spec"; "volumes" ] made
     |> List.head
     |> numberAt [ "configMap"; "defaultMode" ])
    |> shouldBe 420L

    (text [ "status"; "phase" ], text [ "status"; "qosClass" ])
    |> shouldBe ("Pending", "Burstable")

    Json.itemsAt [ "spec"; "tolerations" ] made |> List.length |> shouldBe 2

[<TestCase("{}", "spec.containers: Required value")>]
[<TestCase("{'containers':[{'name':'a','image':'x'},{'name':'a','image':'y'}]}",
           "spec.containers[1].name: Duplicate value: \"a\"")>]
[<TestCase("{'containers':[{'name':'a','image':'x','volumeMounts':[{'name':'nope','mountPath':'/x'}]}]}",
           "spec.containers[0].volumeMounts[0].name: Not found: \"nope\"")>]
[<TestCase("{'containers':[{'name':'a','image':'x'}],'restartPolicy':'Foo'}",
           "spec.restartPolicy: Unsupported value: \"Foo\": supported values: \"Always\", \"OnFailure\", \"Never\"")>]
[<TestCase("{'containers':[{'name':'a','image':'x','resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}}]}",
           "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit")>]
[<TestCase("{'containers':[{'name':'a','image':'x'}],'volumes':[{'name':'a','emptyDir':{}},{'name':'a','emptyDir':{}}]}",
           "spec.volumes[1].name: Duplicate value: \"a\"")>]
[<TestCase("{'containers':[{'name':'a','image':'x'}],'volumes':[{'name':'a','emptyDir':{},'hostPath':{'path':'/'}}]}",
           "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type")>]
[<TestCase("{'containers':[{'name':'a','image':'x','ports':[{'containerPort':0}]}]}",
           "spec.containers[0].ports[0].containerPort: Required value")>]
let ``a pod that cannot run is refused with the field at fault`` (spec: string) (problem: string) =
    server
    |> refused
        422
        ("Pod \"p\" is invalid: " + problem)
        (Requests.create Builtins.pods place (json ("{'metadata':{'name':'p'},'spec':" + spec + "}")))

[<Test>]
let ``a quantity that does not parse is a bad request`` () =
    server
    |> refused
        400
        "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        (Requests.create
            Builtins.pods
            place
            (json
                "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'a','image':'x','resources':{'requests':{'cpu':'foo'}}}]}}"))

[<Test>]
let ``K15 of a pod's spec only images, the deadline and more tolerations may change`` () =
    withPod
    |> code (patchPod StrategicMergePatch "{'spec':{'containers':[{'name':'c','image':'y'}]}}")
    |> shouldBe 200

    withPod
    |> code (patchPod MergePatch "{'spec':{'activeDeadlineSeconds':5}}")
    |> shouldBe 200

    withPod
    |> refused
        422
        "Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)"
        (patchPod MergePatch "{'spec':{'restartPolicy':'Never'}}")

[<Test>]
let ``a pod is bound once`` () =
    let bound = withPod |> after (bind "p")

    ApiServer.tryGet Builtins.pods place "p" bound
    |> Option.map (textAt [ "spec"; "nodeName" ])
    |> shouldBe (Some "n1")

    bound
    |> refused
        409
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\""
        (bind "p")

[<Test>]
let ``K15 a service gets an address, and keeps it`` () =
    let made =
        server
        |> after (
            service (json "{'metadata':{'name':'s'},'spec':{'selector':{'a':'b'},'ports':[{'port':80}]}}")
        )

    let found = ApiServer.tryGet Builtins.services place "s" made |> Option.get
    Assert.That(textAt [ "spec"; "clusterIP" ] found, Does.StartWith "10.96.")

    (textAt [ "spec"; "type" ] found, textAt [ "spec"; "sessionAffinity" ] found)
    |> shouldBe ("ClusterIP", "None")

    let port = Json.itemsAt [ "spec"; "ports" ] found |> List.head

    (textAt [ "protocol" ] port, numberAt [ "targetPort" ] port)
    |> shouldBe ("TCP", 80L)

    made
    |> refused
        422
        "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: []string{\"10.96.9.9\"}: may not change once set"
        (Requests.patch MergePatch Builtins.services place "s" (json "{'spec':{'clusterIP':'10.96.9.9'}}"))

[<Test>]
let ``a headless service has no address and two services never share one`` () =
    let headless =
        made Builtins.services "{'metadata':{'name':'s'},'spec':{'clusterIP':'None','ports':[{'port':80}]}}"

    textAt [ "spec"; "clusterIP" ] headless |> shouldBe "None"

    let many =
        (server, [ 1..20 ])
        ||> List.fold (fun server number ->
            server
            |> after (
                service (
                    json ("{'metadata':{'name':'s" + string number + "'},'spec':{'ports':[{'port':80}]}}")
                )
            ))

    ApiServer.listObjects Builtins.services None many
    |> List.countBy (textAt [ "spec"; "clusterIP" ])
    |> List.forall (fun (_, count) -> count = 1)
    |> shouldBe true

[<TestCase("{'metadata':{'name':'s'},'spec':{}}", "spec.ports: Required value")>]
[<TestCase("{'metadata':{'name':'s'},'spec':{'ports':[{'port':80},{'port':81}]}}",
           "[spec.ports[0].name: Required value, spec.ports[1].name: Required value]")>]
[<TestCase("{'metadata':{'name':'s'},'spec':{'type':'Foo','ports':[{'port':80}]}}",
           "spec.type: Unsupported value: \"Foo\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")>]
let ``a service that cannot be is refused with the field at fault`` (body: string) (problem: string) =
    server
    |> refused 422 ("Service \"s\" is invalid: " + problem) (service (json body))

// ---- claims

let private claims = Builtins.persistentVolumeClaims

let private claim =
    json
        "{'metadata':{'name':'v'},'spec':{'storageClassName':'exp','volumeName':'pv','accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'5Gi'}}}}"

let private grow (size: string) =
    Requests.patch
        MergePatch
        claims
        place
        "v"
        (json ("{'spec':{'resources':{'requests':{'storage':'" + size + "'}}}}"))

let private boundClaim =
    server
    |> after (Requests.create claims place claim)
    |> after (
        Requests.patch MergePatch claims place "v" (json "{'status':{'phase':'Bound'}}")
        |> Requests.onStatus
    )

let private withClass =
    boundClaim
    |> after (
        Requests.create
            Builtins.storageClasses
            None
            (json "{'metadata':{'name':'exp'},'provisioner':'x','allowVolumeExpansion':true}")
    )

[<Test>]
let ``a new claim waits, protected`` () =
    let found =
        server
        |> after (Requests.create claims place claim)
        |> ApiServer.tryGet claims place "v"
        |> Option.get

    (textAt [ "status"; "phase" ] found, textAt [ "spec"; "volumeMode" ] found)
    |> shouldBe ("Pending", "Filesystem")

    Meta.finalizers found |> shouldBe [ "kubernetes.io/pvc-protection" ]

[<Test>]
let ``a claim that names no class gets the default one`` () =
    let body = Json.setPath [ "spec"; "storageClassName" ] None claim

    let annotated =
        json
            "{'metadata':{'name':'d','annotations':{'storageclass.kubernetes.io/is-default-class':'true'}},'provisioner':'x'}"

    server
    |> after (Requests.create Builtins.storageClasses None annotated)
    |> after (Requests.create claims place body)
    |> ApiServer.tryGet claims place "v"
    |> Option.map (textAt [ "spec"; "storageClassName" ])
    |> shouldBe (Some "d")

[<Test>]
let ``K56 a bound claim grows if its class allows it, and never shrinks`` () =
    withClass |> code (grow "6Gi") |> shouldBe 200

    boundClaim
    |> refused
        403
        "persistentvolumeclaims \"v\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
        (grow "6Gi")

    withClass
    |> refused
        422
        "PersistentVolumeClaim \"v\" is invalid: spec.resources.requests.storage: Forbidden: field can not be less than previous value"
        (grow "1Gi")

[<Test>]
let ``K15 the rest of a claim may not change`` () =
    Assert.That(
        withClass
        |> message (Requests.patch MergePatch claims place "v" (json "{'spec':{'storageClassName':'x'}}")),
        Does.StartWith
            "PersistentVolumeClaim \"v\" is invalid: spec: Forbidden: spec is immutable after creation except resources.requests"
    )

[<Test>]
let ``an immutable configmap stays as it is`` () =
    server
    |> after (
        Requests.create
            Builtins.configMaps
            place
            (json "{'metadata':{'name':'c'},'immutable':true,'data':{'a':'1'}}")
    )
    |> refused
        422
        "ConfigMap \"c\" is invalid: data: Forbidden: field is immutable when `immutable` is set"
        (Requests.patch MergePatch Builtins.configMaps place "c" (json "{'data':{'a':'2'}}"))

[<Test>]
let ``a lease lasts some time`` () =
    server
    |> refused
        422
        "Lease.coordination.k8s.io \"l\" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"
        (Requests.create
            Builtins.leases
            place
            (json "{'metadata':{'name':'l'},'spec':{'leaseDurationSeconds':0}}"))

// ---- eviction

let private ready =
    patchPod MergePatch "{'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}}"
    |> Requests.onStatus

let private guarded =
    withPod
    |> after (bind "p")
    |> after ready
    |> after (
        Requests.create
            Builtins.podDisruptionBudgets
            place
            (json "{'metadata':{'name':'b'},'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'x'}}}}")
    )
    |> Disruption.step noon

[<Test>]
let ``K47 a budget that is just met lets no pod go`` () =
    guarded
    |> refused 429 "Cannot evict pod as it would violate the pod's disruption budget." (evict "p")

    guarded
    |> causes (evict "p")
    |> shouldBe [ "DisruptionBudget", "", "The disruption budget b needs 1 healthy pods and has 1 currently" ]

[<Test>]
let ``K47 a direct delete bypasses the budget`` () =
    guarded
    |> code (Requests.delete Requests.deleteOptions Builtins.pods place "p")
    |> shouldBe 200

[<Test>]
let ``K47 a budget with one to spare lets one go, and then waits for the count`` () =
    let spare =
        guarded
        |> after (Requests.create Builtins.pods place (pod "q"))
        |> after (bind "q")
        |> after { ready with Name = Some "q" }
        |> Disruption.step noon

    let evicted = spare |> after (evict "p")

    ApiServer.tryGet Builtins.pods place "p" evicted
    |> Option.map Meta.isTerminating
    |> shouldBe (Some true)

    evicted |> code (evict "q") |> shouldBe 429
    evicted |> Disruption.step noon |> code (evict "q") |> shouldBe 429

[<Test>]
let ``K47 a pod that does not run goes whatever the budget says`` () =
    guarded
    |> after (patchPod MergePatch "{'status':{'phase':'Failed'}}" |> Requests.onStatus)
    |> code (evict "p")
    |> shouldBe 201
