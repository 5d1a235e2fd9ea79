// Two things at once, and page code in the wrong place: answers that come for another session, sign-outs in the middle of
// a call, clients that close each other. Each test keeps one fault of the past from coming back; its comment says what the
// fault looked like, what it came from, and what fails where it is back.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

const OPENID = "/.well-known/openid-configuration";
const RFC8414 = "/.well-known/oauth-authorization-server";

/**
 * Runs in each page before any of its scripts: what nobody caught is written down, and so is an entry with the pointer of a
 * client that was given back, which may do harm much later or never. The instances of the wasm are counted, and the next
 * entry into one traps where `trapNext` is set.
 */
function watch() {
  globalThis.strays = [];
  addEventListener("error", ({ message }) => strays.push(message));
  addEventListener("unhandledrejection", ({ reason }) => strays.push(`unhandled: ${reason}`));
  globalThis.trapNext = false;
  globalThis.instances = 0;
  globalThis.givenBack = new Set();
  const guarded = (entry) => (...args) => {
    if (globalThis.trapNext) {
      globalThis.trapNext = false;
      throw new WebAssembly.RuntimeError("unreachable");
    }
    // The exports' names are minified: closing is the one that takes a pointer and nothing else. A new client may get the
    // memory of an old one; contexts and handles, the other numbers that go in and out, are far below any pointer.
    if (givenBack.has(args[0])) strays.push("a client that was given back was entered");
    if (entry.length === 1) givenBack.add(args[0]);
    const result = entry(...args);
    givenBack.delete(result);
    return result;
  };
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const { exports } = new target(...args);
      // The one that only decodes the module imports nothing.
      if (!args[1]) return { exports };
      globalThis.instances++;
      const entries = Object.entries(exports).map(([name, value]) => [name, typeof value === "function" ? guarded(value) : value]);
      return { exports: Object.fromEntries(entries) };
    },
  });
}

/** A token response, as a server, or an app, would have it. Only this file's proxy gives out the next ones. */
const response = (number) => ({
  access_token: `access-token-${number}`, refresh_token: `refresh-token-${number}`, token_type: "Bearer", expires_in: 600,
});

let okta;
let discovery;
/** The stage of the test that runs. */
let stage;
/** How many instances the page of a test may make: one, unless the test makes it trap. */
let instances;

before(async () => {
  okta = await startStage();
  discovery = await startStage({ layout: "discovery", beside: okta });
  await okta.addScript(watch);
});
after(async () => {
  await discovery?.close();
  await okta?.close();
});

async function enter(next) {
  stage = next;
  instances = 1;
  stage.proxy.forget();
  await stage.fresh();
}
beforeEach(() => enter(okta));
afterEach(async () => {
  assert.deepEqual(await run(() => [strays, globalThis.instances]), [[], instances], "nothing is left uncaught, and no instance was lost");
});

const run = (...args) => stage.browser.run(...args);
const exchanges = () => stage.proxy.to(stage.paths.token);
const refreshTokens = () => exchanges().map(({ body }) => new URLSearchParams(body).get("refresh_token"));
const nextAnswer = (number) => stage.proxy.next(stage.paths.token, fault.answer(200, response(number)));

/** Holds the next request to `path` back. */
function hold(path, then) {
  const { fault: postponed, ...rest } = fault.postponed(then);
  stage.proxy.next(path, postponed);
  return rest;
}

/** What the calls that a page left as members of `probe` came to. */
const outcome = (name) => run((name) => probe[name], name);

/** The keys of ours, but for the mark that a session is over, which tabs asleep will look for. */
const ours = async () => Object.values((await stage.state()).stored).flatMap((storage) => Object.keys(storage))
  .filter((key) => !key.startsWith("rekindle:tombstones:"));

describe("r03 another client of the page begins a session while a refresh is under way", () => {
  // Symptom: the new session was gone, or was overwritten with tokens of the old one. Cause: the answer was read as one
  // about whatever was held when it came. Without the fix "session-lost" is told, or refresh-token-3 is stored.
  for (const [name, answer] of [
    ["invalid_grant", fault.answer(400, { error: "invalid_grant" })],
    ["new tokens", fault.answer(200, response(3))],
  ]) {
    test(`the answer is ${name}: the new session stays as it is`, async () => {
      const { reached, release } = hold(stage.paths.token, answer);
      await run(async (config, first) => {
        await probe.client.setTokens(first);
        probe.other = await probe.createClient(config);
        probe.refreshing = probe.settle(() => probe.client.refresh());
      }, stage.config, response(1));
      await reached;
      await run((second) => probe.other.setTokens(second), response(2));
      const before = await stage.state();
      assert.equal(before.refreshToken, "refresh-token-2");
      release();

      const { value, error } = await outcome("refreshing");
      assert.equal(value?.accessToken, "access-token-2", error?.text);
      const { events, held } = await run(() => ({
        events: probe.events.map(({ type }) => type),
        held: [probe.other.getSnapshot().tokens.accessToken, probe.other.getRefreshToken()],
      }));
      assert.deepEqual(await stage.state(), before);
      assert.deepEqual(held, ["access-token-2", "refresh-token-2"]);
      assert.ok(!events.includes("session-lost") && !events.includes("signed-out"), events.join());
      assert.deepEqual(refreshTokens(), ["refresh-token-1"]);
    });
  }
});

// Symptom: after the sign-in the app went to another host: a router reads a path that begins with two slashes as one.
// Cause: only the origin of the resolved URL was looked at. Without the fix signIn leaves for the server.
test("k11 a returnTo whose path begins with two slashes is refused", async () => {
  const paths = ["/.//evil.example/x", "/a/..//evil.example", `${stage.site.origin}//evil.example`, "/\\evil.example", "//evil.example"];
  for (const returnTo of paths) {
    const { error } = await stage.call("signIn", { returnTo });
    assert.equal(error?.code, "invalid_config", returnTo);
    assert.ok(error.message.includes("returnTo"), error.message);
  }
  assert.deepEqual(await ours(), []);
  assert.deepEqual(stage.proxy.recent(), []);
});

describe("t10 clients that close each other", () => {
  // Symptom: a call of one client crashed all of the page. Cause: news went round a list of clients, one of which a listener
  // had just closed, so that a freed pointer was entered. Without the fix setTokens rejects, or the instance is lost.
  test("a listener closes a third client in the middle of the news", async () => {
    nextAnswer(2);
    const { adopted, refreshed, held } = await run(async (config, tokens) => {
      const [a, b, c] = [probe.client, await probe.createClient(config), await probe.createClient(config)];
      b.subscribe(() => c.close());
      const adopted = await probe.settle(() => a.setTokens(tokens));
      const refreshed = await probe.settle(() => a.refresh());
      return { adopted, refreshed, held: [await b.getAccessToken(), b.getRefreshToken(), a.getSnapshot().status] };
    }, stage.config, response(1));
    assert.equal(adopted.value?.accessToken, "access-token-1");
    assert.equal(refreshed.value?.accessToken, "access-token-2");
    assert.deepEqual(held, ["access-token-2", "refresh-token-2", "signed-in"]);
  });

  // Symptom: as above, or an unhandled TypeError. Cause: the signal ran the client that `close()` had given back, and its
  // call was no longer there to settle. Without the fix the pointer of a client that was given back is entered.
  for (const [order, expected] of [[["close", "abort"], "closed"], [["abort", "close"], "aborted"]]) {
    test(`${order.join(" and ")} in one tick`, async () => {
      const { error, token, own, isGivenBack } = await run(async (config, tokens, order) => {
        await probe.client.setTokens(tokens);
        const other = await probe.createClient(config);
        const controller = new AbortController();
        const call = probe.settle(() => other.introspect({ signal: controller.signal }));
        for (const step of order) (step === "close" ? other : controller)[step]();
        const { error } = await call;
        return { error, token: other.getRefreshToken(), own: await probe.client.getAccessToken(), isGivenBack: givenBack.size === 1 };
      }, stage.config, response(1), order);
      assert.equal(error?.code, expected);
      assert.ok(isGivenBack, "what this test watches");
      assert.deepEqual([token, own], ["refresh-token-1", "access-token-1"]);
    });
  }
});

// Symptom: signed in again right after the sign-out. Cause: the client that had begun to handle the callback was another
// one, whose epoch no sign-out of a client without a session raised. Without the fix the promise resolves with tokens.
test("x05 another client signs out while the code is exchanged", async () => {
  await stage.visitServer();
  await stage.start();
  stage.proxy.forget();
  const { fault: late, reached, release } = fault.held();
  stage.proxy.next(stage.paths.token, late);
  await run(() => {
    probe.promise = probe.client.handleRedirect();
    probe.handled = probe.settle(() => probe.promise);
  });
  await reached;
  const isSame = await run(async (config) => {
    probe.client.close();
    probe.client = await probe.createClient(config);
    const isSame = probe.client.handleRedirect() === probe.promise;
    await probe.client.signOut({ local: true });
    return isSame;
  }, stage.config);
  assert.ok(isSame, "the callback belongs to the page load");
  release();
  assert.equal((await outcome("handled")).error?.code, "signed_out");
  assert.deepEqual(await ours(), []);
  assert.equal((await stage.state()).status, "signed-out");
  await stage.open();
  assert.equal((await stage.start()).status, "signed-out");
});

describe("s06 storage that refuses, then a trap", () => {
  // Symptom: the session was gone after the trap. Cause: what storage had refused was only in the instance. Without the fix
  // getRefreshToken() is null, or is that of an earlier record.
  for (const [id, name] of [["s01", "SecurityError"], ["s02", "QuotaExceededError"]]) {
    test(`${id} ${name}: the session that lived in memory goes on`, async () => {
      instances = 2;
      nextAnswer(2);
      const { before, crashed, after, refreshed } = await run(async (config, tokens, name) => {
        const storage = { getItem: () => null, setItem() { throw new DOMException("refused", name); }, removeItem() {} };
        await probe.start({ ...config, storage });
        await probe.client.setTokens(tokens);
        const before = probe.state();
        globalThis.trapNext = true;
        const crashed = await probe.settle(() => probe.client.refresh());
        return { before, crashed, after: probe.state(), refreshed: await probe.settle(() => probe.client.refresh()) };
      }, stage.config, response(1), name);
      assert.equal(before.refreshToken, "refresh-token-1");
      assert.equal(crashed.error?.code, "crashed");
      assert.equal(crashed.error.sessionLost, false);
      assert.equal(after.refreshToken, before.refreshToken);
      assert.equal(after.status, "signed-in");
      assert.equal(after.tokens.accessToken, before.tokens.accessToken);
      assert.equal(refreshed.value?.accessToken, "access-token-2");
      assert.deepEqual(refreshTokens(), ["refresh-token-1"]);
    });
  }
});

describe("page code that is called by the instance", () => {
  // Symptom: setTokens never settled, and later calls of any client crashed. Cause: the client was given back while its own
  // code was still running. Without the fix the call hangs, rejects with something else, or the instance is lost.
  for (const [where, method] of [["setItem", "setTokens"], ["getItem", "refresh"], ["removeItem", "signOut"], ["fetch", "refresh"]]) {
    test(`t10 ${where} closes the client in the middle of ${method}`, async () => {
      const { settled, rest } = await run(async (config, tokens, where, method) => {
        let isArmed = false;
        const closing = (name, inner) => (...args) => {
          if (isArmed && name === where) client.close();
          return inner(...args);
        };
        const map = new Map();
        const answer = { ...tokens, access_token: "access-token-2", refresh_token: "refresh-token-2" };
        const client = await probe.createClient({
          ...config,
          name: "second",
          storage: {
            getItem: closing("getItem", (key) => map.get(key) ?? null),
            setItem: closing("setItem", (key, value) => void map.set(key, value)),
            removeItem: closing("removeItem", (key) => void map.delete(key)),
          },
          fetch: closing("fetch", async () => Response.json(answer)),
        });
        await probe.client.setTokens(tokens);
        await client.setTokens(tokens);
        isArmed = true;
        const args = { setTokens: [answer], refresh: [], signOut: [{ local: true }] };
        const settled = await probe.settle(() => client[method](...args[method]));
        return { settled, rest: [await probe.client.getAccessToken(), (await probe.settle(() => client.refresh())).error?.code] };
      }, stage.config, response(1), where, method);
      if (settled.error) assert.equal(settled.error.code, "closed", settled.error.text);
      assert.deepEqual(rest, ["access-token-1", "closed"]);
    });
  }
});

// Symptom: no sign-in in a browser that had enough of the app's history calls. Cause: replaceState throws then, and took the
// instance with it. Without the fix handleRedirect rejects with crashed.
test("k10 history.replaceState throws: the sign-in succeeds all the same", async () => {
  await stage.visitServer();
  await stage.start();
  await run(() => {
    history.replaceState = () => { throw new DOMException("too often", "SecurityError"); };
  });
  const { tokens } = await stage.get("handleRedirect");
  assert.equal(tokens.accessToken, stage.lastTokens().access_token);
  assert.equal((await stage.state()).status, "signed-in");
});

describe("while discovery is under way", () => {
  beforeEach(() => enter(discovery));

  /** Comes back from the server to a page that knows no metadata, and starts a client there. Gives the callback's query. */
  async function comeBack() {
    await stage.visitServer();
    stage.proxy.forget();
    const query = await run(() => {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith("rekindle:metadata:")) sessionStorage.removeItem(key);
      return location.search;
    });
    await stage.start();
    return query;
  }

  // Symptom: the code was sent twice, and the server took back what it had given for it. Cause: a relative URL was compared
  // as it was given, and the sign-in was marked as used only after discovery. Without the fix two POSTs are seen.
  test("k08 a callback that is also given as a relative URL is exchanged once", async () => {
    const query = await comeBack();
    const without = new URLSearchParams(query);
    without.delete("iss");
    const { reached, release } = hold(OPENID);
    const isSame = await run((query, other) => {
      const first = probe.client.handleRedirect();
      probe.first = probe.settle(() => first);
      const isSame = probe.client.handleRedirect(query) === first;
      probe.second = probe.settle(() => probe.client.handleRedirect(other));
      probe.promise = first;
      return isSame;
    }, query, `?${without}`);
    await reached;
    release();
    const { value, error } = await outcome("first");
    assert.equal(value?.tokens.accessToken, stage.lastTokens().access_token, error?.text);
    assert.ok(isSame, "the same callback, the same promise");
    // Another address with the same code: it is not sent again, whatever the answer is.
    await outcome("second");
    assert.equal(exchanges().length, 1);
    assert.equal((await stage.state()).refreshToken, stage.lastTokens().refresh_token);
    assert.ok(await run(() => probe.client.handleRedirect() === probe.promise), "the page's own callback keeps its promise");
  });

  // Symptom: after a sign-out the token or the code was still sent, the page left for the server, and the metadata were
  // stored. Cause: nobody looked at the epoch after discovery. Without the fix a request is seen, or a key of ours.
  // By another client: it had no session to tell of the end of, so the first one heard nothing.
  for (const [method, by] of [["introspect", "client"], ["signIn", "client"], ["handleRedirect", "client"], ["handleRedirect", "other"]]) {
    test(`p02 x04 a sign-out overtakes ${method}${by === "other" ? ", by another client" : ""}`, async () => {
      if (method === "handleRedirect") await comeBack();
      if (method === "introspect") await stage.get("setTokens", response(1));
      const { fault: late, reached, release } = fault.held();
      stage.proxy.next(OPENID, late);
      const address = await run((method) => {
        probe.pending = probe.settle(() => probe.client[method]());
        return location.href;
      }, method);
      await reached;
      await run(async (config, by) => {
        probe.other = await probe.createClient(config);
        await probe[by].signOut({ local: true });
      }, stage.config, by);
      release();
      assert.equal((await outcome("pending")).error?.code, "signed_out");
      assert.deepEqual(await ours(), []);
      assert.equal((await stage.state()).status, "signed-out");
      assert.equal(await run(() => location.href), address, "the page was not left");
      const sent = () => stage.proxy.recent().map(({ path }) => path);
      // The server is told of the end of a session; nothing else is sent after it.
      const told = method === "introspect" ? [stage.paths.revocation] : [];
      await until(() => sent().length > told.length, "the refresh token is revoked");
      assert.deepEqual(sent(), [OPENID, ...told]);
    });
  }

  // Symptom: `network`, again and again, for an endpoint that there is not. Cause: a server that lacks RFC 8414's document
  // says so without CORS headers, which looks like no answer. Without the fix introspect rejects with network.
  test("v11 no introspection endpoint, and no second document that may be read: unsupported", async () => {
    stage.proxy.next(OPENID, fault.edited(({ introspection_endpoint, ...rest }) => rest));
    stage.proxy.next(RFC8414, fault.withoutCors(404, ""));
    await stage.get("setTokens", response(1));
    const { error } = await stage.call("introspect");
    assert.equal(error?.code, "unsupported", error?.text);
    assert.equal(error.retryable, false);
    assert.deepEqual(stage.proxy.recent().map(({ path }) => path), [OPENID, RFC8414]);
    assert.equal((await stage.state()).refreshToken, "refresh-token-1");
  });
});

// Symptom: the new session's first refresh waited for the old one's request, a minute at most. Cause: the request of a
// session that was over kept its lock. Without the fix refresh rejects with timeout.
test("x01 a refresh that hangs keeps nobody waiting after a sign-out", async () => {
  stage.proxy.next(stage.paths.token, fault.silent);
  nextAnswer(3);
  await stage.get("setTokens", response(1));
  await run(() => { probe.hanging = probe.settle(() => probe.client.refresh()); });
  await stage.browser.wait(() => exchanges().length === 1, "the request did not leave");
  await stage.get("signOut", { local: true });
  assert.equal((await outcome("hanging")).error?.code, "signed_out");
  await stage.get("setTokens", response(2));
  assert.equal((await stage.get("refresh", { timeoutMs: 2_000 })).accessToken, "access-token-3");
  assert.deepEqual(refreshTokens(), ["refresh-token-1", "refresh-token-2"]);
});

// Symptom: one refresh token was sent twice, which ends the session at a server that looks for reuse. Cause: where there
// are no Web Locks, nobody waited. Without the fix two requests are seen.
test("t04 without navigator.locks two clients of a page still take turns", async () => {
  nextAnswer(2);
  const { tokens, held } = await run(async (config, first) => {
    Object.defineProperty(navigator, "locks", { value: undefined });
    const clients = await Promise.all([probe.createClient(config), probe.createClient(config)]);
    await clients[0].setTokens(first);
    const outcomes = await Promise.all(clients.map((client) => probe.settle(() => client.refresh())));
    return { tokens: outcomes.map(({ value, error }) => value?.accessToken ?? error.text), held: clients.map((client) => client.getRefreshToken()) };
  }, stage.config, response(1));
  assert.deepEqual(tokens, ["access-token-2", "access-token-2"]);
  assert.deepEqual(held, ["refresh-token-2", "refresh-token-2"]);
  assert.deepEqual(refreshTokens(), ["refresh-token-1"]);
});

describe("x05 a sign-out with wrong options", () => {
  // Symptom: a user who signed out was still signed in. Cause: the options were looked at first. Without the fix the
  // session is still there.
  beforeEach(() => stage.get("setTokens", response(1)));
  afterEach(async () => {
    assert.deepEqual(await ours(), []);
    const { status, refreshToken } = await stage.state();
    assert.deepEqual([status, refreshToken], ["signed-out", null]);
  });

  test("a signal that was aborted before", async () => {
    const outcome = await run(() => probe.settle(() => probe.client.signOut({ local: true, signal: AbortSignal.abort() })));
    assert.equal(outcome.error, undefined);
  });

  test("a text in the place of the options", async () => {
    assert.equal((await stage.call("signOut", "x")).error?.code, "invalid_config");
  });
});

// Symptom: no event, or more than one, and a call that went on with what the user had cleared. Cause: storage was looked at
// again by some calls only. Without the fix getAccessToken resolves.
test("s04 storage is cleared by someone else: one event, and no session", async () => {
  await stage.get("setTokens", response(1));
  const { codes, types, status } = await run(async () => {
    probe.events.length = 0;
    sessionStorage.clear();
    const outcomes = [await probe.settle(() => probe.client.getAccessToken()), await probe.settle(() => probe.client.getAccessToken())];
    return { codes: outcomes.map(({ error }) => error?.code), types: probe.events.map(({ type }) => type), status: probe.client.getSnapshot().status };
  });
  assert.deepEqual(codes, ["no_session", "no_session"]);
  assert.deepEqual(types, ["signed-out"]);
  assert.equal(status, "signed-out");
  assert.deepEqual(await ours(), []);
  assert.deepEqual(stage.proxy.recent(), []);
});

describe("x01 another client of the page signs out", () => {
  // Symptom: the caller waited for an answer that nobody wanted any more. Cause: only the client that signed out answered
  // its callers. Without the fix refresh rejects with timeout.
  for (const [name, callers] of [["while its request is under way", ["b"]], ["while it waits for its turn", ["a", "b"]]]) {
    test(`a refresh is rejected at once, ${name}`, async () => {
      stage.proxy.next(stage.paths.token, fault.silent);
      await run(async (config, tokens, callers) => {
        await probe.client.setTokens(tokens);
        const clients = { a: probe.client, b: await probe.createClient(config) };
        probe.pending = Promise.all(callers.map((caller) => probe.settle(() => clients[caller].refresh({ timeoutMs: 5_000 }))));
      }, stage.config, response(1), callers);
      await stage.browser.wait(() => exchanges().length === 1, "the request did not leave");
      await stage.get("signOut", { local: true });
      assert.deepEqual((await outcome("pending")).map(({ error }) => error?.code), callers.map(() => "signed_out"));
      assert.deepEqual(await ours(), []);
      assert.equal(exchanges().length, 1);
    });
  }
});

describe("options that are not what they look like", () => {
  // Symptom: a page counter below zero was refused. Cause: the rule for numbers of seconds was also the one for `state`.
  // Without the fix signIn rejects with invalid_config.
  test("signIn brings a negative number back as state", async () => {
    assert.equal((await stage.signIn({ state: -1 })).state, -1);
  });

  // Symptom: a state that came back as nothing, options that were ignored. Cause: JSON leaves functions out, and a text has no
  // members to look at. Without the fix the page is left, and setTokens resolves.
  test("a function as state, a text as options", async () => {
    const errors = await run(async (tokens) => {
      const outcomes = [await probe.settle(() => probe.client.signIn({ state: () => 1 })), await probe.settle(() => probe.client.setTokens(tokens, "x"))];
      return outcomes.map(({ error }) => error && { code: error.code, message: error.message });
    }, response(1));
    assert.deepEqual(errors.map((error) => error?.code), ["invalid_config", "invalid_config"]);
    assert.ok(errors[0].message.includes("state") && errors[1].message.includes("options"), JSON.stringify(errors));
    assert.deepEqual(await ours(), []);
    assert.deepEqual(stage.proxy.recent(), []);
  });
});

test("p07 no secret is in an error, an event or on the console", async () => {
  await okta.assertDiscreet();
  await discovery.assertDiscreet();
});
