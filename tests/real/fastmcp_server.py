"""A real fastmcp server over streamable HTTP, both eras on one URL, with one tool per answer that is easy to spoil, and those
that ask something back (interactive.py).

    fastmcp_server.py [--port N] [--tools N] [--stateless] [--json] [--resumable]

`--tools 800` adds that many more tools, `--stateless` never gives a session id, `--json` answers with JSON where it may
(otherwise with an event stream), `--resumable` keeps events, so that a dropped stream can be resumed. Says `{"listening": URL}`
once, then one line per session that began (`began`), call that reached a tool (`called`) or was given up (`stopped`), and
request for anything of resources, prompts and completion (`asked`).
"""

import argparse
import asyncio
from typing import Annotated

import mcp_types
import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.server.event_store import EventStore
from fastmcp.server.middleware import Middleware
from fastmcp.tools.base import ToolResult
from pydantic import Field

from interactive import add_interactive
from peer import end_with_starter, loopback_socket, say

# Beyond every double and every 64-bit integer: whoever reads it as a number writes another one.
HUGE = 123456789012345678901234567890
PRECISE = 9007199254740993


class Tell(Middleware):
    """Says what reached the server: the witness of what a gateway let through."""

    async def on_call_tool(self, context, call_next):
        say(called=context.message.name, arguments=context.message.arguments)
        return await call_next(context)

    async def on_message(self, context, call_next):
        if context.method and context.method.split("/")[0] in ("resources", "prompts", "completion"):
            say(asked=context.method)
        return await call_next(context)

    async def on_initialize(self, context, call_next):
        say(began=context.message.params.client_info.name)
        return await call_next(context)


server = FastMCP("fastmcp-peer", version="1.0.0", instructions="Answers that are easy to spoil on the way.")
server.add_middleware(Tell())


@server.tool(annotations={"readOnlyHint": True})
def echo(text: str) -> str:
    """Gives the text back."""
    return text


@server.tool(annotations={"readOnlyHint": True})
def unicode() -> str:
    """Characters that JSON may write in several ways: controls, separators, beyond the basic plane, an escape."""
    return 'quote " back \\ slash / tab \t null-like \u0001 separators \u2028\u2029 astral 😀 combining e\u0301 text \\u0041'


@server.tool(annotations={"readOnlyHint": True})
def numbers() -> ToolResult:
    """Numbers that no double holds."""
    return ToolResult(
        content=[mcp_types.TextContent(type="text", text=str(HUGE))],
        structured_content={"huge": HUGE, "precise": PRECISE, "small": 1e-300, "minus_zero": -0.0, "tenth": 0.10},
    )


@server.tool(annotations={"readOnlyHint": True})
def key_order() -> ToolResult:
    """Keys in an order that no sorting makes, with a result field that the protocol does not name."""
    return ToolResult(
        content=[mcp_types.TextContent(type="text", text="zebra before apple")],
        structured_content={"zebra": 1, "apple": {"y": 2, "b": 3}, "Apple": 4, "10": 5, "9": 6},
        meta={"example.com/vendor": {"z": 1, "a": [None, {}, []]}},
    )


@server.tool(annotations={"readOnlyHint": True})
def structured(city: str, days: Annotated[int, Field(ge=1, le=14)] = 3) -> dict[str, list[int]]:
    """A structured answer with an output schema."""
    return {city: list(range(days))}


@server.tool(annotations={"readOnlyHint": True})
def picture() -> ToolResult:
    """Several kinds of content at once: text, an image, an embedded resource."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    return ToolResult(
        content=[
            mcp_types.TextContent(type="text", text="one pixel"),
            mcp_types.ImageContent(type="image", data=pixel, mime_type="image/png"),
            mcp_types.EmbeddedResource(
                type="resource",
                resource=mcp_types.TextResourceContents(uri="memo://one", text="a memo", mime_type="text/plain"),
            ),
        ]
    )


@server.tool(annotations={"readOnlyHint": True})
def large(bytes: Annotated[int, Field(ge=1, le=8_000_000)]) -> str:
    """As many bytes as asked, in one answer."""
    return "x" * bytes


@server.tool(annotations={"readOnlyHint": True})
def fail(message: str = "as asked") -> str:
    """Fails: an answer with `isError`."""
    raise ValueError(message)


@server.tool(annotations={"readOnlyHint": True})
async def count(to: Annotated[int, Field(ge=1, le=100)], pause_ms: Annotated[int, Field(ge=0, le=1000)] = 0, ctx: Context = None) -> str:
    """Counts, with one progress notification a step: the answer is a stream."""
    for step in range(1, to + 1):
        await ctx.report_progress(step, to)
        await asyncio.sleep(pause_ms / 1000)
    return f"counted to {to}"


@server.tool(annotations={"destructiveHint": True})
def delete_everything(confirm: bool) -> str:
    """Deletes nothing, but says that it would: a tool that no policy should let through."""
    return f"deleted (confirm={confirm})"


@server.resource("memo://{name}")
def memo(name: str) -> str:
    """A memo by name."""
    return f"memo {name}"


@server.prompt
def greet(name: str) -> str:
    """A greeting."""
    return f"Say hello to {name}."


def add_numbered_tools(count):
    for number in range(count):

        def numbered(value: int = 0, note: str = "") -> str:
            return f"{value} {note}"

        server.tool(
            numbered,
            name=f"numbered_{number:04}",
            description=f"Numbered tool {number}, with a description long enough to make the whole list large. " * 2,
            annotations={"readOnlyHint": number % 2 == 0},
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tools", type=int, default=0)
    parser.add_argument("--stateless", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--resumable", action="store_true")
    chosen = parser.parse_args()
    add_numbered_tools(chosen.tools)
    add_interactive(server)
    end_with_starter()
    bound = loopback_socket(chosen.port)
    say(listening=f"http://127.0.0.1:{bound.getsockname()[1]}/mcp")
    app = server.http_app(
        stateless_http=chosen.stateless,
        json_response=chosen.json,
        event_store=EventStore() if chosen.resumable else None,
    )
    # Streams that stand would hold up the end for good.
    config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
