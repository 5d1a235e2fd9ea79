// Everything that a test file needs: a page, an authorization server on another origin behind the fault proxy, and a
// browser. The page and the server share the host 127.0.0.1: cookies know no port, so the browser has the server's
// cookies at hand for every request, and only the package's own care keeps them out.

import assert from "node:assert/strict";
import { By, until } from "selenium-webdriver";
import { startDjangoOauthToolkit } from "../../servers/django_oauth_toolkit.mjs";
import { demoUser, startOidcProvider } from "../../servers/oidc_provider.mjs";
import { publicClient } from "../../servers/sign_in.mjs";
import { startBrowser } from "./browser.mjs";
import { engine } from "./engines.mjs";
import { startFaultProxy } from "./fault_proxy.mjs";
import { startSite } from "./site.mjs";

export const clientId = "spa";
export const scope = "openid profile email offline_access";
/** Longer than any test file runs, on however busy a machine. */
export const accessTokenSeconds = 600;

/** A server with its proxy, for pages of `origin`: oidc-provider in one of its layouts, or `django`, django-oauth-toolkit. */
export async function startServer({ origin, layout, ...options }) {
  const proxy = await startFaultProxy();
  const client = { clientId, redirectUris: [`${origin}/callback`], origins: [origin] };
  const shared = { publicOrigin: proxy.origin, clients: [client], accessTokenSeconds, ...options };
  const starting = layout === "django" ? startDjangoOauthToolkit(shared) : startOidcProvider({ layout, ...shared });
  const server = await starting.catch(async (error) => {
    // The test file would not end, and say nothing of why, as long as the proxy listens.
    await proxy.close();
    throw error;
  });
  proxy.forwardTo(`http://127.0.0.1:${server.port}`);
  const visitor = publicClient(server, { clientId, redirectUri: client.redirectUris[0] });
  return {
    proxy,
    server,
    paths: Object.fromEntries(Object.entries(server.endpoints).map(([name, address]) => [name, new URL(address).pathname])),
    config: {
      issuer: server.issuer,
      clientId,
      redirectUri: `${origin}/callback`,
      scope,
      ...(layout.startsWith("okta") && { endpoints: "okta" }),
    },
    /** What a public client may do at the server, without a browser. */
    visitor,
    /** The token response of a new sign-in that no browser took part in. */
    newTokens: async () => (await visitor.signIn()).body,
    async close() {
      await proxy.close();
      await server.close();
    },
  };
}

/** `beside` is another stage, whose page and browser this one uses: a browser takes longer to start than all the rest. */
export async function startStage({ layout = "okta", beside, ...options } = {}) {
  const [site, browser] = beside ? [beside.site, beside.browser] : await Promise.all([startSite(), startBrowser()]);
  const server = await startServer({ origin: site.origin, layout, ...options });
  const { driver } = browser;
  const { proxy } = server;
  /** What the package said to the outside: errors, events, printed clients. Searched for secrets at the end. */
  const said = [];

  const stage = {
    ...server,
    site,
    browser,
    driver,

    /** Opens the page afresh, with empty storage and a client made with the standard configuration. */
    async fresh(config = server.config) {
      await stage.open();
      await browser.run(() => {
        sessionStorage.clear();
        localStorage.clear();
      });
      return stage.start(config);
    },

    open: (path = "/") => driver.get(site.origin + path),

    /** Has a function run in each page before its own scripts. */
    async addScript(script) {
      if (engine === "chromium") await driver.sendDevToolsCommand("Page.addScriptToEvaluateOnNewDocument", { source: `(${script})()` });
      else site.scripts.push(script);
    },

    start: (config = server.config) => browser.run((config) => probe.start(config), config),

    state: () => browser.run(() => probe.state()),

    async call(method, ...args) {
      const outcome = await browser.call(method, ...args);
      said.push(JSON.stringify(outcome.error));
      return outcome;
    },

    /** Calls a method that has to succeed. */
    async get(method, ...args) {
      const { value, error } = await stage.call(method, ...args);
      if (error) throw new Error(`${method}: ${error.code}: ${error.text}`);
      return value;
    },

    /** Clicks the button that calls `signIn`, until the browser is at the server, or back where the server asked nothing. */
    async leave(options = {}) {
      const { origin } = site;
      await browser.run((options) => {
        document.getElementById("sign-in").onclick = () => {
          probe.client.signIn(options).catch((error) => { probe.refused = error.message; });
        };
      }, options);
      await driver.findElement(By.id("sign-in")).click();
      await browser.wait(async () => {
        const refused = await driver.executeScript("return globalThis.probe?.refused");
        if (refused) throw new Error(`signIn: ${refused}`);
        const address = await driver.getCurrentUrl();
        return address.startsWith(proxy.origin) || address.startsWith(`${origin}/callback?`);
      }, "the browser did not leave for the server");
    },

    /** Signs in by hand: through the server's own page where it shows one, up to the callback page. */
    async visitServer(options = {}, user = demoUser) {
      await stage.leave(options);
      if (!(await driver.getCurrentUrl()).startsWith(proxy.origin)) return;
      await browser.wait(until.elementLocated(By.name("login")), "the server shows no form");
      await driver.findElement(By.name("login")).sendKeys(user.login);
      await driver.findElement(By.name("password")).sendKeys(user.password);
      await driver.findElement(By.id("submit")).click();
      await browser.wait(until.urlContains(`${site.origin}/callback?`), "the server did not send the browser back");
    },

    /** The whole sign-in. Gives the result of `handleRedirect`. */
    async signIn(options = {}, config = server.config, user = demoUser) {
      await stage.visitServer(options, user);
      await stage.start(config);
      return stage.get("handleRedirect");
    },

    /** The last answer of the token endpoint, as it was on the wire. */
    lastTokens: () => JSON.parse(proxy.to(server.paths.token).at(-1).answer.body),

    /** One case of bad input in one go: see `trial` in site/probe.js. */
    async trial({ config = server.config, ...rest }) {
      const result = await browser.run((options) => probe.trial(options), { config, ...rest });
      said.push(...sayings(result));
      return result;
    },

    /** Waits for an event of the page's client, and gives all of them. */
    async event(type) {
      await browser.wait(() => browser.run((type) => probe.events.some((event) => event.type === type), type), `no event ${type}`);
      return browser.run(() => probe.events);
    },

    /** Fails if a token, code, verifier, state or nonce of this run is in what the package said, or on the console. */
    async assertDiscreet() {
      const secrets = secretsOf(proxy.history);
      assert.ok(secrets.size > 0, "the run had secrets to look for");
      const words = [...said, ...site.said, ...(await browser.consoleLines())].filter(Boolean);
      const leaks = words.filter((word) => [...secrets].some((secret) => word.includes(secret)));
      assert.deepEqual(leaks, []);
    },

    async close() {
      await server.close();
      if (!beside) await Promise.all([browser.close(), site.close()]);
    },
  };
  return stage;
}

/** The text of all that may be seen by others: not the snapshots' tokens, which are the app's own. */
export function sayings({ error, events = [], before, after, printed }) {
  const visible = ({ tokens, refreshToken, stored, ...rest }) => rest;
  const told = events.map(({ snapshot, ...rest }) => ({ ...rest, snapshot: visible(snapshot) }));
  return [printed, JSON.stringify([error, told, [before, after].filter(Boolean).map(visible)])];
}

/** All that went over the wire in this run and is nobody else's business. */
export const secretsOf = (history) => new Set(kindsOfSecrets(history).keys());

/** The same with what each is: the name of its parameter, or of its member in an answer. */
export function kindsOfSecrets(history) {
  const found = [];
  for (const { query, body, answer } of history) {
    for (const [name, value] of [...query, ...new URLSearchParams(body)]) {
      if (["code", "code_verifier", "refresh_token", "token", "state", "nonce"].includes(name)) found.push([value, name]);
    }
    const location = answer?.headers.location;
    if (location) found.push([new URL(location, "http://localhost").searchParams.get("code"), "code"]);
    for (const [, name, value] of (answer?.body ?? "").matchAll(/"(access_token|refresh_token|id_token)":\s*"([^"]+)"/g)) found.push([value, name]);
  }
  // Reversed, for the first one counts: what an answer calls a refresh token is a "token" in a later form.
  return new Map(found.filter(([secret]) => secret?.length >= 6).toReversed());
}
