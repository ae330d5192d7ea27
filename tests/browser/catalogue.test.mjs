// From the catalogue page of a tool to a call that its recommended policy judges, without scripts.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { PASSWORD, browser, call, connect, fresh, home, mint, until } from "./site.mjs";

const SERVER = "pypi-awslabs.healthimaging-mcp-server";
const TOOL = "start_dicom_import_job";

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

/** A server of the official kit that lists the tool, as whoever installs the package has one. */
async function clinic(t) {
  const answer = () => {
    const server = new Server({ name: "clinic", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [
        { name: TOOL, description: "Start a DICOM import job.", inputSchema: { type: "object", properties: { job_name: { type: "string" } } } },
        { name: "delete_datastore", description: "Delete a data store.", inputSchema: { type: "object", properties: {} } },
      ],
    }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({ content: [{ type: "text", text: `done: ${params.name}` }] }));
    return server;
  };
  const http = createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    await answer().connect(transport);
    await transport.handleRequest(request, response);
  });
  await new Promise((ready) => http.listen(0, "127.0.0.1", ready));
  t.after(() => http.close());
  return `http://127.0.0.1:${http.address().port}/mcp`;
}

test("from the page of a tool to a call that its recommended policy judges", async (t) => {
  const context = await chromium.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  const page = await context.newPage();
  const org = fresh("clinic");

  // A typing error, and still the tool.
  await page.goto(`${home}/catalog`);
  await page.getByLabel("Find a server or a tool").fill("dicon improt");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("link", { name: TOOL, exact: true }).first().click();
  await page.getByRole("heading", { name: "Why it needs a policy" }).waitFor();
  assert.match(await page.locator("pre").first().textContent(), /start_dicom_import_job_rate/);

  await page.getByRole("link", { name: "Use this policy" }).click();
  await page.waitForURL(/\/login\?next=/);
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("Your name").fill("Ada Byron");
  await page.getByLabel("E-mail").fill(`${org}@example.com`);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel("Organisation", { exact: true }).fill(org);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL(new RegExp(`/${org}/recommended\\?from=`));

  await page.getByRole("link", { name: "Register the server" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Clinic");
  await page.getByLabel("URL").fill(await clinic(t));
  await page.getByRole("button", { name: "Add it and read its tools" }).click();
  await page.waitForURL(/recommended\?.*server=clinic/);

  await page.getByRole("button", { name: "Make it the draft" }).click();
  await page.waitForURL(/\/policies\/.*done=created/);
  const policy = await page.getByRole("heading", { level: 1 }).textContent();
  await page.getByLabel("Why it is published").fill("as recommended");
  await page.getByRole("button", { name: "Save and publish" }).click();
  await page.waitForURL(/done=published/);

  const client = await connect(await mint(page, org, "An agent", "Clinic", policy));
  t.after(() => client.close());
  assert.equal(await call(client, TOOL, { job_name: "one" }), `done: ${TOOL}`);
  // What the policy does not name is denied, and the recommended limit holds.
  assert.match(await call(client, "delete_datastore", {}), /^\[POLICY DENIED\]/);
  const said = [];
  for (let calls = 0; calls < 12; calls += 1) said.push(await call(client, TOOL, { job_name: "again" }));
  assert.ok(said.some((text) => text !== `done: ${TOOL}`), "the eleventh call in a minute went through");
  await until(async () => {
    await page.goto(`${home}/${org}/calls`);
    return (await page.getByText("allow", { exact: true }).count()) > 0 && (await page.getByText("limit", { exact: true }).count()) > 0;
  });
});

test("a page of the catalogue asks for no script, and says the same to whoever is signed in", async (t) => {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const answer = await page.goto(`${home}/catalog/${SERVER}/${TOOL}`);
  assert.equal(answer.headers()["cache-control"], "public, max-age=300");
  const plain = await (await fetch(`${home}/catalog/${SERVER}/${TOOL}`)).text();
  assert.equal(await answer.text(), plain);
});
