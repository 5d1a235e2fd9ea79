// What it costs a refresh that its ID token is verified, in pairs and in turns: against the same answer in a page whose `crypto.subtle` is
// gone, where nobody can verify, and against the same answer without an ID token, where all else that it brings along is saved too.
// `node tests/e2e/verification_cost.mjs` prints it as Markdown. The tokens and the keys are a real server's; refreshes are answered
// within the page, so that neither network nor server blurs what is compared.

import assert from "node:assert/strict";
import { startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

const PAIRS = 100;
/** So many refreshes in a row are one measurement, since the page's clock ticks ten times a millisecond. */
const IN_A_ROW = 10;

const stage = await startStage();
const tabs = await startTabs(stage);
try {
  const tab = await tabs.open();
  await tab.run(async (config, genuine, tokenEndpoint) => {
    let count = 0;
    globalThis.hasIdToken = true;
    const answer = (url, init) => {
      if (url !== tokenEndpoint) return fetch(url, init);
      const { id_token, ...rest } = { ...genuine, refresh_token: `refresh-token-${count++}` };
      return Promise.resolve(Response.json(globalThis.hasIdToken ? { ...rest, id_token } : rest));
    };
    probe.client = await probe.createClient({ ...config, fetch: answer });
    await probe.client.setTokens(genuine);
  }, stage.config, await stage.newTokens(), stage.server.endpoints.token);

  const measure = async (isVerified, brings) => {
    const ms = await tab.run(async (isVerified, brings, times) => {
      globalThis.hasIdToken = brings;
      if (!isVerified) Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
      const began = performance.now();
      for (let time = 0; time < times; time++) await probe.client.refresh();
      const ended = performance.now();
      delete crypto.subtle;
      return ended - began;
    }, isVerified, brings, IN_A_ROW);
    return ms / IN_A_ROW;
  };
  const verified = () => measure(true, true);
  const notVerified = () => measure(false, true);
  const without = () => measure(true, false);

  await verified();
  assert.equal(await unverified(tab), 0);
  await notVerified();
  assert.equal(await unverified(tab), IN_A_ROW);

  const rows = [];
  for (const [what, other] of [["nobody can verify it", notVerified], ["there is none", without]]) {
    const pairs = [];
    // The first ones open connections and compile code.
    for (let pair = -3; pair < PAIRS; pair++) {
      const first = pair % 2 === 0 ? await verified() : undefined;
      const second = await other();
      const both = [first ?? (await verified()), second];
      if (pair >= 0) pairs.push(both);
    }
    rows.push([what, pairs]);
  }
  console.log(`| refresh() with a verified ID token, against the same where … | pairs | verified | not | median of the differences | 95 % interval |\n|---|---:|---:|---:|---:|---:|`);
  for (const [what, pairs] of rows) {
    const differences = pairs.map(([one, two]) => one - two).toSorted((a, b) => a - b);
    // The ranks between which a median lies (binomial, by its normal approximation).
    const least = Math.floor(PAIRS / 2 - 0.98 * Math.sqrt(PAIRS));
    const interval = [differences[least], differences[PAIRS - 1 - least]];
    const [one, two] = [0, 1].map((place) => median(pairs.map((pair) => pair[place])));
    console.log(`| ${what} | ${PAIRS} | ${ms(one)} | ${ms(two)} | ${ms(median(differences))} | ${interval.map(ms).join(" to ")} |`);
  }
} finally {
  await tabs.close();
  await stage.close();
}

/** How many refreshes are told to have an ID token that nobody could verify. */
async function unverified(tab) {
  const { warnings } = await tab.diagnostics();
  return warnings.filter(({ what }) => what.includes("not verified")).length;
}

function ms(number) {
  return `${number.toFixed(2)} ms`;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
