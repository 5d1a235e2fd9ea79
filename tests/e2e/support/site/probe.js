// What the tests call in the page. It loads the package as a plain page does and does nothing by itself.

import * as sdk from "/rekindle/index.js";

const OURS = "rekindle:";

/** What `probe.client` has told. */
const events = [];

globalThis.probe = {
  ...sdk,
  events,

  /** Makes `probe.client`, in the place of the one before, and writes down its events. */
  async start(config) {
    probe.client?.close();
    const client = await sdk.createClient(config);
    client.subscribe(({ type, snapshot, error }) => events.push({ type, snapshot, error: fields(error) }));
    probe.client = client;
    return state();
  },

  /** A whole case in one call: a client with these tokens, one call, and what was held and stored before and after. */
  async trial({ config, tokens, method = "refresh", args = [] }) {
    probe.wipe();
    await probe.start(config);
    await probe.client.setTokens(tokens);
    events.length = 0;
    const before = state();
    const startedAt = Date.now();
    const outcome = await settle(() => probe.client[method](...args));
    const endedAt = Date.now();
    const after = state();
    const printed = [String(probe.client), JSON.stringify(probe.client)].join();
    const told = events.splice(0);
    probe.client.close();
    // What the next page load would find in the storage.
    const reloaded = await probe.start(config);
    probe.client.close();
    probe.wipe();
    return { ...outcome, before, after, reloaded, events: told, startedAt, endedAt, printed };
  },

  state,
  settle,
  fields,

  /** Removes what the package keeps in this page's storage. */
  wipe() {
    for (const storage of [sessionStorage, localStorage]) {
      for (const key of ourKeys(storage)) storage.removeItem(key);
    }
  },
};

/** What the client holds, and every key of ours in the page's two storages. */
function state() {
  const snapshot = probe.client.getSnapshot();
  return {
    ...snapshot,
    error: fields(snapshot.error),
    refreshToken: probe.client.getRefreshToken(),
    stored: { session: dump("sessionStorage"), local: dump("localStorage") },
  };
}

/** `null` where the page may not touch its storage at all. */
function dump(name) {
  let storage;
  try {
    storage = globalThis[name];
  } catch {
    return null;
  }
  return Object.fromEntries(ourKeys(storage).map((key) => [key, storage.getItem(key)]));
}

function ourKeys(storage) {
  return Object.keys(storage).filter((key) => key.startsWith(OURS));
}

async function settle(call) {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: fields(error) };
  }
}

/** Everything that an error says, as a plain object; `own` tells a RekindleError from a stray one. */
function fields(error) {
  if (!error) return error;
  const { name, message, stack, cause } = error;
  return { ...error, name, message, stack, cause: cause && String(cause), text: String(error), own: error instanceof sdk.RekindleError };
}
