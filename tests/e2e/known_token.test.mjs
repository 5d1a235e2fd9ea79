// A fresh access token is given again without a look at the record, as long as nothing has happened. Each test is something that happens.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startStage } from "./support/stage.mjs";
import { movableClock } from "./support/tabs.mjs";

let stage;
before(async () => {
  stage = await startStage();
  for (const script of [movableClock, countReads]) await stage.addScript(script);
});
after(() => stage?.close());

/** Runs in each page before its own scripts: how often a storage was read. */
function countReads() {
  const { getItem } = Storage.prototype;
  globalThis.reads = 0;
  Storage.prototype.getItem = function (key) {
    globalThis.reads++;
    return getItem.call(this, key);
  };
}

const run = (...args) => stage.browser.run(...args);
const sent = () => stage.proxy.to(stage.paths.token).length;
const ask = (...args) => stage.call("getAccessToken", ...args);

let known;
beforeEach(async () => {
  await stage.fresh();
  const tokens = await stage.newTokens();
  known = tokens.access_token;
  await stage.get("setTokens", tokens);
  // The first call looks at the record, the second need not.
  for (let call = 0; call < 2; call++) assert.equal((await ask()).value, known);
  stage.proxy.forget();
});

test("nothing: a thousand calls read no storage and send nothing", async () => {
  const read = await run(async () => {
    await probe.client.getAccessToken();
    const before = globalThis.reads;
    for (let call = 0; call < 1_000; call++) await probe.client.getAccessToken();
    return globalThis.reads - before;
  });
  assert.equal(read, 0);
  assert.equal(sent(), 0);
});

test("s04 the page clears its storage: there is no session, at the very next call", async () => {
  await run(() => sessionStorage.clear());
  assert.equal((await ask()).error.code, "no_session");
});

test("s04 somebody takes the record, and puts something of their own there: there is no session", async () => {
  await run(() => {
    const key = Object.keys(sessionStorage).find((key) => key.startsWith("rekindle:session:"));
    sessionStorage.removeItem(key);
    sessionStorage.setItem("theirs", "");
  });
  assert.equal((await ask()).error.code, "no_session");
});

test("c02 the token runs out by the time of day alone: the next call refreshes", async () => {
  const { expiresAt } = (await stage.state()).tokens;
  await ask();
  await run((ms) => globalThis.moveClock(ms), expiresAt - Date.now());
  assert.notEqual((await ask()).value, known);
  assert.equal(sent(), 1);
});

test("c02 the clock is set back, and the token runs out by the page's own: the next call refreshes", async () => {
  const { expiresAt } = (await stage.state()).tokens;
  await run(() => globalThis.moveClock(-3_600_000));
  assert.equal((await ask()).value, known);
  await run((ms) => { globalThis.page += ms; }, expiresAt - Date.now());
  assert.notEqual((await ask()).value, known);
  assert.equal(sent(), 1);
});

test("another client of the page refreshes: its token is given", async () => {
  const renewed = await run(async (config) => {
    const other = await probe.createClient(config);
    const { accessToken } = await other.refresh();
    other.close();
    return accessToken;
  }, stage.config);
  assert.notEqual(renewed, known);
  assert.equal((await ask()).value, renewed);
});

test("the caller needs it for longer: a refresh", async () => {
  const { tokens } = await stage.state();
  const minValiditySeconds = (tokens.expiresAt - Date.now()) / 1_000 + 60;
  assert.notEqual((await ask({ minValiditySeconds })).value, known);
  assert.equal(sent(), 1);
});

test("x04 a sign-out, and closing: no token", async () => {
  await stage.get("signOut", { local: true, revoke: false });
  assert.equal((await ask()).error.code, "no_session");
  await run(() => probe.client.close());
  assert.equal((await ask()).error.code, "closed");
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
