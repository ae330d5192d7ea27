"""What a server of ours asks of its clients and tells them of itself, in the manner of either era: questions, progress, a call
that waits, a resource that changes. `tests/src/bin/rmcp_server/` offers the same tools.
"""

import asyncio

import mcp_types
from fastmcp import Context
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from peer import say

_NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


class Latches:
    """Calls that wait until another call lets them go, by key."""

    def __init__(self):
        self.events = {}

    def of(self, key):
        return self.events.setdefault(key, asyncio.Event())


def is_modern(ctx):
    return ctx.request_context.protocol_version in MODERN_PROTOCOL_VERSIONS


async def answer_to(ctx, key, question, legacy):
    """The client's answer: asked for at once in the legacy eras, by a further round in the modern one."""
    if not is_modern(ctx):
        return await legacy()
    if not ctx.input_responses:
        return mcp_types.InputRequiredResult(input_requests={key: question}, request_state="asked once")
    if ctx.request_state != "asked once":
        raise ValueError(f"the state came back as `{ctx.request_state}`")
    return ctx.input_responses[key]


def add_interactive(server):
    latches, bus, subscribed = Latches(), InMemorySubscriptionBus(), {}

    @server.tool
    async def hold(key: str, ctx: Context) -> str:
        """Reports a step, waits until `release` is called with the same key, reports another and answers."""
        try:
            await ctx.report_progress(1, 2)
            await latches.of(key).wait()
            await ctx.report_progress(2, 2)
        except asyncio.CancelledError:
            say(stopped=key)
            raise
        return f"held {key}"

    @server.tool
    async def release(key: str) -> str:
        """Lets a call of `hold` go on."""
        latches.of(key).set()
        return f"released {key}"

    @server.tool
    async def ask(ctx: Context) -> mcp_types.InputRequiredResult | str:
        """Asks the user for a name."""
        params = mcp_types.ElicitRequestFormParams(message="What is your name?", requested_schema=_NAME)
        asked = await answer_to(
            ctx,
            "name",
            mcp_types.ElicitRequest(params=params),
            lambda: ctx.session.elicit(message=params.message, requested_schema=_NAME, related_request_id=ctx.request_id),
        )
        if isinstance(asked, mcp_types.InputRequiredResult):
            return asked
        return f"{asked.action}: {asked.content['name']}"

    @server.tool
    async def sample(prompt: str, ctx: Context) -> mcp_types.InputRequiredResult | str:
        """Asks the client's model."""
        messages = [mcp_types.SamplingMessage(role="user", content=mcp_types.TextContent(type="text", text=prompt))]
        params = mcp_types.CreateMessageRequestParams(messages=messages, max_tokens=100)
        asked = await answer_to(
            ctx,
            "sample",
            mcp_types.CreateMessageRequest(params=params),
            lambda: ctx.session.create_message(messages=messages, max_tokens=100, related_request_id=ctx.request_id),
        )
        if isinstance(asked, mcp_types.InputRequiredResult):
            return asked
        return f"sampled: {asked.content.text}"

    @server.tool
    async def touch(uri: str) -> str:
        """Tells whoever subscribed to the resource that it has changed."""
        await bus.publish(ResourceUpdated(uri=uri))
        for session in list(subscribed.get(uri, [])):
            try:
                await session.send_resource_updated(uri)
            except Exception:
                subscribed[uri].remove(session)
        return f"touched {uri}"

    @server.resource("memo://one")
    def one() -> str:
        """The memo that is always there."""
        return "memo one"

    # fastmcp itself has no subscriptions to resources; the server below it has.
    async def subscribe(ctx, params):
        subscribed.setdefault(str(params.uri), []).append(ctx.session)
        return mcp_types.EmptyResult()

    below = server._mcp_server
    below.add_request_handler("resources/subscribe", mcp_types.SubscribeRequestParams, subscribe)
    below.add_request_handler("subscriptions/listen", mcp_types.SubscriptionsListenRequestParams, ListenHandler(bus))
