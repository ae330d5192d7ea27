"""An agent that calls without a pause, from several connections, and writes down what did not go well.

Usage: caller.py URL TOKEN CONNECTIONS FOLDER. Ends when FOLDER/stop is there; FOLDER/calls counts what was answered,
FOLDER/failed has a line for each call that was not answered with its result."""

import http.client
import json
import pathlib
import sys
import threading
import time
import urllib.parse

url, token, connections, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
address = urllib.parse.urlsplit(url)
lock = threading.Lock()
answered, failed = 0, []
HEADERS = {
    "Authorization": f"Bearer {token}",
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


def call(connection, number):
    body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "list_customers", "arguments": {}}}
    connection.request("POST", address.path, json.dumps(body), HEADERS)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    if answer.status != 200 or "Ada Byron" not in text:
        raise ValueError(f"{answer.status} {text[:200]}")


def work(first):
    global answered
    connection, number = None, first
    while not (folder / "stop").exists():
        number += 1
        connection = connection or http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            call(connection, number)
            with lock:
                answered += 1
        except (OSError, http.client.HTTPException, ValueError) as error:
            with lock:
                failed.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__} {error}")
            connection.close()
            connection = None


threads = [threading.Thread(target=work, args=(n * 10**6,)) for n in range(connections)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    (folder / "calls.new").write_text(str(answered))
    (folder / "calls.new").rename(folder / "calls")
    (folder / "failed").write_text("".join(line + "\n" for line in failed))
    time.sleep(0.1)
(folder / "calls").write_text(str(answered))
(folder / "failed").write_text("".join(line + "\n" for line in failed))
