"""The one operation of AWS HealthImaging that the tests let through, on loopback: StartDICOMImportJob.

A fake at the world's edge: the MCP server in front of it is the real one. Every other operation is refused.
"""

import json
import re
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from peer import say

_START = re.compile(r"^/startDICOMImportJob/datastore/([^/?]+)$")


class _Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        say(aws=f"{self.command} {self.path}")
        started = _START.match(self.path)
        if started:
            self._answer(200, {"datastoreId": started[1], "jobId": uuid.uuid4().hex, "jobStatus": "SUBMITTED", "submittedAt": int(time.time())})
        else:
            self._answer(400, {"__type": "ValidationException", "message": "not offered here"})

    do_GET = do_DELETE = do_PUT = do_POST

    def _answer(self, status, body):
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_):
        pass


def start_aws():
    """Listens in the background; gives its address."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Aws)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{listening.server_address[1]}"
