// What the browser tests share: a browser, the installation they look at, and the ways of a person through it.
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

// Node 18, which Debian 12 has, keeps it out of the globals, where the SDK looks for it.
globalThis.crypto ??= webcrypto;

export const dev = JSON.parse(await readFile(process.env.PORTCULLIS_DEV, "utf8"));
export const home = dev.control_plane;
export const PASSWORD = "a gate of iron bars";

let number = 0;
/** A name nobody had before, for organisations and addresses. */
export const fresh = (word) => `${word}-${Date.now().toString(36)}-${(number += 1)}`;

export async function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
}

/** The URL of the demo's own MCP server, behind the gateway. */
export async function demoServer() {
  const { org, api_key: key, server } = dev.demo;
  const answer = await fetch(`${home}/v1/orgs/${org}/servers/${server}`, { headers: { authorization: `Bearer ${key}` } });
  return (await answer.json()).url;
}

/** Signs up by form; ends in the new organisation. */
export async function signUp(page, org) {
  await page.goto(`${home}/signup`);
  await page.getByLabel("Your name").fill("Ada Byron");
  await page.getByLabel("E-mail").fill(`${org}@example.com`);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel("Organisation", { exact: true }).fill(org);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL(`${home}/${org}`);
}

export async function addServer(page, org, name, url) {
  await page.goto(`${home}/${org}/servers/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("URL").fill(url);
  await page.getByRole("button", { name: "Add it and read its tools" }).click();
  await page.waitForURL(/done=created/);
}

export async function newPolicy(page, org, name, document) {
  await page.goto(`${home}/${org}/policies/new`);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create the draft" }).click();
  await page.waitForURL(/done=created/);
  await publish(page, document, "first");
}

/** On the page of a policy. */
export async function publish(page, document, note) {
  await page.getByLabel("Draft").fill(JSON.stringify(document, null, 2));
  await page.getByLabel("Why it is published").fill(note);
  await page.getByRole("button", { name: "Save and publish" }).click();
  await page.waitForURL(/done=published/);
}

/** Mints a grant for one server under one policy, and reads its token and proxy URL off the page. */
export async function mint(page, org, name, server, policy) {
  await page.goto(`${home}/${org}/grants/new`);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("checkbox", { name: server }).check();
  await page.getByLabel(`Policy for ${server}`).selectOption({ label: `${policy}, newest version` });
  await page.getByRole("button", { name: "Mint it" }).click();
  const token = (await page.locator("[data-copy='the token'] code").textContent()).trim();
  const curl = await page.locator("[data-copy='curl'] code").textContent();
  return { token, url: curl.match(/https?:\S+\/mcp/)[0] };
}

/** A real client, connected through the gateway. It waits until the gateway knows the grant. */
export async function connect({ token, url }) {
  return until(async () => {
    const client = new Client({ name: "browser-test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }));
    return client;
  });
}

/** What the tool said, as text. */
export async function call(client, tool, args) {
  const result = await client.callTool({ name: tool, arguments: args });
  return result.content.map((part) => part.text ?? "").join("\n");
}

/** Presses Tab until the element has the focus. */
export async function tabTo(page, element) {
  for (let presses = 0; presses < 100; presses += 1) {
    if (await element.evaluate((found) => found === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("a hundred tabs do not lead there");
}

/** Tries again until it neither throws nor is false: what was published takes a moment to arrive. */
export async function until(attempt, patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      const got = await attempt();
      if (got) return got;
      if (Date.now() > end) throw new Error("it did not come true in time");
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
