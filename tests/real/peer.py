"""What our Python peers share: JSON lines to whoever started them, a port on loopback, an end with the starter.

Knows nothing of MCP.
"""

import json
import os
import socket
import stat
import sys
import threading

_saying = threading.Lock()


def say(**fields):
    """One JSON line on standard output, whole, also when several threads speak."""
    line = json.dumps(fields, ensure_ascii=False, default=str) + "\n"
    with _saying:
        sys.stdout.write(line)
        sys.stdout.flush()


def loopback_socket(port=0):
    """A listening socket on 127.0.0.1, bound here so that the port is known before anyone asks."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.listen(512)
    return bound


def end_with_starter():
    """Ends this process when standard input closes, so that a killed test leaves no server behind.

    Only where somebody holds the other end: started by hand (a terminal, /dev/null) it runs until stopped.
    """
    kind = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return

    def watch():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
