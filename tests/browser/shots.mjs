// A picture of every page, in both themes and at two widths, empty and full; and the two that the README shows, compressed.
import { writeFile } from "node:fs/promises";
import { browser, home } from "./site.mjs";
import { WIDTHS, furnished, outside, paths } from "./tour.mjs";

const folder = process.env.PORTCULLIS_SHOTS;
const chromium = await browser();
const README = { overview: "", builder: "/policies/reading/tools" };
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
    if (colorScheme === "light" && width === 1440) {
      const devtools = await context.newCDPSession(page);
      for (const [name, path] of Object.entries(README)) {
        await page.goto(`${home}/${full.org}${path}`, { waitUntil: "networkidle" });
        const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 80 });
        await writeFile(`${folder}/${name}.webp`, Buffer.from(data, "base64"));
      }
    }
    await context.close();
  }
}
await chromium.close();
console.log(`${taken} pictures in ${folder}`);
