// Answers that are refused: the call rejects with its code, and neither the tokens held nor the record stored change.
// Tests are named after the rows of the fault list.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

let stage;
let tokens;
let elsewhere;
before(async () => {
  stage = await startStage();
  elsewhere = stage.site.origin;
  await stage.fresh();
  await stage.signIn();
  tokens = stage.lastTokens();
});
after(() => stage?.close());
beforeEach(() => stage.proxy.forget());

const html = "<!doctype html><title>Sign in to the Wi-Fi</title>";
const answer = (status, body, headers) => () => fault.answer(status, body, headers);
const htmlAnswer = (status) => answer(status, html, { "content-type": "text/html" });
const exposed = (headers) => ({ ...headers, "access-control-expose-headers": Object.keys(headers).join() });
const okta = { errorCode: "E0000006", errorSummary: "You do not have permission", errorLink: "E0000006", errorId: "oaeZ1", errorCauses: [] };

const SERVER = { code: "server", retryable: true };
const NETWORK = { code: "network", retryable: true, status: undefined };
const LIMITED = { code: "rate_limited", retryable: true, status: 429 };
const OAUTH = { code: "oauth", retryable: false };
const INVALID = { code: "invalid_response", retryable: false };

/** What any endpoint may answer. `sent` tells that the request may have been acted upon. */
const anyEndpoint = [
  ["n05_500_html", htmlAnswer(500), { ...SERVER, status: 500 }],
  ["n05_502_json", answer(502, { message: "bad gateway" }), { ...SERVER, status: 502 }],
  ["n05_504_empty", answer(504, ""), { ...SERVER, status: 504 }],
  ["n05_503_invalid_grant", answer(503, { error: "invalid_grant" }), { ...SERVER, status: 503 }],
  ["n06_429_without_retry_after", answer(429, ""), { ...LIMITED, retryAfterMs: undefined }],
  ["n06_429_retry_after_seconds", answer(429, "", exposed({ "retry-after": "7" })), { ...LIMITED, retryAfterMs: 7000 }],
  ["n06_429_retry_after_not_exposed", answer(429, "", { "retry-after": "7" }), { ...LIMITED, retryAfterMs: undefined }],
  ["n06_429_retry_after_rubbish", answer(429, "", exposed({ "retry-after": "soon" })), { ...LIMITED, retryAfterMs: undefined }],
  ["n06_429_okta", answer(429, { ...okta, errorCode: "E0000047" }), { ...LIMITED, errorId: "oaeZ1" }],
  ["n06_429_invalid_grant", answer(429, { error: "invalid_grant" }), LIMITED],
  ["n08_200_html", htmlAnswer(200), { ...SERVER, status: 200 }],
  ["v01_200_truncated_json", answer(200, '{"access_token":"abc","refr'), { ...SERVER, status: 200 }],
  ["v01_200_empty", answer(200, ""), { ...SERVER, status: 200 }],
  ["v01_200_array", answer(200, [{ active: true, access_token: "abc" }]), { ...SERVER, status: 200 }],
  ["v01_200_string", answer(200, '"abc"'), { ...SERVER, status: 200 }],
  ["v01_200_null", answer(200, "null"), { ...SERVER, status: 200 }],
  ["r08_400_empty", answer(400, ""), { ...SERVER, status: 400 }],
  ["r08_403_html", htmlAnswer(403), { ...SERVER, status: 403 }],
  ["r05_401_invalid_client", answer(401, { error: "invalid_client", error_description: "No such client" }),
    { ...OAUTH, status: 401, oauthError: "invalid_client", oauthErrorDescription: "No such client" }],
  ["r05_400_invalid_request", answer(400, { error: "invalid_request" }), { ...OAUTH, status: 400, oauthError: "invalid_request" }],
  ["r05_400_server_error", answer(400, { error: "server_error" }), { ...SERVER, status: 400, oauthError: "server_error" }],
  ["r05_400_temporarily_unavailable", answer(400, { error: "temporarily_unavailable" }),
    { ...SERVER, status: 400, oauthError: "temporarily_unavailable" }],
  ["r06_403_okta", answer(403, okta),
    { ...OAUTH, status: 403, oauthError: "E0000006", oauthErrorDescription: "You do not have permission", errorId: "oaeZ1" }],
  ["r06_401_okta", answer(401, okta), { ...OAUTH, status: 401, oauthError: "E0000006", errorId: "oaeZ1" }],
  ["n07_307", () => fault.answer(307, "", { location: `${elsewhere}/callback` }), NETWORK],
  ["n07_302", () => fault.answer(302, "", { location: `${elsewhere}/callback` }), NETWORK],
  ["n01_dropped", () => fault.dropped, NETWORK],
  ["n11_500_without_cors", () => fault.withoutCors(500, { error: "server_error" }), NETWORK],
  ["n11_400_invalid_grant_without_cors", () => fault.withoutCors(400, { error: "invalid_grant" }), NETWORK],
  ["n09_200_stalled", () => fault.stalled('{"access_token":"abc"'), { code: "timeout", retryable: true }, [{ timeoutMs: 300 }]],
  ["n09_200_too_long", answer(200, { active: true, access_token: "a", padding: "p".repeat(1_100_000) }), INVALID],
];

const tokenEndpoint = [
  ["r05_400_invalid_scope", answer(400, { error: "invalid_scope" }), { ...OAUTH, oauthError: "invalid_scope" }],
  ["r05_403_unauthorized_client", answer(403, { error: "unauthorized_client" }), { ...OAUTH, oauthError: "unauthorized_client" }],
  ["r05_400_unsupported_grant_type", answer(400, { error: "unsupported_grant_type" }), { ...OAUTH, oauthError: "unsupported_grant_type" }],
  ["r05_400_description_alone_names_invalid_grant", answer(400, { error: "invalid_request", error_description: "invalid_grant" }),
    { ...OAUTH, oauthError: "invalid_request" }],
  ["v03_no_access_token", answer(200, { token_type: "Bearer", expires_in: 60 }), INVALID],
  ["v03_access_token_number", answer(200, { access_token: 7, token_type: "Bearer" }), INVALID],
  ["v03_access_token_empty", answer(200, { access_token: "", token_type: "Bearer" }), INVALID],
  ["v03_access_token_null", answer(200, { access_token: null, token_type: "Bearer" }), INVALID],
  ["v04_token_type_unknown", answer(200, { access_token: "abc", token_type: "mac" }), INVALID],
];

const introspectionEndpoint = [
  ["v11_active_missing", answer(200, { sub: "x" }), INVALID],
  ["v11_active_string", answer(200, { active: "true" }), INVALID],
  ["v11_active_number", answer(200, { active: 1 }), INVALID],
  ["v11_401_empty", answer(401, ""), { ...SERVER, status: 401 }],
  ["v11_400_invalid_grant", answer(400, { error: "invalid_grant" }), { status: 400, oauthError: "invalid_grant", retryable: false }],
];

for (const [method, rows] of [["refresh", [...anyEndpoint, ...tokenEndpoint]], ["introspect", [...anyEndpoint, ...introspectionEndpoint]]]) {
  describe(`${method}, refused`, () => {
    for (const [name, makeFault, expected, args = []] of rows) {
      test(name, async () => {
        const path = stage.paths[method === "refresh" ? "token" : "introspection"];
        stage.proxy.next(path, makeFault());
        // A name of its own: an exchange that hangs keeps the others of its client waiting, as it should.
        const result = await stage.trial({ config: { ...stage.config, name }, tokens, method, args });
        assertRefused(result, expected);
        assert.equal(stage.proxy.to(path).length, 1, "no attempt of its own to repeat it");
      });
    }
  });
}

function assertRefused({ error, before, after, reloaded, events }, expected) {
  assert.ok(error, "it rejects");
  assert.equal(error.own, true, "with a RekindleError");
  assert.equal(error.name, "RekindleError");
  const { sessionLost = false, ...rest } = expected;
  assert.equal(error.sessionLost, sessionLost);
  for (const [field, value] of Object.entries(rest)) assert.deepEqual(error[field], value, field);
  assert.ok(error.message.length > 20 && !error.message.includes("\n"), "the message is a sentence");
  assert.deepEqual(held(after), held(before));
  assert.deepEqual(held(reloaded), held(before), "and the next page load finds the same");
  assert.deepEqual(kept(after), kept(before));
  assert.deepEqual(events.filter(({ type }) => type !== "renew-failed"), []);
}

const held = ({ status, tokens, refreshToken, persisted }) => ({ status, tokens, refreshToken, persisted });

/** What is written down beside the tokens: an attempt without a definite answer, and how long to wait. */
const NOTES = ["sent_at", "seen", "wait_until", "paused", "debt"];

/** The issuer's keys, which come beside the answer or after it, and are no part of a session. */
const isOfKeys = (name) => name.startsWith("rekindle:keys:");

/** What is stored, member by member, but for the notes. */
const kept = ({ stored }) => JSON.parse(JSON.stringify(stored), (name, value) => {
  if (NOTES.includes(name) || isOfKeys(name)) return undefined;
  try {
    return typeof value === "string" && value.startsWith("{") ? kept({ stored: JSON.parse(value) }) : value;
  } catch {
    return value;
  }
});

describe("refused in other ways", () => {
  test("n06 Retry-After as a date, X-Rate-Limit-Reset in seconds since the epoch", async () => {
    const headers = [{ "retry-after": new Date(Date.now() + 30_000).toUTCString() }, { "x-rate-limit-reset": String(Math.round(Date.now() / 1000) + 30) }];
    for (const header of headers) {
      stage.proxy.next(stage.paths.token, fault.answer(429, "", exposed(header)));
      const { error } = await stage.trial({ tokens });
      assert.equal(error.code, "rate_limited");
      assert.ok(error.retryAfterMs > 25_000 && error.retryAfterMs <= 31_000, `${Object.keys(header)}: ${error.retryAfterMs}`);
    }
  });

  test("n07 a redirect is not followed: the other place sees nothing", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      stage.proxy.next(stage.paths.token, fault.answer(status, "", { location: `${stage.proxy.origin}/trap` }));
      assertRefused(await stage.trial({ tokens }), NETWORK);
    }
    assert.deepEqual(stage.proxy.to("/trap"), []);
  });

  test("n01 nobody listens", async () => {
    const nowhere = "http://127.0.0.1:1/token";
    const config = { ...stage.config, endpoints: { token: nowhere } };
    const result = await stage.trial({ tokens, config });
    assertRefused(result, NETWORK);
    assert.ok(result.error.message.includes("token endpoint"), "the message names the endpoint");
  });

  test("n01 an app's fetch that misbehaves", async () => {
    const outcomes = await stage.browser.run(async (config, tokens) => {
      const misbehaving = {
        "throws": () => { throw new Error("no"); },
        "rejects with nothing": () => Promise.reject(),
        "gives nothing": () => undefined,
        "gives no Response": async () => ({ ok: true }),
        "gives a body that breaks off": async () => new Response(new ReadableStream({ start: (body) => body.error(new Error("no")) })),
      };
      const outcomes = {};
      for (const [name, fetch] of Object.entries(misbehaving)) {
        probe.wipe();
        await probe.start({ ...config, name, fetch });
        await probe.client.setTokens(tokens);
        const { error } = await probe.settle(() => probe.client.refresh());
        outcomes[name] = { code: error?.code, held: probe.state().refreshToken };
        probe.client.close();
      }
      return outcomes;
    }, stage.config, tokens);
    for (const [name, outcome] of Object.entries(outcomes)) {
      assert.deepEqual(outcome, { code: "network", held: tokens.refresh_token }, name);
    }
  });

  test("r08 an empty 400 with an access token that has run out: nothing usable is left", async () => {
    stage.proxy.next(stage.paths.token, fault.answer(400, ""));
    const result = await stage.trial({ tokens: { ...tokens, expires_in: 0 } });
    assertRefused(result, { code: "server", status: 400, sessionLost: true });
  });

  test("r12 a session without a refresh token sends nothing", async () => {
    const { refresh_token, ...rest } = tokens;
    assertRefused(await stage.trial({ tokens: rest }), { code: "no_refresh_token", retryable: false });
    assert.deepEqual(stage.proxy.recent(), []);
  });

  test("r07 invalid_grant counts under any status below 500", async () => {
    for (const status of [200, 400, 401, 403]) {
      stage.proxy.next(stage.paths.token, fault.answer(status, { error: "invalid_grant" }));
      const { error, after, events, reloaded } = await stage.trial({ tokens });
      assert.equal(error.code, "invalid_grant", `under ${status}`);
      assert.equal(error.sessionLost, true);
      assert.equal(after.status, "signed-out");
      assert.deepEqual(Object.keys(after.stored.session).filter((name) => !isOfKeys(name)), []);
      assert.equal(reloaded.status, "signed-out");
      assert.deepEqual(events.map(({ type }) => type), ["session-lost"]);
    }
  });

  test("promise 2: a rotated refresh token is kept though the rest of the answer is refused", async () => {
    const spoilt = [{ token_type: "Bearer" }, { access_token: 7, token_type: "Bearer" }, { access_token: "abc", token_type: "mac" }];
    for (const rest of spoilt) {
      stage.proxy.next(stage.paths.token, fault.answer(200, { ...rest, refresh_token: "refresh-token-2", expires_in: 60 }));
      const { error, before, after, reloaded } = await stage.trial({ tokens });
      assert.equal(error.code, "invalid_response");
      assert.deepEqual(after.tokens, before.tokens);
      assert.equal(after.refreshToken, "refresh-token-2");
      assert.equal(reloaded.refreshToken, "refresh-token-2");
      assert.deepEqual(reloaded.tokens, before.tokens);
    }
  });

  test("p07 a server that quotes the tokens it was sent: the error does not pass them on", async () => {
    for (const [method, path, sent] of [["refresh", "token", tokens.refresh_token], ["introspect", "introspection", tokens.access_token]]) {
      const quote = { error: `invalid_${sent}`, error_description: `What is ${sent}, or ${encodeURIComponent(sent)}?`, errorId: sent };
      stage.proxy.next(stage.paths[path], fault.answer(400, quote));
      const { error } = await stage.trial({ tokens, method });
      assert.equal(error.code, "oauth");
      assert.ok(!JSON.stringify(error).includes(sent), error.message);
    }
  });

  test("k14 a server's text is shortened", async () => {
    stage.proxy.next(stage.paths.token, fault.answer(400, { error: "invalid_request", error_description: "<b>".repeat(100_000) }));
    const { error } = await stage.trial({ tokens });
    assert.equal(error.code, "oauth");
    assert.ok(error.message.length < 2_000, `${error.message.length} characters`);
  });

  test("g a token that is still valid is returned though its renewal failed", async () => {
    for (const makeFault of [answer(500, ""), answer(401, { error: "invalid_client" }), () => fault.dropped]) {
      stage.proxy.next(stage.paths.token, makeFault());
      const { value } = await stage.trial({ tokens, method: "getAccessToken", args: [{ minValiditySeconds: 3600 }] });
      assert.equal(value, tokens.access_token);
      assert.equal(stage.proxy.to(stage.paths.token).length, 1);
      stage.proxy.forget();
    }
  });

  test("setTokens refuses what is no token response, and keeps what it had", async () => {
    const wrong = [null, "abc", [], {}, { access_token: 7 }, { access_token: "" }, { access_token: "abc", token_type: "mac" }];
    for (const response of wrong) {
      const result = await stage.trial({ tokens, method: "setTokens", args: [response] });
      assertRefused(result, INVALID);
    }
    assert.deepEqual(stage.proxy.recent(), []);
  });
});

test("after all of that the refresh token still works: no refused answer had spent or lost it", async () => {
  await stage.fresh();
  await stage.get("setTokens", tokens);
  const renewed = await stage.get("refresh");
  assert.equal(renewed.accessToken, stage.lastTokens().access_token);
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
