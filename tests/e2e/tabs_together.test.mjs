// Many tabs, one session: they begin at one moment, at a server that takes 150 ms and revokes everything when a refresh token
// comes twice. Each round is one request, and everybody has what it brought.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { engine, lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { accessTokenSeconds, startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

const TABS = 8;
const LATENCY_MS = 150;
// Over WebDriver a round of eight tabs takes longer.
const ROUNDS = Number(process.env.REKINDLE_ROUNDS ?? (engine === "chromium" ? 50 : 10));

let stage;
let tabs;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage, { scripts: [movableClock] });
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => {
  stage.proxy.forget();
  stage.proxy.always(stage.paths.token, fault.slow(LATENCY_MS, tabs.allBegan));
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

/** One that is signed in, and its copies, made by this method of a tab. */
async function eight(copy) {
  const all = [await tabs.signedIn()];
  while (all.length < TABS) all.push(await all[0][copy]());
  return all;
}

const processes = async (all) => new Set(await Promise.all(all.map((tab) => tab.process()))).size;

test(`t01 ${TABS} duplicated tabs refresh at the same moment, ${ROUNDS} rounds: one request a round`, async () => {
  const all = await eight("duplicate");
  assert.equal(await processes(all), TABS, "each tab has a process of its own");
  for (let round = 1; round <= ROUNDS; round++) {
    const before = exchanges().length;
    await assertRound(round, before, await tabs.together(all, "refresh"), all);
  }
  await assertAlive(all[0]);
});

test(`t01 ${TABS} tabs made by window.open refresh at the same moment, ${ROUNDS} rounds: one request a round`, async () => {
  const all = await eight("windowOpen");
  assert.equal(await processes(all), 1, "they share a process");
  for (let round = 1; round <= ROUNDS; round++) {
    const before = exchanges().length;
    await assertRound(round, before, await tabs.together(all, "refresh"), all);
  }
  await assertAlive(all[0]);
});

test(`t01 c03 ${TABS} duplicated tabs ask for the access token after it ran out, ${ROUNDS} rounds: one request a round`, { skip: lacking("front") }, async () => {
  const all = await eight("duplicate");
  for (let round = 1; round <= ROUNDS; round++) {
    await Promise.all(all.map((tab) => tab.run((ms) => moveClock(ms), (accessTokenSeconds + 1) * 1000)));
    assert.equal((await all[0].state()).status, "expired");
    const before = exchanges().length;
    await assertRound(round, before, await tabs.together(all, "getAccessToken"), all);
  }
  await assertAlive(all[0]);
});

test(`t01 t02 ${TABS} duplicated tabs, and one that waits is killed, ${ROUNDS} rounds: one request a round, and it catches up`, { skip: lacking("crash") }, async () => {
  const all = await eight("duplicate");
  for (let round = 1; round <= ROUNDS; round++) {
    const before = exchanges().length;
    const { fault: late, reached, release } = fault.held();
    stage.proxy.next(stage.paths.token, late);
    const { sender, outcomes } = await tabs.begun(all, "refresh");
    await reached;
    const victim = all[(all.indexOf(sender) + 1 + (round % (TABS - 1))) % TABS];
    await victim.crash();
    release();
    const settled = await Promise.all(outcomes.filter((_, index) => all[index] !== victim));
    await assertRound(round, before, settled, all.filter((tab) => tab !== victim));
    await victim.reload();
    const newest = JSON.parse(exchanges().at(-1).answer.body);
    await until(() => victim.holds(newest), "the one that was killed has the newest tokens again");
  }
  assert.equal(exchanges().length - 1, ROUNDS, "and no other request");
  await assertAlive(all[0]);
});
