// The Web Locks API.
import { kept } from "./objects.js";
import { finish } from "./context.js";

/** The last in the queue of each name, for pages without the API: plain http, old browsers. */
const queues = new Map();
const enqueue = (name, granted) => {
  const turn = (queues.get(name) ?? Promise.resolve()).then(granted);
  queues.set(name, turn);
  return turn;
};

/** The operation stays until it is cancelled, which lets go or withdraws. */
export const lock = (id, operation) => {
  const context = kept(id);
  const controller = new AbortController();
  context.operations.set(operation, () => controller.abort());
  const granted = () =>
    new Promise((resolve) => {
      if (context.operations.has(operation)) finish(context, operation, undefined, false, resolve);
      else resolve();
    });
  const locks = context.hasPage && globalThis.navigator?.locks;
  const request = locks
    ? locks.request(context.lock, { signal: controller.signal }, granted)
    : enqueue(context.lock, granted);
  // Withdrawn, or refused in a frame without an origin: then the operation ends all the same.
  request.catch(() => finish(context, operation));
};
