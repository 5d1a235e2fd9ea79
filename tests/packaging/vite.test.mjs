// An empty Vite project with nothing configured: the development server, and the build.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { build, createLogger, createServer, preview } from "vite";
import { startBrowser } from "../e2e/support/browser.mjs";
import { makeProject, open, page, script, working, writeFiles } from "./support.mjs";

let browser;
let project;
let inline;
const warnings = [];
before(async () => {
  project = await makeProject();
  await writeFiles(project.path, { "index.html": page(), "main.js": script("rekindle") });
  const customLogger = createLogger("warn", { allowClearScreen: false });
  customLogger.warn = customLogger.warnOnce = customLogger.error = (message) => { warnings.push(message); };
  // What the command line would say: where the project is, and where to listen.
  inline = { root: project.path, configFile: false, customLogger };
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await project?.remove();
});

const listen = { host: "127.0.0.1", port: 0 };

test("the development server", async () => {
  const server = await createServer({ ...inline, server: listen });
  try {
    await server.listen();
    assert.deepEqual(await open(browser, server.resolvedUrls.local[0]), working);
  } finally {
    await server.close();
  }
});

test("the build", async () => {
  await build(inline);
  const server = await preview({ ...inline, preview: listen });
  try {
    assert.deepEqual(await open(browser, server.resolvedUrls.local[0]), working);
  } finally {
    await server.close();
  }
});

test("neither has anything to complain of", async () => {
  assert.deepEqual(warnings, []);
  assert.deepEqual(await browser.consoleLines().then((lines) => lines.filter((line) => !line.includes("[vite]"))), []);
});
