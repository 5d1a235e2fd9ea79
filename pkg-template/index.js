// The package's face: `createClient`, and a client whose methods hide the wasm behind them.
import { identityOf, outsideOf } from "../src/browser/context.js";
import { RekindleError } from "../src/browser/errors.js";
import { parts } from "../src/browser/objects.js";
import { clear } from "../src/browser/storage.js";
import { authorizedFetch } from "../src/browser/authorized_fetch.js";
import { createCore } from "./core.js";
import { version } from "./package.json";
import { compileOnce } from "./wasm.js";

export { RekindleError };

// In the order of `Verb` in js/mod.rs, and of `Event` in platform.rs.
const REFRESH = 0;
const GET_ACCESS_TOKEN = 1;
const INTROSPECT = 2;
const SET_TOKENS = 3;
const SIGN_IN = 4;
const HANDLE_REDIRECT = 5;
const SIGN_OUT = 6;
const TAKE_OVER = 7;
const REVOKE = 8;
const USER_INFO = 9;
const SIGN_IN_WITH_POPUP = 10;
const EVENTS = ["signed-in", "renewed", "renew-failed", "expired", "signed-out", "session-lost"];

/** Who traps again so soon will do so once more: it renews nothing by itself from then on. */
const TRAP_AGAIN_MS = 10_000;

/** The callback of this page load, by client identity: a page that is mounted twice handles it once. */
const callbacks = new Map();

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const mustBe = (field, problem) => new RekindleError({ code: "invalid_config", field, problem });

/** A copy of the app's own members: what a script put on Object.prototype is none. */
const copyOf = (field, object) => {
  try {
    return { __proto__: null, ...object };
  } catch (cause) {
    throw new RekindleError({ code: "invalid_config", field, problem: "cannot be read", cause });
  }
};

export const createClient = async (config) => {
  if (!isObject(config)) throw mustBe("config", "must be an object");
  // While the module compiles, the page goes on.
  const own = copyOf("config", config);
  for (const [name, value] of Object.entries(own)) {
    if (Array.isArray(value)) own[name] = [...value];
    else if (name === "endpoints" && isObject(value)) own[name] = copyOf(name, value);
  }
  const outside = outsideOf(own);
  return openClient(await compileOnce(), own, outside);
};

const openClient = async (module, config, outside) => {
  const listeners = new Set();
  const closers = new Set();
  const identity = identityOf(config);
  let isClosed = false;
  let isMade = false;
  let core;
  let restarts = 0;
  let trappedAt = -Infinity;
  let rebuilding;
  /** The last ones given: an app that renders them is never without. */
  let snapshot;
  let diagnostics;

  const deliver = (item) => {
    snapshot = item.snapshot;
    const told = { type: EVENTS[item.event], snapshot };
    if (item.about) told.error = new RekindleError(item.about);
    Object.freeze(told);
    for (const listener of [...listeners]) {
      // One before it may have ended this one, or closed the client.
      if (!listeners.has(listener)) continue;
      try {
        listener(told);
      } catch (error) {
        // The listener's own fault: it is the page's to hear of, and no other listener's.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
  const current = () => {
    core ??= createCore(module, config, outside, deliver, replace);
    isMade = true;
    return core;
  };
  const replace = () => {
    core = undefined;
    restarts++;
    const isAgain = performance.now() - trappedAt < TRAP_AGAIN_MS;
    trappedAt = performance.now();
    if (isAgain) config.autoRenew = false;
    // The next call would do it too; but what renews, and listens to other tabs, lives in the instance. One that could not even be
    // made is nobody's.
    clearTimeout(rebuilding);
    if (isMade && !isClosed) rebuilding = setTimeout(() => asked(() => true), isAgain ? TRAP_AGAIN_MS : 0);
  };
  snapshot = current().snapshot();
  diagnostics = current().diagnostics();

  /** What may not fail is asked of a fresh instance where the first one traps. */
  const asked = (ask) => {
    if (isClosed && !core) return undefined;
    try {
      return ask(current()) ?? ask(current());
    } catch {
      return undefined;
    }
  };

  const getSnapshot = () => {
    snapshot = asked((core) => core.snapshot()) ?? snapshot;
    return snapshot;
  };

  const closed = () => new RekindleError({ code: "closed" });

  /** Has `close()` call `onClose` while the promise is open. */
  const untilEnd = (promise, onClose, onEnd) => {
    const end = () => {
      closers.delete(onClose);
      onEnd?.();
    };
    closers.add(onClose);
    promise.then(end, end);
  };

  /** Begins a call, which the caller's signal or `close()` may end. What is known at once is its `value`. */
  const begin = (verb, options = {}) => {
    if (isClosed) throw closed();
    if (!isObject(options)) throw mustBe("options", "must be an object");
    const own = copyOf("options", options);
    const { signal } = own;
    if (signal !== undefined && typeof signal?.addEventListener !== "function") {
      throw mustBe("signal", "must be an AbortSignal");
    }
    const aborted = () => new RekindleError({ code: "aborted", retryable: true, cause: signal.reason });
    if (signal?.aborted) throw aborted();

    const owner = current();
    const call = owner.call(verb, own);
    const end = (error) => {
      call.reject(error);
      owner.abort(call);
    };
    const onAbort = () => end(aborted());
    signal?.addEventListener("abort", onAbort);
    untilEnd(call.promise, () => end(closed()), () => signal?.removeEventListener("abort", onAbort));
    return call;
  };
  const run = async (verb, options) => begin(verb, options).promise;

  /** What an API may be sent in the place of tokens that it refused. */
  const renew = async (sent, signal) => {
    const held = getSnapshot().tokens;
    // Another user's by now, who did not ask for this.
    if (held && held.claims?.sub !== sent.claims?.sub) return undefined;
    const isNewer = held && held.accessToken !== sent.accessToken;
    try {
      return await run(isNewer ? GET_ACCESS_TOKEN : REFRESH, { signal });
    } catch (error) {
      if (error.sessionLost || signal?.aborted) throw error;
      return undefined;
    }
  };

  const origins = [...(config.allowedOrigins ?? [globalThis.origin])];
  const fetchAuthorized = authorizedFetch(outside.fetch, origins, (signal) => begin(GET_ACCESS_TOKEN, { signal }), renew);

  const close = () => {
    isClosed = true;
    listeners.clear();
    clearTimeout(rebuilding);
    for (const end of [...closers]) end();
    core?.close();
  };

  // Where nobody has a session to share there is none: that is no failure.
  if (config.shareSession === true) await run(TAKE_OVER).catch(() => {});
  return {
    refresh: (options) => run(REFRESH, options),
    async getAccessToken(options) {
      const known = options === undefined && !isClosed && core?.freshToken();
      if (known) return known;
      const { accessToken } = await run(GET_ACCESS_TOKEN, options);
      if (options === undefined) core?.remember(accessToken);
      return accessToken;
    },
    introspect: (options) => run(INTROSPECT, typeof options === "string" ? { token: options } : options),
    setTokens: (response, options) => run(SET_TOKENS, { response, options }),
    userInfo: (options) => run(USER_INFO, options),
    revoke: async (options) => void (await run(REVOKE, options)),
    signIn: (options) => run(SIGN_IN, options),
    signInWithPopup: (options) => run(SIGN_IN_WITH_POPUP, options),
    // The local part is done before its options are looked at, and no signal is in its way.
    signOut: async (options) => {
      let own = { local: true };
      let flaw;
      try {
        own = { ...copyOf("options", options), signal: undefined };
      } catch (error) {
        flaw = error;
      }
      const ended = run(SIGN_OUT, own);
      // After this one, which has what is to be revoked.
      if (!isClosed) core?.callOthers(SIGN_OUT, { local: true, revoke: false });
      try {
        await ended;
      } catch (error) {
        // No instance is there to do the local part.
        if (!core && !isClosed) clear(outside.slots[0]);
        throw error;
      }
      if (flaw) throw flaw;
    },

    handleRedirect(url) {
      if (isClosed) return Promise.reject(closed());
      const page = globalThis.location?.href;
      const href = parts(url ?? page, page)?.href.replace(/#.*/, "");
      const known = callbacks.get(identity);
      if (known && (url === undefined || known.href === href)) return known.promise;
      let call;
      try {
        call = current().call(HANDLE_REDIRECT, { url: url instanceof URL ? url.href : url });
      } catch (error) {
        return Promise.reject(error);
      }
      // It belongs to the page load, not to this client: closing the one leaves it to the next.
      const remember = () => callbacks.set(identity, { href, promise: call.promise });
      if (call.isCallback && !known) remember();
      else if (call.isCallback) call.promise.then(remember, () => {});
      return call.promise;
    },

    async fetch(input, init) {
      if (isClosed) throw closed();
      const response = fetchAuthorized(input, init);
      return new Promise((resolve, reject) => {
        response.then(resolve, reject);
        untilEnd(response, () => reject(closed()));
      });
    },

    getSnapshot,
    diagnostics() {
      diagnostics = asked((core) => core.diagnostics()) ?? diagnostics;
      // A copy: what is written down goes on.
      return JSON.parse(JSON.stringify({ version, ...diagnostics, restarts }));
    },
    getRefreshToken: () => asked((core) => core.refreshToken()) ?? null,
    subscribe(listener) {
      if (typeof listener !== "function") throw mustBe("listener", "must be a function");
      // Each subscription is its own, also of the same function.
      const own = (event) => listener(event);
      if (!isClosed) listeners.add(own);
      return () => void listeners.delete(own);
    },
    close,
    [Symbol.dispose ?? Symbol.for("Symbol.dispose")]: close,
  };
};
