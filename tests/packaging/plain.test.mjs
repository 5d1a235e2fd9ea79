// A folder of plain files, without a bundler, in each browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser } from "../e2e/support/browser.mjs";
import { engines } from "../e2e/support/engines.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { makeFolder, unpack } from "../e2e/support/tarball.mjs";
import { writeFiles } from "./project.mjs";

/** The smallest app: a page, and a script that makes a client and shows that it works. */
const page = (head = "") => `<!doctype html>
<meta charset="utf-8">
${head}
<title>An app</title>
<link rel="icon" href="data:,">
<script type="module" src="./main.js"></script>
`;

const script = (specifier) => `
import { createClient } from "${specifier}";

try {
  const client = await createClient({ issuer: "https://id.example", clientId: "spa" });
  const { status } = client.getSnapshot();
  const { accessToken } = await client.setTokens({ access_token: "abc", refresh_token: "def", expires_in: 60 });
  const held = [status, accessToken, client.getRefreshToken(), client.getSnapshot().status];
  await client.signOut({ local: true });
  globalThis.outcome = [...held, client.getSnapshot().status];
} catch (error) {
  globalThis.outcome = { code: error.code, message: error.message };
}
`;

const working = ["signed-out", "abc", "def", "signed-in", "signed-out"];

const importMap = `<script type="importmap">{"imports":{"rekindle":"./package/index.js"}}</script>`;
const inWorker = { "index.html": page(), "main.js": `new Worker("./worker.js", { type: "module" }).onmessage = ({ data }) => { globalThis.outcome = data; };` };
const worker = (file) => ({ ...inWorker, "worker.js": `${script(`../package/${file}`)}\npostMessage(globalThis.outcome);` });
const below = (folder, files) => Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

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
    ...below("worker", worker("index.js")),
    ...below("worker-streaming", worker("streaming.js")),
    "import/index.html": page(),
    "import/main.js": `
      const names = () => Reflect.ownKeys(globalThis).map(String);
      const before = names();
      // An earlier page of this origin has left its mark that a session is over.
      localStorage.clear();
      const requests = () => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
      await import("../package/index.js");
      await import("../package/streaming.js");
      const added = names().filter((name) => !before.includes(name));
      globalThis.outcome = { added, stored: sessionStorage.length + localStorage.length, requests: requests() };`,
  });
  site = await startStatic([["", folder.path]]);
});
after(async () => {
  await site?.close();
  await folder?.remove();
});

for (const engine of engines) {
  describe(engine, () => {
    let browser;
    before(async () => { browser = await startBrowser({ engine }); });
    after(() => browser?.close());

    /** Opens a page and gives what its script came to. */
    async function openPage(name) {
      await browser.driver.get(`${site.origin}/${name}/`);
      return browser.wait(() => browser.run(() => globalThis.outcome), "the page's script did not end");
    }

    test("a relative import", async () => assert.deepEqual(await openPage("relative"), working));

    test("an import map", async () => assert.deepEqual(await openPage("mapped"), working));

    test("a module worker", async () => assert.deepEqual(await openPage("worker"), working));

    test("a module worker, with the module as a file", async () => assert.deepEqual(await openPage("worker-streaming"), working));

    test("w06 import alone touches nothing", async () => {
      const { added, stored, requests } = await openPage("import");
      // The driver's own, which it leaves in every page that it looks at.
      assert.deepEqual(added.filter((name) => name !== "ret_nodes"), []);
      assert.equal(stored, 0);
      assert.deepEqual(requests, ["/import/main.js", "/package/index.js", "/package/streaming.js"]);
    });
  });
}
