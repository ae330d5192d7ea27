"""What our Python clients share: commands as JSON lines in, answers as JSON lines out, any number at the same time.

Knows nothing of either SDK: a client is a `Driven` with a coroutine for each command.
"""

import asyncio
import json
import sys

import anyio

from peer import say


async def _lines():
    """Standard input, a line at a time, without blocking the connection."""
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip():
            yield line


def first_leaf(raised):
    """Groups of errors are opened to their first leaf: that is what the client's caller would look at."""
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    return raised


class Driven:
    """One connection: what the server asked and told of it, and the commands that are running."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.asked = []
        self.heard = []
        self._scopes = {}

    def commands(self):
        """Name to coroutine function; each takes the command and gives its result."""
        raise NotImplementedError

    def fault(self, raised):
        """The error as JSON: `code`, `message`, `data`."""
        raise NotImplementedError

    def has_heard(self, message):
        """A notification, as JSON; that a resource changed is said at once."""
        self.heard.append(message)
        if message.get("method") == "notifications/resources/updated":
            say(updated=message["params"]["uri"])

    def progress(self, command, steps):
        """A callback that keeps the steps and says each at once; none where the command wants none."""
        if not command.get("progress"):
            return None

        async def told(done, total, message):
            steps.append([done, total, message])
            say(id=command["id"], step=[done, total, message])

        return told

    async def _cancel(self, command):
        self._scopes[command["call"]].cancel()
        return {}

    async def _carry_out(self, line):
        command = {}
        try:
            command = json.loads(line)
            known = self.commands() | {"cancel": self._cancel, "heard": self._told}
            with anyio.CancelScope() as scope:
                self._scopes[command["id"]] = scope
                say(id=command["id"], result=await known[command["do"]](command))
            if scope.cancelled_caught:
                say(id=command["id"], error={"code": None, "message": "cancelled", "data": None})
        except Exception as raised:
            say(id=command.get("id"), error=self.fault(first_leaf(raised)))
        finally:
            self._scopes.pop(command.get("id"), None)

    async def _told(self, _command):
        return {"notifications": self.heard, "asked": self.asked}

    async def drive(self):
        """Carries out commands until standard input ends, and waits for the last of them."""
        async with asyncio.TaskGroup() as commands:
            async for line in _lines():
                commands.create_task(self._carry_out(line))
