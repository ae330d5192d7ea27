// Every page, empty and full, in both themes and at two widths: axe finds nothing, nothing breaks out of the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { browser, home } from "./site.mjs";
import { WIDTHS, furnished, outside, paths, unconfirmed } from "./tour.mjs";

let chromium;
before(async () => (chromium = await browser()));
after(async () => chromium?.close());

for (const colorScheme of ["light", "dark"]) {
  for (const width of WIDTHS) {
    test(`every page at ${width} px, ${colorScheme}`, async (t) => {
      const context = await chromium.newContext({ colorScheme, viewport: { width, height: 900 } });
      t.after(() => context.close());
      const page = await context.newPage();
      const faults = [];
      page.on("console", (message) => message.type() === "error" && message.location().url !== page.url() && faults.push(`${page.url()}: ${message.text()} ${message.location().url}`));
      page.on("pageerror", (error) => faults.push(String(error)));
      const look = async (path) => {
        await page.goto(home + path);
        await see(path);
      };
      const see = async (path) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
        assert.deepEqual(said, [], path);
        const spill = await page.evaluate(() => document.body.scrollWidth - document.body.clientWidth);
        assert.equal(spill, 0, `${path} is wider than ${width} px`);
      };
      for (const path of outside) await look(path);
      await unconfirmed(page, look);
      const { empty, full } = await furnished(page, see);
      for (const path of paths(empty)) await look(path);
      for (const path of paths(full)) await look(path);
      assert.deepEqual(faults, []);
    });
  }
}
