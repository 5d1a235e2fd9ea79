// Where a secret could turn up in a tab, and whether one is there.

/** Follows what a tab says and sends from now on; `look` reads what is in its page and its browser. */
export async function startSweep(tab) {
  const said = [];
  const sent = [];
  const note = (place) => (details) => said.push([place, JSON.stringify(details)]);
  tab.cdp.on("Runtime.consoleAPICalled", async ({ args, ...details }) => {
    note("console")([args, details]);
    // A preview shows what is near the top.
    for (const { objectId } of args.filter((arg) => arg.objectId)) {
      const functionDeclaration = "function () { return [JSON.stringify(this), this.message, this.stack].join(); }";
      const deep = tab.cdp.send("Runtime.callFunctionOn", { objectId, functionDeclaration });
      said.push(["console", (await deep.catch(() => undefined))?.result.value]);
    }
  });
  tab.cdp.on("Log.entryAdded", note("browser log"));
  tab.cdp.on("Runtime.exceptionThrown", note("uncaught error"));
  tab.cdp.on("Network.requestWillBeSent", ({ request: { method, url, headers, postData } }) => sent.push({ method, url, headers, body: postData ?? "" }));
  await tab.cdp.send("Log.enable");

  return {
    /** Every request of the tab, with its headers as far as the page had them. */
    sent,
    /** Adds what the package told this test: an error, an event. */
    hear: (place, text) => said.push([place, text]),
    said: () => said,
    addresses: () => sent.flatMap(({ url, headers: { Referer: referrer } }) => [
      [`address ${pathOf(url)}`, url],
      ...(referrer && new URL(referrer).origin !== new URL(url).origin ? [["referrer", referrer]] : []),
    ]),
    /** What is in the page and in its browser now, as `[place, text]`. */
    async look() {
      const { cookies } = await tab.cdp.send("Network.getCookies");
      return [...(await tab.run(readPage)), ["cookies", JSON.stringify(cookies)], ["address now", await tab.address()]];
    },
  };
}

const pathOf = (url) => (url.startsWith("http") ? new URL(url).pathname : url.slice(0, 20));

/** The places in which one of these secrets is, or the beginning or end of one, each with the kind of the secret. */
export function leaks(places, kinds, isAllowed = () => false) {
  const found = new Set();
  const parts = [...kinds].map(([secret, kind]) => {
    const last = secret.split(".").at(-1);
    return [kind, [last.slice(0, 16), last.slice(-16)], secret];
  });
  for (const [place, text = ""] of places) {
    for (const [kind, ends, secret] of parts) {
      if (ends.some((end) => text.includes(end)) && !isAllowed(place, kind, secret)) found.add(`${place}: ${kind}`);
    }
  }
  return [...found].sort();
}

/** Runs in the page: everything in it that outlives a call, but for what this test itself keeps there. */
async function readPage() {
  const places = [];
  const seen = new Set();
  const text = (value) => JSON.stringify(value, (_, member) => {
    if (typeof member !== "object" || member === null) return typeof member === "function" ? String(member) : member;
    if (seen.has(member)) return "again";
    seen.add(member);
    return member instanceof Map || member instanceof Set ? [...member] : member;
  });
  for (const [name, storage] of [["sessionStorage", sessionStorage], ["localStorage", localStorage]]) {
    for (const [key, value] of Object.entries(storage)) {
      places.push([`${name} ${key.startsWith("rekindle:") ? key.split(":")[1] : key}`, key + value]);
    }
  }
  const ask = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: () => failed(request.error) }));
  for (const { name } of await indexedDB.databases()) {
    const database = await ask(indexedDB.open(name));
    places.push(["IndexedDB", name]);
    for (const store of database.objectStoreNames) {
      places.push(["IndexedDB", text(await ask(database.transaction(store).objectStore(store).getAll()))]);
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) places.push(["Cache", name + request.url + (await (await cache.match(request)).text())]);
  }
  const { held, pending } = await navigator.locks.query();
  const bare = document.body.appendChild(document.createElement("iframe"));
  const usual = new Set(Object.getOwnPropertyNames(bare.contentWindow));
  bare.remove();
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!usual.has(name) && name !== "probe") places.push([`global ${name}`, text(globalThis[name])]);
  }
  places.push(
    ["window.name", window.name],
    ["document.cookie", document.cookie],
    ["history.state", text(history.state)],
    ["DOM", document.documentElement.outerHTML],
    ["locks", text([held, pending])],
  );
  const { client } = globalThis.probe ?? {};
  if (client) {
    const members = Reflect.ownKeys(client).map((key) => [String(key), String(client[key])]);
    const { tokens: _, ...snapshot } = client.getSnapshot();
    places.push(
      ["client", [String(client), Object.prototype.toString.call(client), JSON.stringify(client), text(members)].join()],
      ["snapshot", text(snapshot)],
      ["diagnostics", text(client.diagnostics())],
    );
  }
  return places;
}
