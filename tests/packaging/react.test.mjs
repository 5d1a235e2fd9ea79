// The README's React app in what Vite's starter for React and TypeScript makes, as a newcomer has it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { By } from "selenium-webdriver";
import { engines } from "../e2e/support/engines.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { demoUser } from "../servers/oidc_provider.mjs";
import { makeProject } from "./project.mjs";
import { reload, startUser } from "./user.mjs";

/** More would not be "a few lines" any more. */
const LINES = 20;

const starter = {
  "index.html": `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>my-app</title><link rel="icon" href="data:,"></head>
<body><div id="root"></div><script type="module" src="/src/main.tsx"></script></body>
</html>
`,
  "src/main.tsx": `import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import App from "./App.tsx";

createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
`,
  "vite.config.ts": `import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [react()] });
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2023", lib: ["ES2023", "DOM"], module: "esnext", moduleResolution: "bundler", jsx: "react-jsx", strict: true, noEmit: true,
      allowImportingTsExtensions: true, verbatimModuleSyntax: true, noUnusedLocals: true, skipLibCheck: true, types: ["vite/client"],
    },
    include: ["src"],
  }),
};

let user;
let app;
let project;
before(async () => {
  user = await startUser();
  const readme = await readFile(new URL("../../pkg-template/README.md", import.meta.url), "utf8");
  [, app] = /\n```tsx\n([^]*?export default function App[^]*?)```\n/.exec(readme);
  const own = app.replace("https://example.okta.com/oauth2/default", user.config.issuer).replace("0oa1example", user.config.clientId);
  project = await makeProject("react", { ...starter, "src/App.tsx": own });
});
after(() => user?.close());

test(`it is at most ${LINES} lines`, () => assert.ok(app.trim().split("\n").length <= LINES));

test("it has the types that TypeScript wants", () => project.run(["tsc"]));

/** Waits until the page's one button says this. Read at one go: Vite's server loads a page again when it has found what the page imports. */
const buttonSays = (browser, text) => browser.wait(
  async () => (await browser.driver.executeScript("return document.querySelector('button')?.textContent")) === text,
  `no button says "${text}"`,
);

/** To a page that is signed in, and is so still when it is loaded again. */
async function use(browser) {
  await user.forget(browser);
  await browser.driver.get(user.origin);
  await browser.driver.executeScript("sessionStorage.clear()");
  await reload(browser);
  await browser.consoleLines();
  await buttonSays(browser, "Sign in");
  await browser.driver.findElement(By.css("button")).click();
  await user.enter(browser);
  await buttonSays(browser, `Sign out ${demoUser.claims.name}`);
  assert.equal(await browser.driver.getCurrentUrl(), `${user.origin}/`);
  await reload(browser);
  await buttonSays(browser, `Sign out ${demoUser.claims.name}`);
  assert.deepEqual(await browser.complaints(), []);
}

describe("dev", () => {
  let server;
  before(async () => { server = await project.serve(["vite", "--host", "localhost", "--port", user.port, "--strictPort"], user.origin); });
  after(() => server?.stop());
  for (const engine of engines) test(engine, () => use(user.in(engine)));
});

describe("build", () => {
  let site;
  before(async () => {
    assert.doesNotMatch(await project.run(["vite", "build"]), /warning/i);
    site = await startStatic([["", project.path("dist")]], { port: Number(user.port) });
  });
  after(() => site?.close());
  for (const engine of engines) test(engine, () => use(user.in(engine)));
});
