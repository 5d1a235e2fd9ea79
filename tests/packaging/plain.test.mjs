// A folder of plain files, without a bundler, and what a page's policy may say.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "../e2e/support/browser.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { makeFolder, unpack } from "../e2e/support/tarball.mjs";
import { open, page, script, working, writeFiles } from "./support.mjs";

const importMap = `<script type="importmap">{"imports":{"rekindle":"./package/index.js"}}</script>`;
const policy = (text) => `<meta http-equiv="Content-Security-Policy" content="${text}">`;
const strict = "default-src 'none'; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'; script-src 'self'";

let browser;
let folder;
let site;
before(async () => {
  folder = await makeFolder();
  await unpack(folder.path);
  await writeFiles(folder.path, {
    "relative/index.html": page(),
    "relative/main.js": script("../package/index.js"),
    "mapped/index.html": page(importMap.replace("./", "../")),
    "mapped/main.js": script("rekindle"),
    "strict/index.html": page(policy(`${strict} 'wasm-unsafe-eval'`)),
    "strict/main.js": script("../package/index.js"),
    "stricter/index.html": page(policy(strict)),
    "stricter/main.js": script("../package/index.js"),
    "worker/index.html": page(),
    "worker/main.js": `new Worker("./worker.js", { type: "module" }).onmessage = ({ data }) => { globalThis.outcome = data; };`,
    "worker/worker.js": `${script("../package/index.js")}\npostMessage(globalThis.outcome);`,
    "import/index.html": page(),
    "import/main.js": `
      const names = () => Reflect.ownKeys(globalThis).map(String);
      const before = names();
      // An earlier page of this origin has left its mark that a session is over.
      localStorage.clear();
      const requests = () => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
      await import("../package/index.js");
      const added = names().filter((name) => !before.includes(name));
      globalThis.outcome = { added, stored: sessionStorage.length + localStorage.length, requests: requests() };`,
  });
  site = await startStatic([["", folder.path]]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await site?.close();
  await folder?.remove();
});

const openPage = (name) => open(browser, `${site.origin}/${name}/`);

test("a relative import", async () => assert.deepEqual(await openPage("relative"), working));

test("an import map", async () => assert.deepEqual(await openPage("mapped"), working));

test("a module worker", async () => assert.deepEqual(await openPage("worker"), working));

test("w01 a strict policy with Trusted Types and 'wasm-unsafe-eval', without 'unsafe-eval' or inline code", async () => {
  await browser.consoleLines();
  assert.deepEqual(await openPage("strict"), working);
  assert.deepEqual(await browser.consoleLines(), [], "no violation was reported");
});

test("s08 a policy without 'wasm-unsafe-eval' is named", async () => {
  const outcome = await openPage("stricter");
  assert.equal(outcome.code, "wasm_unavailable");
  assert.match(outcome.message, /wasm-unsafe-eval/);
});

test("w06 import alone touches nothing", async () => {
  const { added, stored, requests } = await openPage("import");
  // The driver's own, which it leaves in every page that it looks at.
  assert.deepEqual(added.filter((name) => name !== "ret_nodes"), []);
  assert.equal(stored, 0);
  assert.deepEqual(requests, ["/import/main.js", "/package/index.js"]);
});
