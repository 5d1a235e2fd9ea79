// Rows of the fault list that need a story of their own: more than one answer, or a page that lacks something.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600_000;

let stage;
let tabs;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage, { scripts: [movableClock] });
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => stage.proxy.forget());
afterEach(async () => {
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

const exchanges = () => stage.proxy.to(stage.paths.token);
const answers = () => exchanges().map(({ answer }) => answer?.status);
async function signedIn(config) {
  const tab = await tabs.signedIn(config);
  stage.proxy.forget();
  return tab;
}
const moveClock = (tab, ms, both) => tab.run((ms, both) => globalThis.moveClock(ms, both), ms, both);
const record = async (tab) => {
  const [text] = Object.entries(await tab.storage()).flatMap(([key, value]) => (key.startsWith("rekindle:session:") ? [value] : []));
  return JSON.parse(text);
};

describe("n02 r10 the answer is lost and the server forgives nothing", () => {
  test("nothing is sent again by itself, the attempt is noted, and what is held stays", async () => {
    const tab = await signedIn();
    const before = await tab.state();
    stage.proxy.next(stage.paths.token, fault.droppedAfter);
    assert.equal((await tab.call("refresh")).error.code, "network");
    const after = await record(tab);
    assert.equal(after.refresh_token, before.refreshToken);
    assert.ok(Math.abs(after.sent_at - Date.now()) < 10_000, "the journal");
    await tab.reload();
    assert.equal(await tab.get("getAccessToken"), before.tokens.accessToken);
    await tab.get("introspect");
    assert.equal(exchanges().length, 1);
  });

  test("r04 an explicit refresh is the caller's word: one more request, and its refusal is told as a lost answer", async () => {
    const tab = await signedIn();
    stage.proxy.next(stage.paths.token, fault.droppedAfter);
    await tab.call("refresh");
    const { error } = await tab.call("refresh");
    assert.deepEqual([error.code, error.reason, error.sessionLost], ["invalid_grant", "lost_answer", true]);
    assert.deepEqual(await tab.events(), ["signed-in", "session-lost"]);
    assert.equal(exchanges().length, 2);
    assert.equal((await tab.call("refresh")).error.code, "no_session");
    assert.equal(exchanges().length, 2);
  });

  test("near expiry the background tries once", async () => {
    const tab = await signedIn();
    stage.proxy.next(stage.paths.token, fault.droppedAfter);
    await tab.call("refresh");
    await moveClock(tab, HOUR, true);
    await tab.run(() => window.dispatchEvent(new Event("focus")));
    await tab.event("session-lost");
    assert.equal(exchanges().length, 2);
    assert.equal((await tab.state()).status, "signed-out");
  });
});

describe("within the grace", () => {
  const forgiving = () => ({ ...stage.config, rotationGraceSeconds: 30 });

  test("n02 n05 q10 an ambiguous failure is retried twice at most, and not at once", async () => {
    const tab = await signedIn(forgiving());
    stage.proxy.always(stage.paths.token, fault.answer(503, ""));
    assert.equal((await tab.call("refresh")).error.code, "server");
    assert.equal(exchanges().length, 3);
    const [first, second, third] = exchanges().map(({ at }) => at);
    assert.ok(second - first >= 300, `${second - first} ms`);
    assert.ok(third - second >= 1_000, `${third - second} ms`);
    const sent = exchanges().map(({ body }) => new URLSearchParams(body).get("refresh_token"));
    assert.equal(new Set(sent).size, 1);
  });

  test("n05 the second attempt succeeds: the caller does not notice", async () => {
    const tab = await signedIn(forgiving());
    stage.proxy.next(stage.paths.token, fault.answer(502, "<title>502</title>", { "content-type": "text/html" }));
    await tab.get("refresh");
    assert.deepEqual(answers(), [502, 200]);
    assert.equal((await tab.get("introspect")).active, true);
    assert.equal((await record(tab)).sent_at, undefined, "the journal is gone");
  });

  test("n06 429 is no ambiguous failure: no retry, the refresh token counts as unused", async () => {
    const tab = await signedIn(forgiving());
    stage.proxy.next(stage.paths.token, fault.answer(429, ""));
    assert.equal((await tab.call("refresh")).error.code, "rate_limited");
    assert.equal(exchanges().length, 1);
    assert.equal((await record(tab)).sent_at, undefined);
    await tab.get("refresh");
  });

  test("r03 r05 r08 a definite answer is not repeated", async () => {
    for (const [status, body, code] of [[400, { error: "invalid_request" }, "oauth"], [400, "", "server"], [401, { error: "invalid_grant" }, "invalid_grant"]]) {
      const tab = await signedIn(forgiving());
      stage.proxy.next(stage.paths.token, fault.answer(status, body));
      assert.equal((await tab.call("refresh")).error.code, code);
      assert.equal(exchanges().length, 1);
    }
  });
});

test("n10 one request reaches the server twice: its answer is kept, and the refusal that follows is clean", async () => {
  const tab = await signedIn();
  stage.proxy.next(stage.paths.token, async ({ forward, reply }) => {
    const genuine = await forward();
    await forward();
    reply(genuine);
  });
  const { accessToken } = await tab.get("refresh");
  assert.equal(await tab.get("getAccessToken"), accessToken);
  const { error } = await tab.call("refresh");
  assert.deepEqual([error.code, error.reason], ["invalid_grant", undefined]);
  assert.equal(exchanges().length, 2);
});

test("n11 the third answer in a row that no page may read, the access token expired, the metadata readable: the session counts as lost, and is kept", async (t) => {
  const found = await startStage({ layout: "discovery", beside: stage });
  const foundTabs = await startTabs(found, { scripts: [movableClock] });
  t.after(async () => {
    await foundTabs.close();
    await found.close();
  });
  const tab = await foundTabs.signedIn({ ...found.config, autoRenew: false });
  const { refreshToken } = await tab.state();
  await moveClock(tab, HOUR);
  found.proxy.always(found.paths.token, fault.withoutCors(400, { error: "invalid_grant" }));
  const errors = [];
  for (let times = 0; times < 3; times++) errors.push((await tab.call("refresh")).error);
  assert.deepEqual(errors.map(({ code }) => code), ["network", "network", "network"]);
  assert.deepEqual(errors.map(({ sessionLost, reason }) => [sessionLost, reason]), [[false, undefined], [false, undefined], [true, "unreadable"]]);
  assert.equal((await tab.state()).refreshToken, refreshToken);
  found.proxy.forget();
  await tab.get("refresh");
});

describe("r09 many callers at once in one tab", () => {
  test("one request, one outcome, for refusals too", async () => {
    const tab = await signedIn();
    stage.proxy.next(stage.paths.token, fault.answer(503, ""));
    const codes = await tab.run(async () => {
      const settled = await Promise.all(Array.from({ length: 20 }, () => probe.settle(() => probe.client.refresh())));
      return settled.map(({ error }) => error?.code);
    });
    assert.deepEqual([...new Set(codes)], ["server"]);
    assert.equal(exchanges().length, 1);
  });
});

describe("r01 v03 v07 whatever else is wrong with an answer, its refresh token is stored", () => {
  const changed = (change) => fault.edited((body) => ({ ...body, ...change }));
  const forged = (claims) => fault.edited((body) => {
    const [head, payload, signature] = body.id_token.split(".");
    const text = JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url")), ...claims });
    return { ...body, id_token: [head, Buffer.from(text).toString("base64url"), signature].join(".") };
  });
  for (const [name, spoil, code, reason] of [
    ["v03 an access token that is a number", changed({ access_token: 7 }), "invalid_response"],
    ["v07 j04 an id_token of another user", forged({ sub: "mallory" }), "id_token_invalid", "sub"],
    ["v07 j04 an id_token of another issuer", forged({ iss: "https://evil.example" }), "id_token_invalid", "iss"],
    ["v07 j04 an id_token for another client", forged({ aud: "another" }), "id_token_invalid", "aud"],
    ["v07 j04 an id_token of another sign-in", forged({ nonce: "another" }), "id_token_invalid", "nonce"],
  ]) {
    test(`${name}: the old tokens are still those that are given out`, async () => {
      // With a nonce, as a sign-in by the package has one.
      const tab = await signedIn();
      await tab.get("refresh");
      const before = await tab.state();
      if (reason === "nonce") before.tokens.claims.nonce ??= "none";
      stage.proxy.next(stage.paths.token, spoil);
      const { error } = await tab.call("refresh");
      assert.deepEqual([error.code, error.reason], [code, reason]);
      const after = await tab.state();
      const given = JSON.parse(exchanges().at(-1).answer.body).refresh_token;
      assert.deepEqual([after.refreshToken, (await record(tab)).refresh_token], [given, given]);
      assert.deepEqual([after.tokens.accessToken, after.tokens.idToken], [before.tokens.accessToken, before.tokens.idToken]);
      await tab.get("refresh");
    });
  }
});

describe("s04 the user clears the site's data: the session ends everywhere it looks, and is not written back", () => {
  for (const [storage, area] of [["session", "sessionStorage"], ["local", "localStorage"]]) {
    test(`${area}, before a call`, async () => {
      const tab = await signedIn({ ...stage.config, storage });
      await tab.run((area) => globalThis[area].clear(), area);
      assert.equal((await tab.call("refresh")).error.code, "no_session");
      await assertGone(tab);
      assert.equal(exchanges().length, 0);
    });

    test(`${area}, while a refresh is under way`, async () => {
      const tab = await signedIn({ ...stage.config, storage });
      const release = await tab.beginHeld();
      await tab.run((area) => globalThis[area].clear(), area);
      release();
      const { error } = await tab.outcome("refreshing");
      assert.deepEqual([error.code, error.sessionLost], ["no_session", true]);
      await assertGone(tab);
    });
  }

  async function assertGone(tab) {
    await tab.event("signed-out");
    const { status, stored } = await tab.state();
    assert.equal(status, "signed-out");
    // The server's keys, which are public, may have come after it.
    const names = [stored.session, stored.local].flatMap(Object.keys);
    assert.deepEqual(names.filter((name) => !name.startsWith("rekindle:keys:")), []);
  }
});

test("s05 two clients and two issuers on one origin have keys, locks and sessions of their own", async () => {
  const tab = await signedIn();
  const before = await tab.state();
  await tab.run(async (config, tokens) => {
    probe.others = [];
    for (const change of [{ name: "second" }, { clientId: "another" }, { issuer: config.issuer.replace("/default", "/other") }]) {
      const other = await probe.createClient({ ...config, ...change });
      if (other.getSnapshot().status !== "signed-out") throw new Error(JSON.stringify(change));
      await other.setTokens(tokens);
      probe.others.push(other);
    }
  }, stage.config, { access_token: "access-token-2", refresh_token: "refresh-token-2", expires_in: 600 });
  assert.deepEqual((await tab.state()).tokens, before.tokens);
  await tab.get("signOut", { local: true });
  assert.deepEqual(await tab.run(() => probe.others.map((other) => other.getSnapshot().status)), ["signed-in", "signed-in", "signed-in"]);
});

describe("s07 s08 a page that lacks something", () => {
  const create = (tab, config) => tab.run(async (config) => {
    const { error } = await probe.settle(() => probe.createClient(config));
    return error && { code: error.code, reason: error.reason, message: error.message };
  }, config);

  test("s07 no random numbers: no client", async () => {
    const tab = await tabs.open();
    await tab.run(() => void Object.defineProperty(crypto, "getRandomValues", { value: undefined }));
    assert.equal((await create(tab, stage.config)).code, "crypto_unavailable");
    await tab.load();
    assert.equal(await create(tab, stage.config), undefined);
  });

  test("s07 no crypto.subtle: tokens are adopted and refreshed all the same", async () => {
    const tab = await tabs.open();
    await tab.run(() => void Object.defineProperty(crypto, "subtle", { value: undefined }));
    await tab.start();
    await tab.get("setTokens", await stage.newTokens());
    await tab.get("refresh");
  });

  test("s08 a CSP without 'wasm-unsafe-eval': createClient says so, and a page without it works", async () => {
    const tab = await tabs.open("/strict.html");
    const error = await create(tab, stage.config);
    assert.equal(error.code, "wasm_unavailable");
    assert.match(error.message, /wasm-unsafe-eval/);
    await tab.load();
    assert.equal(await create(tab, stage.config), undefined);
  });
});

test("x03 a server without an end-session endpoint: signed out here; only who asks for more by name is told", async (t) => {
  const django = await startStage({ layout: "django", beside: stage });
  const djangoTabs = await startTabs(django);
  t.after(async () => {
    await djangoTabs.close();
    await django.close();
  });
  for (const [options, code] of [[{}, undefined], [{ local: false }, "unsupported"]]) {
    const other = await djangoTabs.signedIn();
    assert.equal((await other.call("signOut", options)).error?.code, code);
    assert.equal((await other.state()).status, "signed-out");
  }
  const tab = await djangoTabs.signedIn();
  const { refreshToken } = await tab.state();
  // Which also finds the endpoints that openid-configuration lacks.
  await tab.get("introspect");
  await tab.get("signOut");
  await until(async () => (await django.visitor.refresh(refreshToken)).status === 400, "the refresh token is revoked");
});

test("x05 two sign-outs at once are one", async () => {
  const tab = await signedIn();
  const codes = await tab.run(async () => {
    const settled = await Promise.all([1, 2].map(() => probe.settle(() => probe.client.signOut({ local: true }))));
    return settled.map(({ error }) => error?.code);
  });
  assert.deepEqual(codes, [null, null]);
  assert.deepEqual(await tab.events(), ["signed-in", "signed-out"]);
});
