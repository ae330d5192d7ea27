"""The official Python client (`mcp`), driven by JSON lines.

    client.py URL [--token TOKEN] [--era auto|legacy|2026-07-28] [--read-timeout SECONDS]

Says first `{"ready": true, "client": …, "server": …, "protocol": …}` (or `{"ready": false, "error": …}` and ends). Then every line on
standard input is a command with an `id`, and every line out an answer with that `id`, in the order they are done:

    {"id": 1, "do": "list"}                                        every page of tools/list
    {"id": 2, "do": "call", "name": "echo", "arguments": {…}}      tools/call; `"progress": true` collects its steps; `asked` holds what the
                                                                   server asked of the client meanwhile
    {"id": 3, "do": "raw", "method": "prompts/list", "params": {}} any request, its result as it came
    {"id": 4, "do": "heard"}                                       the notifications heard so far

An answer holds `result`, or `error` with `code`, `message`, `data` (code null: no JSON-RPC error, but a fault of the connection).
Commands run at the same time; the end of standard input waits for them and closes the connection.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from importlib.metadata import version
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from peer import say

ANY_OBJECT = TypeAdapter(dict[str, Any])


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_unset=True)


def fault(raised):
    """What the client's caller would see, as JSON; groups are opened to their first leaf."""
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    if isinstance(raised, MCPError):
        return {"code": raised.code, "message": raised.message, "data": raised.data}
    return {"code": None, "message": f"{type(raised).__name__}: {raised}", "data": None}


class Driven:
    """One connection, and what the server asked and told of it."""

    def __init__(self, chosen):
        self.asked = []
        self.heard = []
        self.chosen = chosen

    async def sampling(self, _context, params):
        self.asked.append({"method": "sampling/createMessage", "params": plain(params)})
        text = types.TextContent(type="text", text="sampled by the test's client")
        return types.CreateMessageResult(role="assistant", content=text, model="none", stop_reason="endTurn")

    async def elicitation(self, _context, params):
        self.asked.append({"method": "elicitation/create", "params": plain(params)})
        return types.ElicitResult(action="decline")

    async def roots(self, _context):
        self.asked.append({"method": "roots/list"})
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/test", name="test")])

    async def notified(self, message):
        if isinstance(message, Exception):
            self.heard.append({"fault": str(message)})
        else:
            self.heard.append(plain(message))

    def client(self, http):
        return Client(
            streamable_http_client(self.chosen.url, http_client=http),
            mode=self.chosen.era,
            read_timeout_seconds=self.chosen.read_timeout,
            sampling_callback=self.sampling,
            elicitation_callback=self.elicitation,
            list_roots_callback=self.roots,
            message_handler=self.notified,
            client_info=types.Implementation(name="portcullis-test-python", version=version("mcp")),
            cache=None,
        )

    async def answer(self, client, command):
        match command["do"]:
            case "list":
                tools, cursor = [], None
                while True:
                    page = await client.list_tools(cursor=cursor)
                    tools += [plain(tool) for tool in page.tools]
                    if not (cursor := page.next_cursor):
                        return {"tools": tools}
            case "call":
                progress = []

                async def told(done, total, message):
                    progress.append([done, total, message])

                before = len(self.asked)
                result = await client.call_tool(
                    command["name"],
                    command.get("arguments"),
                    progress_callback=told if command.get("progress") else None,
                    meta=command.get("meta"),
                )
                return plain(result) | {"progress": progress, "asked": self.asked[before:]}
            case "raw":
                request = types.Request[dict[str, Any] | None, str](method=command["method"], params=command.get("params"))
                return await client.session.send_request(request, ANY_OBJECT)
            case "heard":
                return {"notifications": self.heard, "asked": self.asked}
            case other:
                raise ValueError(f"unknown command `{other}`")

    async def carry_out(self, client, line):
        command = {}
        try:
            command = json.loads(line)
            say(id=command.get("id"), result=await self.answer(client, command))
        except Exception as raised:
            say(id=command.get("id"), error=fault(raised))


async def lines():
    """Standard input, a line at a time, without blocking the connection."""
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip():
            yield line


async def drive(chosen):
    driven = Driven(chosen)
    headers = {"Authorization": f"Bearer {chosen.token}"} if chosen.token else {}
    timeout = httpx2.Timeout(30, read=chosen.read_timeout)
    async with contextlib.AsyncExitStack() as open_now:
        try:
            http = await open_now.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=timeout))
            client = await open_now.enter_async_context(driven.client(http))
        except Exception as raised:
            say(ready=False, error=fault(raised))
            return 1
        server = client.server_info
        say(
            ready=True,
            client={"name": "mcp", "version": version("mcp")},
            server=plain(server) if server else None,
            protocol=client.protocol_version,
            capabilities=plain(client.server_capabilities),
        )
        async with asyncio.TaskGroup() as commands:
            async for line in lines():
                commands.create_task(driven.carry_out(client, line))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--era", default="auto")
    parser.add_argument("--read-timeout", type=float, default=60)
    sys.exit(asyncio.run(drive(parser.parse_args())))


if __name__ == "__main__":
    main()
