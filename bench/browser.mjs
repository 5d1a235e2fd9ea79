// Visitors of the pages. Each has a context of its own in the browser: nothing stored, nothing cached, no connection open.

import CDP from "chrome-remote-interface";
import { startBrowser } from "../tests/e2e/support/browser.mjs";

/** Longer than anything takes that ever comes. */
const PATIENCE_MS = 60_000;

/** No tab of the many is slowed down for not being looked at, and none keeps the page that it showed before. */
const FLAGS = ["--disable-features=BackForwardCache", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"];

export async function startVisitors(site) {
  const chromium = await startBrowser({ flags: FLAGS });
  const capabilities = await chromium.driver.getCapabilities();
  const [host, port] = capabilities.get("goog:chromeOptions").debuggerAddress.split(":");
  const address = { host, port: Number(port), local: true };
  const browser = await CDP({ ...address, target: (await CDP.Version(address)).webSocketDebuggerUrl });

  async function newTab(browserContextId) {
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank", browserContextId });
    const cdp = await CDP({ ...address, target: targetId });
    await Promise.all([cdp.send("Page.enable"), cdp.send("Runtime.enable")]);
    await cdp.send("Runtime.addBinding", { name: "report" });

    /** Runs an async function in the page; the ways there and back are JSON text. */
    async function run(code, ...args) {
      const expression = `(async () => JSON.stringify({ value: await (${code})(...${JSON.stringify(args)}) }))()`;
      const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", { expression, awaitPromise: true });
      if (exceptionDetails) throw new Error(`in the page: ${describe(exceptionDetails)}`);
      return JSON.parse(result.value).value;
    }

    return {
      cdp,
      run,
      /** Runs in every page that this tab opens, before its scripts. */
      before: (code, ...args) => cdp.send("Page.addScriptToEvaluateOnNewDocument", { source: `(${code})(...${JSON.stringify(args)})` }),

      /** Opens a page of the site and waits until it is loaded, its scripts too. */
      async open(path) {
        const loaded = within(new Promise((done) => cdp.once("Page.loadEventFired", done)), `${path} to load`);
        await cdp.send("Page.navigate", { url: site.origin + path });
        await loaded;
      },

      /** Opens a page, and gives what it reports. */
      async reported(path) {
        const answer = new Promise((done, fail) => {
          cdp.once("Runtime.bindingCalled", ({ payload }) => done(JSON.parse(payload)));
          cdp.once("Runtime.exceptionThrown", ({ exceptionDetails }) => fail(new Error(`${path}: ${describe(exceptionDetails)}`)));
        });
        await cdp.send("Page.navigate", { url: site.origin + path });
        return within(answer, `${path} to report`);
      },

      /** Bytes of the JavaScript heap when all that is garbage is gone. */
      async heap() {
        await cdp.send("HeapProfiler.collectGarbage");
        await cdp.send("HeapProfiler.collectGarbage");
        return (await cdp.send("Runtime.getHeapUsage")).usedSize;
      },

      close: () => cdp.close(),
    };
  }

  return {
    /** A visitor whose storage holds what `dump` found. `tabs()` opens a tab on the blank page with a copy of it. */
    async visitor(kept) {
      const { browserContextId } = await browser.send("Target.createBrowserContext");
      const tabs = [];
      return {
        async tab() {
          const tab = await newTab(browserContextId);
          tabs.push(tab);
          await tab.open("/blank/");
          if (kept) await tab.run(restore, kept);
          return tab;
        },
        async leave() {
          await Promise.all(tabs.map((tab) => tab.close()));
          await browser.send("Target.disposeBrowserContext", { browserContextId });
        },
      };
    },
    version: async () => (await CDP.Version(address)).Browser,
    async close() {
      await browser.close();
      await chromium.close();
    },
  };
}

/** Runs in a page: all that it has stored. */
export async function dump() {
  const databases = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      indexedDB.open(name).onsuccess = ({ target }) => done(target.result);
    });
    for (const store of database.objectStoreNames) {
      const cursor = database.transaction(store).objectStore(store).openCursor();
      await new Promise((done) => {
        cursor.onsuccess = ({ target: { result } }) => {
          if (!result) return done();
          ((databases[name] ??= {})[store] ??= []).push([result.key, result.value]);
          result.continue();
        };
      });
    }
    database.close();
  }
  return { session: { ...sessionStorage }, local: { ...localStorage }, databases };
}

/** Runs in a page: stores it again, and it alone. */
export async function restore({ session, local, databases }) {
  sessionStorage.clear();
  localStorage.clear();
  Object.assign(sessionStorage, session);
  Object.assign(localStorage, local);
  for (const [name, stores] of Object.entries(databases)) {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => Object.keys(stores).forEach((store) => opening.result.createObjectStore(store));
    const database = await new Promise((done) => {
      opening.onsuccess = () => done(opening.result);
    });
    const transaction = database.transaction(Object.keys(stores), "readwrite");
    for (const [store, entries] of Object.entries(stores)) {
      for (const [key, value] of entries) transaction.objectStore(store).put(value, key);
    }
    await new Promise((done) => {
      transaction.oncomplete = done;
    });
    database.close();
  }
}

function describe({ exception, text }) {
  return exception?.description ?? text;
}

async function within(promise, what) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
