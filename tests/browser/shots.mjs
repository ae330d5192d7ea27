// A picture of every page, in both themes and at two widths, empty and full.
import { browser, home } from "./site.mjs";
import { WIDTHS, furnished, outside, paths } from "./tour.mjs";

const folder = process.env.PORTCULLIS_SHOTS;
const chromium = await browser();
let taken = 0;
for (const colorScheme of ["light", "dark"]) {
  for (const width of WIDTHS) {
    const context = await chromium.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const shoot = async (path, name) => {
      await page.goto(home + path);
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      taken += 1;
    };
    const named = (path, org) => path.replace(`/${org}`, "").replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "overview";
    for (const path of outside) await shoot(path, `outside-${named(path, "-")}`);
    const { empty, full } = await furnished(page);
    for (const path of paths(empty)) await shoot(path, `empty-${named(path, empty.org)}`);
    for (const path of paths(full)) await shoot(path, `full-${named(path, full.org).replace(/(call|grt)-[0-9a-f]{32}/, "$1")}`);
    await context.close();
  }
}
await chromium.close();
console.log(`${taken} pictures in ${folder}`);
