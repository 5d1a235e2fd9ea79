// What it costs a refresh that its ID token is verified, in pairs and in turns: against the same answer in a page whose `crypto.subtle` is
// gone, where nobody can verify, and against the same answer without an ID token, where all else that it brings along is saved too.
// `node tests/e2e/verification_cost.mjs` prints it as Markdown. The proxy answers by itself, so that a server's own time does not blur it.

import { startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

const PAIRS = 100;
/** So many refreshes in a row are one measurement, since the page's clock ticks ten times a millisecond. */
const IN_A_ROW = 10;

const stage = await startStage();
const tabs = await startTabs(stage);
try {
  const tab = await tabs.signedIn();
  await tab.get("refresh");
  const genuine = await stage.newTokens();
  let count = 0;
  let hasIdToken = true;
  stage.proxy.always(stage.paths.token, ({ reply }) => {
    const { id_token, ...answer } = { ...genuine, refresh_token: `refresh-token-${count++}` };
    const body = JSON.stringify(hasIdToken ? { ...answer, id_token } : answer);
    reply({ status: 200, headers: { "content-type": "application/json" }, body });
  });
  await tab.get("setTokens", genuine);

  const measure = async (isVerified, brings) => {
    hasIdToken = brings;
    const ms = await tab.run(async (isVerified, times) => {
      if (!isVerified) Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
      const began = performance.now();
      for (let time = 0; time < times; time++) await probe.client.refresh();
      const ended = performance.now();
      delete crypto.subtle;
      return ended - began;
    }, isVerified, IN_A_ROW);
    return ms / IN_A_ROW;
  };
  const verified = () => measure(true, true);
  const notVerified = () => measure(false, true);
  const without = () => measure(true, false);

  const rows = [];
  for (const [what, other] of [["nobody can verify it", notVerified], ["there is none", without]]) {
    const pairs = [];
    // The first ones open connections and compile code.
    for (let pair = -3; pair < PAIRS; pair++) {
      const isFirst = pair % 2 === 0;
      const one = isFirst ? await verified() : undefined;
      const two = await other();
      const both = [one ?? (await verified()), two];
      if (pair >= 0) pairs.push(both);
    }
    rows.push([what, pairs]);
  }
  await check(tab);
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

/** The one kind was verified and the other was not: a warning says so. */
async function check(tab) {
  const { warnings, exchanges } = await tab.diagnostics();
  const unverified = warnings.filter(({ what }) => what.includes("not verified"));
  const failed = exchanges.filter(({ outcome }) => outcome !== "ok" && outcome !== "answered");
  console.log(`${unverified.length} warnings of ${warnings.length} that nobody could verify; outcomes: ${[...new Set(exchanges.map(({ outcome }) => outcome))]}; ${failed.length}`);
}

function ms(number) {
  return `${number.toFixed(2)} ms`;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
