// Answers that bend the rules and are accepted: each test states what the app then has.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

const DAY = 24 * 60 * 60;

let stage;
let tokens;
before(async () => {
  stage = await startStage();
  await stage.fresh();
  await stage.signIn();
  tokens = stage.lastTokens();
});
after(() => stage?.close());
beforeEach(() => stage.proxy.forget());

const granted = {
  access_token: "access-token-2", refresh_token: "refresh-token-2", token_type: "Bearer", expires_in: 600, scope: "openid profile",
};

/** A refresh that meets this answer. `undefined` members are left out. */
async function refreshMeeting(answer, headers) {
  stage.proxy.next(stage.paths.token, fault.answer(200, answer, headers));
  const result = await stage.trial({ tokens });
  assert.equal(result.error, undefined, result.error?.text);
  assert.equal(result.value.accessToken, answer.access_token);
  assert.deepEqual(result.after.tokens, result.value);
  assert.deepEqual(result.events.map(({ type }) => type), ["renewed"]);
  assert.deepEqual(result.events[0].snapshot.tokens, result.value);
  assert.deepEqual(result.reloaded.tokens, result.after.tokens, "stored as it is held");
  assert.equal(result.reloaded.refreshToken, result.after.refreshToken);
  return result;
}

function assertLifetime({ value, startedAt, endedAt }, seconds) {
  assert.ok(Number.isFinite(value.expiresAt));
  assert.ok(value.expiresAt >= startedAt + seconds * 1000, `${value.expiresAt - startedAt} ms`);
  assert.ok(value.expiresAt <= endedAt + seconds * 1000, `${value.expiresAt - endedAt} ms`);
}

describe("v05 expires_in", () => {
  for (const [name, expires_in, seconds] of [
    ["as a string of digits", "3600", 3600],
    ["missing", undefined, 300],
    ["null", null, 300],
    ["a word", "soon", 300],
    ["an object", {}, 300],
    ["1e300", 1e300, 30 * DAY],
    ["a year", 365 * DAY, 30 * DAY],
    ["a long string of digits", "9".repeat(400), 30 * DAY],
  ]) {
    test(`${name}: ${seconds} s`, async () => assertLifetime(await refreshMeeting({ ...granted, expires_in }), seconds));
  }

  test("a fraction", async () => {
    const { value, startedAt, endedAt } = await refreshMeeting({ ...granted, expires_in: 3600.9 });
    assert.ok(value.expiresAt >= startedAt + 3600_000 && value.expiresAt <= endedAt + 3601_000);
  });

  for (const expires_in of [0, -1, -1e300, "-5"]) {
    test(`${expires_in}: usable for this caller, with a finite expiry`, async () => {
      const { value, endedAt } = await refreshMeeting({ ...granted, expires_in });
      assert.ok(Number.isFinite(value.expiresAt));
      assert.ok(value.expiresAt <= endedAt + (expires_in === "-5" ? 300_000 : 0));
    });
  }
});

describe("v04 token_type", () => {
  for (const token_type of ["bearer", "BEARER", "Bearer", undefined]) {
    test(`${token_type} is Bearer`, async () => {
      assert.equal((await refreshMeeting({ ...granted, token_type })).value.tokenType, "Bearer");
    });
  }
});

describe("r02 refresh_token", () => {
  for (const [name, refresh_token] of [["missing", undefined], ["empty", ""]]) {
    test(`${name}: the old one stays`, async () => {
      const { before, after } = await refreshMeeting({ ...granted, refresh_token });
      assert.equal(after.refreshToken, before.refreshToken);
    });
  }

  test("new: the old one is gone", async () => {
    const { before, after } = await refreshMeeting(granted);
    assert.equal(after.refreshToken, granted.refresh_token);
    assert.ok(!JSON.stringify(after.stored).includes(before.refreshToken));
  });
});

describe("r11 scope", () => {
  test("missing: as it was", async () => {
    const { before, value } = await refreshMeeting({ ...granted, scope: undefined });
    assert.equal(value.scope, before.tokens.scope);
  });

  test("narrower: as the server says", async () => {
    assert.equal((await refreshMeeting({ ...granted, scope: "openid" })).value.scope, "openid");
  });

  test("wider: kept", async () => {
    const scope = `${tokens.scope} admin`;
    assert.equal((await refreshMeeting({ ...granted, scope })).value.scope, scope);
  });
});

describe("v06 id_token", () => {
  test("missing: the old one and its claims stay", async () => {
    const { before, value } = await refreshMeeting(granted);
    assert.equal(value.idToken, before.tokens.idToken);
    assert.deepEqual(value.claims, before.tokens.claims);
    assert.equal(value.claims.sub, "00u1alice");
  });
});

describe("v02 content type of a JSON object", () => {
  for (const type of ["text/plain", "text/html; charset=utf-8", "application/octet-stream", "nonsense"]) {
    test(type, async () => {
      await refreshMeeting(granted, { "content-type": type });
    });
  }

  test("introspection too", async () => {
    stage.proxy.next(stage.paths.introspection, fault.answer(200, { active: true, sub: "x" }, { "content-type": "text/html" }));
    assert.deepEqual((await stage.trial({ tokens, method: "introspect" })).value, { active: true, sub: "x" });
  });
});

describe("introspection, accepted", () => {
  test("v10 active: false is an answer, and changes nothing", async () => {
    stage.proxy.next(stage.paths.introspection, fault.answer(200, { active: false }));
    const { value, before, after, events } = await stage.trial({ tokens, method: "introspect" });
    assert.deepEqual(value, { active: false });
    assert.deepEqual(after, before);
    assert.deepEqual(events, []);
  });

  test("the members come as the server sent them", async () => {
    const answer = { active: true, exp: 1e300, aud: ["a", "b"], "urn:x": { deep: [null, 1] }, scope: 5, __proto__x: "y" };
    stage.proxy.next(stage.paths.introspection, fault.answer(200, answer));
    assert.deepEqual((await stage.trial({ tokens, method: "introspect" })).value, answer);
  });

  test("p08 members named like an object's own machinery are harmless", async () => {
    const hostile = '{"__proto__":{"polluted":1},"constructor":1,"toString":2,';
    stage.proxy.next(stage.paths.introspection, fault.answer(200, `${hostile}"active":true}`));
    assert.equal((await stage.trial({ tokens, method: "introspect" })).value.active, true);
    stage.proxy.next(stage.paths.token, fault.answer(200, `${hostile}"access_token":"abc","token_type":"Bearer"}`));
    assert.equal((await stage.trial({ tokens })).value.accessToken, "abc");
    assert.equal(await stage.browser.run(() => ({}).polluted), undefined);
  });
});

describe("setTokens, accepted", () => {
  const adopt = (response, options) => stage.trial({ tokens, method: "setTokens", args: options ? [response, options] : [response] });

  test("the smallest token response: an access token", async () => {
    const result = await adopt({ access_token: "abc" });
    assert.equal(result.value.accessToken, "abc");
    assert.equal(result.value.tokenType, "Bearer");
    assert.equal(result.after.refreshToken, null, "the earlier session is replaced as a whole");
    assertLifetime(result, 300);
  });

  test("receivedAt is when the lifetime began", async () => {
    const receivedAt = Date.now() - 100_000;
    const { value } = await adopt({ access_token: "abc", token_type: "bearer", expires_in: 600 }, { receivedAt });
    assert.equal(value.expiresAt, receivedAt + 600_000);
  });

  test("a token that had run out before it came is expired, and a refresh may bring the session back", async () => {
    const { after, reloaded } = await adopt({ ...tokens, expires_in: 60 }, { receivedAt: Date.now() - 3_600_000 });
    assert.equal(after.status, "expired");
    assert.equal(reloaded.status, "expired");
    assert.equal(after.refreshToken, tokens.refresh_token);
  });
});

// Symptom: an id_token took every client of the page down, and again after each reload. Cause: its claims were frozen by
// recursion. Without the fix setTokens rejects with crashed, and the next client has no snapshot.
test("j06 claims that are nested 20,000 levels deep", async () => {
  await stage.fresh();
  // Nobody can tell who signed it.
  stage.proxy.next(stage.paths.jwks, fault.dropped);
  const outcome = await stage.browser.run(async (config, tokens) => {
    const depth = 20_000;
    const encoded = (text) => btoa(text).replaceAll("=", "");
    const whose = JSON.stringify({ iss: config.issuer, aud: config.clientId, sub: "deep" }).slice(0, -1);
    const payload = encoded(`${whose},"deep":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    const id_token = `${encoded('{"alg":"RS256"}')}.${payload}.c2ln`;
    const adopted = await probe.settle(() => probe.client.setTokens({ ...tokens, id_token }));
    const created = await probe.settle(() => probe.createClient(config));
    const { status, tokens: held } = created.value?.getSnapshot() ?? {};
    // Not the claims themselves: on their way here they would have to be written as JSON.
    return { errors: [adopted.error, created.error], token: adopted.value?.accessToken, status, held: held?.accessToken, isFrozen: Object.isFrozen(held) };
  }, stage.config, { access_token: "access-token-1", refresh_token: "refresh-token-1", token_type: "Bearer", expires_in: 600 });
  assert.deepEqual(outcome, { errors: [null, null], token: "access-token-1", status: "signed-in", held: "access-token-1", isFrozen: true });
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
