// Several tabs of one browser, each driven over a connection of its own (Chrome DevTools Protocol), so that all of them can
// be at work at one moment. WebDriver starts the browser and drives its first window, one thing after the other.

import assert from "node:assert/strict";
import CDP from "chrome-remote-interface";
import { demoUser } from "../../servers/oidc_provider.mjs";
import { secretsOf } from "./stage.mjs";

/** Longer than anything takes that ever comes. */
const PATIENCE_MS = 20_000;

/** Waits for a condition, looking often. Gives what it gave. */
export async function until(condition, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() < end, `waited in vain: ${typeof what === "function" ? await what() : what}`);
    await new Promise((later) => setTimeout(later, 5));
  }
}

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
  const capabilities = await stage.driver.getCapabilities();
  const [host, port] = capabilities.get("goog:chromeOptions").debuggerAddress.split(":");
  const address = { host, port: Number(port), local: true };
  const browser = await CDP({ ...address, target: (await CDP.Version(address)).webSocketDebuggerUrl });
  const all = new Set();
  /** What pages said that anybody may see: the console, errors, events, diagnostics. */
  const said = [];

  async function attach(targetId) {
    const cdp = await CDP({ ...address, target: targetId });
    let crashed = false;
    let sent = 0;
    cdp.on("Network.requestWillBeSent", ({ request: { method, url } }) => { sent += method === "POST" && url.endsWith(stage.paths.token); });
    cdp.on("Inspector.targetCrashed", () => { crashed = true; });
    cdp.on("Runtime.consoleAPICalled", ({ args }) => said.push(JSON.stringify(args)));
    cdp.on("Runtime.exceptionThrown", ({ exceptionDetails }) => said.push(JSON.stringify(exceptionDetails)));
    for (const domain of ["Inspector", "Page", "Runtime", "Network"]) await cdp.send(`${domain}.enable`);
    for (const script of scripts) await cdp.send("Page.addScriptToEvaluateOnNewDocument", { source: `(${script})()` });

    /** Runs an async function in the page. The ways there and back are JSON text, so that absent members stay absent. */
    async function run(code, ...args) {
      const expression = `(async () => JSON.stringify({ value: await (${code})(...${JSON.stringify(args)}) }))()`;
      const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", { expression, awaitPromise: true, userGesture: true });
      if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
      return JSON.parse(result.value).value;
    }

    const loaded = () => new Promise((done) => cdp.once("Page.loadEventFired", done));

    const tab = {
      cdp,
      run,
      get hasCrashed() { return crashed; },
      /** How many requests this tab has sent to the token endpoint. */
      get sent() { return sent; },

      async load(path = "/") {
        const done = loaded();
        await cdp.send("Page.navigate", { url: stage.site.origin + path });
        await done;
        crashed = false;
      },

      /** Loads the page again, with a client: the same as after a crash, where the user presses the button. */
      async reload(config) {
        const done = loaded();
        await cdp.send("Page.reload");
        await done;
        crashed = false;
        if (config !== null) return tab.start(config);
      },

      start: (config = stage.config) => run((config) => probe.start(config), config),
      state: () => run(() => probe.state()),
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
        await run((path) => void globalThis.open(path), path);
        const find = async () => (await CDP.List(address)).find(({ type, url }) => type === "page" && url.endsWith(path));
        const opened = await attach((await until(find, "the window opens")).id);
        await until(() => opened.run(() => document.readyState === "complete"), "the window loads");
        // Once more: the scripts were added too late for the first time.
        await opened.load();
        if (config) await opened.start(config);
        return opened;
      },

      /** Kills the page's process in mid-flight. */
      async crash() {
        cdp.send("Page.crash").catch(() => {});
        await until(() => crashed, "the renderer crashes");
      },

      /** The address of the page, also of a server's. */
      address: async () => (await browser.send("Target.getTargetInfo", { targetId })).targetInfo.url,

      /** Calls `signIn`, and waits until the tab is at the server's page, or back where the server asked nothing. */
      async leave(options = {}) {
        let isLeft = false;
        loaded().then(() => { isLeft = true; });
        await tab.begin("leaving", "signIn", options);
        await until(() => isLeft, "another page is there");
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
      async back() {
        const reasons = [];
        const note = ({ notRestoredExplanations }) => reasons.push(...notRestoredExplanations.map(({ reason }) => reason));
        cdp.on("Page.backForwardCacheNotUsed", note);
        const back = new Promise((navigated) => {
          cdp.on("Page.frameNavigated", ({ frame, type }) => { if (!frame.parentId) navigated(type === "BackForwardCacheRestore"); });
        });
        const { currentIndex, entries } = await cdp.send("Page.getNavigationHistory");
        await cdp.send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
        const isRestored = await back;
        cdp.off("Page.backForwardCacheNotUsed", note);
        return { isRestored, reasons };
      },

      freeze: () => cdp.send("Page.setWebLifecycleState", { state: "frozen" }),
      thaw: () => cdp.send("Page.setWebLifecycleState", { state: "active" }),
      offline: (offline) => cdp.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }),

      /** Tells apart the process in which the page runs. */
      process: async () => (await cdp.send("Runtime.getIsolateId")).id,

      async close() {
        all.delete(tab);
        await browser.send("Target.closeTarget", { targetId }).catch(() => {});
        await cdp.close().catch(() => {});
      },
    };
    all.add(tab);
    return tab;
  }

  /** A tab of its own, with an empty sessionStorage and no client. */
  async function open(path = "/") {
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    const tab = await attach(targetId);
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
      const before = tabs.map((tab) => tab.sent);
      const outcomes = await atOnce(tabs, method, ...args);
      await allBegan;
      const sender = await until(() => tabs.find((tab, index) => tab.sent > before[index]), "one of the tabs sends");
      return { sender, outcomes };
    },

    /** The servers do not know the user any more. */
    forgetUser: () => browser.send("Storage.clearCookies"),

    /** All tabs but the first window are closed: a test begins with none. */
    async closeAll() {
      await Promise.all([...all].map((tab) => tab.close()));
      gate = undefined;
    },

    /** Fails if a secret of this run is in an error, an event, the console or in the diagnostics of a tab that is open. */
    async assertDiscreet() {
      for (const tab of all) {
        if (tab === gate || tab.hasCrashed) continue;
        const { diagnostics, events } = await tab.run(() => ({
          diagnostics: globalThis.probe?.client?.diagnostics(),
          events: globalThis.probe?.events.map(({ type, error }) => ({ type, error })),
        }));
        said.push(JSON.stringify(diagnostics), JSON.stringify(events));
      }
      const secrets = secretsOf(stage.proxy.history);
      assert.ok(secrets.size > 0, "the run had secrets to look for");
      const leaks = said.filter((words) => words && [...secrets].some((secret) => words.includes(secret)));
      assert.deepEqual(leaks, []);
    },

    async close() {
      await this.closeAll();
      await browser.close();
    },
  };
}
