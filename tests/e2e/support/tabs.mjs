// Several tabs of one browser, all of which can be at work at one moment: in Chromium over the DevTools Protocol (cdp.mjs), in the others
// over WebDriver (webdriver.mjs). The stage's own driver has the browser's first window, one thing after the other.

import assert from "node:assert/strict";
import { demoUser } from "../../servers/oidc_provider.mjs";
import { startCdp } from "./cdp.mjs";
import { engine } from "./engines.mjs";
import { held } from "./fault_proxy.mjs";
import { secretsOf } from "./stage.mjs";
import { until } from "./until.mjs";
import { startWebDriver } from "./webdriver.mjs";

export { until };

/**
 * Runs in a page before any of its scripts: `moveClock(ms)` sets the time of day forward, or back; with `true` the page's own clock
 * goes along, as where time has really passed.
 */
export function movableClock() {
  for (const [clock, name] of [[Date, "day"], [performance, "page"]]) {
    const now = clock.now.bind(clock);
    globalThis[name] = 0;
    clock.now = () => now() + globalThis[name];
  }
  globalThis.moveClock = (ms, both = false) => {
    globalThis.day += ms;
    if (both) globalThis.page += ms;
  };
}

/** The tabs of a stage's browser. `scripts` run in each page before its own, as functions without arguments. */
export async function startTabs(stage, { scripts = [] } = {}) {
  const all = new Set();
  /** What pages said that anybody may see: the console, errors, events, diagnostics. */
  const said = [];
  const windows = await (engine === "chromium" ? startCdp : startWebDriver)(stage, scripts, said);

  function tabOf(window) {
    /** Runs an async function in the page. The ways there and back are JSON text, so that absent members stay absent. */
    const run = (code, ...args) => window.run(code, args);

    const tab = {
      run,
      cdp: window.cdp,
      get hasCrashed() { return window.hasCrashed; },
      /** How many requests this page has sent to the token endpoint. */
      sent: window.sent,

      load: (path = "/") => window.load(stage.site.origin + path),

      /** Loads the page again, with a client: the same as after a crash, where the user presses the button. */
      async reload(config) {
        await window.reload();
        if (config !== null) return tab.start(config);
      },

      start: (config = stage.config) => run((config) => probe.start(config), config),
      state: () => run(() => probe.state()),
      /** Whether it holds what came in this answer, all of it: the refresh token is kept before the ID token beside it is verified. */
      async holds({ refresh_token: refreshToken, access_token: accessToken }) {
        const state = await tab.state();
        return state.refreshToken === refreshToken && state.tokens?.accessToken === accessToken;
      },
      /** Calls a method of the page's client and gives `{ value }` or `{ error }`. */
      async call(method, ...args) {
        const outcome = await run((method, args) => probe.settle(() => probe.client[method](...args)), method, args);
        said.push(JSON.stringify(outcome.error));
        return outcome;
      },
      /** Calls a method that has to succeed. */
      async get(method, ...args) {
        const { value, error } = await tab.call(method, ...args);
        if (error) throw new Error(`${method}: ${error.code}: ${error.text}`);
        return value;
      },
      /** Begins a call, whose outcome is asked for later. */
      begin: (name, method, ...args) => run((name, method, args) => {
        probe[name] = probe.settle(() => probe.client[method](...args));
      }, name, method, args),
      /** Begins a refresh, `refreshing`, and waits until the server has answered it. The answer comes when what this gives is called. */
      async beginHeld() {
        const { fault, reached, release } = held();
        stage.proxy.next(stage.paths.token, fault);
        await tab.begin("refreshing", "refresh");
        await reached;
        return release;
      },
      outcome: (name) => {
        const ended = () => run((name) => Promise.race([probe[name], new Promise((later) => { setTimeout(later, 50); })]), name);
        return until(ended, `the end of ${name}`);
      },
      /** The kinds of all events so far. */
      events: () => run(() => probe.events.map(({ type }) => type)),
      event: (type) => until(async () => (await tab.events()).includes(type), async () => `event ${type}; there are ${await tab.events()}`),

      storage: () => run(() => ({ ...sessionStorage })),
      diagnostics: () => tab.get("diagnostics"),

      /** Another tab in a process of its own with a copy of this one's sessionStorage, as a browser's "duplicate" makes it. */
      async duplicate(config = stage.config) {
        const copy = await open();
        await copy.run((storage) => Object.assign(sessionStorage, storage), await tab.storage());
        if (config) await copy.start(config);
        return copy;
      },

      /** A tab that the page opens: it copies the sessionStorage by itself, and shares the process. */
      async windowOpen(config = stage.config) {
        const path = `/?opened=${all.size}-${Date.now()}`;
        const opened = tabOf(await windows.opened(path, window));
        if (config) await opened.start(config);
        return opened;
      },

      /** Kills the page's process in mid-flight. */
      crash: window.crash,

      /** The address of the page, also of a server's. */
      address: window.address,

      /** Calls `signIn`, and waits until the tab is at the server's page, or back where the server asked nothing. */
      async leave(options = {}) {
        await window.leave(() => tab.begin("leaving", "signIn", options));
        await tab.arrive((address) => address.startsWith(stage.proxy.origin) || tab.isCallback(address), "the tab leaves for the server");
      },

      /** Gives its name and password to the server, where it asks, and waits for the callback page. */
      async enter(user = demoUser) {
        if (!tab.isCallback(await tab.address())) {
          await run(({ login, password }) => {
            const [form] = document.forms;
            form.elements.login.value = login;
            form.elements.password.value = password;
            document.getElementById("submit").click();
          }, user);
        }
        await tab.arrive(tab.isCallback, "the server sends the browser back");
        return tab.address();
      },

      /** The whole sign-in by hand. Gives the result of `handleRedirect`. */
      async signIn(options, config, user) {
        await tab.leave(options);
        await tab.enter(user);
        await tab.start(config);
        return tab.get("handleRedirect");
      },

      isCallback: (address) => address.startsWith(`${stage.site.origin}/callback?`),

      /** Waits for an address, and for its page to be there. */
      async arrive(isThere, what) {
        // A page that is just being left has nothing to say.
        const whole = () => run(() => document.readyState === "complete" && location.href).catch(() => false);
        await until(async () => isThere((await whole()) || ""), async () => `${what}; it is at ${await tab.address()}`);
      },

      /** Goes to another page of the site, does `meanwhile`, and comes back. */
      async awayAndBack(meanwhile = async () => {}) {
        await tab.load("/elsewhere");
        await meanwhile();
        return tab.back();
      },

      /** The browser's button: whether the page came from the back/forward cache, and else what the browser had against it. */
      back: window.back,

      press: window.press,
      freeze: window.freeze,
      thaw: window.thaw,
      offline: window.offline,
      /** Tells apart the process in which the page runs. */
      process: window.process,

      async close() {
        all.delete(tab);
        await window.close();
      },
    };
    all.add(tab);
    return tab;
  }

  /** A tab of its own, with an empty sessionStorage and no client. */
  async function open(path = "/") {
    const tab = tabOf(await windows.create());
    await tab.load(path);
    return tab;
  }

  /** One tab with these tokens, freshly signed in unless given. */
  async function signedIn(config = stage.config, tokens) {
    const tab = await open();
    await tab.start(config);
    await tab.get("setTokens", tokens ?? (await stage.newTokens()));
    return tab;
  }

  let gate;
  let allBegan;
  /** Has all these tabs begin at one moment: each waits in the queue of one lock until all do. Gives the outcomes to come, in order. */
  async function atOnce(tabs, method, ...args) {
    gate ??= await open();
    await gate.run(() => new Promise((held) => {
      navigator.locks.request("gate", () => new Promise((lift) => { globalThis.lift = lift; held(); }));
    }));
    await Promise.all(tabs.map((tab) => tab.run(() => { globalThis.hasBegun = false; })));
    const outcomes = tabs.map((tab) => tab.run(async (method, args) => {
      await navigator.locks.request("gate", { mode: "shared" }, () => {});
      const outcome = probe.settle(() => probe.client[method](...args));
      globalThis.hasBegun = true;
      return outcome;
    }, method, args));
    for (const outcome of outcomes) outcome.then(({ error }) => said.push(JSON.stringify(error)), () => {});
    const isFull = (count) => navigator.locks.query().then(({ pending }) => pending.filter(({ name }) => name === "gate").length === count);
    await until(() => gate.run(isFull, tabs.length), "all tabs stand at the gate");
    allBegan = Promise.all(tabs.map((tab) => until(() => tab.run(() => globalThis.hasBegun), "the tab passes the gate")));
    allBegan.catch(() => {});
    await gate.run(() => globalThis.lift());
    return outcomes;
  }

  return {
    open,
    signedIn,
    /**
     * Resolves when all tabs have made the call that they were last sent off with. On a busy machine the first may be done before the
     * last begins: for a server that waits for this, they were at work at one moment.
     */
    allBegan: () => allBegan,
    /** They begin at one moment; the outcomes, in order. */
    together: async (tabs, method, ...args) => Promise.all(await atOnce(tabs, method, ...args)),
    /** The same up to the moment when all have begun and one of them has sent its request: that one, and the outcomes to come. */
    async begun(tabs, method, ...args) {
      const before = await Promise.all(tabs.map((tab) => tab.sent()));
      const outcomes = await atOnce(tabs, method, ...args);
      await allBegan;
      const sender = await until(async () => {
        const now = await Promise.all(tabs.map((tab) => tab.sent()));
        return tabs.find((_, index) => now[index] > before[index]);
      }, "one of the tabs sends");
      return { sender, outcomes };
    },

    /** The servers do not know the user any more. */
    forgetUser: () => stage.browser.forgetCookies(),

    /** All tabs but the first window are closed: a test begins with none. */
    async closeAll() {
      await Promise.all([...all].map((tab) => tab.close()));
      gate = undefined;
    },

    /** Fails if a secret of this run is in an error, an event, the console or in the diagnostics of a tab that is open. */
    async assertDiscreet() {
      for (const tab of all) {
        if (tab === gate || tab.hasCrashed) continue;
        const read = () => tab.run(() => ({
          diagnostics: globalThis.probe?.client?.diagnostics(),
          events: globalThis.probe?.events.map(({ type, error }) => ({ type, error })),
        }));
        // Once more where the page was just being left.
        const { diagnostics, events } = await read().catch(read);
        said.push(JSON.stringify(diagnostics), JSON.stringify(events));
      }
      const secrets = secretsOf(stage.proxy.history);
      assert.ok(secrets.size > 0, "the run had secrets to look for");
      const leaks = [...said, ...stage.site.said].filter((words) => words && [...secrets].some((secret) => words.includes(secret)));
      assert.deepEqual(leaks, []);
    },

    async close() {
      await this.closeAll();
      await windows.close();
    },
  };
}
