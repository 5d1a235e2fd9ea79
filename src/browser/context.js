// One client's outside: where it stores, how it fetches, whom it answers. Everything that must outlive a failed instance is here.
import { keep, kept, release } from "./objects.js";

/** The context's answers and events, in the order in which the core gave them; the shell hands them out. */
export const SETTLED = 0;
export const EVENT = 1;

const memory = () => {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
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
    };
  } catch {
    return undefined;
  }
};

const chosen = (storage = "session") => {
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

/** What keeps two clients apart in storage and locks. */
export const identityOf = ({ issuer, clientId, name = "" }) =>
  [String(issuer).replace(/\/$/, ""), clientId, name].map((part) => encodeURIComponent(String(part))).join(":");

/**
 * Opens a context for a config that need not be checked yet.
 * `resume(operation, result)` is called from a task of its own when an operation ends. `slots`: those of a context that this one replaces.
 */
export const open = (config, resume, slots) => {
  const hasPage = typeof document === "object";
  const session = hasPage ? taken(() => sessionStorage) : undefined;
  const identity = identityOf(config);
  return keep({
    resume,
    hasPage,
    fetch: config.fetch ?? globalThis.fetch,
    isLasting: hasPage && config.storage !== "memory",
    // In the order of `Slot` in platform.rs.
    slots: slots ?? [
      { key: `rekindle:session:${identity}`, storage: hasPage ? chosen(config.storage) : memory() },
      { key: `rekindle:sign-ins:${identity}`, storage: session },
      { key: `rekindle:metadata:${identity}`, storage: session },
    ],
    lock: `rekindle:${identity}`,
    operations: new Map(),
    calls: new Map(),
    outbox: [],
  });
};

/** Ends an operation, unless it was cancelled. The core takes the object over; a failure is told by a negative handle. */
export const finish = (context, operation, result, isFailure) => {
  if (context.operations.delete(operation)) {
    const id = result ? keep(result) : 0;
    context.resume(operation, isFailure ? -id : id);
  }
};

export const cancel = (id, operation) => {
  const { operations } = kept(id);
  const stop = operations.get(operation);
  operations.delete(operation);
  stop?.();
};
export const is_lasting = (id) => +kept(id).isLasting;
export const has_page = (id) => +kept(id).hasPage;

// An answer: 0 nothing, 1 null, 2 the object, 3 its member, 4 an error.
export const settle = (id, call, how, object, key) =>
  void kept(id).outbox.push({ what: SETTLED, call, how, value: object && release(object), key });
export const emit = (id, event, snapshot, about) =>
  void kept(id).outbox.push({ what: EVENT, event, snapshot: kept(snapshot), about: about && kept(about) });
export const claim = (id, call) => {
  kept(id).calls.get(call).isCallback = true;
};
