// The mails of a local instance, which are read on screen.
import { home, until } from "./site.mjs";

/** The link to `path` in the newest mail to `address`, off the page that shows mails. */
export async function link(page, address, path) {
  return until(async () => {
    await page.goto(`${home}/dev/mail`);
    const mail = page.locator("article", { hasText: `To ${address}` }).filter({ has: page.locator(`a[href*='/${path}/']`) });
    return (await mail.count()) > 0 && mail.first().locator(`a[href*='/${path}/']`).getAttribute("href");
  });
}

/** Confirms the address of who is signed in on `page`. */
export async function confirm(page, email) {
  await page.goto(await link(page, email, "verify"));
  await page.getByRole("button", { name: `Confirm ${email}` }).click();
  await page.waitForURL(/done=confirmed/);
}
