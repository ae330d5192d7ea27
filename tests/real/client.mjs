// The official TypeScript client (`@modelcontextprotocol/sdk`), driven by JSON lines exactly as client.py is:
//
//     client.mjs URL [--token TOKEN] [--read-timeout SECONDS]
//
// It knows the legacy eras only; the packages come from the folder that `install` names (PORTCULLIS_TEST_REAL).

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const packages = createRequire(`${process.env.PORTCULLIS_TEST_REAL ?? fileURLToPath(new URL(".", import.meta.url))}/package.json`);
const load = (name) => import(pathToFileURL(packages.resolve(name)).href);

const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema, McpError, ResultSchema } =
  await load("@modelcontextprotocol/sdk/types.js");
const version = packages("./node_modules/@modelcontextprotocol/sdk/package.json").version;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { token: { type: "string" }, "read-timeout": { type: "string", default: "60" } },
});
const timeout = Number(values["read-timeout"]) * 1000;

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const fault = (raised) => ({
  code: raised instanceof McpError ? raised.code : null,
  message: raised instanceof McpError ? raised.message : `${raised.name}: ${raised.message}`,
  status: typeof raised.code === "number" && !(raised instanceof McpError) ? raised.code : undefined,
  data: raised.data ?? null,
});

const client = new Client(
  { name: "portcullis-test-typescript", version },
  { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
);
const asked = [];
const heard = [];
client.setRequestHandler(CreateMessageRequestSchema, async ({ method, params }) => {
  asked.push({ method, params });
  const content = { type: "text", text: "sampled by the test's client" };
  return { role: "assistant", content, model: "none", stopReason: "endTurn" };
});
client.setRequestHandler(ElicitRequestSchema, async ({ method, params }) => {
  asked.push({ method, params });
  return { action: "decline" };
});
client.setRequestHandler(ListRootsRequestSchema, async ({ method }) => {
  asked.push({ method });
  return { roots: [{ uri: "file:///srv/test", name: "test" }] };
});
client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
client.onerror = (raised) => heard.push({ fault: raised.message });

const answers = {
  async list() {
    const tools = [];
    let cursor;
    do {
      const page = await client.listTools(cursor ? { cursor } : undefined, { timeout });
      tools.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor);
    return { tools };
  },
  async call({ name, arguments: given, progress, meta }) {
    const told = [];
    const before = asked.length;
    const onprogress = progress ? (step) => told.push([step.progress, step.total ?? null, step.message ?? null]) : undefined;
    const params = { name, arguments: given, ...(meta ? { _meta: meta } : {}) };
    const result = await client.callTool(params, undefined, { timeout, onprogress });
    return { ...result, progress: told, asked: asked.slice(before) };
  },
  raw: ({ method, params }) => client.request({ method, params }, ResultSchema, { timeout }),
  heard: async () => ({ notifications: heard, asked }),
};

async function carryOut(line) {
  let command = {};
  try {
    command = JSON.parse(line);
    const answer = Object.hasOwn(answers, command.do) ? answers[command.do] : undefined;
    if (!answer) throw new Error(`unknown command \`${command.do}\``);
    say({ id: command.id, result: await answer(command) });
  } catch (raised) {
    say({ id: command.id ?? null, error: fault(raised) });
  }
}

const headers = values.token ? { Authorization: `Bearer ${values.token}` } : {};
const transport = new StreamableHTTPClientTransport(new URL(positionals[0]), { requestInit: { headers } });
try {
  await client.connect(transport, { timeout });
} catch (raised) {
  say({ ready: false, error: fault(raised) });
  process.exit(1);
}
say({
  ready: true,
  client: { name: "@modelcontextprotocol/sdk", version },
  server: client.getServerVersion() ?? null,
  protocol: transport.protocolVersion,
  capabilities: client.getServerCapabilities(),
});

const running = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const done = carryOut(line).finally(() => running.delete(done));
  running.add(done);
}
await Promise.all(running);
await transport.terminateSession().catch(() => {});
await client.close();
// A pipe is written later than `write` returns: leaving at once would lose the last answers.
process.stdout.write("", () => process.exit(0));
