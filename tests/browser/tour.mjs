// A walk over all pages: of an organisation with nothing in it, and of one with something everywhere.
import { confirm, link } from "./mail.mjs";
import { addServer, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, until } from "./site.mjs";

export const WIDTHS = [390, 1440];
export const outside = ["/", "/signup", "/login", "/forgot", "/forgot/none", "/verify/none", "/invitations/none", "/dev/mail", "/nowhere-at-all", "/catalog", "/catalog?q=imprt+dicom&severity=high", "/catalog?q=nothing-like-it", "/catalog/pypi-awslabs.healthimaging-mcp-server", "/catalog/npm-twilio-alpha--mcp?preset=strict", "/catalog/pypi-awslabs.healthimaging-mcp-server/start_dicom_import_job", "/catalog/categories/destructive", "/catalog/severities/critical", "/catalog/attacks", "/catalog/attacks/tool-poisoning"];

const READING = {
  version: "1",
  default: "deny",
  tools: {
    list_customers: { rate_limit: "5/minute" },
    get_customer: {},
    search_tickets: {},
    create_refund: { deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 50000 }], on_deny: "Refunds stop at 500.00." }], approve_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 500 }], on_hold: "Over 5.00: a human decides." }] },
    delete_customer: { action: "deny", reason: "Customers are deleted by people, not by agents." },
  },
};

/** Signs up and confirms nothing: every page says so. Ends signed out. */
export async function unconfirmed(page, look) {
  const org = fresh("unconfirmed");
  await signUp(page, org);
  await page.getByText("is not confirmed yet").waitFor();
  for (const path of [`/${org}`, `/${org}/members`, "/account"]) await look(path);
  await page.context().clearCookies();
}

/** Signs up, and furnishes an organisation. What is shown this once, `see` looks at. */
export async function furnished(page, see = async () => {}) {
  const empty = { org: fresh("empty") };
  await signUp(page, empty.org);
  const org = fresh("full");
  await page.goto(`${home}/new`);
  await page.getByLabel("Name").fill("Acme Mills");
  await page.getByLabel("Address").fill(org);
  await page.getByRole("button", { name: "Found it" }).click();
  await page.waitForURL(`${home}/${org}`);
  await addServer(page, org, "Desk", await demoServer());
  await newPolicy(page, org, "Reading", READING);
  const minted = await mint(page, org, "Support agent", "Desk", "Reading");
  await see("a token, this once");
  const client = await connect(minted);
  for (let times = 0; times < 7; times += 1) await call(client, "list_customers", {}).catch(() => {});
  for (let times = 0; times < 3; times += 1) await call(client, "delete_customer", { customer: "ada-byron" });
  const held = await call(client, "create_refund", { customer: "ada-byron", amount: 900, currency: "EUR", reason: "it came broken" });
  const approvalPath = new URL(held.match(/https?:\S+\/approvals\/apr_[0-9a-f]+/)[0]).pathname;
  await client.close();
  const one = page.locator("tbody a[href*='/calls/']").first();
  await until(async () => {
    await page.goto(`${home}/${org}/calls`);
    return (await one.count()) > 0;
  });
  const callPath = new URL(await one.getAttribute("href"), home).pathname;
  await page.goto(`${home}/${org}/grants`);
  const grantPath = new URL(await page.locator("tbody a[href*='/grants/']").first().getAttribute("href"), home).pathname;
  await page.goto(`${home}/${org}/settings/webhooks`);
  await page.getByLabel("Name", { exact: true }).fill("Duty bot");
  await page.getByLabel("URL", { exact: true }).fill("https://hooks.example.com/duty");
  await page.getByRole("button", { name: "Make it" }).click();
  await see("a webhook's secret, this once");
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.waitForURL(/\/settings\/webhooks\/whk_/);
  const webhookPath = new URL(page.url()).pathname;
  await page.goto(`${home}/${org}/settings/slack`);
  await page.getByRole("button", { name: "Make a code for me" }).click();
  await see("a code for Slack, this once");
  await page.goto(`${home}/${org}/settings/slack`);
  await page.getByLabel("Signing secret").fill("8f742231b10e8888abcd99yyyzzz85a5");
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.waitForURL(/done=saved/);
  // The guest's invitation, and the links of the owner's own mails, followed by nobody.
  const guest = `guest.${org}@example.com`;
  await confirm(page, `${empty.org}@example.com`);
  await page.goto(`${home}/${org}/members`);
  await page.getByLabel("E-mail").fill(guest);
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("rowheader", { name: guest }).waitFor();
  const memberPath = new URL(await page.locator("tbody a[href*='/members/']").first().getAttribute("href"), home).pathname;
  const invitationPath = new URL(await link(page, guest, "invitations")).pathname;
  return { empty, full: { org, approvalPath, callPath, grantPath, memberPath, invitationPath, webhookPath } };
}

export function paths({ org, approvalPath, callPath, grantPath, memberPath, invitationPath, webhookPath }) {
  const all = ["", "/servers", "/servers/new", "/inventory", "/policies", "/policies/new", "/grants", "/grants/new", "/calls", "/calls?verdict=deny", "/approvals", "/approvals?state=waiting", "/events", "/members", "/settings", "/settings/keys", "/settings/webhooks", "/settings/slack", "/settings/capture", "/settings/approvals", "/recommended", "/recommended?from=pypi-awslabs.healthimaging-mcp-server&tool=start_dicom_import_job"];
  if (callPath) all.push("/recommended?server=desk&preset=strict", "/servers/desk", "/servers/desk?q=customer", "/servers/desk?q=nothing-like-it", "/servers/desk?category=destructive", "/servers/desk?tab=history", "/inventory?covered=no", "/inventory?server=nothing-like-it", "/servers/desk?tab=access", "/servers/desk?tab=calls", "/servers/desk?tab=settings", "/servers?q=nothing-like-it", "/events?action=server", "/calls?until=2020-01-01T00:00", "/policies/reading", "/policies/reading/versions/1", ...["tools", "tools?q=nothing-like-it", "entry", "entry?for=list_customers", "settings", "try", "changes"].map((view) => `/policies/reading/${view}`));
  return [...all.map((path) => `/${org}${path}`), "/account", "/new", ...(callPath ? [approvalPath, callPath, grantPath, memberPath, invitationPath, webhookPath] : [])];
}
