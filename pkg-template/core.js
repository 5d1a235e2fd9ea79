// An instance of the wasm with its context: what a client talks to, until it traps.
import * as contexts from "../src/browser/context.js";
import { RekindleError } from "../src/browser/errors.js";
import { keep, kept, release } from "../src/browser/objects.js";
// Made by the build: the functions of ../src/browser that the module imports.
import { imports } from "wasm-imports";

/**
 * Makes an instance for a config. `slots`: the storage of the instance that it replaces.
 * `deliver(event)` is called for each event, before the promise that caused it settles; `onTrap()` when the instance is of no more use.
 */
export const createCore = (module, config, slots, deliver, onTrap) => {
  const wasm = new WebAssembly.Instance(module, imports).exports;
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
