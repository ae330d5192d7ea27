"""Exposes a stdio MCP server over streamable HTTP on loopback, by fastmcp's own proxy.

    stdio_over_http.py [--port N] [--aws] COMMAND [ARGUMENT…]

`--aws` gives the server an AWS of ours (aws_stub.py) and made-up credentials; without it the server gets none at all.
Says `{"listening": URL}` once, then one line per call that reached the stdio server.
"""

import argparse
import asyncio
import os
import shutil
import sys
from pathlib import Path

from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy
from fastmcp.server.middleware import Middleware

from aws_stub import start_aws
from peer import end_with_starter, loopback_socket, say


class Tell(Middleware):
    async def on_call_tool(self, context, call_next):
        say(called=context.message.name, arguments=context.message.arguments)
        return await call_next(context)


class TakingTurns(StdioTransport):
    """One stdio server for clients of both eras: where one still has it, the next waits instead of being turned away."""

    async def connect(self, **options):
        while True:
            try:
                return await super().connect(**options)
            except RuntimeError as busy:
                if "live session" not in str(busy):
                    raise
                await asyncio.sleep(0.05)


def environment(aws):
    """The server's environment: nothing of AWS from this machine, ever."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    inherited |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    if aws:
        inherited |= {"AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
    return inherited


def program(name):
    """The command beside this Python first: the servers are installed in the same environment."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name) or name


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--aws", action="store_true")
    parser.add_argument("command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    end_with_starter()
    aws = start_aws() if chosen.aws else None
    transport = TakingTurns(program(chosen.command), chosen.arguments, env=environment(aws), keep_alive=True)
    proxy = create_proxy(transport, name=chosen.command)
    proxy.add_middleware(Tell())
    bound = loopback_socket(chosen.port)
    say(listening=f"http://127.0.0.1:{bound.getsockname()[1]}/mcp")
    proxy.run(
        transport="http",
        host="127.0.0.1",
        port=bound.getsockname()[1],
        sockets=[bound],
        show_banner=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
