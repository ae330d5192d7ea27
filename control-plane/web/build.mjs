// Bundles src/ into dist/, under names that change with their contents, and writes which is which into dist/manifest.json.
import { build } from "esbuild";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
// Built aside, so that who reads dist/ meanwhile finds the old files or the new ones.
const fresh = join(here, `.dist-${process.pid}`);

const made = await build({
  absWorkingDir: here,
  entryPoints: ["src/site.css", "src/site.ts", "src/chart.ts", "src/editor.ts", "src/follow.ts"],
  outdir: fresh,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "linked",
  logLevel: "warning",
});

const manifest = {};
for (const [path, output] of Object.entries(made.metafile.outputs)) {
  if (output.entryPoint) manifest[basename(output.entryPoint).replace(/\.ts$/, ".js")] = basename(path);
}
await writeFile(join(fresh, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
await rm(dist, { recursive: true, force: true });
await mkdir(dirname(dist), { recursive: true });
await rename(fresh, dist);
console.log((await readdir(dist)).sort().join("\n"));
