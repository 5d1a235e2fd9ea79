// Chromium's windows, each driven over a connection of its own (Chrome DevTools Protocol), which sees and does more than WebDriver.

import CDP from "chrome-remote-interface";
import { until } from "./until.mjs";

/** `scripts` run in each page before its own. What pages say that anybody may see is put into `said`. */
export async function startCdp(stage, scripts, said) {
  const capabilities = await stage.driver.getCapabilities();
  const [host, port] = capabilities.get("goog:chromeOptions").debuggerAddress.split(":");
  const address = { host, port: Number(port), local: true };
  const browser = await CDP({ ...address, target: (await CDP.Version(address)).webSocketDebuggerUrl });

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

    const loaded = () => new Promise((done) => cdp.once("Page.loadEventFired", done));

    return {
      cdp,
      get hasCrashed() { return crashed; },
      sent: async () => sent,

      async run(code, args) {
        const expression = `(async () => JSON.stringify({ value: await (${code})(...${JSON.stringify(args)}) }))()`;
        const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", { expression, awaitPromise: true, userGesture: true });
        if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
        return JSON.parse(result.value).value;
      },

      async load(url) {
        const done = loaded();
        await cdp.send("Page.navigate", { url });
        await done;
        crashed = false;
      },

      async reload() {
        const done = loaded();
        await cdp.send("Page.reload");
        await done;
        crashed = false;
      },

      /** Waits until `begin` has led to another page. */
      async leave(begin) {
        let isLeft = false;
        loaded().then(() => { isLeft = true; });
        await begin();
        await until(() => isLeft, "another page is there");
      },

      /** Also of a page that is no page of ours, or just being left. */
      address: async () => (await browser.send("Target.getTargetInfo", { targetId })).targetInfo.url,

      async back() {
        const reasons = [];
        const note = ({ notRestoredExplanations }) => reasons.push(...notRestoredExplanations.map(({ reason }) => reason));
        cdp.on("Page.backForwardCacheNotUsed", note);
        let arrive;
        const back = new Promise((navigated) => {
          arrive = ({ frame, type }) => { if (!frame.parentId) navigated(type === "BackForwardCacheRestore"); };
        });
        cdp.on("Page.frameNavigated", arrive);
        const { currentIndex, entries } = await cdp.send("Page.getNavigationHistory");
        await cdp.send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
        const isRestored = await back;
        cdp.off("Page.frameNavigated", arrive);
        cdp.off("Page.backForwardCacheNotUsed", note);
        return { isRestored, reasons };
      },

      press: (key) => cdp.send("Input.dispatchKeyEvent", { type: "keyDown", key }),

      async crash() {
        cdp.send("Page.crash").catch(() => {});
        await until(() => crashed, "the renderer crashes");
      },
      freeze: () => cdp.send("Page.setWebLifecycleState", { state: "frozen" }),
      thaw: () => cdp.send("Page.setWebLifecycleState", { state: "active" }),
      offline: (offline) => cdp.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }),
      process: async () => (await cdp.send("Runtime.getIsolateId")).id,

      async close() {
        await browser.send("Target.closeTarget", { targetId }).catch(() => {});
        await cdp.close().catch(() => {});
      },
    };
  }

  return {
    create: async () => attach((await browser.send("Target.createTarget", { url: "about:blank" })).targetId),

    /** The window that this one's page opens at `path`. */
    async opened(path, opener) {
      await opener.run((path) => void globalThis.open(path), [path]);
      const find = async () => (await CDP.List(address)).find(({ type, url }) => type === "page" && url.endsWith(path));
      const opened = await attach((await until(find, "the window opens")).id);
      await until(() => opened.run(() => document.readyState === "complete", []), "the window loads");
      // Once more: the scripts were added too late for the first time.
      await opened.load(stage.site.origin + "/");
      return opened;
    },

    close: () => browser.close(),
  };
}
