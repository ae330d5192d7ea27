"""The official Python client (`mcp`), driven by JSON lines.

    client.py URL [--token TOKEN] [--era auto|legacy|2026-07-28] [--read-timeout SECONDS] [--elicits nothing|forms|urls]

Says first `{"ready": true, "client": …, "server": …, "protocol": …}` (or `{"ready": false, "error": …}` and ends). Then every line on
standard input is a command with an `id`, and every line out with that `id` its answer, in the order they are done:

    {"id": 1, "do": "list"}                                        every page of tools/list
    {"id": 2, "do": "call", "name": "echo", "arguments": {…}}      tools/call; `"progress": true` collects its steps, and says each at
                                                                   once as `{"id": 2, "step": [DONE, TOTAL, MESSAGE]}`; `asked` holds
                                                                   what the server asked of the client meanwhile
    {"id": 3, "do": "cancel", "call": 2}                           gives up a command that runs; that one answers with an error
    {"id": 4, "do": "resources"}  {…"do": "read", "uri": …}        resources/list, resources/read
    {"id": 5, "do": "prompts"}  {…"do": "prompt", "name": …}       prompts/list, prompts/get
    {"id": 6, "do": "subscribe", "uri": …}                         to a resource, in the era's manner; each change is said at once as
                                                                   `{"updated": URI}`, the end of a subscription's stream as `{"lost": URI, …}`
    {"id": 7, "do": "raw", "method": "prompts/list", "params": {}} any request, its result as it came
    {"id": 8, "do": "heard"}                                       the notifications and questions so far

An answer holds `result`, or `error` with `code`, `message`, `data` (code null: no JSON-RPC error, but a fault of the connection).
Commands run at the same time; the end of standard input waits for them and closes the connection.
"""

import argparse
import asyncio
import contextlib
import sys
from importlib.metadata import version
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from driver import Driven, first_leaf
from peer import say

ANY_OBJECT = TypeAdapter(dict[str, Any])


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_unset=True)


async def pages(ask, kind):
    """Every page of a list, as one."""
    items, cursor = [], None
    while True:
        page = await ask(cursor=cursor)
        items += [plain(item) for item in getattr(page, kind)]
        if not (cursor := page.next_cursor):
            return {kind: items}


class Modern(Driven):
    """The v2 line of the SDK, which speaks both eras."""

    def __init__(self, chosen):
        super().__init__(chosen)
        self.client = None
        self.listening = None

    def fault(self, raised):
        if isinstance(raised, MCPError):
            return {"code": raised.code, "message": raised.message, "data": raised.data}
        return {"code": None, "message": f"{type(raised).__name__}: {raised}", "data": None}

    async def sampling(self, _context, params):
        self.asked.append({"method": "sampling/createMessage", "params": plain(params)})
        text = types.TextContent(type="text", text="sampled by the test's client")
        return types.CreateMessageResult(role="assistant", content=text, model="none", stop_reason="endTurn")

    async def elicitation(self, _context, params):
        self.asked.append({"method": "elicitation/create", "params": plain(params)})
        if params.mode == "url":
            return types.ElicitResult(action="accept")
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async def roots(self, _context):
        self.asked.append({"method": "roots/list"})
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/test", name="test")])

    async def notified(self, message):
        self.has_heard({"fault": str(message)} if isinstance(message, Exception) else plain(message))

    def over(self, http):
        return Client(
            streamable_http_client(self.chosen.url, http_client=http),
            mode=self.chosen.era,
            read_timeout_seconds=self.chosen.read_timeout,
            sampling_callback=self.sampling,
            elicitation_callback=None if self.chosen.elicits == "nothing" else self.elicitation,
            list_roots_callback=self.roots,
            message_handler=self.notified,
            client_info=types.Implementation(name="portcullis-test-python", version=version("mcp")),
            cache=None,
        )

    def commands(self):
        client = self.client
        return {
            "list": lambda _: pages(client.list_tools, "tools"),
            "resources": lambda _: pages(client.list_resources, "resources"),
            "prompts": lambda _: pages(client.list_prompts, "prompts"),
            "call": self.call,
            "read": self.read,
            "prompt": self.prompt,
            "subscribe": self.subscribe,
            "raw": self.raw,
        }

    async def call(self, command):
        steps, before = [], len(self.asked)
        result = await self.client.call_tool(
            command["name"],
            command.get("arguments"),
            progress_callback=self.progress(command, steps),
            meta=command.get("meta"),
        )
        return plain(result) | {"progress": steps, "asked": self.asked[before:]}

    async def read(self, command):
        return plain(await self.client.read_resource(command["uri"]))

    async def prompt(self, command):
        return plain(await self.client.get_prompt(command["name"], command.get("arguments")))

    async def subscribe(self, command):
        if self.client.protocol_version < "2026":
            return plain(await self.client.subscribe_resource(command["uri"]))
        acknowledged = asyncio.get_running_loop().create_future()
        self.listening = asyncio.create_task(self.listen(command["uri"], acknowledged))
        return await acknowledged

    async def listen(self, uri, acknowledged):
        """Holds the subscription's stream as long as it lasts."""
        try:
            async with self.client.listen(resource_subscriptions=[uri]) as subscription:
                acknowledged.set_result({"acknowledged": plain(subscription.honored)})
                async for event in subscription:
                    say(updated=event.uri)
        except Exception as raised:
            if acknowledged.done():
                say(lost=uri, error=self.fault(first_leaf(raised)))
            else:
                acknowledged.set_exception(raised)

    async def raw(self, command):
        request = types.Request[dict[str, Any] | None, str](method=command["method"], params=command.get("params"))
        return await self.client.session.send_request(request, ANY_OBJECT)

    async def connected(self, open_now):
        headers = {"Authorization": f"Bearer {self.chosen.token}"} if self.chosen.token else {}
        timeout = httpx2.Timeout(30, read=self.chosen.read_timeout)
        http = await open_now.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=timeout))
        self.client = await open_now.enter_async_context(self.over(http))
        server = self.client.server_info
        say(
            ready=True,
            client={"name": "mcp", "version": version("mcp")},
            server=plain(server) if server else None,
            protocol=self.client.protocol_version,
            capabilities=plain(self.client.server_capabilities),
        )


async def drive(chosen):
    driven = Modern(chosen)
    async with contextlib.AsyncExitStack() as open_now:
        try:
            await driven.connected(open_now)
        except Exception as raised:
            say(ready=False, error=driven.fault(first_leaf(raised)))
            return 1
        await driven.drive()
        if driven.listening:
            driven.listening.cancel()
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--era", default="auto")
    parser.add_argument("--read-timeout", type=float, default=60)
    # This SDK declares forms and addresses together.
    parser.add_argument("--elicits", choices=["nothing", "forms", "urls"], default="forms")
    sys.exit(asyncio.run(drive(parser.parse_args())))


if __name__ == "__main__":
    main()
