// s06: memory stays flat, and a client that is closed leaves nothing behind: no timer, listener, channel or lock.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { engine, lacking } from "./support/engines.mjs";
import { startStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

/** Runs in each page before any of its scripts: counts what is open, and takes note of the memories that instances have. */
function count() {
  const timers = new Set();
  const channels = new Set();
  const memories = [];
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = (callback, ...rest) => {
    const id = setTimeout(() => {
      timers.delete(id);
      callback();
    }, ...rest);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    clearTimeout(id);
  };
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    constructor(name) {
      super(name);
      channels.add(this);
    }
    close() {
      channels.delete(this);
      super.close();
    }
  };
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args) {
      const instance = new target(...args);
      memories.push(...Object.values(instance.exports).filter((value) => value instanceof WebAssembly.Memory));
      return instance;
    },
  });
  globalThis.open = async () => {
    const { held, pending } = await navigator.locks.query();
    return { timers: timers.size, channels: channels.size, locks: held.length + pending.length };
  };
  globalThis.wasmBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

let stage;
before(async () => {
  stage = await startStage();
  await stage.addScript(count);
  await stage.driver.manage().setTimeouts({ script: 120_000 });
  await stage.fresh();
  await stage.browser.run(() => probe.client.close());
});
after(() => stage?.close());

/** What the page holds when all that is garbage is gone: heap and listeners as far as the engine tells. */
async function held() {
  const { driver, browser } = stage;
  const held = { wasm: await browser.run(() => wasmBytes()), open: await browser.run(() => open()) };
  if (lacking("devtools")) return held;
  await driver.sendDevToolsCommand("HeapProfiler.collectGarbage");
  const { usedSize } = await driver.sendAndGetDevToolsCommand("Runtime.getHeapUsage");
  const { jsEventListeners } = await driver.sendAndGetDevToolsCommand("Memory.getDOMCounters");
  return { ...held, heap: usedSize, listeners: jsEventListeners };
}

/** The browser's own caches grow at first. A leak would be more: a few hundred bytes for each client. */
const HEAP_TOLERANCE = 300_000;

function assertFlat(earlier, later) {
  assert.equal(later.wasm, earlier.wasm, "linear memory");
  assert.deepEqual(later.open, earlier.open);
  if (lacking("devtools")) return;
  assert.equal(later.listeners, earlier.listeners, "listeners");
  assert.ok(later.heap - earlier.heap < HEAP_TOLERANCE, `the heap grew from ${earlier.heap} to ${later.heap} bytes`);
}

test("10,000 refreshes", async (t) => {
  await stage.browser.run(async (config) => {
    let count = 0;
    const answer = () => ({ access_token: `access-${++count}`, refresh_token: `refresh-${count}`, expires_in: 600 });
    const client = await probe.createClient({ ...config, fetch: async () => new Response(JSON.stringify(answer())) });
    await client.setTokens(answer());
    probe.client = client;
  }, stage.config);
  const refreshes = () => stage.browser.run(async () => {
    for (let round = 0; round < 2_500; round++) await probe.client.refresh();
  });
  await refreshes();
  const first = await held();
  for (let batch = 0; batch < 3; batch++) await refreshes();
  const last = await held();
  t.diagnostic(`after 2,500: ${JSON.stringify(first)}; after 10,000: ${JSON.stringify(last)}`);
  assertFlat(first, last);
  assert.ok(last.open.channels === 1 && last.open.locks === 1 && last.wasm > 0, "what is open is counted");
  if (!lacking("devtools")) assert.ok(last.listeners > 0, "so are listeners");
  await stage.browser.run(() => probe.client.close());
});

test("1,000 clients, one after the other", async (t) => {
  const clients = () => stage.browser.run(async (config) => {
    for (let round = 0; round < 250; round++) {
      const client = await probe.createClient({ ...config, name: "flat", idleTimeoutSeconds: 60, shareSession: true });
      client.subscribe(() => {});
      await client.setTokens({ access_token: `access-${round}`, refresh_token: `refresh-${round}`, expires_in: 600 });
      client.close();
    }
  }, stage.config);
  const left = () => stage.browser.run(() => open());
  // WebKit's driver has a timer of its own in the page while it runs a script there.
  const none = { timers: engine === "webkit" ? 1 : 0, channels: 0, locks: 0 };
  const assertAllOver = () => until(async () => isDeepStrictEqual(await left(), none), async () => `nothing is left; it is ${JSON.stringify(await left())}`);
  const { listeners } = await held();
  await clients();
  await clients();
  await assertAllOver();
  const first = await held();
  assert.deepEqual(first.open, none);
  await clients();
  await clients();
  await assertAllOver();
  const last = await held();
  t.diagnostic(`after 500: ${JSON.stringify(first)}; after 1,000: ${JSON.stringify(last)}`);
  assertFlat(first, last);
  assert.equal(last.listeners, listeners);
});
