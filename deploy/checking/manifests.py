"""Renders the chart and the compose file, and holds them against Kubernetes' schemas and against what the programs say.

Usage: manifests.py BIN, the folder with helm and docker-compose."""

import ipaddress
import json
import os
import re
import subprocess
import sys

import kubernetes_validate
import yaml

import source
from told import Told

BIN = sys.argv[1]
CHART = source.ROOT / "deploy/chart"
OLDEST, NEWEST = "1.30.0", "1.37.0"
# Not Kubernetes' own, so its schemas do not know them.
FOREIGN = {("monitoring.coreos.com/v1", "ServiceMonitor"), ("monitoring.coreos.com/v1", "PrometheusRule")}

SETTINGS = {
    "as it comes": {},
    "with everything": {
        "ingress.enabled": "true", "ingress.className": "x", "ingress.annotations.a": "b",
        "monitoring.serviceMonitor": "true", "monitoring.rules": "true", "monitoring.dashboard": "true",
        "secrets.smtp": "mail", "mailFrom": "gate@example.org",
        "egressAllow[0]": "10.7.0.0/16", "controlPlane.trustedProxies[0]": "10.8.0.0/16",
        "dataPlane.state.storageClass": "fast", "dataPlane.state.accessMode": "ReadWriteOnce", "images.pullSecrets[0].name": "pull",
        "dataPlane.env[0].name": "PORTCULLIS_CALLS", "dataPlane.env[0].value": "'8192'",
    },
    "with little": {
        "dataPlane.autoscaling.enabled": "false", "dataPlane.replicas": "1", "secrets.redis": "",
        "networkPolicy.enabled": "false", "dataPlane.drainSeconds": "120",
    },
}


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def rendered(settings):
    values = []
    for name, value in settings.items():
        values += ["--set", f"{name}={value}"]
    text = run(f"{BIN}/helm", "template", "portcullis", CHART, *values)
    return [document for document in yaml.safe_load_all(text) if document]


def named(document):
    return f"{document['kind']} {document['metadata']['name']}"


def against_schemas(documents):
    for document in documents:
        if (document["apiVersion"], document["kind"]) in FOREIGN:
            continue
        for version in (OLDEST, NEWEST):
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{named(document)}, {version}: {error.message} at {list(error.path)}"


def pods(documents):
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield document, document["spec"]["template"]["spec"]


def unguarded(documents):
    for document, pod in pods(documents):
        if pod.get("enableServiceLinks") is not False:
            yield f"{named(document)}: service links add variables that the programs refuse"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{named(document)}: a token of the cluster that nobody needs"
        if not pod["securityContext"].get("runAsNonRoot"):
            yield f"{named(document)}: may run as root"
        for container in pod["containers"]:
            guard = container.get("securityContext", {})
            if not guard.get("readOnlyRootFilesystem") or guard.get("allowPrivilegeEscalation") is not False:
                yield f"{named(document)}: its root file system or its privileges are not closed"
            if guard.get("capabilities", {}).get("drop") != ["ALL"]:
                yield f"{named(document)}: keeps capabilities"
            if "memory" not in container["resources"].get("limits", {}):
                yield f"{named(document)}: has no bound of memory"
            if document["kind"] == "Job":
                continue
            for probe, path in (("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
                if container[probe]["httpGet"]["path"] != path:
                    yield f"{named(document)}: {probe} asks another path than {path}"


def cut_short(documents):
    """A pod must outlive: until nobody sends it anything, its drain, and the last records."""
    for document, pod in pods(documents):
        for container in pod["containers"]:
            if "lifecycle" not in container:
                continue
            environment = {entry["name"]: entry.get("value") for entry in container["env"]}
            drain = int(environment.get("PORTCULLIS_DRAIN_SECONDS") or source.drain_seconds())
            needed = container["lifecycle"]["preStop"]["sleep"]["seconds"] + drain + source.last_records_seconds()
            if pod["terminationGracePeriodSeconds"] < needed:
                yield f"{named(document)}: killed after {pod['terminationGracePeriodSeconds']} s, needs {needed}"


def unguided(documents):
    """References between the documents that lead nowhere."""
    labels = [pod["metadata"]["labels"] for document, pod in ((d, d["spec"]["template"]) for d, _ in pods(documents))]
    services = {document["metadata"]["name"] for document in documents if document["kind"] == "Service"}
    workloads = {document["metadata"]["name"] for document, _ in pods(documents)}
    for document in documents:
        spec = document.get("spec", {})
        selectors = []
        if document["kind"] == "Service":
            selectors = [spec["selector"]]
        elif document["kind"] == "PodDisruptionBudget":
            selectors = [spec["selector"]["matchLabels"]]
        elif document["kind"] == "NetworkPolicy":
            selectors = [spec["podSelector"]["matchLabels"]]
        for selector in selectors:
            if not any(selector.items() <= label.items() for label in labels):
                yield f"{named(document)} selects no pod"
        if document["kind"] == "HorizontalPodAutoscaler" and spec["scaleTargetRef"]["name"] not in workloads:
            yield f"{named(document)} scales nothing"
        if document["kind"] == "Ingress":
            for rule in spec["rules"]:
                for path in rule["http"]["paths"]:
                    if path["backend"]["service"]["name"] not in services:
                        yield f"{named(document)} leads to no service"


def wall(documents):
    """What the network does not carry is what shared/egress does not dial."""
    v4, v6 = source.refused_ranges()
    v6 = {str(ipaddress.IPv6Network((int.from_bytes(b"".join(w.to_bytes(2) for w in words) + bytes(10)), prefix))) for words, prefix in v6}
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    walls = 0
    for policy in policies:
        for rule in policy["spec"]["egress"]:
            for peer in rule.get("to", []):
                block = peer.get("ipBlock", {})
                if block.get("cidr") == "0.0.0.0/0":
                    walls += 1
                    if set(block["except"]) != v4:
                        yield f"{named(policy)}: differs in {set(block['except']) ^ v4}"
                elif block.get("cidr") == "2000::/3" and set(block["except"]) != v6:
                    yield f"{named(policy)}: differs in {set(block['except']) ^ v6}"
    if policies and walls != 2:
        yield f"{walls} policies let out to the internet; two planes do"


def plane_of(image):
    return next((plane for plane in source.PLANES if plane in image), None)


def misspelt(where, plane, names, serves):
    """Variables that the program refuses, and those without which it does not start."""
    known, required, patterns = source.variables(plane)
    ours = {name.removeprefix("PORTCULLIS_") for name in names if name.startswith("PORTCULLIS_")}
    for name in sorted(ours - known):
        if not any(pattern.match(name) for pattern in patterns):
            yield f"{where}: the {plane} knows no PORTCULLIS_{name}"
    if serves:
        for name in sorted(required - ours):
            yield f"{where}: the {plane} wants PORTCULLIS_{name}"


def chart_variables(documents):
    for document, pod in pods(documents):
        for container in pod["containers"]:
            names = [entry["name"] for entry in container["env"]]
            if len(names) != len(set(names)):
                yield f"{named(document)}: a variable stands twice"
            yield from misspelt(named(document), plane_of(container["image"]), names, container["args"] == ["serve"])


def image_variables():
    """Of each plane, what its image sets; and that it runs as nobody, without a shell."""
    for plane in source.PLANES:
        text = (source.ROOT / f"deploy/images/{plane}.Containerfile").read_text()
        last = text[text.rindex("\nFROM ") :]
        yield from misspelt(f"{plane}.Containerfile", plane, re.findall(r"(PORTCULLIS_[A-Z_]+)=", last), False)
        if "USER 65532:65532" not in last or "nonroot" not in last or "HEALTHCHECK" not in last:
            yield f"{plane}.Containerfile: its last stage must be nobody's, and say whether it is well"
        for image in re.findall(r"^FROM (\S+)", text, re.M):
            if ":" not in image or image.endswith(":latest"):
                yield f"{plane}.Containerfile: {image} names no version"
        pinned = (source.ROOT / "rust-toolchain.toml").read_text().split('"')[1]
        if f"rust:{'.'.join(pinned.split('.')[:2])}-" not in text:
            yield f"{plane}.Containerfile: another Rust than rust-toolchain.toml's {pinned}"


def composed():
    """The compose file as Compose itself understands it, with example.env filled in."""
    folder = source.ROOT / "deploy/compose"
    environment = dict(os.environ)
    for line in (folder / "example.env").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            environment[name] = value or ("0123456789" if "PASSWORD" in name else "")
    text = run(f"{BIN}/docker-compose", "-f", folder / "compose.yaml", "--profile", "setup", "config", "--format", "json", env=environment)
    return json.loads(text)["services"]


def compose_variables(services):
    for name, service in services.items():
        plane = plane_of(service["image"])
        if not plane:
            continue
        # The image sets the rest.
        image = (source.ROOT / f"deploy/images/{plane}.Containerfile").read_text()
        names = [*service.get("environment", {}), *re.findall(r"(PORTCULLIS_[A-Z_]+)=", image)]
        yield from misspelt(f"compose: {name}", plane, names, (service.get("command") or ["serve"])[0] == "serve")


def compose_unguarded(services):
    for name, service in services.items():
        if ":" not in service["image"] or service["image"].endswith(":latest"):
            yield f"{name}: its image names no version"
        if plane_of(service["image"]) and not (service.get("read_only") and service.get("cap_drop") == ["ALL"]):
            yield f"{name}: is not closed"
        if service.get("ports") and name != "front":
            yield f"{name}: is open to the outside"


def compose_replicas(services):
    """Each replica has a name and a disk of its own, and stands in haproxy.cfg."""
    front = (source.ROOT / "deploy/compose/haproxy.cfg").read_text()
    disks = []
    for name, service in services.items():
        if plane_of(service["image"]) != "data-plane":
            continue
        disks += [volume["source"] for volume in service["volumes"] if volume["target"] == "/state"]
        if service["environment"]["PORTCULLIS_REPLICA"] != name:
            yield f"{name}: calls itself otherwise"
        if f"server {name} {name}:8081 check" not in front:
            yield f"{name}: is not in haproxy.cfg"
        if int(service["stop_grace_period"].removesuffix("s")) < source.drain_seconds() + source.last_records_seconds():
            yield f"{name}: is killed before its drain is over"
    if len(disks) != len(set(disks)) or not disks:
        yield f"replicas share a disk: {disks}"


def documented():
    """The tables of docs/operations.md name each variable that a plane reads, and no other."""
    text = (source.ROOT / "docs/operations.md").read_text()
    told = set(re.findall(r"PORTCULLIS_([A-Z0-9_]+)", text))
    # `PORTCULLIS_X_Y`, `…_Z` in one row: X_Z.
    rests = {rest for row in re.findall(r"^\| `PORTCULLIS_.*", text, re.M) for rest in re.findall(r"`…_([A-Z_]+)`", row)}
    for plane in source.PLANES:
        known, _, _ = source.variables(plane)
        for name in sorted(known):
            if name not in told and not any(name.endswith("_" + rest) for rest in rests):
                yield f"PORTCULLIS_{name} of the {plane} is not told of"


def main():
    told = Told()
    run(f"{BIN}/helm", "lint", "--strict", CHART)
    for name, settings in SETTINGS.items():
        documents = rendered(settings)
        told.holds(f"chart, {name}: {len(documents)} documents fit Kubernetes {OLDEST} and {NEWEST}", against_schemas(documents))
        told.holds(f"chart, {name}: every variable is one the programs know, none is missing", chart_variables(documents))
        told.holds(f"chart, {name}: nothing runs with more rights than it needs", unguarded(documents))
        told.holds(f"chart, {name}: nothing is killed before its drain is over", cut_short(documents))
        told.holds(f"chart, {name}: what is named is there", unguided(documents))
        told.holds(f"chart, {name}: the second wall is the first", wall(documents))
        foreign = [named(document) for document in documents if (document["apiVersion"], document["kind"]) in FOREIGN]
        if foreign:
            print(f"     (rendered, but without a schema to hold them against: {', '.join(foreign)})")
    told.holds("images: versions, users, variables", image_variables())
    services = composed()
    told.holds("compose: every variable is one the programs know, none is missing", compose_variables(services))
    told.holds("compose: nothing runs with more rights than it needs", compose_unguarded(services))
    told.holds("compose: each replica is its own", compose_replicas(services))
    told.holds("docs/operations.md names every variable", documented())
    told.end("manifests")


main()
