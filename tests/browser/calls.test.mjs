// Calls as people see them: live, filtered by the URL, counted in a chart; and a grant whose token is changed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addServer, browser, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, until } from "./site.mjs";

const READ_ONLY = { version: "1", default: "deny", tools: { list_customers: {} } };

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

/** An organisation with a server and a policy, and a page of a person in it. */
async function furnished(t, word) {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const org = fresh(word);
  await signUp(page, org);
  await addServer(page, org, "Desk", await demoServer());
  await newPolicy(page, org, "Reading", READ_ONLY);
  return { context, page, org };
}

test("a call appears while one looks: on the page of its new grant, in the list, and in the chart", async (t) => {
  const { context, page, org } = await furnished(t, "live");
  const minted = await mint(page, org, "An agent", "Desk", "Reading");
  await page.getByText("Waiting for the first call").waitFor();
  const list = await context.newPage();
  await list.goto(`${home}/${org}/calls`);
  await list.getByText("Live: new calls appear on top.").waitFor();
  const denied = await context.newPage();
  await denied.goto(`${home}/${org}/calls?verdict=deny`);
  await denied.getByText("Live: new calls appear on top.").waitFor();
  // Whatever navigates from here on would be a reload.
  const reloads = [];
  for (const one of [page, list, denied]) one.on("framenavigated", () => reloads.push(one.url()));

  const client = await connect(minted);
  t.after(() => client.close());
  await call(client, "list_customers", {});
  await page.getByText("The first call has come: allow").waitFor();
  const row = list.locator("tbody tr", { hasText: "list_customers" });
  await row.waitFor();
  await row.getByText("An agent").waitFor();
  await row.getByText("Desk").waitFor();
  assert.equal(await row.locator("[data-of=verdict]").textContent(), "allow");
  assert.equal(await denied.locator("tbody tr:visible").count(), 0, "the filter of the page holds for what comes");

  await list.getByRole("button", { name: "Pause" }).click();
  await call(client, "delete_customer", { customer: "ada-byron" });
  await denied.locator("tbody tr", { hasText: "delete_customer" }).waitFor();
  await list.getByText(/Paused; \d+ waiting/).waitFor();
  assert.equal(await list.locator("tbody tr", { hasText: "delete_customer" }).count(), 0);
  await list.getByRole("button", { name: "Go on" }).click();
  const newest = list.locator("tbody tr").first();
  await newest.filter({ hasText: "delete_customer" }).waitFor();
  assert.deepEqual(reloads, []);

  await newest.getByRole("link").first().click();
  await list.getByRole("heading", { name: "delete_customer" }).waitFor();
  const rule = list.locator("a[href*='/versions/1#L']");
  await rule.click();
  await list.waitForURL(/\/policies\/[^/]+\/versions\/1#L\d+$/);
  assert.equal(await list.locator(`[id="${new URL(list.url()).hash.slice(1)}"]`).count(), 1);

  await list.goto(`${home}/${org}`);
  await list.locator(".chart canvas").waitFor();
  await list.getByText("The same in numbers").click();
  const sum = await list.locator("#hours td:nth-child(2)").allTextContents();
  assert.ok(sum.map(Number).reduce((all, one) => all + one) >= 1, "the table has the numbers of the chart");
});

test("filters are in the URL, and a URL is all it takes to see the same", async (t) => {
  const { context, page, org } = await furnished(t, "filter");
  const client = await connect(await mint(page, org, "An agent", "Desk", "Reading"));
  t.after(() => client.close());
  await call(client, "list_customers", {});
  await call(client, "delete_customer", { customer: "ada-byron" });
  await until(async () => {
    await page.goto(`${home}/${org}/calls`);
    return (await page.locator("tbody tr", { hasText: "delete_customer" }).count()) > 0;
  });
  await page.getByLabel("Verdict").selectOption("deny");
  await page.getByLabel("Server").selectOption({ label: "Desk" });
  await page.getByLabel("Tool").fill("delete_customer");
  await page.getByRole("button", { name: "Filter" }).click();
  const url = new URL(page.url());
  assert.equal(url.searchParams.get("verdict"), "deny");
  assert.equal(url.searchParams.get("tool"), "delete_customer");
  const again = await context.newPage();
  await again.goto(page.url());
  for (const one of [page, again]) {
    assert.equal(await one.getByLabel("Verdict").inputValue(), "deny");
    assert.equal(await one.locator("tbody tr").count(), 1);
    assert.equal(await one.locator("tbody tr", { hasText: "delete_customer" }).count(), 1);
  }
  await page.goto(`${home}/${org}/calls?until=2020-01-01T00:00`);
  await page.getByText("No call like that").waitFor();
  const csv = await page.getByRole("link", { name: "As CSV" }).getAttribute("href");
  assert.match(csv, /format=csv&until=2020/);
});

test("without scripts the list is the same, and nothing waits for one", async (t) => {
  const { page, org } = await furnished(t, "still");
  const client = await connect(await mint(page, org, "An agent", "Desk", "Reading"));
  t.after(() => client.close());
  await call(client, "list_customers", {});
  const cookies = await page.context().cookies();
  const context = await chromium.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  await context.addCookies(cookies);
  const still = await context.newPage();
  await until(async () => {
    await still.goto(`${home}/${org}/calls`);
    return (await still.locator("tbody tr", { hasText: "list_customers" }).count()) > 0;
  });
  assert.equal(await still.getByRole("button", { name: "Pause" }).count(), 0);
  await still.goto(`${home}/${org}`);
  await still.getByText("The same in numbers").waitFor();
  assert.equal(await still.locator(".chart:visible").count(), 0);
});

test("a rotated token is refused and the new one is good", async (t) => {
  const { page, org } = await furnished(t, "turn");
  const old = await mint(page, org, "An agent", "Desk", "Reading");
  const client = await connect(old);
  t.after(() => client.close());
  assert.match(await call(client, "list_customers", {}), /Ada Byron/);
  await page.getByRole("link", { name: "To the grant" }).click();
  await page.getByLabel("The old token stays good").selectOption({ label: "not at all" });
  await page.getByRole("button", { name: "Rotate" }).click();
  const token = (await page.locator("[data-copy='the token'] code").textContent()).trim();
  assert.notEqual(token, old.token);
  const fresh = await connect({ token, url: old.url });
  t.after(() => fresh.close());
  assert.match(await call(fresh, "list_customers", {}), /Ada Byron/);
  await until(async () => call(client, "list_customers", {}).then(() => false, () => true));
});
