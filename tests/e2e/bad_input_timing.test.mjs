// Answers that come late, not at all, or for a caller who has gone: the exchange goes on, and what it brings is kept.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

let stage;
before(async () => { stage = await startStage(); });
after(() => stage?.close());
beforeEach(async () => {
  stage.proxy.forget();
  await stage.fresh();
  await stage.signIn();
  stage.proxy.forget();
});

const exchanges = () => stage.proxy.to(stage.paths.token);

/** Starts a call in the page and leaves it pending as `probe[name]`. */
const begin = (name, method, ...args) => stage.browser.run((name, method, args) => {
  probe[name] = probe.settle(() => probe.client[method](...args));
}, name, method, args);

const outcome = (name) => stage.browser.run((name) => probe[name], name);

test("n03 no answer in time: the caller is let go, the late answer is stored and announced", async () => {
  const { fault: late, reached, release } = fault.held();
  const before = await stage.state();
  stage.proxy.next(stage.paths.token, late);
  const { error } = await stage.call("refresh", { timeoutMs: 200 });
  assert.equal(error.code, "timeout");
  assert.equal(error.retryable, true);
  assert.equal(error.sessionLost, false);
  await reached;
  const between = await stage.state();
  assert.deepEqual(between.tokens, before.tokens);
  assert.equal(between.refreshToken, before.refreshToken);

  await begin("joined", "refresh");
  assert.equal(exchanges().length, 1, "a call in between joins the open exchange");
  release();
  const events = await stage.event("renewed");
  const { value } = await outcome("joined");
  assert.equal(value.accessToken, stage.lastTokens().access_token);
  assert.deepEqual(events.at(-1).snapshot.tokens, value);
  const after = await stage.state();
  assert.equal(after.refreshToken, stage.lastTokens().refresh_token);
  assert.ok(JSON.stringify(after.stored).includes(after.refreshToken));
  assert.equal(exchanges().length, 1);
});

test("n03 timeoutMs of the configuration bounds each call", async () => {
  const before = await stage.state();
  await stage.start({ ...stage.config, timeoutMs: 200 });
  for (const [method, path] of [["refresh", "token"], ["introspect", "introspection"]]) {
    stage.proxy.next(stage.paths[path], fault.silent);
    const { error } = await stage.call(method);
    assert.equal(error.code, "timeout");
  }
  const after = await stage.state();
  assert.deepEqual(after.tokens, before.tokens);
  assert.equal(after.refreshToken, before.refreshToken);
});

test("n04 a caller's signal ends that call only", async () => {
  const { fault: late, reached, release } = fault.held();
  stage.proxy.next(stage.paths.token, late);
  await stage.browser.run(() => {
    probe.controller = new AbortController();
    probe.aborted = probe.settle(() => probe.client.refresh({ signal: probe.controller.signal }));
    probe.other = probe.settle(() => probe.client.refresh());
  });
  await reached;
  await stage.browser.run(() => probe.controller.abort());
  const { error } = await outcome("aborted");
  assert.equal(error.code, "aborted");
  assert.equal(error.retryable, true);
  release();
  assert.equal((await outcome("other")).value.accessToken, stage.lastTokens().access_token);
  assert.equal(exchanges().length, 1);
});

test("n04 a signal that was aborted before sends nothing", async () => {
  const code = await stage.browser.run(async () => {
    const signal = AbortSignal.abort();
    const outcomes = await Promise.all(["refresh", "introspect"].map((method) => probe.settle(() => probe.client[method]({ signal }))));
    return outcomes.map(({ error }) => error?.code);
  });
  assert.deepEqual(code, ["aborted", "aborted"]);
  assert.deepEqual(stage.proxy.recent(), []);
});

test("n02 r10 the server answered and the connection dropped: nothing is sent again by itself", async () => {
  const before = await stage.state();
  stage.proxy.next(stage.paths.token, fault.droppedAfter);
  const { error } = await stage.call("refresh");
  assert.equal(error.code, "network");
  assert.equal(error.sessionLost, false);
  const after = await stage.state();
  assert.deepEqual(after.tokens, before.tokens);
  assert.equal(after.refreshToken, before.refreshToken);
  assert.equal(exchanges().length, 1);
  // The caller's word: this server knows no grace, so the lost answer is lost for good.
  const second = await stage.call("refresh");
  assert.equal(second.error.code, "invalid_grant");
  assert.equal(second.error.sessionLost, true);
  assert.equal((await stage.state()).status, "signed-out");
});

test("v01 the server answered and a proxy cut it short: the record is as before", async () => {
  const before = await stage.state();
  stage.proxy.next(stage.paths.token, fault.replaced(200, '{"access_token":"ab'));
  assert.equal((await stage.call("refresh")).error.code, "server");
  const after = await stage.state();
  assert.deepEqual([after.tokens, after.refreshToken], [before.tokens, before.refreshToken]);
});

describe("x01 sign-out during a refresh", () => {
  /** Waits until the page has the answers to so many token requests, or has given them up. */
  const arrived = (count) => stage.browser.wait(() => stage.browser.run((path, count) =>
    performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(path)).length >= count, stage.paths.token, count), "no answer arrived");

  /** The tokens of the answer that comes too late must be nowhere. */
  async function assertNotStored() {
    const late = stage.lastTokens();
    const state = await stage.state();
    for (const token of [late.access_token, late.refresh_token]) assert.ok(!JSON.stringify(state).includes(token));
    return state;
  }

  let release;
  let before;
  beforeEach(async () => {
    before = await stage.browser.run((path) => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(path)).length, stage.paths.token);
    const held = fault.held();
    release = held.release;
    stage.proxy.next(stage.paths.token, held.fault);
    await begin("refreshing", "refresh");
    await held.reached;
    await stage.get("signOut", { local: true });
    assert.equal((await outcome("refreshing")).error.code, "signed_out", "the caller is told at once");
  });

  test("the late answer is not stored", async () => {
    release();
    await arrived(before + 1);
    const { status, stored } = await assertNotStored();
    assert.equal(status, "signed-out");
    assert.deepEqual(stored.session, {});
  });

  test("the late answer does not touch the session that came after", async () => {
    await stage.get("setTokens", { access_token: "access-token-2", refresh_token: "refresh-token-2" });
    release();
    await arrived(before + 1);
    const { tokens, refreshToken } = await assertNotStored();
    assert.equal(tokens.accessToken, "access-token-2");
    assert.equal(refreshToken, "refresh-token-2");
  });
});

test("t10 close during a refresh: the caller is told, the exchange still stores its answer", async () => {
  const { fault: late, reached, release } = fault.held();
  stage.proxy.next(stage.paths.token, late);
  await begin("refreshing", "refresh");
  await reached;
  await stage.browser.run(() => probe.client.close());
  assert.equal((await outcome("refreshing")).error.code, "closed");
  release();
  await stage.browser.wait(async () => {
    const stored = JSON.stringify((await stage.state()).stored);
    const came = exchanges()[0].answer && stage.lastTokens();
    return came && stored.includes(came.refresh_token) && stored.includes(came.access_token);
  }, "the answer was not stored");
  const state = await stage.start();
  assert.equal(state.tokens.accessToken, stage.lastTokens().access_token);
  assert.equal(state.refreshToken, stage.lastTokens().refresh_token);
});

test("t07 a page that is left in the middle of a refresh leaves its session behind", async () => {
  const before = await stage.state();
  stage.proxy.next(stage.paths.token, fault.silent);
  await begin("refreshing", "refresh");
  await stage.browser.wait(() => exchanges().length === 1, "the request did not leave");
  await stage.open();
  const after = await stage.start();
  assert.deepEqual([after.tokens, after.refreshToken], [before.tokens, before.refreshToken]);
  const renewed = await stage.get("refresh");
  assert.equal(renewed.accessToken, stage.lastTokens().access_token);
});

describe("after close()", () => {
  test("every call rejects with closed, and the session stays stored", async () => {
    const before = await stage.state();
    const outcomes = await stage.browser.run(async () => {
      probe.client.close();
      probe.client.close();
      const calls = {
        refresh: [], introspect: [], getAccessToken: [], setTokens: [{ access_token: "abc" }], signIn: [], handleRedirect: [], signOut: [{ local: true }],
      };
      const outcomes = {};
      for (const [method, args] of Object.entries(calls)) outcomes[method] = await probe.settle(() => probe.client[method](...args));
      return outcomes;
    });
    for (const [method, { error }] of Object.entries(outcomes)) {
      assert.equal(error?.code, "closed", method);
      assert.equal(error.retryable, false);
      assert.equal(error.sessionLost, false);
    }
    assert.deepEqual(stage.proxy.recent(), []);
    const synchronous = await stage.browser.run(() => {
      probe.client.subscribe(() => {})();
      return [probe.client.getSnapshot().status, probe.client.getRefreshToken()];
    });
    assert.deepEqual(synchronous, ["signed-in", before.refreshToken], "what cannot reject still answers");
    assert.deepEqual((await stage.start()).tokens, before.tokens);
  });

  test("`using` closes too", { skip: lacking("dispose") }, async () => {
    const code = await stage.browser.run(async () => {
      probe.client[Symbol.dispose]();
      return (await probe.settle(() => probe.client.refresh())).error.code;
    });
    assert.equal(code, "closed");
  });
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
