// What else the tokens are good for: asking about the user, giving a token up, and signing in once more in a stronger way.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { demoUser } from "../servers/oidc_provider.mjs";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { clientId, startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600_000;
const [PASSWORD, KEY] = ["urn:example:password", "urn:example:hardware-key"];

let stage;
let tabs;
before(async () => {
  stage = await startStage({ acrValues: [PASSWORD, KEY] });
  tabs = await startTabs(stage, { scripts: [movableClock] });
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => {
  stage.proxy.forget();
  return tabs.forgetUser();
});
afterEach(async () => {
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

const to = (name, of = stage) => of.proxy.to(of.paths[name]);
const held = async (tab) => {
  const { tokens, refreshToken } = await tab.state();
  return { accessToken: tokens?.accessToken, idToken: tokens?.idToken, refreshToken };
};
/** Whether the server still takes a token. */
const isActive = async (token, of = stage) => (await of.visitor.introspect(token)).body.active;

async function signedIn(config) {
  const tab = await tabs.signedIn(config);
  stage.proxy.forget();
  return tab;
}

async function withDjango(t) {
  const django = await startStage({ layout: "django", beside: stage });
  const djangoTabs = await startTabs(django);
  t.after(async () => {
    await djangoTabs.assertDiscreet();
    await djangoTabs.close();
    await django.close();
  });
  return { server: django, serverTabs: djangoTabs };
}

describe("j08 userInfo", () => {
  test("is what the server says of the user, asked with the access token in the header", async () => {
    const tab = await signedIn();
    const { accessToken } = await held(tab);
    assert.deepEqual(await tab.get("userInfo"), demoUser.claims);
    const [request, ...more] = stage.proxy.recent().filter(({ method }) => method !== "OPTIONS");
    assert.deepEqual([request.method, request.path, request.query, request.body, more.length], ["GET", stage.paths.userinfo, [], "", 0]);
    assert.equal(request.headers.authorization, `Bearer ${accessToken}`);
    for (const header of ["cookie", "referer"]) assert.equal(request.headers[header], undefined, header);
  });

  test("at django-oauth-toolkit too, which says little", async (t) => {
    const { server, serverTabs } = await withDjango(t);
    const tab = await serverTabs.signedIn();
    const { sub } = (await tab.state()).tokens.claims;
    assert.deepEqual(await tab.get("userInfo"), { sub });
    assert.equal(to("userinfo", server).length, 1);
  });

  test("an access token that has run out is renewed first", async () => {
    const tab = await signedIn({ ...stage.config, autoRenew: false });
    await tab.run((ms) => globalThis.moveClock(ms), HOUR);
    assert.equal((await tab.get("userInfo")).sub, demoUser.claims.sub);
    assert.deepEqual([to("token").length, to("userinfo").length], [1, 1]);
    assert.equal(to("userinfo")[0].headers.authorization, `Bearer ${(await held(tab)).accessToken}`);
  });

  for (const [name, spoil, expected] of [
    ["another sub", fault.edited((body) => ({ ...body, sub: "mallory" })), { code: "invalid_response", retryable: false }],
    ["no sub", fault.edited(({ sub: _, ...body }) => body), { code: "invalid_response" }],
    ["a sub that is no text", fault.edited((body) => ({ ...body, sub: [body.sub] })), { code: "invalid_response" }],
    ["401 invalid_token", fault.answer(401, { error: "invalid_token" }), { code: "oauth", status: 401, oauthError: "invalid_token", retryable: false }],
    ["401, empty", fault.answer(401, ""), { code: "server", status: 401 }],
    ["403 insufficient_scope", fault.answer(403, { error: "insufficient_scope" }), { code: "oauth", status: 403 }],
    ["503", fault.answer(503, ""), { code: "server", status: 503, retryable: true }],
    ["without CORS", fault.withoutCors(503, ""), { code: "network", retryable: true }],
    ...(lacking("drop") ? [] : [["a dropped connection", fault.dropped, { code: "network", retryable: true }]]),
    ["a redirect to elsewhere", ({ reply }) => reply({ status: 307, headers: { location: `${stage.site.origin}/elsewhere` }, body: "" }), { code: "network" }],
  ]) {
    test(`the answer is ${name}: it is refused, and the session stays as it is`, async () => {
      const tab = await signedIn();
      const before = await held(tab);
      stage.proxy.next(stage.paths.userinfo, spoil);
      const { error } = await tab.call("userInfo");
      for (const [field, value] of Object.entries(expected)) assert.equal(error[field], value, field);
      assert.equal(error.sessionLost, false);
      assert.deepEqual(await held(tab), before);
      assert.deepEqual([to("token").length, to("userinfo").length], [0, 1], "asked once, and nothing renewed");
      assert.equal((await tab.get("userInfo")).sub, demoUser.claims.sub);
    });
  }

  test("an access token that the server has revoked: its 401 is told, and the session is kept", async () => {
    const tab = await signedIn();
    const before = await held(tab);
    await stage.visitor.revoke(before.accessToken);
    const { error } = await tab.call("userInfo");
    assert.deepEqual([error.code, error.status, error.oauthError, error.sessionLost], ["oauth", 401, "invalid_token", false]);
    assert.deepEqual(await held(tab), before);
  });
});

describe("q03 revoke", () => {
  test("the refresh token: the server takes it no more, and it is gone from every tab", async () => {
    const tab = await signedIn();
    const other = await tab.duplicate();
    const { refreshToken } = await held(tab);
    await tab.get("revoke");
    const [{ body, answer }, ...more] = to("revocation");
    assert.deepEqual([answer.status, more.length], [200, 0]);
    assert.deepEqual([...new URLSearchParams(body)], [["token", refreshToken], ["token_type_hint", "refresh_token"], ["client_id", clientId]]);
    assert.equal(await isActive(refreshToken), false);
    for (const each of [tab, other]) {
      await until(async () => (await held(each)).refreshToken === null, "the refresh token is gone");
      const everything = await each.run(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
      assert.ok(!everything.includes(refreshToken));
      assert.equal((await each.call("refresh")).error.code, "no_refresh_token");
      assert.equal((await each.call("revoke")).error.code, "no_session");
    }
    assert.deepEqual(to("token"), []);
    assert.equal((await other.state()).status, "signed-in", "the access token is still held");
  });

  test("the access token: it is given out no more in any tab; the next call brings another, once for all", async () => {
    const config = { ...stage.config, autoRenew: false };
    const tab = await signedIn(config);
    // A server may leave the refresh token alone then (RFC 7009 §2.1); neither of these two does.
    stage.proxy.next(stage.paths.revocation, fault.answer(200, ""));
    const other = await tab.duplicate(config);
    const { accessToken } = await held(tab);
    await tab.get("revoke", { tokenTypeHint: "access_token" });
    assert.equal(new URLSearchParams(to("revocation")[0].body).get("token"), accessToken);
    for (const each of [tab, other]) {
      await each.event("expired");
      assert.ok(!(await each.events()).includes("renewed"));
      const { stored, tokens, status } = await each.state();
      assert.equal(status, "expired");
      assert.ok(!JSON.stringify([stored, tokens]).includes(accessToken));
    }
    const given = [];
    for (const each of [other, tab]) given.push(await each.get("getAccessToken"));
    assert.notEqual(given[0], accessToken);
    assert.equal(given[0], given[1]);
    assert.equal(to("token").length, 1);
    assert.equal(await isActive(given[0]), true);
  });

  for (const layout of ["okta", "django"]) {
    test(`the access token, at a server that ends the whole grant with it (${layout}): the next call says so, and the session is over`, async (t) => {
      const of = layout === "okta" ? { server: stage, serverTabs: tabs } : await withDjango(t);
      const tab = await of.serverTabs.signedIn({ ...of.server.config, autoRenew: false });
      const { accessToken } = await held(tab);
      await tab.get("revoke", { tokenTypeHint: "access_token" });
      assert.equal(await isActive(accessToken, of.server), false);
      assert.equal((await tab.state()).status, "expired");
      const { error } = await tab.call("getAccessToken");
      assert.deepEqual([error.code, error.sessionLost], ["invalid_grant", true]);
      assert.equal((await tab.state()).status, "signed-out");
    });
  }

  test("both kinds, one after the other: the session is over in every tab", async () => {
    const tab = await signedIn();
    const other = await tab.duplicate();
    await tab.get("revoke");
    await tab.get("revoke", { tokenTypeHint: "access_token" });
    for (const each of [tab, other]) {
      await each.event("signed-out");
      assert.equal((await each.state()).status, "signed-out");
      assert.deepEqual(Object.keys(await each.storage()).filter((key) => key.startsWith("rekindle:session:")), []);
      assert.equal((await each.reload()).status, "signed-out");
    }
  });

  for (const [name, spoil, code] of [
    ["503", fault.answer(503, ""), "server"],
    ["400 unsupported_token_type", fault.answer(400, { error: "unsupported_token_type" }), "oauth"],
    ["429", fault.answer(429, ""), "rate_limited"],
    ["a dropped connection", fault.dropped, "network"],
  ]) {
    test(`the server answers with ${name}: it is told, and the token stays`, async () => {
      const tab = await signedIn();
      const before = await held(tab);
      stage.proxy.next(stage.paths.revocation, spoil);
      assert.equal((await tab.call("revoke")).error.code, code);
      assert.deepEqual(await held(tab), before);
      await tab.get("refresh");
    });
  }

  test("while a refresh is under way: the token that it brings is the one that is revoked", async () => {
    const tab = await signedIn();
    const { fault: late, reached, release } = fault.held();
    stage.proxy.next(stage.paths.token, late);
    await tab.begin("refreshing", "refresh");
    await reached;
    await tab.begin("revoking", "revoke");
    release();
    const [refreshed, revoked] = [await tab.outcome("refreshing"), await tab.outcome("revoking")];
    assert.deepEqual([refreshed.error, revoked.error], [undefined, undefined]);
    const { refresh_token: brought } = JSON.parse(to("token")[0].answer.body);
    assert.deepEqual(to("revocation").map(({ body }) => new URLSearchParams(body).get("token")), [brought]);
    assert.equal((await held(tab)).refreshToken, null);
  });

  test("at django-oauth-toolkit, which names the endpoint in its second document only", async (t) => {
    const { server, serverTabs } = await withDjango(t);
    const tab = await serverTabs.signedIn();
    const { refreshToken } = await held(tab);
    await tab.get("revoke");
    assert.equal((await held(tab)).refreshToken, null);
    const { status, body } = await server.visitor.refresh(refreshToken);
    assert.deepEqual([status, body.error], [400, "invalid_grant"]);
  });
});

describe("j09 step-up", () => {
  async function signedInByHand(options) {
    const tab = await tabs.open();
    await tab.start();
    await tab.signIn(options);
    return tab;
  }

  test("a sign-in of the kind that was asked for", async () => {
    const tab = await signedInByHand({ acrValues: [KEY, PASSWORD] });
    assert.equal((await tab.state()).tokens.claims.acr, KEY);
    assert.equal(new Map(to("authorization")[0].query).get("acr_values"), `${KEY} ${PASSWORD}`);
  });

  test("l06 the server lets the user in as before: step_up, what came is given back, and the earlier session goes on", async () => {
    const tab = await signedInByHand({ acrValues: PASSWORD });
    const before = await held(tab);
    stage.proxy.forget();
    // A server may take `acr_values` for a wish, and this one knows the user already.
    await tab.leave({ acrValues: KEY, maxAge: 3_600 });
    await tab.enter();
    await tab.start();
    const { error } = await tab.call("handleRedirect");
    assert.deepEqual(
      [error.code, error.reason, error.acrValues, error.maxAge, error.retryable, error.sessionLost],
      ["login_required", "step_up", KEY, 3_600, false, false],
    );
    const came = JSON.parse(to("token")[0].answer.body);
    await until(async () => !(await isActive(came.refresh_token)), "what came is revoked");
    assert.deepEqual(await held(tab), before);
    assert.equal(await isActive(before.refreshToken), true);
    await tab.get("refresh");

    // As the app would then do it.
    await tab.signIn({ acrValues: KEY, prompt: "login" });
    assert.equal((await tab.state()).tokens.claims.acr, KEY);
  });

  test("maxAge: the server asks again, and says when the user was last there", async () => {
    const tab = await signedInByHand();
    stage.proxy.forget();
    const now = Date.now() / 1000;
    await tab.leave({ maxAge: 0 });
    assert.ok((await tab.address()).startsWith(stage.proxy.origin), "the server knows the user, and asks all the same");
    assert.equal(new Map(to("authorization")[0].query).get("max_age"), "0");
    await tab.enter();
    await tab.start();
    const { claims } = (await tab.get("handleRedirect")).tokens;
    assert.ok(claims.auth_time >= Math.floor(now), `${claims.auth_time}`);
  });
});
