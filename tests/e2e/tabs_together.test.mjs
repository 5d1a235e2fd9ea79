// Many tabs, one session: they begin at one moment, at a server that takes 150 ms and revokes everything when a refresh token
// comes twice. Each round is one request, and everybody has what it brought.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

const TABS = 8;
const ROUNDS = Number(process.env.REKINDLE_ROUNDS ?? 50);
const LATENCY_MS = 150;

let stage;
let tabs;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage);
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => {
  stage.proxy.forget();
  stage.proxy.always(stage.paths.token, fault.slow(LATENCY_MS));
});
afterEach(async () => {
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

const exchanges = () => stage.proxy.to(stage.paths.token);

/** Fails unless the last round was one request and every one of these tabs has its answer, held and stored. */
async function assertRound(round, before, outcomes, all) {
  const [exchange, ...more] = exchanges().slice(before);
  assert.deepEqual([more.length, exchange?.answer.status], [0, 200], `round ${round}: one request, which succeeds`);
  const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(exchange.answer.body);
  for (const { value, error } of outcomes) {
    assert.equal(error, undefined, `round ${round}`);
    assert.equal(value.accessToken ?? value, accessToken, `round ${round}`);
  }
  for (const tab of all) {
    const held = await tab.run(() => [probe.client.getRefreshToken(), probe.client.getSnapshot().tokens.accessToken, JSON.stringify(sessionStorage)]);
    assert.deepEqual(held.slice(0, 2), [refreshToken, accessToken], `round ${round}: on the newest tokens`);
    assert.ok(held[2].includes(refreshToken), `round ${round}: stored`);
  }
}

async function assertAlive(tab) {
  assert.equal((await tab.get("introspect")).active, true, "the family is not revoked");
}

async function eight(config) {
  const first = await tabs.signedIn(config);
  const copies = [];
  while (copies.length < TABS - 1) copies.push(await first.duplicate(config));
  return [first, ...copies];
}

test(`t01 ${TABS} duplicated tabs refresh at the same moment, ${ROUNDS} rounds: one request a round`, async () => {
  const all = await eight();
  const processes = new Set(await Promise.all(all.map((tab) => tab.process())));
  assert.equal(processes.size, TABS, "each tab has a process of its own");
  for (let round = 1; round <= ROUNDS; round++) {
    const before = exchanges().length;
    await assertRound(round, before, await tabs.together(all, "refresh"), all);
  }
  await assertAlive(all[0]);
});
