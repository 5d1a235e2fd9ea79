// What is measured. Each measure gives, for each contender, one value a round; the contenders take turns within a round.

import { dump, restore } from "./browser.mjs";
import { BARE, BARE_TABS, CONTROL, OURS, contenders } from "./contenders.mjs";
import { weigh } from "./bytes.mjs";
import { roundTrips } from "./statistics.mjs";

const REFRESHES = 10;
const HOT_MS = 20;
const CONCURRENT = 50;
const TABS = 8;
const ANSWER_MS = 150;
/** By then every tab has been told. */
const START_IN_MS = 100;
const UNTIMED_ROUNDS = 2;
export const ROUND_TRIP_MS = 50;

const timed = ({ id }) => `/timed/${id}/`;

/** What each contender has stored after it was given tokens, in a page of its own: `expiresIn` seconds before the access token's end. */
export async function keepTokens({ server, visitors }, expiresIn) {
  const kept = {};
  for (const { id } of contenders) {
    const visitor = await visitors.visitor();
    const tab = await visitor.tab();
    await tab.open(timed({ id }));
    const tokens = { ...server.firstTokens(id), ...(expiresIn && { expires_in: expiresIn }) };
    await tab.run((tokens) => contender.adopt({ ...config, autoRenew: false }, tokens), tokens);
    kept[id] = await tab.run(dump);
    await visitor.leave();
  }
  return kept;
}

/** The page that only adopts: what it fetches of its site while it refreshes and introspects, with each bundler. */
export async function loadedBytes({ server, site, visitors, folder }, bundler) {
  const bytes = {};
  for (const { id } of contenders) {
    const visitor = await visitors.visitor();
    const tab = await visitor.tab();
    await tab.before((tokens) => { globalThis.tokens = tokens; }, server.firstTokens(id));
    site.log.length = 0;
    const page = `/${bundler}/adopting/${id}/`;
    const { active, token } = await tab.reported(page);
    if (!active || !token) throw new Error(`${page} has not done what it is for`);
    const sizes = new Map(await weigh(`${folder}${page}`));
    bytes[id] = site.log.reduce((sum, { path }) => sum + (sizes.get(path.slice(page.length)) ?? 0), 0);
    await visitor.leave();
  }
  return bytes;
}

/** From the beginning of the navigation to the end of the first refresh, and what was asked of the two servers for it. */
export async function coldStart({ server, site, visitors, kept }, rounds, roundTripMs, progress) {
  return inTurns(rounds, progress, async (contender) => {
    const visitor = await visitors.visitor(kept[contender.id]);
    const tab = await visitor.tab();
    server.log.length = site.log.length = 0;
    server.roundTripMs = site.roundTripMs = roundTripMs;
    const { ms } = await tab.reported(`${timed(contender)}#cold`);
    server.roundTripMs = site.roundTripMs = 0;
    const asked = [...server.log, ...site.log].filter(({ ended }) => ended);
    const figures = { ms, requests: server.log.length, roundTrips: roundTrips(asked) };
    await visitor.leave();
    return figures;
  });
}

/** One tab for each contender stays open: ms for a refresh, and calls of getAccessToken() a second. */
export async function steady({ visitors, kept }, rounds, progress) {
  const open = new Map();
  for (const contender of contenders) {
    const visitor = await visitors.visitor(kept[contender.id]);
    const tab = await visitor.tab();
    await tab.open(timed(contender));
    // What opens connections, compiles code and fetches keys is over.
    await tab.run(async (refreshes) => {
      globalThis.client = await contender.open(config);
      for (let call = 0; call < refreshes; call++) await client.refresh();
    }, REFRESHES * 3);
    const calls = await tab.run(calibrate, HOT_MS);
    open.set(contender.id, { visitor, tab, calls });
  }
  const results = await inTurns(rounds, progress, async (contender) => {
    const { tab, calls } = open.get(contender.id);
    const refreshMs = await tab.run(async (refreshes) => {
      const began = performance.now();
      for (let call = 0; call < refreshes; call++) await client.refresh();
      return (performance.now() - began) / refreshes;
    }, REFRESHES);
    const perSecond = await tab.run(async (calls) => {
      const began = performance.now();
      for (let call = 0; call < calls; call++) await client.getAccessToken();
      return (calls / (performance.now() - began)) * 1_000;
    }, calls);
    return { refreshMs, perSecond };
  });
  for (const { visitor } of open.values()) await visitor.leave();
  return results;
}

/** Runs in a page: how many calls take so long. */
async function calibrate(ms) {
  let calls = 100;
  for (;;) {
    const began = performance.now();
    for (let call = 0; call < calls; call++) await client.getAccessToken();
    const took = performance.now() - began;
    if (took > ms / 2) return Math.ceil((calls * ms) / took);
    calls *= 2;
  }
}

/** Fifty calls in one tab whose access token has run out: how many requests that makes, those of its opening among them. */
export async function concurrent(stage, progress) {
  return inTurns(UNTIMED_ROUNDS, progress, async (contender) => {
    const visitor = await stage.visitors.visitor();
    const { requests } = await race(stage, contender, [await visitor.tab()], CONCURRENT);
    await visitor.leave();
    return { requests };
  });
}

/**
 * Eight tabs with copies of one session whose access token has run out: the requests, and how long the slowest tab waits. Only who
 * coordinates tabs is timed, in each round; the others are counted twice.
 */
export async function tabs(stage, rounds, progress) {
  const bareTabs = contenders.find(({ id }) => id === BARE_TABS);
  const control = { ...bareTabs, page: BARE_TABS, id: CONTROL };
  const timedOnes = [bareTabs, control, contenders.find(({ id }) => id === OURS)];
  const others = contenders.filter(({ id }) => ![BARE_TABS, CONTROL, OURS].includes(id));
  const results = {};
  for (const [who, times] of [[timedOnes, rounds], [others, UNTIMED_ROUNDS]]) {
    const open = new Map();
    for (const { id } of who) {
      const visitor = await stage.visitors.visitor();
      open.set(id, { visitor, tabs: await together(Array.from({ length: TABS }), () => visitor.tab()) });
    }
    const turn = (contender) => race(stage, contender, open.get(contender.id).tabs, 1);
    Object.assign(results, await inTurns(times, progress, turn, who));
    for (const { visitor } of open.values()) await visitor.leave();
  }
  return results;
}

/** All these tabs, opened afresh, ask at one moment, so many times each, for an access token. */
async function race({ server, expired }, { id, page = id }, tabs, calls) {
  await together(tabs, (tab) => tab.open("/blank/"));
  await together(tabs, (tab) => tab.run(restore, expired[page]));
  const before = server.tokenRequests();
  await together(tabs, (tab) => tab.open(timed({ id: page })));
  await together(tabs, (tab) => tab.run(async () => { globalThis.client = await contender.open({ ...config, autoRenew: false }); }));
  server.roundTripMs = ANSWER_MS;
  const start = Date.now() + START_IN_MS;
  const waits = await together(tabs, (tab) => tab.run(async (start, calls) => {
    await new Promise((begin) => { setTimeout(begin, start - Date.now()); });
    await Promise.all(Array.from({ length: calls }, () => client.getAccessToken()));
    return Date.now() - start;
  }, start, calls));
  server.roundTripMs = 0;
  return { slowestMs: Math.max(...waits), requests: server.tokenRequests() - before };
}

/** What a page holds over a blank one after a hundred refreshes: bytes of JavaScript heap, and of WebAssembly's linear memory. */
export async function memory({ visitors, kept }, rounds, progress) {
  return inTurns(rounds, progress, async (contender) => {
    const visitor = await visitors.visitor(kept[contender.id]);
    const tab = await visitor.tab();
    await tab.before(noteMemories);
    await tab.open("/blank/");
    const blank = await tab.heap();
    await tab.open(timed(contender));
    await tab.run(openAndRefresh, 100);
    const figures = { heap: (await tab.heap()) - blank, linear: await tab.run(() => linearMemory()) };
    await visitor.leave();
    return figures;
  });
}

/** The same after 1,000 and after 10,000 refreshes, with a `fetch` that answers from within the page. */
export async function flat({ server, visitors, kept }, progress) {
  const results = {};
  for (const contender of contenders.filter(({ id }) => [BARE, OURS].includes(id))) {
    const visitor = await visitors.visitor(kept[contender.id]);
    const tab = await visitor.tab();
    await tab.before(noteMemories);
    await tab.before(answerWithin, server.firstTokens(contender.id));
    await tab.open("/blank/");
    const blank = await tab.heap();
    await tab.open(timed(contender));
    results[contender.id] = {};
    let done = 0;
    await tab.run(openAndRefresh, 0);
    for (const refreshes of [1_000, 10_000]) {
      for (; done < refreshes; done += 500) {
        progress(`${contender.name}, ${done} of 10,000`);
        await tab.run(async () => {
          for (let call = 0; call < 500; call++) await client.refresh();
        });
      }
      results[contender.id][refreshes] = { heap: (await tab.heap()) - blank, linear: await tab.run(() => linearMemory()) };
    }
    await visitor.leave();
  }
  return results;
}

/** Runs in a page. */
async function openAndRefresh(refreshes) {
  globalThis.client = await contender.open(config);
  for (let call = 0; call < refreshes; call++) await client.refresh();
}

/** Runs in a page before its scripts: finds the memories of the instances to come, whichever way they are made. */
function noteMemories() {
  const memories = [];
  const note = (instance) => memories.push(...Object.values(instance.exports).filter((value) => value instanceof WebAssembly.Memory));
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const instance = new target(...args);
      note(instance);
      return instance;
    },
  });
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await original(...args);
      note(made.instance ?? made);
      return made;
    };
  }
  globalThis.linearMemory = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

/** Runs in a page before its scripts: the token endpoint's answers, of which each has a refresh token of its own. */
function answerWithin(tokens) {
  const { fetch } = globalThis;
  let count = 0;
  globalThis.fetch = async (url, init) => {
    if (!String(url).endsWith("/token")) return fetch(url, init);
    return Response.json({ ...tokens, refresh_token: `${tokens.refresh_token}${++count}` });
  };
}

const together = (tabs, step) => Promise.all(tabs.map(step));

/**
 * Has each contender take its turn in each round, and gives what the turns came to: `[contender][figure]` is a list, round by round. Who comes
 * after whom changes, for what one leaves behind is the next one's burden. The first round of all is not kept.
 */
async function inTurns(rounds, progress, turn, who = contenders) {
  const strides = [...who.keys()].filter((stride) => isCoprime(stride, who.length));
  const all = Object.fromEntries(who.map(({ id }) => [id, {}]));
  for (let round = -1; round < rounds; round++) {
    progress(round < 0 ? "once for nothing" : `round ${round + 1} of ${rounds}`);
    for (const place of who.keys()) {
      const contender = who[(place * strides[(round + 1) % strides.length] + round + 1) % who.length];
      const figures = await turn(contender);
      if (round < 0) continue;
      for (const [figure, value] of Object.entries(figures)) (all[contender.id][figure] ??= []).push(value);
    }
  }
  return all;
}

function isCoprime(a, b) {
  return b === 0 ? a === 1 : isCoprime(b, a % b);
}
