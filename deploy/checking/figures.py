"""Holds alert rules and the dashboard against the metrics of the planes, and against docs/operations.md.

Usage: figures.py [ADDRESS…]: with addresses of metrics listeners, against what these really show, too."""

import json
import math
import re
import sys
import urllib.request

import yaml

import source
from told import Told

MONITORING = source.ROOT / "deploy/monitoring"
DERIVED = ("_total", "_bucket", "_sum", "_count")


def used():
    """(where, metric) of every metric of ours that a rule or a panel names."""
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            for name in re.findall(r"portcullis_\w+", rule["expr"]):
                yield rule["alert"], name
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            for name in re.findall(r"portcullis_\w+", target["expr"]):
                yield f"panel {panel['title']}", name


def base(name):
    for suffix in DERIVED:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def unknown(names):
    for where, name in sorted(set(used())):
        if base(name) not in names and name not in names:
            yield f"{where}: no plane shows {name}"


def unwatched(shown):
    """The other way round: a metric that no panel shows is one that nobody looks at."""
    seen = {base(name) for _, name in used()}
    for name in sorted(shown):
        if base(name) not in seen:
            yield f"{name} is on no panel"


def undescribed():
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    docs = (source.ROOT / "docs/operations.md").read_text()
    tests = (MONITORING / "alerts_test.yaml").read_text()
    headings = re.findall(r"^### (Portcullis\w+)$", docs, re.M)
    alerts = []
    for group in rules["groups"]:
        for rule in group["rules"]:
            name = rule["alert"]
            alerts.append(name)
            if not rule.get("annotations", {}).get("summary"):
                yield f"{name} has no summary"
            if rule["annotations"].get("runbook_url") != f"docs/operations.md#{name.lower()}":
                yield f"{name} names another paragraph than its own"
            if rule["labels"].get("severity") not in ("critical", "warning", "info"):
                yield f"{name} has no severity"
            if name not in headings:
                yield f"{name} is not described in docs/operations.md"
            if f'alertname="{name}"' not in tests:
                yield f"{name} has no test in which it fires"
    for name in headings:
        if name not in alerts:
            yield f"docs/operations.md describes {name}, which is no alert"
    if len(alerts) != len(set(alerts)):
        yield "an alert stands twice"


def other_spool():
    """The rules reckon with the size of a spool, which is a constant of the sources."""
    said = (MONITORING / "alerts.yaml").read_text()
    sizes = [math.prod(map(int, size.split("*"))) for size in re.findall(r"portcullis_spool_used_bytes / \(([\d *]+) \* 0\.9\)", said)]
    if not sizes or any(size != source.spool_bytes() for size in sizes):
        yield f"the rules say {sizes}, record/spool.rs {source.spool_bytes()}"


def shown(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}


def main():
    told = Told()
    told.holds("every metric of the alerts and the dashboard stands in the sources", unknown(source.metrics()))
    told.holds("every alert has a summary, a severity, a paragraph in docs/operations.md and a test", undescribed())
    told.holds("the rules know how much a spool holds", other_spool())
    if sys.argv[1:]:
        there = set().union(*(shown(address) for address in sys.argv[1:]))
        told.holds(f"every metric of the alerts and the dashboard is shown by {' '.join(sys.argv[1:])}", unknown(there))
        told.holds("every metric that is shown is on the dashboard", unwatched(there))
    told.end("figures")


main()
