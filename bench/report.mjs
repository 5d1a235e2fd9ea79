// The results as a page of Markdown.

import { BARE, BARE_TABS, BARE_VERIFIED, CONTROL, contenders, OURS } from "./contenders.mjs";
import { differences, ratios, summary } from "./statistics.mjs";

const number = (value, digits = 0) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const interval = ({ median, low, high }, digits) => `${number(median, digits)} (${number(low, digits)} to ${number(high, digits)})`;
const kilobytes = (bytes) => number(bytes / 1_000);
const once = (values) => [...new Set(values)].sort((a, b) => a - b).join(" to ");
const of = (figures, name, digits) => interval(summary(figures[name]), digits);

export function report(results) {
  const { rounds, bytes, cold, distant, steady, tabs, concurrent, memory, flat, browser, cores, minutes } = results;
  const paired = (measure, id, figure, compare, digits, base = BARE) => interval(summary(compare(measure[id][figure], measure[base][figure])), digits);

  return `# Benchmark

How rekindle compares with what one would write by hand, and with other packages. \`cargo xtask bench\` measures it and writes this page.

This run: ${browser}, ${cores} cores, ${number(rounds)} rounds, ${number(minutes, 1)} minutes.

![The figures as a plot](benchmark.svg)

Who is measured takes turns in each round. A ratio or difference is taken within a round, and the table has the median of all rounds with
a 95 % interval. *Control* is the bare page measured twice: what it differs from itself is noise.

## Bytes

JavaScript and WebAssembly together, minified, brotli 11, the small page around it included. *All* is a page that signs in, refreshes, introspects and has
its tokens renewed: everything that the bundler makes. *Adopting* never signs in by itself; it is given tokens, refreshes, introspects and has them renewed: what it
fetches while it does so.

${table(["", "all, esbuild", "all, Vite", "adopting, esbuild", "adopting, Vite"], contenders.filter(({ id }) => id !== CONTROL).map(({ id, name }) => [
    name, ...["full", "adopting"].flatMap((page) => ["esbuild", "vite"].map((bundler) => number(bytes[bundler][page][id]))),
  ]))}

## First refresh after a cold start

From the navigation to the end of the first refresh, in a browser that has nothing of the site but the stored session. Then the same with 50 ms for each
round trip, to the site and to the authorization server. Round trips are those that wait for one another, the page and its script among them.

${table(["", "ms", "ms over bare", "× bare", "at 50 ms: ms over bare", "× bare", "requests to the server", "round trips"], contenders.map(({ id, name }) => [
    name, of(cold[id], "ms", 1), paired(cold, id, "ms", differences, 1), paired(cold, id, "ms", ratios, 2),
    paired(distant, id, "ms", differences, 1), paired(distant, id, "ms", ratios, 2), once(distant[id].requests), number(summary(distant[id].roundTrips).median),
  ]))}

## An open page

One refresh after the other, and \`getAccessToken()\` with a fresh token, each call awaited.

${table(["", "refresh, ms", "× bare", "× bare, verified", "10³ getAccessToken()/s", "× bare"], contenders.map(({ id, name }) => [
    name, of(steady[id], "refreshMs", 2), paired(steady, id, "refreshMs", ratios, 2), paired(steady, id, "refreshMs", ratios, 2, BARE_VERIFIED),
    number(summary(steady[id].perSecond).median / 1_000), paired(steady, id, "perSecond", ratios, 2),
  ]))}

## Many at once

The access token has run out. 50 calls in one tab ask for one at the same moment; eight tabs with copies of one session do, and the server takes 150 ms to
answer. Fewer requests are better: where refresh tokens rotate, each of the others is a use of a spent token. The slowest tab is timed where tabs coordinate; the control is
here the bare page with a lock, once more.

${table(["", "requests of 50 calls", "requests of 8 tabs", "slowest tab, ms", "× bare, tabs safe"], contenders.map(({ id, name }) => [
    id === CONTROL ? "bare, tabs safe again (control)" : name, once(concurrent[id].requests), once(tabs[id].requests),
    ...([BARE_TABS, CONTROL, OURS].includes(id) ? [of(tabs[id], "slowestMs", 0), paired(tabs, id, "slowestMs", ratios, 2, BARE_TABS)] : ["", ""]),
  ]))}

## Memory

Over a blank page after 100 refreshes, when all garbage is collected, in KB (1,000 bytes).

${table(["", "JavaScript heap", "wasm linear memory"], contenders.filter(({ id }) => id !== CONTROL).map(({ id, name }) => [
    name, kilobytes(summary(memory[id].heap).median), kilobytes(summary(memory[id].linear).median),
  ]))}

Over many refreshes, with answers from within the page:

${table(["", "heap at 1,000", "at 10,000", "linear memory at 1,000", "at 10,000"], contenders.filter(({ id }) => flat[id]).map(({ id, name }) => [
    name, ...["heap", "linear"].flatMap((figure) => [1_000, 10_000].map((refreshes) => kilobytes(flat[id][refreshes][figure]))),
  ]))}

## How to repeat it

\`\`\`sh
cargo xtask bench
\`\`\`

It installs what it needs, builds the package, and writes this page and its plot. \`--rounds 10\` is quicker and coarser; \`--into FOLDER\` leaves
these files alone. All values, round by round, are in \`target/bench/results.json\`. What each contender does is in \`bench/contenders/\`, the versions in \`bench/package.json\`.

- The authorization server is scripted and on this machine: it answers at once, with ID tokens that are really signed (RS256).
- Each is configured as its documentation has it for a single-page app, with the endpoints where it takes them, so that discovery is only of those who insist.
- keycloak-js keeps its tokens in memory and asks the server for new ones when it is given some: its \`init\` counts as its first refresh.
- auth0-spa-js has no way to adopt tokens: its storage is filled as it would fill it.
- Only rekindle, okta-auth-js and the bare page with verification verify the ID token of a refresh; oidc-client-ts, keycloak-js and auth0-spa-js check no signature.
- A busy machine makes the intervals wide: who is compared is measured shortly after one another, not at the same moment.
`;
}

function table([first, ...heads], rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line([first, ...heads]), `|---|${heads.map(() => "---:|").join("")}`, ...rows.map(line)].join("\n");
}
