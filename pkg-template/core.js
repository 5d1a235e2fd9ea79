// An instance of the wasm with its context: what a client talks to, until it traps.
import * as clock from "../src/browser/clock.js";
import * as contexts from "../src/browser/context.js";
import * as fetching from "../src/browser/fetch.js";
import * as locks from "../src/browser/locks.js";
import * as objects from "../src/browser/objects.js";
import * as page from "../src/browser/page.js";
import * as storage from "../src/browser/storage.js";
import { RekindleError } from "../src/browser/errors.js";

const { keep, kept, release } = objects;
const host = { ...clock, ...contexts, ...fetching, ...locks, ...objects, ...page, ...storage };

const instantiate = (module) => {
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    // What wasm-bindgen imports for itself converts texts and objects: numbers never call it.
    (imports[from] ??= {})[name] = host[name] ?? (() => {});
  }
  return new WebAssembly.Instance(module, imports).exports;
};

/**
 * Makes an instance for a config. `slots`: the storage of the instance that it replaces.
 * `deliver(event)` is called for each event, before the promise that caused it settles; `onTrap()` when the instance is of no more use.
 */
export const createCore = (module, config, slots, deliver, onTrap) => {
  const wasm = instantiate(module);
  let lastCall = 0;
  let isHandingOut = false;

  const id = contexts.open(config, () => void enter(wasm.instance_run), slots);
  const context = kept(id);
  const pointer = wasm.instance_new(id, keep(config));

  /** The one way into the instance: it sees a trap, and hands out what the core has to say. */
  const enter = (entry, ...numbers) => {
    let result;
    try {
      result = entry(pointer, ...numbers);
    } catch (cause) {
      trapped(cause);
      return 0;
    }
    if (!isHandingOut) handOut();
    return result;
  };

  const handOut = () => {
    isHandingOut = true;
    for (let item; (item = context.outbox.shift()); ) {
      if (item.what === contexts.EVENT) deliver(item);
      else settle(item);
    }
    isHandingOut = false;
  };

  const settle = ({ call, isError, value }) => {
    const { resolve, reject } = context.calls.get(call);
    context.calls.delete(call);
    if (isError) reject(new RekindleError(value));
    else resolve(value);
  };

  const trapped = (cause) => {
    onTrap();
    for (const stop of context.operations.values()) stop();
    context.operations.clear();
    for (const { reject } of context.calls.values()) {
      reject(new RekindleError({ code: "crashed", retryable: true, cause }));
    }
    context.calls.clear();
  };

  const error = enter(wasm.instance_error);
  if (error) throw new RekindleError(release(error));

  return {
    slots: context.slots,

    /** Begins a call: `{ id, promise, isCallback }`. */
    call(verb, options) {
      const call = { id: ++lastCall };
      call.promise = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
      context.calls.set(call.id, call);
      enter(wasm.instance_call, verb, call.id, keep(options));
      return call;
    },

    /** Ends a call; what it shares with others goes on. */
    abort(call) {
      call.isAborted = true;
      enter(wasm.instance_run);
    },

    snapshot: () => release(enter(wasm.instance_snapshot)),

    refreshToken() {
      const record = enter(wasm.instance_record);
      return (record && release(record).refresh_token) || null;
    },
  };
};
