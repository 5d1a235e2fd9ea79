// What a page may forbid, and what a browser may lack, in each browser: each entry works, or says what is in its way.

import assert from "node:assert/strict";
import { json } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { startBrowser } from "../e2e/support/browser.mjs";
import { engines, lacking } from "../e2e/support/engines.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { appFiles, makeProject } from "./project.mjs";
import { plainPage } from "./apps.mjs";
import { appShows, startUser } from "./user.mjs";

const entries = { rekindle: "index.js", "rekindle/streaming": "streaming.js" };
const names = Object.keys(entries);
const strictest = "default-src 'none'; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'";

/** What a browser calls it that its user blocks all cookies. */
const blockingCookies = {
  chromium: { "profile.default_content_setting_values.cookies": 2 },
  firefox: { "network.cookie.cookieBehavior": 2 },
};

/** What the server does at `/<case>/`, besides serving an app: a policy, an answer for rekindle.wasm, or a script before the app's. */
const cases = {
  strict: { policy: (issuer) => `${strictest}; script-src 'self' 'wasm-unsafe-eval'; connect-src ${issuer}` },
  "strict-streaming": { policy: (issuer) => `${strictest}; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${issuer}` },
  "no-wasm": { policy: () => "script-src 'self'" },
  "no-wasm-streaming": { policy: () => "script-src 'self'" },
  "no-file": { policy: () => "script-src 'self' 'wasm-unsafe-eval'; connect-src 'none'" },
  missing: { wasm: (response) => response.writeHead(404).end() },
  // As a single-page app's server answers for every address.
  "its-page": { wasm: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>") },
  broken: { wasm: (response) => response.destroy() },
  "no-webassembly": { script: "delete globalThis.WebAssembly" },
  "no-memory": { script: "WebAssembly.Instance = function () { throw new RangeError('Out of memory'); }" },
  "other-type": { type: "application/octet-stream" },
  "type-with-more": { type: "application/wasm; charset=utf-8" },
};

let user;
let site;
let reports = [];
before(async () => {
  user = await startUser(["/strict/", "/strict-streaming/", "/other-type/", "/type-with-more/"]);
  const issuer = new URL(user.config.issuer).origin;
  const [plain, streaming] = await Promise.all(Object.entries(entries).map(async ([entry, file]) => {
    const app = await appFiles(".", user.config, `./node_modules/rekindle/${file}`);
    return (await makeProject(`strict-${entry.replace("/", "-")}`, { ...plainPage, ...app })).path(".");
  }));
  const folders = Object.keys(cases).map((name) => [`/${name}`, ["strict", "no-wasm"].includes(name) ? plain : streaming]);
  site = await startStatic(folders, {
    port: Number(user.port),
    first(request, response) {
      const { policy, wasm, type, script } = cases[request.url.split("/")[1]] ?? {};
      if (request.url === "/reports") {
        json(request).then((report) => {
          reports.push(report["csp-report"]);
          response.writeHead(204).end();
        });
        return true;
      }
      if (policy) response.setHeader("content-security-policy", `${policy(issuer)}; report-uri /reports`);
      if (script && request.url.endsWith("/")) {
        response.setHeader("content-type", "text/html").end(plainPage["index.html"].replace("<head>", `<head><script>${script}</script>`));
        return true;
      }
      if (!request.url.endsWith(".wasm")) return false;
      if (type) response.setHeader("content-type", type);
      wasm?.(response);
      return !!wasm;
    },
  });
});
after(async () => {
  await site?.close();
  await user?.close();
});

/** What comes of `createClient` in a page, or in a frame that is in view: a failure, or the client's state. */
function create(browser, entry) {
  return browser.run(async (file) => {
    const { createClient } = await import(new URL(`node_modules/rekindle/${file}`, location.href));
    try {
      const client = await createClient({ issuer: "https://id.example", clientId: "spa", endpoints: "okta", redirectUri: "https://app.example/" });
      await client.setTokens({ access_token: "abc", refresh_token: "def", token_type: "Bearer", expires_in: 600 });
      const { status, persisted } = client.getSnapshot();
      // Where a sign-in could be kept it would navigate.
      const refused = persisted ? undefined : await client.signIn().catch((error) => error.code);
      return { status, persisted, refused };
    } catch ({ code, reason, message }) {
      return { code, reason, message };
    }
  }, entries[entry]);
}

for (const engine of engines) {
  describe(engine, () => {
    let browser;
    before(() => { browser = user.in(engine); });

    async function createAt(name, entry) {
      await browser.driver.get(`${user.origin}/${name}/`);
      return create(browser, entry);
    }

    describe("w01 a strict policy with Trusted Types and 'wasm-unsafe-eval', without 'unsafe-eval' or inline code", () => {
      for (const [name, entry] of [["strict", "rekindle"], ["strict-streaming", "rekindle/streaming"]]) {
        test(`${entry}: signed in to and refreshed, and no violation is reported`, async () => {
          reports = [];
          await user.signInTo(browser, `/${name}/`, entry);
          // One that is certain: it would be the second one.
          await browser.driver.executeScript("document.createElement('img').src = 'https://elsewhere.example/'");
          const ofPage = () => reports.filter((report) => report["document-uri"].startsWith(`${user.origin}/${name}/`));
          await browser.wait(() => ofPage().length, "no violation is reported");
          assert.deepEqual(ofPage().map((report) => report["blocked-uri"].replace(/\/$/, "")), ["https://elsewhere.example"]);
        });
      }
    });

    describe("s08 the module cannot be had, and the error says why", () => {
      for (const [name, entry] of [["no-wasm", "rekindle"], ["no-wasm-streaming", "rekindle/streaming"]]) {
        // By the app's own call: the scripts of Firefox's driver stand outside of the page's policy.
        test(`${entry}: a policy without 'wasm-unsafe-eval'`, async () => {
          await browser.driver.get(`${user.origin}/${name}/`);
          await appShows(browser, "failed: wasm_unavailable (csp)");
          assert.match(await browser.driver.executeScript("return document.querySelector('output').textContent"), /'wasm-unsafe-eval' to script-src/);
        });
      }

      for (const [name, found] of [["no-file", "no answer"], ["broken", "no answer"], ["missing", "status 404"], ["its-page", "no WebAssembly"]]) {
        test(`rekindle/streaming: ${name}`, async () => {
          const { code, reason, message } = await createAt(name, "rekindle/streaming");
          assert.deepEqual([code, reason], ["wasm_unavailable", "fetch"]);
          assert.ok(message.includes(`(${found}) from ${user.origin}/${name}/node_modules/rekindle/rekindle.wasm;`), message);
        });
      }

      test("a later call tries again", async () => {
        const { missing } = cases;
        // For the app's own call, when the page is opened.
        cases.missing = { wasm: (response) => { cases.missing = {}; missing.wasm(response); } };
        try {
          await browser.driver.get(`${user.origin}/missing/`);
          await appShows(browser, "failed: wasm_unavailable (fetch)");
          assert.equal((await create(browser, "rekindle/streaming")).status, "signed-in");
        } finally {
          cases.missing = missing;
        }
      });

      for (const name of ["other-type", "type-with-more"]) {
        test(`rekindle/streaming: served as ${cases[name].type} it works`, () => user.signInTo(browser, `/${name}/`, "rekindle/streaming"));
      }

      test("no WebAssembly at all, as in Apple's Lockdown Mode", async () => {
        for (const entry of names) {
          const { code, reason, message } = await createAt("no-webassembly", entry);
          assert.deepEqual([code, reason], ["wasm_unavailable", "unsupported"]);
          assert.match(message, /no WebAssembly in this browser/);
        }
      });

      test("no memory for an instance", async () => {
        for (const entry of names) {
          const { code, reason, message } = await createAt("no-memory", entry);
          assert.deepEqual([code, reason], ["wasm_unavailable", "instance"]);
          assert.match(message, /close other tabs/);
        }
      });
    });

    describe("frames", () => {
      const inMemory = { status: "signed-in", persisted: false, refused: "storage_unavailable" };

      /** Opens a page of this origin with a frame of `address`, and looks into the frame. */
      async function openFrame(browser, address, sandbox) {
        await browser.driver.switchTo().defaultContent();
        await browser.driver.get(`${user.origin}/other-type/`);
        await browser.run((src, sandbox) => new Promise((loaded) => {
          const frame = Object.assign(document.createElement("iframe"), { src, onload: loaded });
          if (sandbox) frame.setAttribute("sandbox", sandbox);
          document.body.append(frame);
        }), address, sandbox);
        await browser.driver.switchTo().frame(0);
      }

      for (const entry of names) {
        test(`s01 ${entry} in a sandboxed frame, which has no storage: in memory`, async () => {
          await openFrame(browser, `${user.origin}/other-type/`, "allow-scripts");
          assert.deepEqual(await create(browser, entry), inMemory);
        });

        test(`s01 ${entry} in a frame of another site: its storage is its own there`, async () => {
          await openFrame(browser, `${user.origin.replace("localhost", "127.0.0.1")}/other-type/`);
          assert.deepEqual(await create(browser, entry), { status: "signed-in", persisted: true });
        });
      }

      test("s01 in a frame of another site, where the user blocks all cookies: in memory", { skip: lacking("blocked", engine) }, async () => {
        const blocking = await startBrowser({ engine, preferences: blockingCookies[engine] });
        try {
          await openFrame(blocking, `${user.origin.replace("localhost", "127.0.0.1")}/other-type/`);
          for (const entry of names) assert.deepEqual(await create(blocking, entry), inMemory);
        } finally {
          await blocking.close();
        }
      });
    });
  });
}
