// The official TypeScript client of the v2 line (`@modelcontextprotocol/client`, both eras), driven by JSON lines exactly as
// client.py is:
//
//     client_v2.mjs URL [--token TOKEN] [--era auto|legacy|2026-07-28] [--read-timeout SECONDS] [--elicits nothing|forms|urls]
//
// A call may say its `patience` in seconds: in 2026-07-28 this client learns that the stream of a call broke by its own timeout alone.

import * as driver from "./driver.mjs";

const { Client, ProtocolError, StreamableHTTPClientTransport } = await driver.load("@modelcontextprotocol/client");
const version = driver.versionOf("@modelcontextprotocol/client");
const { url, era, timeout, headers } = driver.chosen;
const fault = (raised) => driver.fault(raised, raised instanceof ProtocolError);

const client = new Client(
  { name: "portcullis-test-typescript-v2", version },
  {
    capabilities: driver.capabilities,
    versionNegotiation: { mode: era === "legacy" || era === "auto" ? era : { pin: era } },
  },
);
for (const [method, answer] of Object.entries(driver.answersToServers)) {
  if (method !== "elicitation/create" || driver.capabilities.elicitation) client.setRequestHandler(method, answer);
}
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
  client: { name: "@modelcontextprotocol/client", version },
  server: client.getServerVersion() ?? null,
  protocol: client.getNegotiatedProtocolVersion(),
  capabilities: client.getServerCapabilities(),
});

await driver.drive(
  {
    list: () => driver.pages("tools", (page) => client.listTools(page, { timeout })),
    resources: () => driver.pages("resources", (page) => client.listResources(page, { timeout })),
    prompts: () => driver.pages("prompts", (page) => client.listPrompts(page, { timeout })),
    read: ({ uri }) => client.readResource({ uri }, { timeout }),
    prompt: ({ name, arguments: given }) => client.getPrompt({ name, arguments: given }, { timeout }),
    async subscribe({ uri }) {
      if (client.getProtocolEra() !== "modern") return client.subscribeResource({ uri }, { timeout });
      const subscription = await client.listen({ resourceSubscriptions: [uri] }, { timeout });
      subscription.closed.then((why) => why === "local" || driver.say({ lost: uri, error: why }));
      return { acknowledged: subscription.honoredFilter };
    },
    raw: ({ method, params }) => client.request({ method, params }, { timeout }),
    async call(command, signal) {
      const steps = [];
      const before = driver.asked.length;
      const params = { name: command.name, arguments: command.arguments, ...(command.meta ? { _meta: command.meta } : {}) };
      const patience = command.patience ? command.patience * 1000 : timeout;
      const options = { timeout: patience, signal, onprogress: driver.progressOf(command, steps) };
      const result = await client.callTool(params, options);
      return { ...result, progress: steps, asked: driver.asked.slice(before) };
    },
  },
  fault,
);
await transport.terminateSession?.().catch(() => {});
await client.close();
driver.leave();
