// s06: the wasm instance traps. What was in flight is told so, and the next call works with the session as it was.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

/** Runs in each page before any of its scripts: when `trapNext` is set, the next entry into any wasm instance traps. */
function trapOnDemand() {
  globalThis.trapNext = false;
  const guarded = (entry) => (...args) => {
    if (!globalThis.trapNext) return entry(...args);
    globalThis.trapNext = false;
    throw new WebAssembly.RuntimeError("unreachable");
  };
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const { exports } = new target(...args);
      // The one that only decodes the module imports nothing.
      if (!args[1]) return { exports };
      globalThis.instances = (globalThis.instances ?? 0) + 1;
      const entries = Object.entries(exports).map(([name, value]) => [name, typeof value === "function" ? guarded(value) : value]);
      return { exports: Object.fromEntries(entries) };
    },
  });
}

let stage;
let forgiving;
let tokens;
before(async () => {
  stage = await startStage();
  forgiving = await startStage({ layout: "django", graceSeconds: 30, beside: stage });
  await stage.addScript(trapOnDemand);
  await stage.fresh();
  await stage.signIn();
  tokens = stage.lastTokens();
});
after(async () => {
  await forgiving?.close();
  await stage?.close();
});
beforeEach(async () => {
  await stage.fresh();
  await stage.get("setTokens", tokens);
  stage.proxy.forget();
});

/** Traps in the next call, and gives its outcome. */
const trapIn = (method, ...args) => stage.browser.run((method, args) => {
  globalThis.trapNext = true;
  return probe.settle(() => probe.client[method](...args));
}, method, args);

const exchanges = () => stage.proxy.to(stage.paths.token);

test("s06 the call that meets it rejects with crashed, and the session goes on", async () => {
  const before = await stage.state();
  const { error } = await trapIn("refresh");
  assert.equal(error.code, "crashed");
  assert.equal(error.retryable, true);
  assert.equal(error.sessionLost, false);
  assert.deepEqual(await stage.state(), before);
  await stage.get("refresh");
  tokens = stage.lastTokens();
  assert.equal(exchanges().length, 1);
  assert.equal(await stage.browser.run(() => globalThis.instances), 2, "the instance that trapped is not entered again");
});

test("s06 calls in flight are told too, and their lock is free", async () => {
  stage.proxy.next(stage.paths.token, fault.silent);
  await stage.browser.run(() => { probe.pending = probe.settle(() => probe.client.refresh()); });
  await stage.browser.wait(() => exchanges().length === 1, "the request did not leave");
  assert.equal((await trapIn("introspect")).error.code, "crashed");
  const { error } = await stage.browser.run(() => probe.pending);
  assert.equal(error.code, "crashed");
  assert.equal((await stage.get("refresh")).accessToken, stage.lastTokens().access_token);
  tokens = stage.lastTokens();
});

test("s06 what cannot reject does not throw, and answers as before", async () => {
  const { tokens, refreshToken, ...before } = await stage.state();
  const snapshot = await trapIn("getSnapshot");
  assert.deepEqual(snapshot.value, { status: before.status, tokens, persisted: before.persisted, error: before.error });
  assert.equal((await stage.state()).refreshToken, refreshToken);
  assert.equal((await trapIn("getRefreshToken")).value, refreshToken);
  assert.equal((await stage.state()).refreshToken, refreshToken);
  assert.equal((await trapIn("close")).error, undefined);
  assert.equal((await stage.start()).refreshToken, refreshToken);
});

test("s06 a session in memory survives it", async () => {
  await stage.start({ ...stage.config, storage: "memory" });
  await stage.get("setTokens", tokens);
  const before = await stage.state();
  assert.equal((await trapIn("introspect")).error.code, "crashed");
  assert.deepEqual(await stage.state(), before);
  assert.equal((await stage.get("introspect")).active, true);
});

test("s06 other clients of the page go on as well", async () => {
  const outcome = await stage.browser.run(async (config) => {
    const other = await probe.createClient({ ...config, name: "other" });
    await other.setTokens({ access_token: "access-token-2", refresh_token: "refresh-token-2", expires_in: 60 });
    globalThis.trapNext = true;
    const { error } = await probe.settle(() => probe.client.refresh());
    return { code: error.code, token: await other.getAccessToken(), status: other.getSnapshot().status };
  }, stage.config);
  assert.deepEqual(outcome, { code: "crashed", token: "access-token-2", status: "signed-in" });
});

test("s06 events are told again after it", async () => {
  await trapIn("refresh");
  await stage.browser.run(() => { probe.events.length = 0; });
  await stage.get("refresh");
  tokens = stage.lastTokens();
  const events = await stage.browser.run(() => probe.events);
  assert.deepEqual(events.map(({ type }) => type), ["renewed"]);
});

/** Traps where nobody called anything: the page is told that it is online. Gives how many instances there were before. */
const trapInBackground = () => stage.browser.run(() => {
  globalThis.trapNext = true;
  window.dispatchEvent(new Event("online"));
  return globalThis.instances;
});

const isRenewing = () => stage.browser.run(() => probe.client.diagnostics().nextRenewalAt !== null);
const restarts = () => stage.browser.run(() => probe.client.diagnostics().restarts);
const locks = () => stage.browser.run(async () => (await navigator.locks.query()).held.map(({ name }) => name));

test("s06 a trap that no call meets is made good with no call", async () => {
  const before = await stage.state();
  await stage.browser.wait(async () => (await locks()).length === 1, "the tab does not show what it has");
  const shown = await locks();
  const instances = await trapInBackground();
  await stage.browser.wait(() => stage.browser.run((before) => globalThis.instances > before, instances), "no new instance");
  await stage.browser.wait(async () => (await locks()).length === 1, "the new one does not show what it has");
  assert.deepEqual(await locks(), shown);
  assert.ok(await isRenewing(), "it renews");
  assert.equal(await restarts(), 1);
  assert.deepEqual(await stage.state(), before);
});

test("s06 a second trap within ten seconds: nothing is renewed by itself any more, and calls work", async () => {
  await trapInBackground();
  await stage.browser.wait(async () => (await restarts()) === 1, "no new instance");
  assert.ok(await isRenewing());
  await trapInBackground();
  assert.equal(await restarts(), 2);
  assert.equal(await isRenewing(), false);
  await stage.get("refresh");
  tokens = stage.lastTokens();
  assert.equal(await isRenewing(), false, "nor after a refresh");
});

test("s06 a closed client does not come back", async () => {
  await stage.browser.run(() => { probe.client.close(); });
  const instances = await stage.browser.run(() => {
    globalThis.trapNext = true;
    probe.client.getSnapshot();
    window.dispatchEvent(new Event("online"));
    return globalThis.instances;
  });
  await stage.browser.run(() => new Promise((resolve) => { setTimeout(resolve); }));
  assert.equal(await stage.browser.run(() => globalThis.instances), instances);
});

describe("s06 t07 where the server forgives a second use", () => {
  const config = () => ({ ...forgiving.config, rotationGraceSeconds: 30 });
  const exchanges = () => forgiving.proxy.to(forgiving.paths.token);

  test("the fresh instance finishes by itself what was under way", async () => {
    await forgiving.fresh(config());
    await forgiving.get("setTokens", await forgiving.newTokens());
    await forgiving.get("refresh");
    forgiving.proxy.forget();
    const { fault: late, reached, release } = fault.held();
    forgiving.proxy.next(forgiving.paths.token, late);
    await forgiving.browser.run(() => {
      probe.events.length = 0;
      probe.pending = probe.settle(() => probe.client.refresh());
    });
    await reached;
    assert.equal((await trapIn("introspect")).error.code, "crashed");
    assert.equal((await forgiving.browser.run(() => probe.pending)).error.code, "crashed");
    release();
    await forgiving.event("renewed");
    assert.equal(exchanges().length, 2);
    assert.equal((await forgiving.state()).refreshToken, forgiving.lastTokens().refresh_token);
    assert.equal((await forgiving.get("diagnostics")).restarts, 1);
    assert.equal((await forgiving.get("introspect")).active, true);
  });

  test("p07 no secret is in an error, an event or on the console", () => forgiving.assertDiscreet());
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
