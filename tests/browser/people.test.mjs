// People: invited and let in, each with their own view; back in after a forgotten password; codes; and the kill switch.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { confirm, link } from "./mail.mjs";
import { PASSWORD, addServer, browser, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, until } from "./site.mjs";

const NEW = "a drawbridge over cold water";
const READ_ONLY = { version: "1", default: "deny", tools: { list_customers: {} } };

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

/** A browser of somebody's own, closed with the test. */
async function someone(t, options = {}) {
  const context = await chromium.newContext(options);
  t.after(() => context.close());
  return context.newPage();
}

async function signIn(page, email, password) {
  await page.goto(`${home}/login`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** What an authenticator app shows at this moment. */
function code(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// What the navigation and the settings offer, besides what everybody sees.
const VIEWS = {
  admin: ["Approvals", "Events", "Members", "API keys", "Download it", "Stop every call"],
  policy_manager: [],
  approver: ["Approvals"],
  auditor: ["Approvals", "Events", "Download it"],
  viewer: [],
};
const EVERYBODY = ["Overview", "Servers", "Policies", "Grants", "Calls", "Settings", "Leave"];

for (const javaScriptEnabled of [true, false]) {
  test(`from an invitation to a member with the view of the role, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const owner = await someone(t, { javaScriptEnabled });
    const org = fresh("guild");
    await signUp(owner, org);
    await owner.getByText("is not confirmed yet").waitFor();
    await confirm(owner, `${org}@example.com`);
    for (const [role, offered] of Object.entries(VIEWS)) {
      const email = `${role}.${org}@example.com`;
      await owner.goto(`${home}/${org}/members`);
      await owner.getByLabel("E-mail").fill(email);
      await owner.getByLabel("Role").selectOption(role);
      await owner.getByRole("button", { name: "Invite" }).click();
      await owner.getByRole("rowheader", { name: email }).waitFor();

      const page = await someone(t, { javaScriptEnabled });
      const invitation = await link(page, email, "invitations");
      await page.goto(invitation);
      await page.getByRole("heading", { name: `Join ${org}` }).waitFor();
      await page.getByLabel("Your name").fill("Grace Hopper");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Sign up and accept" }).click();
      await page.waitForURL(`${home}/${org}?done=joined`);
      await page.goto(invitation);
      await page.getByText("This invitation leads nowhere any more").first().waitFor();

      await page.goto(`${home}/${org}/settings`);
      const names = await page.locator("nav a, main a, main button").allTextContents();
      const seen = new Set(names.map((name) => name.trim()));
      for (const name of EVERYBODY) assert.ok(seen.has(name), `${role} misses ${name}`);
      const special = VIEWS.admin.filter((name) => seen.has(name));
      assert.deepEqual(special, offered, role);
      for (const [path, may] of [["members", role === "admin"], ["events", offered.includes("Events")], ["servers/new", role === "admin"], ["policies/new", ["admin", "policy_manager"].includes(role)]]) {
        const answer = await page.goto(`${home}/${org}/${path}`);
        assert.equal(answer.status(), may ? 200 : 403, `${role} at ${path}`);
      }
    }
    await owner.goto(`${home}/${org}/members`);
    assert.equal(await owner.getByRole("rowheader", { name: "Grace Hopper" }).count(), 5);
    // Removed, a member is a stranger.
    await owner.getByRole("row", { name: "auditor" }).getByRole("link").click();
    await owner.getByLabel("Type the e-mail address").fill(`auditor.${org}@example.com`);
    await owner.getByRole("button", { name: "Remove" }).click();
    await owner.waitForURL(/done=deleted/);
    assert.equal(await owner.getByRole("rowheader", { name: "Grace Hopper" }).count(), 4);
  });

  test(`back in after a forgotten password, by mail, scripts ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const [page, elsewhere] = [await someone(t, { javaScriptEnabled }), await someone(t, { javaScriptEnabled })];
    const org = fresh("lost");
    const email = `${org}@example.com`;
    await signUp(elsewhere, org);
    await page.goto(`${home}/login`);
    await page.getByRole("link", { name: "Password forgotten?" }).click();
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("is on its way there").waitFor();
    await page.goto(await link(page, email, "forgot"));
    await page.getByLabel("New password").fill(NEW);
    await page.getByRole("button", { name: "Set it" }).click();
    await page.getByText("The password is changed").waitFor();
    await elsewhere.goto(`${home}/${org}`);
    assert.match(elsewhere.url(), /\/login/, "every session has ended");
    await signIn(page, email, PASSWORD);
    await page.getByText("the e-mail address or the password is wrong").waitFor();
    await signIn(page, email, NEW);
    await page.getByRole("heading", { name: "Your organisations" }).waitFor();
  });
}

test("codes are set up with an app, asked for when signing in, and a recovery code opens once", async (t) => {
  const page = await someone(t);
  const org = fresh("codes");
  const email = `${org}@example.com`;
  await signUp(page, org);
  await page.goto(`${home}/account`);
  await page.getByRole("button", { name: "Set codes up" }).click();
  await page.getByRole("img", { name: "QR code of the secret" }).waitFor();
  const secret = (await page.locator("[data-copy='the secret'] code").textContent()).trim();
  await page.getByLabel("The code that the app shows").fill(code(secret));
  await page.getByRole("button", { name: "Turn codes on" }).click();
  const codes = (await page.locator("[data-copy='the recovery codes'] code").textContent()).trim().split("\n");
  assert.equal(codes.length, 10);

  const other = await someone(t);
  const bring = async (given) => {
    await signIn(other, email, PASSWORD);
    await other.getByLabel("Code").fill(given);
    await other.getByRole("button", { name: "Sign in" }).click();
  };
  await bring("not-a-code");
  await other.getByText("the code is wrong").waitFor();
  await bring(codes[0]);
  await other.getByRole("heading", { name: "Your organisations" }).waitFor();
  await other.getByRole("button", { name: "Sign out" }).click();
  await bring(codes[0]);
  await other.getByText("the code is wrong").waitFor();
  // A code is good once: the app's next one comes with the next half minute.
  const used = code(secret);
  await until(() => code(secret) !== used, 40_000);
  await bring(code(secret));
  await other.getByRole("heading", { name: "Your organisations" }).waitFor();
});

test("the kill switch stops a client's calls, of a grant, a server and the organisation, and lets them go on", async (t) => {
  const page = await someone(t);
  const org = fresh("halt");
  await signUp(page, org);
  await addServer(page, org, "Desk", await demoServer());
  await newPolicy(page, org, "Reading", READ_ONLY);
  const client = await connect(await mint(page, org, "An agent", "Desk", "Reading"));
  t.after(() => client.close());
  const goesOn = () => call(client, "list_customers", {}).then((text) => /Ada Byron/.test(text), () => false);
  assert.ok(await goesOn());
  await page.goto(`${home}/${org}/grants`);
  const grant = new URL(await page.locator("tbody a[href*='/grants/']").first().getAttribute("href"), home).href;
  for (const [place, what] of [[grant, "grant"], [`${home}/${org}/servers/desk`, "server"], [`${home}/${org}/settings`, "organisation"]]) {
    await page.goto(place);
    await page.getByRole("button", { name: "Stop every call" }).click();
    await page.getByText(`This ${what} is stopped.`).waitFor();
    await until(async () => !(await goesOn()));
    if (what === "organisation") {
      await page.goto(`${home}/${org}/calls`);
      await page.getByText("This organisation is stopped.").waitFor();
    }
    await page.getByRole("button", { name: "Let its calls go on" }).click();
    await page.waitForURL(/done=let-go/);
    await until(goesOn);
  }
});
