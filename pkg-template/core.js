// An instance of the wasm with its context: what a client talks to, until it traps.
import * as contexts from "../src/browser/context.js";
import { RekindleError } from "../src/browser/errors.js";
import { keep, kept, release } from "../src/browser/objects.js";
import { WORDS } from "../src/browser/words.js";
// Made by the build: the functions of ../src/browser that the module imports.
import { imports } from "wasm-imports";

// How a call is settled, in the order of context.js.
const [NOTHING, NULL, OBJECT, MEMBER] = [0, 1, 2, 3];

/**
 * Makes an instance for a config. `slots`: the storage of the instance that it replaces.
 * `deliver(event)` is called for each event, before the promise that caused it settles; `onTrap()` when the instance is of no more use.
 */
export const createCore = (module, config, slots, deliver, onTrap) => {
  const wasm = new WebAssembly.Instance(module, imports).exports;
  let lastCall = 0;
  let isHandingOut = false;

  const resume = (operation, result) => enter(wasm.instance_resume, operation, result);
  const id = contexts.open(config, resume, slots);
  const context = kept(id);
  const pointer = wasm.instance_new(id);

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

  const settle = ({ call, how, value, key }) => {
    const { resolve, reject } = context.calls.get(call);
    context.calls.delete(call);
    if (how === NOTHING) resolve();
    else if (how === NULL) resolve(null);
    else if (how === OBJECT) resolve(value);
    else if (how === MEMBER) resolve(value[WORDS[key]]);
    else reject(new RekindleError(value));
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

  const error = enter(wasm.instance_create, keep(config));
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
    abort: (call) => void enter(wasm.instance_abort, call.id),

    snapshot: () => release(enter(wasm.instance_snapshot)),

    refreshToken() {
      const record = enter(wasm.instance_record);
      return (record && release(record).refresh_token) || null;
    },
  };
};
