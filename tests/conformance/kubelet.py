#!/usr/bin/env python3
"""A kubelet for three nodes in three zones that runs nothing: Pods bound to its nodes become Running and Ready, deleted
ones go away, nodes and their leases keep beating.      usage: kubelet.py SERVER CA_FILE TOKEN

Annotations of a Pod steer it:   fake-kubelet/ready: "false"        runs, and is not ready
                                 fake-kubelet/waiting: REASON       its containers wait, such as CrashLoopBackOff
Annotation of a Node:            fake-kubelet/dead: "true"          stops beating, and leaves its Pods as they are
"""
import datetime, http.client, itertools, json, ssl, sys, threading, time, urllib.parse

SERVER, CA_FILE, TOKEN = sys.argv[1:4]
URL = urllib.parse.urlparse(SERVER)
TLS = ssl.create_default_context(cafile=CA_FILE)
NODES = {f"node-{i}": f"zone-{i}" for i in (1, 2, 3)}
BEAT_SECONDS = 2
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
JSON, MERGE, STRATEGIC = ("application/" + kind for kind in ("json", "merge-patch+json", "strategic-merge-patch+json"))

local = threading.local()
dead = set()


def connect(timeout):
    return http.client.HTTPSConnection(URL.hostname, URL.port, context=TLS, timeout=timeout)


def call(method, path, body=None, content_type=JSON):
    """Code and answer; code 0 when the API server did not answer. A kept connection that was closed is tried once more."""
    headers = {"Authorization": "Bearer " + TOKEN, "Accept": JSON, "Content-Type": content_type}
    for _ in range(2):
        connection = getattr(local, "connection", None) or connect(30)
        local.connection = connection
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data[:1] == b"{" else None
        except (OSError, http.client.HTTPException):
            connection.close()
            local.connection = None
    return 0, None


def now(fraction=False):
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fraction else "%Y-%m-%dT%H:%M:%SZ")


# ---- nodes

def node_status(node):
    def condition(kind, status):
        return {"type": kind, "status": status, "reason": "FakeKubelet", "message": "nothing runs here",
                "lastHeartbeatTime": now(), "lastTransitionTime": now()}
    room = {"cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti"}
    return {"status": {
        "capacity": room, "allocatable": room,
        "conditions": [condition("Ready", "True")] + [condition(k, "False") for k in ("MemoryPressure", "DiskPressure", "PIDPressure")],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": node}],
        "nodeInfo": {"kubeletVersion": "v1.20.2-fake", "kubeProxyVersion": "v1.20.2-fake", "osImage": "fake", "kernelVersion": "fake",
                     "containerRuntimeVersion": "fake://1", "machineID": node, "systemUUID": node, "bootID": node,
                     "operatingSystem": "linux", "architecture": "amd64"}}}


def register(node, zone):
    labels = {"kubernetes.io/hostname": node, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
              "topology.kubernetes.io/region": "region-1", "topology.kubernetes.io/zone": zone}
    call("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": labels}})
    call("PATCH", f"/api/v1/nodes/{node}/status", node_status(node), STRATEGIC)


def renew_lease(node):
    renewal = {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now(fraction=True)}
    code, _ = call("PATCH", f"{LEASES}/{node}", {"spec": renewal}, MERGE)
    if code == 404:
        call("POST", LEASES, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node}, "spec": renewal})


def beat():
    for round_ in itertools.count():
        code, nodes = call("GET", "/api/v1/nodes?resourceVersion=0")
        if code == 200:
            marked = {n["metadata"]["name"] for n in nodes["items"]
                      if (n["metadata"].get("annotations") or {}).get("fake-kubelet/dead") == "true"}
            dead.clear()
            dead.update(marked)
        for node, zone in NODES.items():
            if node in dead:
                continue
            renew_lease(node)
            if round_ % 5 == 0:
                code, _ = call("PATCH", f"/api/v1/nodes/{node}/status", node_status(node), STRATEGIC)
                if code == 404:
                    register(node, zone)
        time.sleep(BEAT_SECONDS)


# ---- Pods

def pod_addresses():
    """Addresses that documentation reserves (RFC 5737): no packet to a fake Pod ever reaches anybody."""
    for net, host in itertools.cycle(itertools.product(("192.0.2", "198.51.100", "203.0.113"), range(1, 255))):
        yield f"{net}.{host}"


addresses = pod_addresses()
address_of = {}
told = {}


def pod_status(pod, ready, waiting):
    at, uid = now(), pod["metadata"]["uid"]
    before = {c["type"]: c for c in pod.get("status", {}).get("conditions") or []}
    address = address_of.setdefault(uid, None) or next(addresses)
    address_of[uid] = address

    def container(spec, init):
        if init:
            state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}}
        elif waiting:
            state = {"waiting": {"reason": waiting, "message": "as its annotation says"}}
        else:
            state = {"running": {"startedAt": at}}
        return {"name": spec["name"], "image": spec.get("image", ""), "imageID": "", "containerID": f"fake://{uid}/{spec['name']}",
                "restartCount": 1 if waiting and not init else 0, "ready": init or ready, "started": not init and not waiting, "state": state}

    def condition(kind, holds):
        status = "True" if holds else "False"
        same = before.get(kind, {}).get("status") == status
        return {"type": kind, "status": status, "lastProbeTime": None,
                "lastTransitionTime": before[kind].get("lastTransitionTime", at) if same else at}

    gates = [g["conditionType"] for g in pod["spec"].get("readinessGates") or []]
    gates_open = all(before.get(g, {}).get("status") == "True" for g in gates)
    status = {"phase": "Running", "startTime": pod.get("status", {}).get("startTime") or at, "hostIP": "127.0.0.1",
              "podIP": address, "podIPs": [{"ip": address}],
              "conditions": [condition("Initialized", True), condition("Ready", ready and gates_open),
                             condition("ContainersReady", ready), condition("PodScheduled", True)],
              "containerStatuses": [container(c, False) for c in pod["spec"]["containers"]]}
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [container(c, True) for c in pod["spec"]["initContainers"]]
    return status


def handle(pod):
    meta, node = pod["metadata"], pod["spec"].get("nodeName")
    if node not in NODES or node in dead:
        return
    path, uid = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", meta["uid"]
    if meta.get("deletionTimestamp"):
        call("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
        return
    annotations = meta.get("annotations") or {}
    waiting = annotations.get("fake-kubelet/waiting")
    ready = annotations.get("fake-kubelet/ready", "true") == "true" and not waiting
    gates = [(c["type"], c["status"]) for c in pod.get("status", {}).get("conditions") or []]
    own = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    wanted = (ready, waiting, tuple(g for g in gates if g[0] not in own))
    if told.get(uid) == wanted:
        return
    patch = {"metadata": {"uid": uid}, "status": pod_status(pod, ready, waiting)}
    code, answer = call("PATCH", path + "/status", patch, STRATEGIC)
    if code == 200:
        told[uid] = wanted
    elif code not in (404, 409):
        print("status of", path, code, answer, file=sys.stderr, flush=True)


def forget(pod):
    told.pop(pod["metadata"]["uid"], None)
    address_of.pop(pod["metadata"]["uid"], None)


def look_again():
    """Deletions of Pods on a node that was dead come with no event when it is back."""
    while True:
        time.sleep(5)
        code, pods = call("GET", "/api/v1/pods?resourceVersion=0")
        for pod in pods["items"] if code == 200 else []:
            handle(pod)


def watch():
    code, pods = call("GET", "/api/v1/pods")
    if code != 200:
        raise OSError(f"listing Pods answered {code}")
    for pod in pods["items"]:
        handle(pod)
    version = pods["metadata"]["resourceVersion"]
    connection = connect(330)
    connection.request("GET", f"/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={version}",
                       None, {"Authorization": "Bearer " + TOKEN})
    for line in connection.getresponse():
        event = json.loads(line)
        if event["type"] in ("ADDED", "MODIFIED"):
            handle(event["object"])
        elif event["type"] == "DELETED":
            forget(event["object"])
        elif event["type"] == "ERROR":
            return


for node, zone in NODES.items():
    register(node, zone)
for work in (beat, look_again):
    threading.Thread(target=work, daemon=True).start()
while True:
    try:
        watch()
    except (OSError, http.client.HTTPException, ValueError) as problem:
        print("watch:", repr(problem), file=sys.stderr, flush=True)
        time.sleep(0.5)
