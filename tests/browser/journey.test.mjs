// A person's way from nothing to the first judged call, with scripts and without.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addServer, browser, call, connect, demoServer, fresh, home, mint, newPolicy, publish, signUp, tabTo, until } from "./site.mjs";

const READ_ONLY = { version: "1", default: "deny", tools: { list_customers: {} } };
const NOTHING = { version: "1", default: "deny" };

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

for (const javaScriptEnabled of [true, false]) {
  test(`from sign-up to the first judged call, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const context = await chromium.newContext({ javaScriptEnabled });
    t.after(() => context.close());
    const page = await context.newPage();
    const org = fresh("acme");
    await signUp(page, org);
    await page.getByRole("link", { name: "Add an MCP server" }).waitFor();

    await addServer(page, org, "Desk", await demoServer());
    await page.getByRole("rowheader", { name: "list_customers" }).waitFor();
    await newPolicy(page, org, "Reading", READ_ONLY);
    const grant = await mint(page, org, "An agent", "Desk", "Reading");

    const client = await connect(grant);
    t.after(() => client.close());
    assert.match(await call(client, "list_customers", {}), /Ada Byron/);
    assert.match(await call(client, "delete_customer", { customer: "ada-byron" }), /^\[POLICY DENIED\]/);

    // The records are shipped a moment later.
    await until(async () => {
      await page.goto(`${home}/${org}/calls`);
      return (await page.getByText("allow", { exact: true }).count()) > 0 && (await page.getByText("deny", { exact: true }).count()) > 0;
    });
    await page.goto(`${home}/${org}`);
    assert.equal(await page.getByText("To the first judged call").count(), 0);

    await page.goto(`${home}/${org}/policies/reading`);
    await publish(page, NOTHING, "nothing for now");
    await until(async () => (await call(client, "list_customers", {})).startsWith("[POLICY DENIED]"));

    await page.goto(`${home}/${org}/policies/reading/versions/1`);
    await page.getByLabel("Why").fill("it was fine");
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    await page.waitForURL(/done=rolled-back/);
    await until(async () => /Ada Byron/.test(await call(client, "list_customers", {})));
  });
}

test("a draft that somebody else saved meanwhile is not overwritten, and one's own text is kept", async (t) => {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const [mine, theirs] = [await context.newPage(), await context.newPage()];
  const org = fresh("pair");
  await signUp(mine, org);
  await newPolicy(mine, org, "Shared", NOTHING);
  await mine.goto(`${home}/${org}/policies/shared`);
  await theirs.goto(`${home}/${org}/policies/shared`);
  await publish(theirs, READ_ONLY, "theirs");
  const text = JSON.stringify({ version: "1", default: "allow" });
  await mine.getByLabel("Draft").fill(text);
  await mine.getByRole("button", { name: "Save the draft" }).click();
  await mine.getByText("Somebody saved this draft while you were writing").waitFor();
  assert.equal(await mine.locator("#document").inputValue(), text);
});

test("publishing needs no mouse", async (t) => {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const org = fresh("keys");
  await signUp(page, org);
  await newPolicy(page, org, "By keyboard", NOTHING);
  await page.goto(`${home}/${org}/policies/by-keyboard`);
  await page.getByLabel("Draft").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify(READ_ONLY));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("typed");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=published/);
  assert.match(await page.getByRole("status").textContent(), /Published/);
});

test("minting needs no mouse", async (t) => {
  const context = await chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const org = fresh("keys");
  await signUp(page, org);
  await addServer(page, org, "Desk", await demoServer());
  // Of one server alone there is no choice: it is chosen already.
  await addServer(page, org, "Shelf", await demoServer());
  await newPolicy(page, org, "Reading", READ_ONLY);
  await page.goto(`${home}/${org}/grants/new`);
  await tabTo(page, page.getByLabel("Name"));
  await page.keyboard.type("By keyboard");
  await tabTo(page, page.getByRole("checkbox", { name: "Desk" }));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByLabel("Policy for Desk"));
  await page.keyboard.type("Reading");
  await tabTo(page, page.getByRole("button", { name: "Mint it" }));
  await page.keyboard.press("Enter");
  await page.locator("[data-copy='the token'] code").waitFor();
});
