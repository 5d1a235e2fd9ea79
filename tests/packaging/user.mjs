// Who signs in to the apps: a browser, an authorization server, and the one origin where the apps are served, one after another.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { By } from "selenium-webdriver";
import { startBrowser } from "../e2e/support/browser.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { demoUser, startOidcProvider } from "../servers/oidc_provider.mjs";

const clientId = "spa";

/** `paths` are those of the apps' pages. */
export async function startUser(paths = ["/"]) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const [browser, server] = await Promise.all([
    startBrowser(),
    startOidcProvider({
      clients: [{ clientId, redirectUris: paths.map((path) => origin + path), origins: [origin] }],
      // Nothing is renewed meanwhile but by the button.
      accessTokenSeconds: 3600,
    }),
  ]);

  /** Signs in by the app's button, and sees that nothing was complained of and that the module came as `entry` has it. */
  async function signInTo(path, entry) {
    await browser.consoleLines();
    const files = await signIn(browser, server, origin + path);
    assert.deepEqual(await browser.complaints(), []);
    assert.equal(files.filter((name) => name.endsWith(".wasm")).length, entry === "rekindle" ? 0 : 1, `${entry}: ${files.join(" ")}`);
  }

  return {
    browser,
    origin,
    port: String(port),
    signInTo,
    config: { issuer: server.issuer, clientId, endpoints: "okta" },

    async signInToFolder(folder, entry, path = "/") {
      const site = await startStatic([["", folder]], { port });
      try {
        await signInTo(path, entry);
      } finally {
        await site.close();
      }
    },

    /** Starts a server that the project brings, and signs in to each of these pages: `{ path: entry }`, or an entry for the first. */
    async signInToServer(project, command, pages) {
      const entries = Object.entries(typeof pages === "string" ? { "/": pages } : pages);
      const running = await project.serve(command, origin + entries[0][0]);
      try {
        for (const [path, entry] of entries) await signInTo(path, entry);
      } catch (error) {
        throw new Error(`${error.message}\n${running.said()}`, { cause: error });
      } finally {
        await running.stop();
      }
    },

    async close() {
      await browser.close();
      await server.close();
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Signs in by the app's button, refreshes and reloads; fails where any of it does. Gives the files that the page asked for. */
async function signIn(browser, server, address) {
  const { driver } = browser;
  const shows = (text) => appShows(browser, text);
  const click = (id) => driver.findElement(By.id(id)).click();
  const name = demoUser.claims.name;
  const refreshes = () => server.requests.filter(({ body }) => body.startsWith("grant_type=refresh_token")).length;

  await driver.sendDevToolsCommand("Network.clearBrowserCookies");
  await driver.get(address);
  await driver.executeScript("sessionStorage.clear()");
  await driver.navigate().refresh();
  await shows("signed-out");
  await click("sign-in");
  await browser.wait(() => driver.getCurrentUrl().then((url) => url.startsWith(server.url)), "the app did not leave for the server");
  await driver.findElement(By.name("login")).sendKeys(demoUser.login);
  await driver.findElement(By.name("password")).sendKeys(demoUser.password);
  await click("submit");
  await shows(`signed-in ${name}`);
  const before = refreshes();
  await click("refresh");
  await shows(`refreshed ${name}`);
  if (refreshes() !== before + 1) throw new Error(`${refreshes() - before} refreshes reached the server`);
  await driver.navigate().refresh();
  await shows(`signed-in ${name}`);
  return driver.executeScript("return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)");
}

/** Waits until the app shows this text. */
export function appShows(browser, text) {
  return browser.wait(async () => {
    const shown = await browser.driver.executeScript("return document.querySelector('output')?.textContent ?? ''");
    if (shown.startsWith("failed") && !text.startsWith("failed")) throw new Error(shown);
    return shown.startsWith(text);
  }, `the app does not show "${text}"`);
}
