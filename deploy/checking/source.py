"""What the programs themselves say, read from their sources: variables, metrics, addresses that are not dialled."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLANES = ("control-plane", "data-plane")


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder / "src").rglob("*.rs")):
            if path.name != "tests.rs" and "tests" not in path.parts:
                yield path, path.read_text()


def variables(plane):
    """(known, required of `serve`, patterns of families), without the prefix."""
    known, required, families = set(), set(), set()
    for path, text in sources(plane, "shared/address"):
        for verb, name in re.findall(r'env\s*\.(\w+)(?:::<[^>]*>)?\(\s*"([A-Z][A-Z0-9_]*)"', text):
            known.add(name)
            # What `migrate` needs is read in main.rs; `serve` reads all of it in config.rs.
            if path.name == "config.rs" and (verb.startswith("required") or f'`PORTCULLIS_{name}` is not set' in text):
                required.add(name)
        known.update(re.findall(r'\bnumber\(\s*env,\s*"([A-Z0-9_]+)"', text))
        for name in re.findall(r'\bmost\(\s*env,\s*"([A-Z0-9_]+)"', text):
            known.update({name, f"ORG_{name}", f"GRANT_{name}"})
        families.update(re.findall(r'format!\("([A-Z]+_\{\}_)\{rest\}"', text))
    patterns = [re.compile("^" + re.escape(family).replace(r"\{\}", "[A-Z0-9]+") + "[A-Z_]+$") for family in families]
    return known, required, patterns


def metrics():
    """Every name that a plane can show, and the label names that each source gives."""
    names = set()
    for path, text in sources(*PLANES, "shared/host"):
        if "prometheus_client" not in text and ".register" not in text:
            continue
        prefixes = ["", *re.findall(r'sub_registry_with_prefix\(\s*"(\w+)"', text)]
        literals = set(re.findall(r'"([a-z][a-z_]+)"', text))
        has_unit = set(re.findall(r"Unit::(\w+)", text))
        for literal in literals:
            for prefix in prefixes:
                base = "portcullis_" + (prefix + "_" if prefix else "") + literal
                names.add(base)
                names.update(f"{base}_{unit.lower()}" for unit in has_unit)
    return names


def refused_ranges():
    """The ranges that shared/egress refuses, as CIDRs: (IPv4, IPv6 within 2000::/3)."""
    text = (ROOT / "shared/egress/src/address.rs").read_text()
    v4 = {
        ".".join(part.strip() for part in first.split(",")) + f"/{prefix}"
        for first, prefix in re.findall(r"\(\[((?:\d+, ){3}\d+)\], (\d+), \"", text)
    }
    v6 = set()
    for first, prefix in re.findall(r"\(\[((?:0x[0-9a-f]+|0)(?:, (?:0x[0-9a-f]+|0)){2})\], (\d+), \"", text):
        words = [int(word, 16) for word in first.split(", ")]
        v6.add((tuple(words), int(prefix)))
    return v4, v6


def number(path, pattern):
    """A constant of the sources, by a pattern with one group; arithmetic as Rust writes it."""
    found = re.search(pattern, (ROOT / path).read_text())
    if not found:
        raise SystemExit(f"{path} has no {pattern} any more")
    value = found[1].replace("_", "")
    left, _, right = value.partition(" << ")
    return int(left) << int(right or 0)


def spool_bytes():
    return number("data-plane/src/record/spool.rs", r"total: (\d+ << \d+)")


def drain_seconds():
    return number("data-plane/src/config/limits.rs", r'"DRAIN_SECONDS", (\d+)')


def last_records_seconds():
    return number("data-plane/src/run.rs", r"LAST_RECORDS: Duration = Duration::from_secs\((\d+)\)")
