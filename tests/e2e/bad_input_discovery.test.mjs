// Metadata that cannot be had, or cannot be trusted.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

const OPENID = "/.well-known/openid-configuration";
const RFC8414 = "/.well-known/oauth-authorization-server";

let stage;
let tokens;
before(async () => {
  stage = await startStage({ layout: "discovery" });
  await stage.fresh();
  await stage.signIn();
  tokens = stage.lastTokens();
});
after(() => stage?.close());
// A page of its own each time: metadata that a page has read stay with it.
beforeEach(async () => {
  await stage.fresh();
  stage.proxy.forget();
});

const html = fault.answer(200, "<!doctype html>", { "content-type": "text/html" });
const edited = (changes) => fault.edited((metadata) => ({ ...metadata, ...changes }));

function assertKept({ before, after, reloaded }) {
  for (const state of [after, reloaded]) {
    assert.deepEqual([state.tokens, state.refreshToken], [before.tokens, before.refreshToken]);
  }
  assert.deepEqual(records(after), records(before));
}

/** What is stored, without the metadata, which may well have been read. */
const records = ({ stored }) => Object.entries(stored.session).filter(([key]) => !key.startsWith("rekindle:metadata:"));

describe("v13 v12 discovery, refused", () => {
  const foreign = () => ["https://evil.example", `${stage.config.issuer}x`, `${stage.config.issuer}/a`, "", 7, undefined, null];
  const endpoint = ["http://evil.example/token", "/token", "//evil.example/token", "javascript:alert(1)", "https://u:p@id.example/token", "https://id.example/token#part"];

  for (const [name, faults, expected] of [
    ["404", () => [fault.answer(404, ""), fault.answer(404, "")], { code: "server", status: 404 }],
    ["500", () => [fault.answer(500, "<html>"), fault.answer(500, "<html>")], { code: "server", status: 500 }],
    ["HTML", () => [html, html], { code: "server" }],
    ["truncated", () => [fault.answer(200, '{"issuer":'), fault.answer(200, '{"issuer":')], { code: "server" }],
    ["without CORS", () => [fault.withoutCors(200, "{}"), fault.withoutCors(200, "{}")], { code: "network" }],
    // A browser that asks once more is answered.
    ...(lacking("drop") ? [] : [["a dropped connection", () => [fault.dropped, fault.dropped], { code: "network" }]]),
    ["a redirect", () => [fault.answer(302, "", { location: "/trap" }), fault.answer(302, "", { location: "/trap" })], { code: "network" }],
  ]) {
    test(name, async () => {
      const [first, second] = faults();
      stage.proxy.next(OPENID, first);
      stage.proxy.next(RFC8414, second);
      const result = await stage.trial({ tokens });
      for (const [field, value] of Object.entries(expected)) assert.equal(result.error?.[field], value, field);
      assert.equal(result.error.retryable, true);
      assertKept(result);
      assert.deepEqual(stage.proxy.to(stage.paths.token), []);
      assert.deepEqual(stage.proxy.to("/trap"), []);
    });
  }

  test("no answer in time", async () => {
    stage.proxy.next(OPENID, fault.silent);
    const result = await stage.trial({ tokens, args: [{ timeoutMs: 300 }] });
    assert.equal(result.error?.code, "timeout");
    assertKept(result);
  });

  test("it names another issuer", async () => {
    for (const issuer of foreign()) {
      stage.proxy.next(OPENID, edited({ issuer }));
      stage.proxy.next(RFC8414, edited({ issuer }));
      const result = await stage.trial({ tokens });
      assert.equal(result.error?.code, "insecure_issuer", `issuer ${issuer}`);
      assert.equal(result.error.retryable, false);
      assertKept(result);
      assert.deepEqual(stage.proxy.to(stage.paths.token), []);
      stage.proxy.forget();
    }
  });

  test("m03 its token endpoint is no https address", async () => {
    for (const token_endpoint of endpoint) {
      stage.proxy.next(OPENID, edited({ token_endpoint }));
      const result = await stage.trial({ tokens });
      assert.equal(result.error?.code, "insecure_issuer", token_endpoint);
      assertKept(result);
      stage.proxy.forget();
    }
  });

  test("v11 no introspection endpoint in either document", async () => {
    const without = fault.edited(({ introspection_endpoint, ...metadata }) => metadata);
    stage.proxy.next(OPENID, without);
    stage.proxy.next(RFC8414, without);
    const result = await stage.trial({ tokens, method: "introspect" });
    assert.equal(result.error?.code, "unsupported");
    assert.match(result.error.message, /introspection/);
    assertKept(result);
  });

  test("a failure is not kept: the next call asks again and succeeds", async () => {
    await stage.get("setTokens", tokens);
    stage.proxy.next(OPENID, fault.answer(500, ""));
    stage.proxy.next(RFC8414, fault.answer(500, ""));
    assert.equal((await stage.call("introspect")).error.code, "server");
    assert.equal((await stage.get("introspect")).active, true);
  });
});

describe("discovery, accepted", () => {
  test("one trailing slash more on the configured issuer", async () => {
    const config = { ...stage.config, issuer: `${stage.config.issuer}/` };
    const { value } = await stage.trial({ config, tokens, method: "introspect" });
    assert.equal(value?.active, true);
  });

  test("what openid-configuration lacks is looked for in oauth-authorization-server", async () => {
    stage.proxy.next(OPENID, fault.edited(({ introspection_endpoint, ...metadata }) => metadata));
    const metadata = { issuer: stage.config.issuer, introspection_endpoint: stage.server.endpoints.introspection };
    stage.proxy.next(RFC8414, fault.answer(200, metadata));
    const { value, error } = await stage.trial({ tokens, method: "introspect" });
    assert.equal(error, undefined);
    assert.equal(value.active, true);
  });

  test("lists without `none` and S256", async () => {
    stage.proxy.next(OPENID, edited({ token_endpoint_auth_methods_supported: ["client_secret_basic"], code_challenge_methods_supported: undefined }));
    const { error } = await stage.trial({ tokens, method: "introspect" });
    assert.equal(error, undefined);
  });

  test("m03 configured endpoints win, and need no discovery", async () => {
    const { introspection } = stage.server.endpoints;
    const { value } = await stage.trial({ config: { ...stage.config, endpoints: { introspection } }, tokens, method: "introspect" });
    assert.equal(value.active, true);
    assert.deepEqual(stage.proxy.recent().map(({ path }) => path), [stage.paths.introspection]);
  });
});

test("after all of that the refresh token still works", async () => {
  await stage.get("setTokens", tokens);
  assert.equal((await stage.get("refresh")).accessToken, stage.lastTokens().access_token);
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
