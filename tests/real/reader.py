"""Says what Python's `json` reads: lengths (32 bits, little end first) and bytes come in, and the same way go back
method, tool, arguments and the whole message, spelled as `tests/src/differential/plain.rs` does; `!` and the reason
where nothing could be read."""

import json
import struct
import sys


def number(value):
    if isinstance(value, int):
        return "i%d" % value
    return "f" + struct.pack(">d", value + 0.0).hex()


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def by_utf16(member):
    return member[0].encode("utf-16-be")


def spelled(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, dict):
        members = sorted(value.items(), key=by_utf16)
        return "{" + ",".join(quoted(key) + ":" + spelled(inner) for key, inner in members) + "}"
    return number(value)


def read(body):
    # Bytes, as the servers' frameworks hand them in.
    message = json.loads(body)
    params = message.get("params") or {}
    call = [message.get("method"), params.get("name"), params.get("arguments"), message]
    return spelled(call).encode()


def main():
    # A whole number is printed to be compared, however long it was read.
    limit = sys.get_int_max_str_digits()
    assert limit == 4300, limit
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    while head := incoming.read(4):
        body = incoming.read(int.from_bytes(head, "little"))
        try:
            said = read(body)
        except (ValueError, AttributeError, RecursionError) as error:
            said = b"!" + str(error).encode("utf-8", "replace")
        outgoing.write(len(said).to_bytes(4, "little") + said)
        # Whoever waits for the last answer of a portion waits for no buffer.
        outgoing.flush()


main()
