"""A real MCP server over streamable HTTP whose tools are what a file says, read anew for every list.

    pulled_rug.py --tools FILE

Says `{"listening": URL}` once, then `called` for each call that reached it.
"""

import argparse
import json
from pathlib import Path

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.middleware import Middleware
from fastmcp.tools.base import Tool, ToolResult

from peer import end_with_starter, loopback_socket, say


class Written(Tool):
    """A tool of any definition, which is listed and never run: calls are answered before."""


class FromFile(Middleware):
    def __init__(self, path):
        self.path = Path(path)

    async def on_list_tools(self, context, call_next):
        return [
            Written(name=one["name"], description=one.get("description"), parameters=one["inputSchema"])
            for one in json.loads(self.path.read_text())
        ]

    async def on_call_tool(self, context, call_next):
        say(called=context.message.name, arguments=context.message.arguments)
        return ToolResult(content=f"done: {context.message.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", required=True)
    chosen = parser.parse_args()
    server = FastMCP("pulled-rug", version="1.0.0")
    server.add_middleware(FromFile(chosen.tools))
    end_with_starter()
    bound = loopback_socket()
    say(listening=f"http://127.0.0.1:{bound.getsockname()[1]}/mcp")
    app = server.http_app(stateless_http=True, json_response=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")).run(sockets=[bound])


if __name__ == "__main__":
    main()
