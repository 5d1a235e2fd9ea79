// The benchmark: `cargo xtask bench` runs it. It judges nothing: it measures, and writes what it found.

import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { findTarball } from "../tests/e2e/support/tarball.mjs";
import { startVisitors } from "./browser.mjs";
import { bundlers, weigh } from "./bytes.mjs";
import { contenders } from "./contenders.mjs";
import { coldStart, concurrent, flat, keepTokens, loadedBytes, memory, ROUND_TRIP_MS, steady, tabs } from "./measures.mjs";
import { plot } from "./plot.mjs";
import { report } from "./report.mjs";
import { startServer } from "./server.mjs";
import { startSite } from "./site.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "40" }, into: { type: "string", default: join(here, "../docs") } },
});
const rounds = Number(options.rounds);

const folder = join(here, "../target/bench");
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await installTarball();

const began = Date.now();
const results = { rounds, bytes: {} };
const building = progressOf("bundles");
for (const bundler of Object.keys(bundlers)) {
  building(bundler);
  results.bytes[bundler] = { full: await builtBytes(bundler, "full") };
  // How much of this one is loaded is seen when it is.
  await builtBytes(bundler, "adopting");
}
for (const contender of contenders) await bundlers.esbuild(contender, "timed", join(folder, "timed", contender.id));

const server = await startServer();
const site = await startSite(folder);
site.config = server.configOf(site.origin);
const visitors = await startVisitors(site);
try {
  const stage = { server, site, visitors, folder };
  for (const bundler of Object.keys(bundlers)) results.bytes[bundler].adopting = await loadedBytes(stage, bundler);
  stage.kept = await keepTokens(stage);
  stage.expired = await keepTokens(stage, 1);
  results.cold = await coldStart(stage, rounds, 0, progressOf("cold start"));
  results.distant = await coldStart(stage, rounds, ROUND_TRIP_MS, progressOf("cold start, distant server"));
  results.steady = await steady(stage, rounds, progressOf("an open page"));
  results.concurrent = await concurrent(stage, progressOf("fifty calls"));
  results.tabs = await tabs(stage, rounds, progressOf("eight tabs"));
  results.memory = await memory(stage, Math.min(rounds, 5), progressOf("memory"));
  results.flat = await flat(stage, progressOf("10,000 refreshes"));
  results.browser = await visitors.version();
} finally {
  await visitors.close();
  await site.close();
  await server.close();
}
results.cores = cpus().length;
results.minutes = (Date.now() - began) / 60_000;
await writeFile(join(folder, "results.json"), JSON.stringify(results));

await mkdir(options.into, { recursive: true });
await writeFile(join(options.into, "benchmark.md"), report(results));
await writeFile(join(options.into, "benchmark.svg"), await plot(results));
console.log(report(results));

/** Builds a page with each contender, and gives the bytes of all that the bundler made. */
async function builtBytes(bundler, page) {
  const bytes = {};
  for (const contender of contenders) {
    const to = join(folder, bundler, page, contender.id);
    await bundlers[bundler](contender, page, to);
    bytes[contender.id] = (await weigh(to)).reduce((sum, [, size]) => sum + size, 0);
  }
  return bytes;
}

/** The packed package, where an app would have it. */
async function installTarball() {
  const place = join(here, "node_modules/rekindle");
  await rm(place, { recursive: true, force: true });
  await mkdir(place);
  await promisify(execFile)("tar", ["-xzf", await findTarball(), "--strip-components=1", "-C", place]);
}

function progressOf(measure) {
  return (where) => console.error(`${((Date.now() - began) / 60_000).toFixed(1).padStart(5)} min  ${measure}: ${where}`);
}
