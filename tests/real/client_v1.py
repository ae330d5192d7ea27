"""The official Python client of the v1 line (`mcp` 1.x, legacy eras only), driven by JSON lines exactly as client.py is:

    client_v1.py URL [--token TOKEN] [--read-timeout SECONDS] [--elicits nothing|forms|urls]
"""

import argparse
import asyncio
import contextlib
import sys
from datetime import timedelta
from importlib.metadata import version

import anyio
import httpx
from mcp import ClientSession, McpError, types
from mcp.client.streamable_http import streamable_http_client
from pydantic import AnyUrl

from driver import Driven, first_leaf
from peer import say


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


async def pages(ask, kind):
    items, cursor = [], None
    while True:
        page = await ask(params=types.PaginatedRequestParams(cursor=cursor))
        items += [plain(item) for item in getattr(page, kind)]
        if not (cursor := page.nextCursor):
            return {kind: items}


class Legacy(Driven):
    def __init__(self, chosen):
        super().__init__(chosen)
        self.session = None

    def fault(self, raised):
        if isinstance(raised, McpError):
            return {"code": raised.error.code, "message": raised.error.message, "data": raised.error.data}
        return {"code": None, "message": f"{type(raised).__name__}: {raised}", "data": None}

    async def sampling(self, _context, params):
        self.asked.append({"method": "sampling/createMessage", "params": plain(params)})
        text = types.TextContent(type="text", text="sampled by the test's client")
        return types.CreateMessageResult(role="assistant", content=text, model="none", stopReason="endTurn")

    async def elicitation(self, _context, params):
        self.asked.append({"method": "elicitation/create", "params": plain(params)})
        if params.mode == "url":
            return types.ElicitResult(action="accept")
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async def roots(self, _context):
        self.asked.append({"method": "roots/list"})
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/test", name="test")])

    async def notified(self, message):
        if isinstance(message, Exception):
            self.has_heard({"fault": str(message)})
        elif isinstance(message, types.ServerNotification):
            self.has_heard(plain(message.root))

    def commands(self):
        session = self.session
        return {
            "list": lambda _: pages(session.list_tools, "tools"),
            "resources": lambda _: pages(session.list_resources, "resources"),
            "prompts": lambda _: pages(session.list_prompts, "prompts"),
            "call": self.call,
            "read": self.read,
            "prompt": self.prompt,
            "subscribe": self.subscribe,
            "raw": self.raw,
        }

    async def call(self, command):
        steps, before = [], len(self.asked)
        # This line of the SDK tells nobody the id of a request, and cancels nothing by itself: its callers do as here.
        request = self.session._request_id
        try:
            result = await self.session.call_tool(
                command["name"], command.get("arguments"), progress_callback=self.progress(command, steps), meta=command.get("meta")
            )
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                params = types.CancelledNotificationParams(requestId=request, reason="given up by the test")
                await self.session.send_notification(
                    types.ClientNotification(types.CancelledNotification(method="notifications/cancelled", params=params))
                )
            raise
        return plain(result) | {"progress": steps, "asked": self.asked[before:]}

    async def read(self, command):
        return plain(await self.session.read_resource(AnyUrl(command["uri"])))

    async def prompt(self, command):
        return plain(await self.session.get_prompt(command["name"], command.get("arguments")))

    async def subscribe(self, command):
        return plain(await self.session.subscribe_resource(AnyUrl(command["uri"])))

    async def raw(self, command):
        request = types.Request[dict | None, str](method=command["method"], params=command.get("params"))
        return plain(await self.session.send_request(request, types.Result))

    async def connected(self, open_now):
        headers = {"Authorization": f"Bearer {self.chosen.token}"} if self.chosen.token else {}
        timeout = httpx.Timeout(30, read=self.chosen.read_timeout)
        http = await open_now.enter_async_context(httpx.AsyncClient(headers=headers, timeout=timeout))
        read, write, _ = await open_now.enter_async_context(streamable_http_client(self.chosen.url, http_client=http))
        self.session = await open_now.enter_async_context(
            ClientSession(
                read,
                write,
                read_timeout_seconds=timedelta(seconds=self.chosen.read_timeout),
                sampling_callback=self.sampling,
                elicitation_callback=None if self.chosen.elicits == "nothing" else self.elicitation,
                list_roots_callback=self.roots,
                message_handler=self.notified,
                client_info=types.Implementation(name="portcullis-test-python-v1", version=version("mcp")),
            )
        )
        greeted = await self.session.initialize()
        say(
            ready=True,
            client={"name": "mcp", "version": version("mcp")},
            server=plain(greeted.serverInfo),
            protocol=str(greeted.protocolVersion),
            capabilities=plain(greeted.capabilities),
        )


async def drive(chosen):
    driven, is_connected = Legacy(chosen), False
    try:
        async with contextlib.AsyncExitStack() as open_now:
            await driven.connected(open_now)
            is_connected = True
            await driven.drive()
    except Exception as raised:
        # A fault of the transport ends its tasks, and comes out only where they are left.
        if is_connected:
            raise
        say(ready=False, error=driven.fault(first_leaf(raised)))
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--read-timeout", type=float, default=60)
    # This SDK declares forms and addresses together.
    parser.add_argument("--elicits", choices=["nothing", "forms", "urls"], default="forms")
    sys.exit(asyncio.run(drive(parser.parse_args())))


if __name__ == "__main__":
    main()
