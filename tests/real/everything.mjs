// Runs @modelcontextprotocol/server-everything over streamable HTTP, or over HTTP+SSE, on loopback only and on a free port.
// The package itself listens on all interfaces; the one change made to it is the address of its first `listen`.
//
//     everything.mjs [--port N] [--sse]
//
// Says `{"listening": URL}` once, then one line per session that began (`began`) and per request it was told to give up
// (`stopped`, with the reason it was told): the package keeps both to itself.

import { webcrypto } from "node:crypto";
import { Server } from "node:net";
import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";

// Node 18, which Debian 12 has, keeps it out of the globals, where the package looks for it.
globalThis.crypto ??= webcrypto;

const { values } = parseArgs({ options: { port: { type: "string", default: "0" }, sse: { type: "boolean" } } });

const listen = Server.prototype.listen;
Server.prototype.listen = function (_port, ...rest) {
  const told = rest.filter((argument) => typeof argument === "function");
  this.once("listening", () => {
    console.log(JSON.stringify({ listening: `http://127.0.0.1:${this.address().port}/${values.sse ? "sse" : "mcp"}` }));
  });
  return listen.call(this, Number(values.port), "127.0.0.1", ...told);
};

// Its own chatter goes to standard error: standard output is for whoever started this.
const say = console.log;
console.log = (...words) => {
  const text = String(words[0]);
  if (text.startsWith('{"listening"')) return say(...words);
  if (text.startsWith("Session initialized")) say(JSON.stringify({ began: text }));
  return console.error(...words);
};

const abort = AbortController.prototype.abort;
AbortController.prototype.abort = function (reason) {
  if (typeof reason === "string") say(JSON.stringify({ stopped: reason }));
  return abort.call(this, reason);
};

const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) {
  process.stdin.on("end", () => process.exit(0)).resume();
}

process.argv.splice(2, process.argv.length, values.sse ? "sse" : "streamableHttp");
const root = process.env.PORTCULLIS_TEST_REAL;
const entry = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";
await import(root ? `file://${root}/${entry}` : new URL(entry, import.meta.url).href);
