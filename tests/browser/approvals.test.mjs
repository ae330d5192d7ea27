// Approvals: a call that a rule holds, decided by another person on a phone by keyboard alone; and by nobody who only looks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { confirm, link } from "./mail.mjs";
import { PASSWORD, addServer, browser, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, tabTo, until } from "./site.mjs";

const POLICY = { version: "1", default: "deny", tools: { list_customers: {}, create_refund: { action: "require_approval" } } };

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

async function someone(t, options = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  return context.newPage();
}

/** An organisation whose agent may ask for refunds, and a member with a phone who may approve them. */
async function desk(t, options = {}, policy = POLICY) {
  const owner = await someone(t);
  const org = fresh("desk");
  await signUp(owner, org);
  await addServer(owner, org, "Desk", await demoServer());
  await newPolicy(owner, org, "Refunds", policy);
  const client = await connect(await mint(owner, org, "An agent", "Desk", "Refunds"));
  t.after(() => client.close());

  await confirm(owner, `${org}@example.com`);
  const email = `approver.${org}@example.com`;
  await owner.goto(`${home}/${org}/members`);
  await owner.getByLabel("E-mail").fill(email);
  await owner.getByLabel("Role").selectOption("approver");
  await owner.getByRole("button", { name: "Invite" }).click();
  await owner.getByRole("rowheader", { name: email }).waitFor();
  const approver = await someone(t, { viewport: { width: 390, height: 844 }, ...options });
  await approver.goto(await link(approver, email, "invitations"));
  await approver.getByLabel("Your name").fill("Grace Hopper");
  await approver.getByLabel("Password").fill(PASSWORD);
  await approver.getByRole("button", { name: "Sign up and accept" }).click();
  await approver.waitForURL(`${home}/${org}?done=joined`);
  return { owner, approver, client, org };
}

/** Makes the call that is held, and answers the page where people decide. */
async function held(client, args) {
  const said = await call(client, "create_refund", args);
  assert.match(said, /^\[APPROVAL REQUIRED\]/);
  const place = said.match(/https?:\S+\/approvals\/apr_[0-9a-f]+/);
  assert.ok(place, said);
  return new URL(place[0]).pathname;
}

const REFUND = { customer: "ada-byron", amount: 900, currency: "EUR", reason: "it came broken" };

for (const javaScriptEnabled of [true, false]) {
  test(`a held call is approved on a phone by keyboard alone, and goes on once, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const { approver: page, client, org } = await desk(t, { javaScriptEnabled });
    await page.goto(`${home}/${org}/approvals`);
    await page.getByText("No call waits for a person").waitFor();
    const path = await held(client, REFUND);

    await page.goto(`${home}/${org}/approvals`);
    const one = page.locator(`main a[href='${path}']`);
    await tabTo(page, one);
    await page.keyboard.press("Enter");
    await page.waitForURL(home + path);
    assert.equal(await page.getByText("1 waiting").count(), 2, "beside the link in both menus");
    assert.match(await page.locator("dl.arguments").innerText(), /\/amount[^]*900[^]*\/reason[^]*it came broken/);
    const spill = await page.evaluate(() => document.body.scrollWidth - document.body.clientWidth);
    assert.equal(spill, 0, "nothing is wider than the phone");

    if (javaScriptEnabled) {
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`), []);
    }

    await tabTo(page, page.locator("#approve-note"));
    await page.keyboard.type("seen the photo");
    await tabTo(page, page.getByRole("button", { name: "Approve once" }));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${home}${path}?done=approved`);
    await page.getByText("seen the photo").waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve once" }).count(), 0);

    assert.match(await call(client, "create_refund", { ...REFUND, amount: 901 }), /^\[APPROVAL REQUIRED\]/);
    assert.doesNotMatch(await call(client, "create_refund", REFUND), /^\[/);
    assert.match(await call(client, "create_refund", REFUND), /^\[APPROVAL REQUIRED\]/);
  });
}

test("a call that waits is approved in the browser by another person, and its client is given the server's answer", async (t) => {
  const held = { action: "require_approval", approval: { wait: "2m" } };
  const { approver: page, client, org } = await desk(t, {}, { version: "1", default: "deny", tools: { create_refund: held } });
  const told = [];
  const options = { timeout: 120_000, onprogress: ({ message }) => told.push(message) };
  const answer = client.callTool({ name: "create_refund", arguments: REFUND }, undefined, options);
  await until(() => told.length > 0);
  const place = told[0].match(/https?:\S+\/approvals\/apr_[0-9a-f]+/);
  assert.ok(place, told[0]);
  const path = new URL(place[0]).pathname;

  await page.goto(`${home}/${org}/approvals`);
  await page.locator(`main a[href='${path}']`).click();
  await page.getByRole("button", { name: "Approve once" }).click();
  await page.waitForURL(`${home}${path}?done=approved`);
  const { content, isError } = await answer;
  assert.ok(!isError);
  assert.doesNotMatch(content[0].text, /^\[/);
  await page.reload();
  await page.getByText("spent", { exact: true }).first().waitFor();
});

test("what only follows links decides nothing, signed in or not", async (t) => {
  const { approver: page, client, org } = await desk(t);
  const path = await held(client, REFUND);
  const nobody = await someone(t);
  for (const who of [nobody, page]) {
    for (const word of ["", "/approve", "/refuse", "/withdraw"]) {
      for (const method of ["GET", "HEAD"]) await who.request.fetch(`${home}${path}${word}`, { method });
    }
    // Every link on the pages, as a scanner would.
    for (const start of [path, `/${org}/approvals`]) {
      await who.goto(home + start);
      const all = await who.locator("main a").evaluateAll((links) => links.map((each) => each.href));
      for (const each of all) await who.request.get(each);
    }
  }
  await page.goto(home + path);
  await page.getByRole("button", { name: "Approve once" }).waitFor();
  assert.match(await call(client, "create_refund", REFUND), /^\[APPROVAL REQUIRED\]/);
});

test("a stale page cannot decide twice, and the agent is shown why it was refused", async (t) => {
  const { owner, approver: page, client } = await desk(t);
  const path = await held(client, REFUND);
  await owner.goto(home + path);
  await owner.getByText("It is your own grant that asks").waitFor();
  assert.equal(await owner.getByRole("button", { name: "Approve once" }).count(), 0);

  const stale = await page.context().newPage();
  await stale.goto(home + path);
  await page.goto(home + path);
  await page.getByLabel("Why not").fill("ask her for the receipt first");
  await page.getByRole("button", { name: "Refuse" }).click();
  await page.waitForURL(`${home}${path}?done=refused`);
  await stale.getByRole("button", { name: "Approve once" }).click();
  await stale.getByText("Nothing was changed: it is").waitFor();
  assert.equal(await stale.getByRole("button", { name: "Approve once" }).count(), 0);
  assert.match(await call(client, "create_refund", REFUND), /ask her for the receipt first/);
});
