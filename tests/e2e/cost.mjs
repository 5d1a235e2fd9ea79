// What twin-safety costs: the latency of refresh() against a bare fetch of the same endpoint, in the same pages and in turns, and how
// often a second getAccessToken() can be asked. `node tests/e2e/cost.mjs` prints it as Markdown; a busy machine shows in it.

import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

const ROUNDS = 100;
const TABS = 8;
const CALLS = 20_000;

const stage = await startStage();
const tabs = await startTabs(stage);
try {
  const rows = [];
  for (const latency of [0, 150]) {
    const rounds = latency ? ROUNDS / 4 : ROUNDS;
    const habit = () => stage.proxy.always(stage.paths.token, latency ? fault.slow(latency) : undefined);
    const first = await tabs.signedIn();
    await prepare(first);
    habit();
    rows.push([`1 tab, server ${latency} ms slower`, rounds, ...(await compare(rounds, first, [first]))]);
    const all = [first];
    while (all.length < TABS) all.push(await first.duplicate());
    rows.push([`${TABS} tabs, server ${latency} ms slower`, rounds, ...(await compare(rounds, first, all))]);
    if (!latency) rows.perSecond = await hot(first);
    await tabs.closeAll();
    stage.proxy.forget();
  }
  console.log("| refresh latency, median | rounds | bare fetch | refresh() | ratio |\n|---|---:|---:|---:|---:|");
  for (const [what, rounds, bare, refresh] of rows) {
    console.log(`| ${what} | ${rounds} | ${bare.toFixed(1)} ms | ${refresh.toFixed(1)} ms | ${(refresh / bare).toFixed(2)} |`);
  }
  console.log(`\ngetAccessToken() with a fresh token: ${Math.round(rows.perSecond / 1_000)} thousand calls a second, each awaited`);
} finally {
  await tabs.close();
  await stage.close();
}

/** Gives the page a bare exchange, with a refresh token of its own. */
async function prepare(tab) {
  const { refresh_token: refreshToken } = await stage.newTokens();
  await tab.run((url, clientId, refreshToken) => {
    probe.bare = async () => {
      const began = performance.now();
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId });
      const answer = await (await fetch(url, { method: "POST", body, credentials: "omit", cache: "no-store" })).json();
      refreshToken = answer.refresh_token;
      return performance.now() - began;
    };
  }, stage.server.endpoints.token, stage.config.clientId, refreshToken);
}

/** Medians of a bare fetch and of a refresh that all these tabs begin at one moment, in turns. */
async function compare(rounds, first, all) {
  const bare = [];
  const refreshes = [];
  for (const tab of all) {
    await tab.run(() => {
      const { client } = probe;
      probe.client = { ...client, timed: async () => {
        const began = performance.now();
        await client.refresh();
        return performance.now() - began;
      } };
    });
  }
  // The first ones open connections and compile code.
  for (let round = -5; round < rounds; round++) {
    const ms = await first.run(() => probe.bare());
    const outcomes = await tabs.together(all, "timed");
    for (const { error } of outcomes) if (error) throw new Error(error.text);
    if (round < 0) continue;
    bare.push(ms);
    refreshes.push(...outcomes.map(({ value }) => value));
  }
  return [median(bare), median(refreshes)];
}

/** Calls a second, the median of five runs. */
async function hot(tab) {
  const runs = [];
  while (runs.length < 5) {
    const ms = await tab.run(async (calls) => {
      const began = performance.now();
      for (let call = 0; call < calls; call++) await probe.client.getAccessToken();
      return performance.now() - began;
    }, CALLS);
    runs.push((CALLS / ms) * 1_000);
  }
  return median(runs);
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
