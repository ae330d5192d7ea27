// Three hundred strings that want to be more than text, in every field that is kept: they stay text, on every page.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { HOSTILE, nameable } from "./hostile.mjs";
import { confirm, link } from "./mail.mjs";
import { PASSWORD, browser, connect, fresh, home, signUp, until } from "./site.mjs";

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

/** An MCP server whose every word is hostile. */
async function hostileServer(t) {
  const described = (description, index) => ({
    name: nameable(description) || `tool-${index}`,
    description,
    inputSchema: { type: "object", properties: { [description]: { type: "string", description } } },
    annotations: { title: description },
  });
  const tools = [...new Map(HOSTILE.map(described).map((tool) => [tool.name, tool])).values()];
  const answers = {
    initialize: ({ params }) => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: HOSTILE[0], version: HOSTILE[1] }, instructions: HOSTILE[2] }),
    "tools/list": () => ({ tools }),
    "tools/call": () => ({ content: [{ type: "text", text: "done" }] }),
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const asked = request.method === "POST" ? JSON.parse(body) : {};
    const answer = answers[asked.method];
    if (!answer) return response.writeHead(asked.id === undefined && request.method === "POST" ? 202 : 405).end();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: asked.id, result: answer(asked) }));
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, tools: tools.map((tool) => tool.name) };
}

/** The REST API, as the person who is signed in on this page. */
async function api(page) {
  const { csrf_token: token } = await (await page.request.get(`${home}/v1/me`)).json();
  return async (method, path, data) => {
    const response = await page.request.fetch(`${home}/v1${path}`, { method, data, headers: { "x-csrf-token": token } });
    assert.ok(response.ok(), `${method} ${path}: ${response.status()} ${await response.text()}`);
    return response.status() === 204 ? null : response.json();
  };
}

/** Does it for each, eight at a time. */
async function each(items, act) {
  const left = items.entries();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const [index, item] of left) await act(item, index);
  }));
}

test("three hundred hostile strings stay text wherever they are shown", async (t) => {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const org = fresh("hostile");
  await signUp(page, org);
  const ask = await api(page);
  const names = HOSTILE.map(nameable).filter(Boolean);
  assert.ok(names.length >= 300);
  const upstream = await hostileServer(t);

  await ask("POST", `/orgs/${org}/servers`, { slug: "upstream", name: names[0], url: upstream.url, auth: { type: "none" } });
  await ask("POST", `/orgs/${org}/servers/upstream/discover`, {});
  // A selector cannot begin with `@` or have a star in it: those two mean something.
  const tools = Object.fromEntries(upstream.tools.filter((name) => !/^@|\*/.test(name)).map((name, index) => [name, index % 2 ? {} : { action: "deny", reason: name }]));
  await ask("POST", `/orgs/${org}/policies`, { slug: "all", name: names[1] });
  await ask("PUT", `/orgs/${org}/policies/all/draft`, { document: { version: "1", default: "deny", tools } });
  await ask("POST", `/orgs/${org}/policies/all/publish`, { note: HOSTILE.join("\n").slice(0, 900).replace(/[^\P{Cc}\n]/gu, "") });
  await each(names, async (name, index) => {
    await ask("POST", `/orgs/${org}/servers`, { slug: `s-${index}`, name, url: upstream.url, auth: { type: "none" } });
    await ask("POST", `/orgs/${org}/policies`, { slug: `p-${index}`, name });
    await ask("PUT", `/orgs/${org}/policies/p-${index}/draft`, { document: { version: "1", default: "deny", description: name, tools: { [name]: { [name]: name } } } });
    await ask("POST", `/orgs/${org}/grants`, { name, labels: { why: name }, servers: [{ server: `s-${index}` }] });
  });
  // One account after another name, each kept in an event; then invitations and members.
  await confirm(page, `${org}@example.com`);
  for (const name of names) await ask("PATCH", "/me", { name });
  const addresses = HOSTILE.map((text) => `${text.toLowerCase().replace(/[\s\p{Cc},;:<>()"\\[\]@]/gu, "")}@example.com`).filter((address) => address.length > 14 && Buffer.byteLength(address) <= 254);
  for (const email of addresses.slice(-20)) await ask("POST", `/orgs/${org}/invitations`, { email, role: "viewer" });
  for (const [index, name] of [names[0], names[3], names.at(-1)].entries()) {
    const email = `guest-${index}.${org}@example.com`;
    await ask("POST", `/orgs/${org}/invitations`, { email, role: "viewer" });
    const invitation = new URL(await link(page, email, "invitations")).pathname.split("/").at(-1);
    const joined = await fetch(`${home}/v1/signup`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password: PASSWORD, name, invitation }) });
    assert.equal(joined.status, 201, await joined.text());
  }
  const { token } = await ask("POST", `/orgs/${org}/grants`, { name: "caller", servers: [{ server: "upstream", policy: "all", version: "latest" }] });
  const { proxy_url: url } = await ask("GET", `/orgs/${org}/servers/upstream`);
  const client = await connect({ token, url });
  t.after(() => client.close());
  await each(upstream.tools, (name, index) => client.callTool({ name, arguments: { [HOSTILE[index]]: HOSTILE[index] } }).catch(() => {}));
  await until(async () => (await ask("GET", `/orgs/${org}/calls?limit=200`)).next_cursor !== null);

  await t.test("on pages", async () => {
    const seen = new Set([`/${org}`]);
    const toSee = [...seen];
    const faults = [];
    // One page of each kind and name; the lists to their ends.
    const wanted = new RegExp(`^/${org}(?:/[^#?]*)?(?:\\?cursor=[^#&]*)?$`);
    const tabs = await Promise.all([0, 1, 2, 3].map(() => context.newPage()));
    for (const tab of tabs) {
      await tab.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
      tab.on("console", (message) => message.type() === "error" && faults.push(`${tab.url()}: ${message.text()}`));
      tab.on("pageerror", (error) => faults.push(`${tab.url()}: ${error}`));
      tab.on("dialog", (dialog) => (faults.push(`${tab.url()}: a dialog`), dialog.dismiss()));
      tab.on("request", (request) => !request.url().startsWith(home) && !request.url().startsWith("data:") && faults.push(`${tab.url()} asked ${request.url()}`));
    }
    const look = async (tab, path) => {
      const answer = await tab.goto(home + path, { waitUntil: "load" });
      if (answer.status() >= 400) faults.push(`${path}: ${answer.status()}`);
      const found = await tab.evaluate(() => ({
        ran: window.__ran,
        spill: document.body.scrollWidth - document.body.clientWidth,
        strange: document.querySelectorAll("iframe, object, embed, math, base, marquee, video, audio, img, [onerror], [onload], [href^='javascript:' i]").length,
        links: [...document.querySelectorAll("main a[href]")].map((link) => link.getAttribute("href")),
      }));
      if (found.ran) faults.push(`${path}: a script ran`);
      if (found.spill > 0) faults.push(`${path}: ${found.spill} px too wide`);
      if (found.strange) faults.push(`${path}: ${found.strange} elements of a stranger`);
      for (const link of found.links) {
        const target = link.startsWith("?") ? path.split("?")[0] + link : link;
        // An id leads where the slug does; and of servers and policies, whose lists show every name, each third is opened.
        if (/_[0-9a-f]{32}$/.test(target) && /servers|policies/.test(target)) continue;
        if (Number(/-(\d+)$/.exec(target)?.[1] ?? 0) % 3 > 0) continue;
        if (!wanted.test(target) || seen.has(target) || target.includes("/export")) continue;
        seen.add(target);
        toSee.push(target);
      }
    };
    for (const path of ["servers", "policies", "grants", "calls", "events", "settings", "members", "servers/upstream", "policies/all"]) toSee.push(`/${org}/${path}`);
    while (toSee.length > 0) {
      const now = toSee.splice(0);
      const left = now.values();
      await Promise.all(tabs.map(async (tab) => {
        for (const path of left) await look(tab, path);
      }));
    }
    t.diagnostic(`${seen.size} pages`);
    assert.deepEqual(faults.slice(0, 20), []);
    assert.ok(seen.size > 600, `only ${seen.size} pages were seen`);
  });

  await t.test("in the export for spreadsheets", async () => {
    const csv = (await (await page.request.get(`${home}/v1/orgs/${org}/calls/export?format=csv`)).text()).replaceAll("\r\n", "\n");
    const cells = [...csv.matchAll(/(?:^|,|\n)("(?:[^"]|"")*"|[^",\n]*)/g)].map(([, cell]) => cell.replace(/^"|"$/g, ""));
    assert.ok(cells.some((cell) => cell.includes("=HYPERLINK")), "the export holds no formula to be afraid of");
    assert.deepEqual(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell)), []);
  });
});
