// One client's part of the wasm, until it traps. All clients of a page share one instance: a browser has room for the memories of some
// hundred instances and no more.
import * as contexts from "../src/browser/context.js";
import { RekindleError } from "../src/browser/errors.js";
import { attend } from "../src/browser/news.js";
import { drop, forget, keep, kept, release } from "../src/browser/objects.js";
import { instantiate } from "./instance.js";
// Made by the build: the functions of ../src/browser that the module imports.
import { imports } from "wasm-imports";

// What `run` in js/mod.rs is told, besides 0.
const NEWS = 1;
const CLOSED = 2;
// What `read` in js/mod.rs gives.
const SNAPSHOT = 0;
const RECORD = 1;
const ERROR = 2;
const DIAGNOSTICS = 3;
const FRESH_MS = 4;

/** Every client's part, by which those of one session tell each other of news. */
const cores = new Set();

/** The instance, and how each of its clients ends when it traps. */
let engine;

/**
 * Makes the part of a client with this config and this outside, which are also those of the one that it replaces.
 * `deliver(event)` is called for each event, before the promise that caused it settles; `onTrap()` when it is of no more use.
 */
export const createCore = (module, config, outside, deliver, onTrap) => {
  engine ??= { wasm: instantiate(module, imports), onTraps: new Set() };
  const own = engine;
  const { wasm, onTraps } = own;
  let lastCall = 0;
  let depth = 0;
  let isHandingOut = false;
  let isClosing = false;
  let isDead = false;
  /** What a closed client still answers with. */
  let last;
  /**
   * The access token to hand out without entering the instance, and until when: as long as nobody enters it, nothing has changed.
   * `seen`: when it was last found fresh by both clocks, and its record where it was put. The clock that cannot be set is slow to read, and
   * so is a storage's key: they are asked once a millisecond.
   */
  let fresh;

  /** The one way into the instance: it sees a trap, and hands out what the core has to say. 0 from one that trapped. */
  const enter = (entry, ...numbers) => {
    if (isDead) return 0;
    fresh = undefined;
    let result = 0;
    depth++;
    try {
      result = entry(...numbers);
    } catch (cause) {
      if (engine === own) {
        engine = undefined;
        for (const end of [...onTraps]) end(cause);
        forget();
      }
    }
    depth--;
    handOut();
    return result;
  };

  const handOut = () => {
    // Only from outside: a page's own fetch or storage function may call a method from within.
    if (isHandingOut || depth) return;
    isHandingOut = true;
    for (let item; (item = context.outbox.shift()); ) {
      if (item.what === contexts.EVENT) tell(item);
      else settle(item);
    }
    isHandingOut = false;
    if (isClosing && context.operations.size === 0) {
      isClosing = false;
      last = { refreshToken: refreshToken(), snapshot: snapshot(), diagnostics: diagnostics() };
      if (!isDead) giveBack();
    }
  };

  /** The other clients of this page with this session: the same issuer, client id and name, in the same storage. */
  const others = () =>
    [...cores].filter(
      (other) => other !== self && other.storage !== "memory" && other.storage === self.storage && other.identity === self.identity,
    );

  const tell = (event) => {
    deliver(event);
    for (const other of others()) other.lookAgain();
  };

  const settle = ({ call, isError, value }) => {
    const open = context.calls.get(call);
    context.calls.delete(call);
    if (isError) open?.reject(new RekindleError(value));
    else if (open) open.resolve((open.value = value));
  };

  const trapped = (cause) => {
    isDead = true;
    onTraps.delete(trapped);
    cores.delete(self);
    onTrap();
    attend(id, 0);
    for (const stop of context.operations.values()) stop?.();
    context.operations.clear();
    for (const { reject } of context.calls.values()) {
      reject(new RekindleError({ code: "crashed", retryable: true, cause }));
    }
    context.calls.clear();
    drop(id);
  };

  const snapshot = () => last?.snapshot ?? release(enter(wasm.instance_read, pointer, SNAPSHOT));
  const refreshToken = () =>
    last ? last.refreshToken : (release(enter(wasm.instance_read, pointer, RECORD))?.refresh_token ?? null);
  const diagnostics = () => last?.diagnostics ?? release(enter(wasm.instance_read, pointer, DIAGNOSTICS));

  const storedKeys = () => context.slots[0].storage?.size();
  /** Whether the record is where it was put, as far as can be told without a look at it. */
  const isThere = () => {
    const { key, storage } = context.slots[0];
    return !storage || storage.has(key);
  };

  const giveBack = () => {
    onTraps.delete(trapped);
    cores.delete(self);
    enter(wasm.instance_close, pointer);
    if (!isDead) drop(id);
    isDead = true;
  };

  const self = {
    identity: contexts.identityOf(config),
    storage: outside.storage,
    lookAgain: () => void enter(wasm.instance_run, pointer, NEWS),

    /** Begins a call: `{ promise, reject, isCallback }`, and the `value` when it is there. */
    call(verb, options) {
      const call = { id: ++lastCall };
      call.promise = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
      context.calls.set(call.id, call);
      enter(wasm.instance_call, pointer, verb, call.id, keep(options));
      return call;
    },

    /** The access token, where nothing has changed since it was remembered and it is fresh by both clocks. */
    freshToken() {
      if (!fresh || storedKeys() !== fresh.keys) return undefined;
      const now = Date.now();
      if (now !== fresh.seen) {
        const wall = now - fresh.wall;
        if (!(wall >= 0 && wall < fresh.ms && performance.now() - fresh.mono < fresh.ms && isThere())) return undefined;
        fresh.seen = now;
      }
      return fresh.accessToken;
    },
    remember(accessToken) {
      if (snapshot()?.tokens?.accessToken !== accessToken) return;
      const ms = enter(wasm.instance_read, pointer, FRESH_MS);
      fresh = { accessToken, ms, wall: Date.now(), mono: performance.now(), keys: storedKeys() };
    },

    /** The same call for the other clients, whose answer is nobody's: they may have no session yet, and one in the making. */
    callOthers(verb, options) {
      for (const other of others()) other.call(verb, { ...options }).promise.catch(() => {});
    },

    /** Ends a call; what it shares with others goes on. */
    abort(call) {
      call.isAborted = true;
      enter(wasm.instance_run, pointer, 0);
    },

    /** Ends what goes on by itself, and gives everything back as soon as nothing is under way. */
    close() {
      isClosing = !last;
      enter(wasm.instance_run, pointer, CLOSED);
    },

    snapshot,
    refreshToken,
    diagnostics,
  };
  const id = contexts.open(config, () => void enter(wasm.instance_run, pointer, 0), outside);
  const context = kept(id);
  onTraps.add(trapped);
  const pointer = enter(wasm.instance_new, id, keep(config));
  const error = release(enter(wasm.instance_read, pointer, ERROR));
  if (error) giveBack();
  if (error || isDead) throw new RekindleError(error ?? { code: "crashed", retryable: true });

  cores.add(self);
  return self;
};
