// A walk over all pages: of an organisation with nothing in it, and of one with something everywhere.
import { confirm, link } from "./mail.mjs";
import { addServer, call, connect, demoServer, fresh, home, mint, newPolicy, signUp, until } from "./site.mjs";

export const WIDTHS = [390, 1440];
export const outside = ["/", "/signup", "/login", "/forgot", "/forgot/none", "/verify/none", "/invitations/none", "/dev/mail", "/nowhere-at-all", "/catalog", "/catalog?q=imprt+dicom&severity=high", "/catalog?q=nothing-like-it", "/catalog/pypi-awslabs.healthimaging-mcp-server", "/catalog/npm-twilio-alpha--mcp?preset=strict", "/catalog/pypi-awslabs.healthimaging-mcp-server/start_dicom_import_job", "/catalog/categories/destructive", "/catalog/severities/critical", "/catalog/attacks", "/catalog/attacks/tool-poisoning"];

/** Signs up, and furnishes an organisation. */
export async function furnished(page) {
  const empty = { org: fresh("empty") };
  await signUp(page, empty.org);
  const org = fresh("full");
  await page.goto(`${home}/new`);
  await page.getByLabel("Name").fill(org);
  await page.getByRole("button", { name: "Found it" }).click();
  await page.waitForURL(`${home}/${org}`);
  await addServer(page, org, "Desk", await demoServer());
  await newPolicy(page, org, "Reading", { version: "1", default: "deny", tools: { list_customers: {} } });
  const minted = await mint(page, org, "An agent", "Desk", "Reading");
  const client = await connect(minted);
  await call(client, "list_customers", {});
  await call(client, "delete_customer", { customer: "ada-byron" });
  await client.close();
  const one = page.locator("tbody a[href*='/calls/']").first();
  await until(async () => {
    await page.goto(`${home}/${org}/calls`);
    return (await one.count()) > 0;
  });
  const callPath = new URL(await one.getAttribute("href"), home).pathname;
  await page.goto(`${home}/${org}/grants`);
  const grantPath = new URL(await page.locator("tbody a[href*='/grants/']").first().getAttribute("href"), home).pathname;
  // The guest's invitation, and the links of the owner's own mails, followed by nobody.
  const guest = `guest.${org}@example.com`;
  await confirm(page, `${empty.org}@example.com`);
  await page.goto(`${home}/${org}/members`);
  await page.getByLabel("E-mail").fill(guest);
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("rowheader", { name: guest }).waitFor();
  const memberPath = new URL(await page.locator("tbody a[href*='/members/']").first().getAttribute("href"), home).pathname;
  const invitationPath = new URL(await link(page, guest, "invitations")).pathname;
  return { empty, full: { org, callPath, grantPath, memberPath, invitationPath } };
}

export function paths({ org, callPath, grantPath, memberPath, invitationPath }) {
  const all = ["", "/servers", "/servers/new", "/policies", "/policies/new", "/grants", "/grants/new", "/calls", "/calls?verdict=deny", "/events", "/members", "/settings", "/settings/keys", "/recommended", "/recommended?from=pypi-awslabs.healthimaging-mcp-server&tool=start_dicom_import_job"];
  if (callPath) all.push("/recommended?server=desk&preset=strict", "/servers/desk", "/servers/desk?q=customer", "/servers/desk?q=nothing-like-it", "/servers/desk?tab=access", "/servers/desk?tab=calls", "/servers/desk?tab=settings", "/servers?q=nothing-like-it", "/events?action=server", "/calls?until=2020-01-01T00:00", "/policies/reading", "/policies/reading/versions/1", ...["tools", "tools?q=nothing-like-it", "entry", "entry?for=list_customers", "settings", "try", "changes"].map((view) => `/policies/reading/${view}`));
  return [...all.map((path) => `/${org}${path}`), "/account", "/new", ...(callPath ? [callPath, grantPath, memberPath, invitationPath] : [])];
}
