// What the built package exports, against what its types declare: run after `cargo xtask build`, with
// `node --test tests/types/package.test.mjs`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { clientMembers, configFields, exportedNames } from "./names.js";

const built = new URL("../../target/npm/package/", import.meta.url);
const require = createRequire(built);
const rekindle = await import(new URL("index.js", built));
const config = { issuer: "https://example.okta.com/oauth2/default", clientId: "0oa1example" };

test("every entry exports what the types declare", async () => {
  for (const entry of [rekindle, require("./index.cjs"), await import(new URL("streaming.js", built))]) {
    assert.deepEqual(Object.keys(entry).sort(), exportedNames.toSorted());
  }
});

test("no type is any, and nothing has to be freed", () => {
  const types = readFileSync(new URL("index.d.ts", built), "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  assert.match(types, /\bunknown\b/);
  assert.doesNotMatch(types, /\b(any|free)\b/);
});

test("a client has the members that its type declares, bound", async () => {
  const client = await rekindle.createClient(config);
  assert.deepEqual(names(client).sort(), clientMembers.toSorted());
  for (const name of clientMembers) assert.equal(typeof client[name], "function", name);
  assert.equal(typeof client[Symbol.dispose], "function");

  const { getSnapshot, getRefreshToken, close } = client;
  assert.deepEqual(getSnapshot(), { status: "signed-out", tokens: null, persisted: false, error: null });
  assert.equal(getRefreshToken(), null);
  close();
});

test("diagnostics are of this version, and a copy", async () => {
  const { version } = JSON.parse(readFileSync(new URL("package.json", built), "utf8"));
  const client = await rekindle.createClient(config);
  const told = client.diagnostics();
  const { issuer, clientId } = config;
  const state = { status: "signed-out", persisted: false, coordination: "none", liveTabs: null, nextRenewalAt: null };
  const rest = { clockOffsetMs: 0, restarts: 0, exchanges: [], warnings: [] };
  assert.deepEqual(told, { version, issuer, clientId, ...state, ...rest });
  told.exchanges.push("mine");
  assert.deepEqual(client.diagnostics().exchanges, []);
  client.close();
  assert.equal(client.diagnostics().issuer, issuer);
});

test("a client takes the fields that its config declares, and undefined for each optional one", async () => {
  const undefinedFields = Object.fromEntries(configFields.map((field) => [field, undefined]));
  const client = await rekindle.createClient({ ...undefinedFields, ...config });
  client.close();
});

test("a field that the config does not declare is refused with a RekindleError", async () => {
  await assert.rejects(rekindle.createClient({ ...config, clientSecret: "x" }), (error) => {
    assert.ok(error instanceof rekindle.RekindleError);
    assert.ok(error instanceof Error);
    assert.deepEqual([error.name, error.code, error.retryable], ["RekindleError", "invalid_config", false]);
    assert.match(error.message, /clientSecret/);
    return true;
  });
});

/** The names of an object's members, its prototypes' included. */
function names(object) {
  const own = Object.getOwnPropertyNames(object).filter((name) => name !== "constructor");
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || prototype === Object.prototype ? own : [...own, ...names(prototype)];
}
