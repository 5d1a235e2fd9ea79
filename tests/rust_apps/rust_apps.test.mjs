// A Leptos and a Yew app without JavaScript of their own, made of the packed crate, in a browser against a real authorization server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { By } from "selenium-webdriver";
import sirv from "sirv";
import { startBrowser } from "../e2e/support/browser.mjs";
import { demoUser, startOidcProvider } from "../servers/oidc_provider.mjs";

/** Where `cargo xtask test --only rust-apps` puts what it builds: a folder with `app.js` for each app. */
const apps = process.env.REKINDLE_RUST_APPS;

for (const name of ["leptos", "yew"]) {
  describe(name, () => {
    let browser;
    let server;
    let app;
    before(async () => {
      app = await startApp(join(apps, name));
      server = await startOidcProvider({
        layout: "discovery",
        clients: [{ clientId: "spa", redirectUris: [`${app.origin}/`], origins: [app.origin] }],
      });
      app.settings = { issuer: server.issuer, "client-id": "spa" };
      app.accepts = (token) => server.provider.AccessToken.find(token);
      browser = await startBrowser();
    });
    after(async () => {
      await browser?.close();
      await server?.close();
      await app?.close();
    });

    const find = (id) => browser.driver.findElements(By.id(id));
    const text = async (id) => (await (await find(id))[0]?.getText()) ?? "";
    const click = async (id) => {
      await browser.wait(async () => (await find(id)).length === 1, `there is no ${id}; ${await text("error")}`);
      await (await find(id))[0].click();
    };
    const becomes = async (id, expected) => {
      await browser.wait(async () => (await text(id)) === expected, `${id} does not become ${expected}`);
      assert.equal(await text("error"), "");
    };
    const refreshes = () => server.requests.filter(({ method, body }) => method === "POST" && body.includes("grant_type=refresh_token")).length;

    test("signs in, and is signed in after a reload", async () => {
      await browser.driver.get(`${app.origin}/`);
      await click("sign-in");
      await browser.wait(async () => (await browser.driver.getCurrentUrl()).startsWith(server.url), "the page did not leave for the server");
      await browser.driver.findElement(By.name("login")).sendKeys(demoUser.login);
      await browser.driver.findElement(By.name("password")).sendKeys(demoUser.password);
      await browser.driver.findElement(By.css("button[type=submit], button:not([name])")).click();
      await becomes("name", demoUser.claims.name);
      assert.equal(await browser.driver.getCurrentUrl(), `${app.origin}/`, "nothing of the protocol is left in the address");
      await browser.driver.navigate().refresh();
      await becomes("name", demoUser.claims.name);
    });

    test("refreshes, and shows what a subscription tells", async () => {
      const [before, sent] = [Number(await text("expires-at")), refreshes()];
      await click("refresh");
      await browser.wait(async () => Number(await text("expires-at")) > before, "the tokens are the old ones");
      assert.equal(refreshes(), sent + 1);
    });

    test("a request of its own has the token, and a new one after a 401", async () => {
      const sent = refreshes();
      await click("ask");
      await becomes("answer", `Hello ${demoUser.claims.sub}`);
      assert.equal(refreshes(), sent);
      app.refuses = 1;
      app.greeting = "Hello again";
      await click("ask");
      await becomes("answer", `Hello again ${demoUser.claims.sub}`);
      assert.equal(refreshes(), sent + 1);
    });

    test("signs out", async () => {
      await click("sign-out");
      await browser.wait(() => browser.driver.getCurrentUrl().then((url) => url.startsWith(server.url)), "the page did not leave for the server");
      await browser.driver.get(`${app.origin}/`);
      await browser.wait(async () => (await find("sign-in")).length === 1, "the app is signed in");
    });

    test("the page has nothing to complain of", async () => {
      const lines = await browser.consoleLines();
      assert.deepEqual(lines.filter((line) => !/401/.test(line)), []);
    });
  });
}

/** Serves the app's folder, with `settings` in its page, and an API that greets whoever has an access token. */
async function startApp(folder) {
  const app = { settings: {}, accepts: undefined, refuses: 0, greeting: "Hello" };
  const files = sirv(folder, { dev: true });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") {
      let page = await readFile(join(folder, "index.html"), "utf8");
      for (const [name, value] of Object.entries(app.settings)) {
        page = page.replace(new RegExp(`(<meta name="${name}" content=")[^"]*`), `$1${value}`);
      }
      response.setHeader("content-type", "text/html").end(page);
    } else if (pathname === "/api/greeting") {
      const token = await app.accepts(request.headers.authorization?.replace(/^Bearer /, ""));
      if (!token || app.refuses-- > 0) response.writeHead(401).end();
      else response.end(`${app.greeting} ${token.accountId}`);
    } else {
      files(request, response, () => response.writeHead(404).end());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  app.origin = `http://127.0.0.1:${server.address().port}`;
  app.close = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return app;
}
