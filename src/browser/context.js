// One client's outside: where it stores, how it fetches, whom it answers. Everything that must outlive a failed instance is here.
import { drop, keep, kept, release } from "./objects.js";

/** What an item of the outbox is: the core's answers and events, in its order. */
export const SETTLED = 0;
export const EVENT = 1;

const memory = () => {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    size: () => 0,
    has: () => true,
  };
};

// Reading `window.sessionStorage` throws where cookies are blocked. The functions are taken now: what patches them later sees no token.
const taken = (read) => {
  try {
    const storage = read();
    const { getItem, setItem, removeItem } = storage;
    return {
      getItem: getItem.bind(storage),
      setItem: setItem.bind(storage),
      removeItem: removeItem.bind(storage),
      // How many keys there are shows that somebody cleared it; whether one of them is ours takes twice as long to say. An app's own
      // storage need not say: then every look is at the record.
      size: () => {
        try {
          return storage.length ?? NaN;
        } catch {
          return NaN;
        }
      },
      has: (key) => globalThis.Storage && storage instanceof Storage && key in storage,
    };
  } catch {
    return undefined;
  }
};

const chosen = (storage) => {
  switch (storage) {
    case "session":
      return taken(() => sessionStorage);
    case "local":
      return taken(() => localStorage);
    case "memory":
      return memory();
    default:
      return taken(() => storage);
  }
};

/** What the page's own storage refused to keep, for all clients of this page load. */
const unsaved = new Map();
const place = (key, storage, of) => {
  const isShared = of === "session" || of === "local";
  if (isShared && !unsaved.has(of + key)) unsaved.set(of + key, {});
  return { key, storage, unsaved: isShared ? unsaved.get(of + key) : {} };
};

/** The config need not be checked yet. */
const textOf = (value) => (typeof value === "string" ? value : "");
/** What keeps two clients apart in storage, locks and channels. */
export const identityOf = ({ issuer, clientId, name = "" }) =>
  [textOf(issuer).replace(/\/$/, ""), textOf(clientId), textOf(name)].map((part) => part.replace(/[%|]/g, encodeURIComponent)).join("|");

/** What must outlive a context, taken when it is called: the page's functions as they are now, and what was written down. */
export const outsideOf = (config) => {
  const hasPage = typeof document === "object";
  const session = hasPage ? taken(() => sessionStorage) : undefined;
  const identity = identityOf(config);
  // Without a page each client is somebody else's.
  const [storage, others] = hasPage ? [config.storage ?? "session", "session"] : ["memory", "memory"];
  return {
    fetch: config.fetch ?? globalThis.fetch,
    storage,
    // In the order of `Slot` in platform.rs.
    slots: [
      place(`rekindle:session:${identity}`, chosen(storage), storage),
      place(`rekindle:sign-ins:${identity}`, session, others),
      place(`rekindle:metadata:${identity}`, session, others),
      place(`rekindle:tombstones:${identity}`, hasPage ? taken(() => localStorage) : undefined, others),
      place(`rekindle:keys:${identity}`, session, others),
    ],
    log: { exchanges: [], warnings: [] },
  };
};

/**
 * Opens a context for a config that need not be checked yet.
 * `resume()` is called when an operation has ended or something was heard.
 */
export const open = (config, resume, { fetch, storage, slots, log } = outsideOf(config)) => {
  const hasPage = typeof document === "object";
  return keep({
    resume,
    fetch,
    storage,
    slots,
    log,
    hasPage,
    isLasting: storage !== "memory",
    /** The channel's name, and with what all its locks' names begin. */
    name: `rekindle:${identityOf(config)}`,
    /** How to stop listening, by the bits of `attention` in platform.rs. */
    attention: [],
    /** What was heard, and the operation that waits for it. */
    inbox: [],
    news: 0,
    // How to stop each operation under way, and the results that the core has not taken yet.
    operations: new Map(),
    results: new Map(),
    calls: new Map(),
    outbox: [],
  });
};

/**
 * Ends an operation, unless it was cancelled, with an object, a failure's object, or nothing. It can no longer be stopped then;
 * `stop` is for what goes on after its end, as a lock does.
 */
export const finish = (context, operation, result, isFailure, stop = () => {}) => {
  if (!context.operations.has(operation)) return;
  context.operations.set(operation, stop);
  const id = result ? keep(result) : 0;
  context.results.set(operation, isFailure ? -id : id);
  context.resume();
};

/** Something is heard. It stays in the inbox until it is taken, so nothing is lost where no operation waits, or one is given up. */
export const hear = (context, event, message) => {
  context.inbox.push({ event, message });
  context.resume();
};

const GOES_ON = -(2 ** 31);
/** An operation's result: a handle that the core takes over, a failure's as a negative number, or 0. */
export const take = (id, operation) => {
  const { results, inbox, news } = kept(id);
  if (operation === news && inbox.length) return keep(inbox.shift());
  const result = results.get(operation) ?? GOES_ON;
  results.delete(operation);
  return result;
};
export const cancel = (id, operation) => {
  const { operations, results } = kept(id);
  const stop = operations.get(operation);
  operations.delete(operation);
  stop?.();
  const untaken = results.get(operation);
  results.delete(operation);
  if (untaken) drop(Math.abs(untaken));
};
/** Neither what is nobody's but this page's lasts, nor what storage had no room for. */
export const is_lasting = (id) => {
  const { isLasting, slots } = kept(id);
  return +(isLasting && slots[0].unsaved.text === undefined);
};
export const log = (id) => keep(kept(id).log);

export const settle = (id, call, isError, object) =>
  void kept(id).outbox.push({ what: SETTLED, call, isError, value: object ? release(object) : null });
export const emit = (id, event, snapshot, about) =>
  void kept(id).outbox.push({ what: EVENT, event, snapshot: kept(snapshot), about: about && kept(about) });
export const is_aborted = (id, call) => +!!kept(id).calls.get(call).isAborted;
export const claim = (id, call) => {
  kept(id).calls.get(call).isCallback = true;
};
