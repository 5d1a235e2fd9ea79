// Who signs in to the apps: each browser, an authorization server, and the one origin where the apps are served, one after another.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { By, until } from "selenium-webdriver";
import { startBrowser } from "../e2e/support/browser.mjs";
import { engines } from "../e2e/support/engines.mjs";
import { startStatic } from "../e2e/support/site.mjs";
import { demoUser, startOidcProvider } from "../servers/oidc_provider.mjs";

const clientId = "spa";

/** `paths` are those of the apps' pages. */
export async function startUser(paths = ["/"]) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const [server, ...browsers] = await Promise.all([
    startOidcProvider({
      clients: [{ clientId, redirectUris: paths.map((path) => origin + path), origins: [origin] }],
      // Nothing is renewed meanwhile but by the button.
      accessTokenSeconds: 3600,
    }),
    ...engines.map((engine) => startBrowser({ engine })),
  ]);

  /** Signs in by the app's button, and sees that nothing was complained of and that the module came as `entry` has it. */
  async function signInTo(browser, path, entry) {
    await forget(browser, server);
    await browser.consoleLines();
    const files = await signIn(browser, server, origin + path);
    assert.deepEqual(await browser.complaints(), []);
    assert.equal(files.filter((name) => name.endsWith(".wasm")).length, entry === "rekindle" ? 0 : 1, `${entry}: ${files.join(" ")}`);
  }

  /** In each browser, to each of the pages, `{ path: entry }`: a test for each, that `report(path, engine, run)` makes. */
  async function signInToAll(pages, report, said = () => "") {
    for (const [path, entry] of Object.entries(pages)) {
      for (const browser of browsers) {
        await report(path, browser.engine, () => signInTo(browser, path, entry).catch((error) => {
          throw new Error(`${error.message}\n${said()}`, { cause: error });
        }));
      }
    }
  }

  return {
    in: (engine) => browsers.find((browser) => browser.engine === engine),
    origin,
    port: String(port),
    signInTo,
    forget: (browser) => forget(browser, server),
    enter: (browser) => enter(browser, server),
    config: { issuer: server.issuer, clientId, endpoints: "okta" },

    async signInToFolder(folder, pages, report) {
      const site = await startStatic([["", folder]], { port });
      try {
        await signInToAll(pages, report);
      } finally {
        await site.close();
      }
    },

    /** Starts a server that the project brings. */
    async signInToServer(project, command, pages, report) {
      const running = await project.serve(command, origin + Object.keys(pages)[0]);
      try {
        // What compiles a page at its first visit takes longer than a browser waits.
        for (const path of Object.keys(pages)) await fetch(origin + path);
        await signInToAll(pages, report, running.said);
      } finally {
        await running.stop();
      }
    },

    async close() {
      await Promise.all(browsers.map((browser) => browser.close()));
      await server.close();
    },
  };
}

/** One that no outgoing connection is given while the servers of the apps take turns on it: below those that Linux takes for them. */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

/** The server knows the browser's user no more. At a page of its host, for a driver may only forget the cookies of that. */
async function forget(browser, server) {
  await browser.driver.get(`${server.issuer}/.well-known/openid-configuration`);
  await browser.forgetCookies();
}

/** Signs in by the app's button, refreshes and reloads; fails where any of it does. Gives the files that the page asked for. */
async function signIn(browser, server, address) {
  const { driver } = browser;
  const shows = (text) => appShows(browser, text);
  const click = (id) => driver.findElement(By.id(id)).click();
  const name = demoUser.claims.name;
  const refreshes = () => server.requests.filter(({ body }) => body.startsWith("grant_type=refresh_token")).length;

  await driver.get(address);
  await driver.executeScript("sessionStorage.clear()");
  await reload(browser);
  await shows("signed-out");
  await click("sign-in");
  await enter(browser, server);
  await shows(`signed-in ${name}`);
  const before = refreshes();
  await click("refresh");
  await shows(`refreshed ${name}`);
  if (refreshes() !== before + 1) throw new Error(`${refreshes() - before} refreshes reached the server`);
  await reload(browser);
  await shows(`signed-in ${name}`);
  return driver.executeScript("return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)");
}

/** At the server's page, to which the app has to leave. */
async function enter({ driver, wait }, server) {
  await wait(() => driver.getCurrentUrl().then((url) => url.startsWith(server.url)), "the app did not leave for the server");
  await wait(until.elementLocated(By.name("login")), "the server shows no form");
  await driver.findElement(By.name("login")).sendKeys(demoUser.login);
  await driver.findElement(By.name("password")).sendKeys(demoUser.password);
  await driver.findElement(By.id("submit")).click();
}

/** Loads the page again, and waits until the one before is gone: what it still showed, of requests that it was left with, is no outcome. */
export async function reload({ driver, wait }) {
  const began = () => driver.executeScript("return performance.timeOrigin");
  const before = await began();
  await driver.navigate().refresh();
  await wait(async () => (await began()) !== before, "the page is not loaded again");
}

/** Waits until the app shows this text. */
export function appShows(browser, text) {
  return browser.wait(async () => {
    const shown = await browser.driver.executeScript("return document.querySelector('output')?.textContent ?? ''");
    if (shown.startsWith("failed") && !text.startsWith("failed")) throw new Error(shown);
    return shown.startsWith(text);
  }, `the app does not show "${text}"`);
}
