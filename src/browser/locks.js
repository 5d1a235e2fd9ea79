// The Web Locks API.
import { kept } from "./objects.js";
import { finish } from "./context.js";

/** Whether there are other tabs at all: a page without an origin (a sandboxed frame) is alone. */
const hasOrigin = ({ hasPage }) => hasPage && globalThis.origin !== "null";
/** Missing in old browsers and on plain http. */
const locksOf = (context) => (hasOrigin(context) && globalThis.navigator?.locks) || undefined;

/** The last in the queue of each name, for pages without the API. */
const queues = new Map();
const enqueue = (name, granted) => {
  const turn = (queues.get(name) ?? Promise.resolve()).then(granted);
  queues.set(name, turn);
  turn.then(() => queues.get(name) === turn && queues.delete(name));
};

/** The operation stays until it is cancelled, which lets go or withdraws. `otherwise`: what is done without the API. */
const request = (id, operation, name, mode, otherwise) => {
  const context = kept(id);
  const controller = new AbortController();
  let isGranted = false;
  context.operations.set(operation, () => controller.abort());
  const granted = () =>
    new Promise((resolve) => {
      isGranted = true;
      if (context.operations.has(operation)) finish(context, operation, undefined, false, resolve);
      // It was withdrawn too late for the lock manager.
      else resolve();
    });
  const requested =
    locksOf(context)?.request(name, { mode, signal: controller.signal }, granted) ?? Promise.reject();
  // Withdrawn, or refused.
  requested.catch(() => isGranted || otherwise(name, granted));
};

const nameOf = (id, record) => `${kept(id).name}|${kept(record).family}`;

export const lock = (id, operation, record) => request(id, operation, nameOf(id, record), "exclusive", enqueue);
export const presence = (id, operation, record) => {
  const name = `${nameOf(id, record)}|${kept(record).generation}`;
  request(id, operation, name, "shared", (name, granted) => granted());
};

const seen = ({ held }, prefix, family) => {
  const present = held
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, clientId }) => [clientId, ...name.slice(prefix.length).split("|")])
    // Who has no generation has a refresh lock.
    .filter(([, of, generation]) => generation && (family === undefined || of === family));
  return {
    generation: Math.max(0, ...present.map(([, , generation]) => +generation)),
    tabs: new Set(present.map(([clientId]) => clientId)).size,
  };
};
export const who = (id, operation, record) => {
  const context = kept(id);
  const family = record ? kept(record).family : undefined;
  context.operations.set(operation);
  (locksOf(context)?.query() ?? Promise.reject()).then(
    (locks) => finish(context, operation, seen(locks, context.name + "|", family)),
    () => finish(context, operation),
  );
};

// In the order of `Coordination` in platform.rs.
export const coordination = (id) => {
  const context = kept(id);
  if (!hasOrigin(context) || typeof BroadcastChannel !== "function") return 2;
  return locksOf(context) ? 0 : 1;
};
