// Tokens stay in JavaScript's hands: none is ever in the wasm's linear memory, where freed bytes would stay readable.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { secretsOf, startStage } from "./support/stage.mjs";

/** Runs in each page before any of its scripts: takes note of every memory that a wasm instance has. */
function watch() {
  const memories = globalThis.memories = [];
  const note = (instance) => {
    memories.push(...Object.values(instance.exports).filter((value) => value instanceof WebAssembly.Memory));
    return instance;
  };
  const { Instance, instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.Instance = new Proxy(Instance, { construct: (target, args) => note(new target(...args)) });
  for (const [name, original] of Object.entries({ instantiate, instantiateStreaming })) {
    WebAssembly[name] = async (...args) => {
      const result = await original.apply(WebAssembly, args);
      note(result.instance ?? result);
      return result;
    };
  }
}

/** How many memories there are, their size, and which of the texts are in them as UTF-8 or UTF-16. */
function search(texts) {
  const latin1 = (bytes) => new TextDecoder("latin1").decode(bytes);
  const contents = globalThis.memories.map((memory) => latin1(new Uint8Array(memory.buffer)));
  const spellings = (text) => [text, [...text].join("\0")];
  return {
    memories: contents.length,
    size: contents.reduce((sum, content) => sum + content.length, 0),
    used: contents.some((content) => /[^\0]/.test(content)),
    found: texts.filter((text) => spellings(text).some((spelling) => contents.some((content) => content.includes(spelling)))),
  };
}

let stage;
before(async () => {
  stage = await startStage();
  await stage.addScript(watch);
});
after(() => stage?.close());

async function assertNothingFound() {
  const secrets = [...secretsOf(stage.proxy.history)];
  const { memories, size, used, found } = await stage.browser.run(search, secrets);
  assert.ok(memories >= 1 && size >= 65_536 && used, `${memories} memories of ${size} bytes were searched`);
  assert.deepEqual(found, []);
  return secrets.length;
}

test("no token, code or verifier is in the linear memory, at any stage of a session's life", async () => {
  await stage.fresh();
  await stage.visitServer();
  await stage.start();
  await assertNothingFound();
  await stage.get("handleRedirect");
  await assertNothingFound();

  const { fault: late, reached, release } = fault.held();
  stage.proxy.next(stage.paths.token, late);
  await stage.browser.run(() => { probe.pending = probe.client.refresh(); });
  await reached;
  await assertNothingFound();
  release();
  await stage.browser.run(() => probe.pending);

  await stage.get("introspect");
  await stage.get("introspect", { tokenTypeHint: "refresh_token" });
  await stage.get("getAccessToken");
  await stage.get("setTokens", stage.lastTokens());
  stage.proxy.next(stage.paths.token, fault.answer(400, { error: "invalid_grant" }));
  await stage.call("refresh");
  assert.ok(await assertNothingFound() >= 8, "tokens of two answers, code, verifier, state and nonce were looked for");
});

test("the search finds what is there", async () => {
  const { found } = await stage.browser.run(async (search) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    globalThis.memories.push(memory);
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(new TextEncoder().encode("in eight bits"), 7);
    bytes.set(new Uint8Array(Uint16Array.from("in sixteen bits", (letter) => letter.charCodeAt()).buffer), 101);
    return (0, eval)(`(${search})`)(["in eight bits", "in sixteen bits", "nowhere"]);
  }, String(search));
  assert.deepEqual(found, ["in eight bits", "in sixteen bits"]);
});
