// The official TypeScript client of the v1 line (`@modelcontextprotocol/sdk`, legacy eras only), driven by JSON lines exactly
// as client.py is:
//
//     client.mjs URL [--token TOKEN] [--read-timeout SECONDS] [--elicits nothing|forms|urls]
//
// The packages come from the folder that `install` names (PORTCULLIS_TEST_REAL).

import * as driver from "./driver.mjs";

const { Client } = await driver.load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await driver.load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const schemas = await driver.load("@modelcontextprotocol/sdk/types.js");
const version = driver.versionOf("@modelcontextprotocol/sdk");
const { url, timeout, headers } = driver.chosen;
const fault = (raised) => driver.fault(raised, raised instanceof schemas.McpError);

const client = new Client(
  { name: "portcullis-test-typescript", version },
  { capabilities: driver.capabilities },
);
client.setRequestHandler(schemas.CreateMessageRequestSchema, driver.answersToServers["sampling/createMessage"]);
if (driver.capabilities.elicitation) client.setRequestHandler(schemas.ElicitRequestSchema, driver.answersToServers["elicitation/create"]);
client.setRequestHandler(schemas.ListRootsRequestSchema, driver.answersToServers["roots/list"]);
client.fallbackNotificationHandler = async (notification) => driver.hasHeard(notification);
client.onerror = (raised) => driver.heard.push({ fault: raised.message });

const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
try {
  await client.connect(transport, { timeout });
} catch (raised) {
  driver.say({ ready: false, error: fault(raised) });
  process.exit(1);
}
driver.say({
  ready: true,
  client: { name: "@modelcontextprotocol/sdk", version },
  server: client.getServerVersion() ?? null,
  protocol: transport.protocolVersion,
  capabilities: client.getServerCapabilities(),
});

await driver.drive(
  {
    list: () => driver.pages("tools", (page) => client.listTools(page, { timeout })),
    resources: () => driver.pages("resources", (page) => client.listResources(page, { timeout })),
    prompts: () => driver.pages("prompts", (page) => client.listPrompts(page, { timeout })),
    read: ({ uri }) => client.readResource({ uri }, { timeout }),
    prompt: ({ name, arguments: given }) => client.getPrompt({ name, arguments: given }, { timeout }),
    subscribe: ({ uri }) => client.subscribeResource({ uri }, { timeout }),
    raw: ({ method, params }) => client.request({ method, params }, schemas.ResultSchema, { timeout }),
    async call(command, signal) {
      const steps = [];
      const before = driver.asked.length;
      const params = { name: command.name, arguments: command.arguments, ...(command.meta ? { _meta: command.meta } : {}) };
      const options = { timeout, signal, onprogress: driver.progressOf(command, steps) };
      const result = await client.callTool(params, undefined, options);
      return { ...result, progress: steps, asked: driver.asked.slice(before) };
    },
  },
  fault,
);
await transport.terminateSession().catch(() => {});
await client.close();
driver.leave();
