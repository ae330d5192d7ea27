// The policy builder: by form and by editor, with scripts and without, by mouse and by keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addServer, browser, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, until } from "./site.mjs";

const READ_ONLY = { version: "1", default: "deny", tools: { list_customers: {} } };
const denied = (text) => text.startsWith("[POLICY DENIED]");

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

/** An organisation with the desk and a policy, and its page. */
async function acme(t, options = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  const org = fresh("build");
  await signUp(page, org);
  await addServer(page, org, "Desk", await demoServer());
  await newPolicy(page, org, "Calls", READ_ONLY);
  return { page, org, faults, policy: `${home}/${org}/policies/calls` };
}

/** The text of the draft, in the editor or without one. */
const draft = (page) => page.locator("#document").inputValue();

for (const javaScriptEnabled of [true, false]) {
  test(`a word in the table denies a real call, and a rollback allows it again, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const { page, org, policy, faults } = await acme(t, { javaScriptEnabled });
    const client = await connect(await mint(page, org, "An agent", "Desk", "Calls"));
    t.after(() => client.close());
    assert.match(await call(client, "list_customers", {}), /Ada Byron/);

    await page.goto(`${policy}/tools`);
    await page.getByLabel("Find a tool").fill("list_customers");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByLabel("Verdict for list_customers").selectOption("deny");
    await page.getByLabel("Why it is published").fill("not now");
    await page.getByRole("button", { name: "Save and publish" }).click();
    await page.waitForURL(/done=published/);
    await until(async () => denied(await call(client, "list_customers", {})));

    await page.goto(`${policy}/versions/1`);
    await page.getByLabel("Why").fill("it was fine");
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    await page.waitForURL(/done=rolled-back/);
    await until(async () => /Ada Byron/.test(await call(client, "list_customers", {})));
    assert.deepEqual(faults, []);
  });

  test(`a condition and a limit are written by form, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const { page, policy, faults } = await acme(t, { javaScriptEnabled });
    await page.goto(`${policy}/entry?for=create_refund`);
    const rules = page.locator("section", { has: page.getByRole("heading", { name: "Reasons to deny" }) });
    await rules.getByText("Add one").click();
    const form = page.getByRole("form", { name: "Reasons to deny, a new one" });
    await form.getByLabel("Look at").fill("args.amount");
    await form.getByLabel("Compare").selectOption("gt");
    await form.getByLabel("Value", { exact: true }).first().fill("lots");
    await form.getByRole("button", { name: "Add this rule" }).click();
    await page.locator(".fault").first().waitFor();
    assert.equal(await form.getByLabel("Value", { exact: true }).first().inputValue(), "lots");
    await form.getByLabel("Value", { exact: true }).first().fill("5000");
    await form.getByRole("button", { name: "Add this rule" }).click();
    await page.waitForURL(/done=saved/);
    await page.getByText("args.amount is more than 5000").waitFor();
    await page.goto(policy);
    assert.deepEqual(JSON.parse(await draft(page)).tools.create_refund, {
      deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 5000 }] }],
    });
    assert.deepEqual(faults.filter((fault) => !fault.includes("422")), []);
  });
}

test("a call is tried with an example of the tool's schema, and the rule leads to its line", async (t) => {
  const { page, policy } = await acme(t);
  await page.goto(`${policy}/try`);
  await page.getByLabel("Tool", { exact: true }).fill("create_refund");
  await page.getByRole("button", { name: "Make an example call" }).click();
  const made = JSON.parse(await page.getByLabel("Arguments of create_refund").inputValue());
  assert.ok("amount" in made, JSON.stringify(made));
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByRole("status").getByText("deny", { exact: true }).waitFor();
  await page.getByRole("link", { name: /default deny.*line/ }).click();
  assert.match(await page.locator(":target").textContent(), /"default"/);
});

test("findings appear while one types, and go when it is mended", async (t) => {
  const { page, policy, faults } = await acme(t);
  await page.goto(policy);
  const editor = page.getByLabel("Draft");
  await editor.fill('{ "version": "1", "default": "maybe" }');
  await page.locator(".cm-lintRange-error").waitFor();
  await page.locator("#findings").getByText("Line 1, column").first().waitFor();
  assert.equal(await draft(page), '{ "version": "1", "default": "maybe" }');
  // Typed over the marked text, Chromium would now and then carry its looks over as an inline style, which the policy of the page refuses.
  await editor.press("Control+a");
  await editor.press("Backspace");
  await editor.fill('{ "version": "1", "default": "deny" }');
  await page.locator("#findings").getByText("Nothing to say about this draft.").waitFor();
  assert.equal(await page.locator(".cm-lintRange-error").count(), 0);
  assert.deepEqual(faults, []);
});

test("the editor completes from the language's own schema", async (t) => {
  const { page, policy, faults } = await acme(t);
  await page.goto(policy);
  const editor = page.getByLabel("Draft");
  await editor.fill('{ "version": "1", "default": "deny", "tools": { "a": { "action":  } } }');
  for (let left = 0; left < 7; left += 1) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+Space");
  await page.getByRole("option", { name: '"require_approval"' }).waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(faults, []);
});

test("a policy is written and published by keyboard alone, through the editor", async (t) => {
  const { page, policy } = await acme(t);
  await page.goto(policy);
  await page.getByLabel("Draft").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText('{ "version": "1", "default": "allow" }');
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("typed");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=published/);
  assert.equal(await draft(page), '{ "version": "1", "default": "allow" }');
});

test("a tool is chosen and published by keyboard alone", async (t) => {
  const { page, policy } = await acme(t);
  await page.goto(`${policy}/tools`);
  await page.getByLabel("Verdict for list_customers").focus();
  await page.keyboard.type("deny");
  const note = page.getByLabel("Why it is published");
  for (let steps = 0; steps < 200 && !(await note.evaluate((it) => it === document.activeElement)); steps += 1) await page.keyboard.press("Tab");
  await page.keyboard.type("by keys");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=published/);
  await page.goto(policy);
  assert.deepEqual(JSON.parse(await draft(page)).tools.list_customers, { action: "deny" });
});
