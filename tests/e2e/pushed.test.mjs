// Pushed authorization requests: what goes to the server beforehand, and what the browser then leaves with.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { demoUser } from "../servers/oidc_provider.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { clientId, startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

let stage;
let tabs;
before(async () => {
  stage = await startStage({ layout: "discovery", requirePushedAuthorizationRequests: true });
  tabs = await startTabs(stage);
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

/** This server wants it in the pushed request itself before it grants `offline_access`. */
const options = { prompt: "login consent", loginHint: "alice", extraParams: { ui_locales: "de" }, returnTo: "/inbox" };
const pushed = (of = stage) => of.proxy.to(of.paths.pushedAuthorizationRequest);
const left = (of = stage) => of.proxy.to(of.paths.authorization);

/** The tab signs in, from the request that is pushed to the tokens. */
async function assertPushed(tab, of) {
  const { tokens, returnTo } = await tab.signIn(options);
  assert.equal(returnTo, "/inbox");
  assert.equal(tokens.claims.sub, demoUser.claims.sub);
  const [push, ...more] = pushed(of);
  assert.deepEqual([push.method, push.answer.status, more.length], ["POST", 201, 0]);
  assert.equal(push.headers["content-type"], "application/x-www-form-urlencoded");
  for (const header of ["authorization", "cookie", "referer"]) assert.equal(push.headers[header], undefined, header);
  const form = Object.fromEntries(new URLSearchParams(push.body));
  assert.deepEqual(
    [form.client_id, form.response_type, form.code_challenge_method, form.scope, form.prompt, form.login_hint, form.ui_locales, form.redirect_uri],
    [clientId, "code", "S256", of.config.scope, "login consent", "alice", "de", of.config.redirectUri],
  );
  const { request_uri: reference } = JSON.parse(push.answer.body);
  assert.deepEqual(left(of).map(({ query }) => query), [[["client_id", clientId], ["request_uri", reference]]]);
  const others = of.proxy.recent().filter(({ answer }) => !answer?.headers.location?.startsWith(of.site.origin));
  const addresses = others.map(({ path, query }) => `${path}?${new URLSearchParams(query)}`);
  for (const secret of [form.state, form.nonce, form.code_challenge]) assert.ok(addresses.every((address) => !address.includes(secret)));
}

describe("k13 a pushed request", () => {
  test("where the metadata require it: the browser leaves with client_id and request_uri, and nothing else", async () => {
    const tab = await tabs.open();
    await tab.start();
    await assertPushed(tab, stage);
    await tab.get("refresh");
  });

  test("this server really takes no other", async () => {
    const answer = await fetch(stage.visitor.authorizationUrl("verifier".repeat(6)), { redirect: "manual" });
    assert.match(answer.headers.get("location"), /error=invalid_request.*Pushed/);
  });

  test("a config without the endpoint finds it; one that names everything else asks for it alone", async () => {
    const tab = await tabs.open();
    const { authorization, token } = stage.server.endpoints;
    await tab.start({ ...stage.config, endpoints: { authorization, token }, pushedAuthorizationRequests: true });
    await assertPushed(tab, stage);
  });

  for (const layout of ["okta", "discovery"]) {
    test(`where the config asks for it, layout ${layout}: the same`, async (t) => {
      const of = await startStage({ layout, beside: stage });
      const ofTabs = await startTabs(of);
      t.after(async () => {
        await ofTabs.close();
        await of.close();
      });
      const tab = await ofTabs.open();
      await tab.start({ ...of.config, pushedAuthorizationRequests: true });
      await assertPushed(tab, of);
      // Without being asked to, nobody pushes.
      of.proxy.forget();
      await tab.start();
      await tab.signIn();
      assert.deepEqual([pushed(of).length, left(of).length], [0, 1]);
      await ofTabs.assertDiscreet();
    });
  }
});

describe("l10 a pushed request that is refused is not sent in another way", () => {
  const quoting = ({ request, reply }) => {
    const { state, nonce } = Object.fromEntries(new URLSearchParams(request.body));
    const body = JSON.stringify({ error: "invalid_request", error_description: `no ${state} and no ${nonce}` });
    reply({ status: 400, headers: { "content-type": "application/json" }, body });
  };
  for (const [name, spoil, expected] of [
    ["400 that quotes what it was sent", quoting, { code: "oauth", oauthError: "invalid_request", status: 400, retryable: false }],
    ["401 invalid_client", fault.answer(401, { error: "invalid_client" }), { code: "oauth", oauthError: "invalid_client", status: 401 }],
    ["413, empty", fault.answer(413, ""), { code: "server", status: 413 }],
    ["429", fault.answer(429, ""), { code: "rate_limited", status: 429, retryable: true }],
    ["503 with HTML", fault.answer(503, "<h1>", { "content-type": "text/html" }), { code: "server", status: 503, retryable: true }],
    ["201 without a request_uri", fault.replaced(201, { expires_in: 60 }), { code: "invalid_response", retryable: false }],
    ["201 with a request_uri that is no text", fault.replaced(201, { request_uri: ["urn:x"], expires_in: 60 }), { code: "invalid_response" }],
    ["a dropped connection", fault.dropped, { code: "network", retryable: true }],
    ["no answer", fault.silent, { code: "timeout", retryable: true }],
  ]) {
    test(name, async () => {
      const tab = await tabs.open();
      await tab.start();
      await tab.signIn(options);
      await tab.load();
      await tab.start();
      const before = await tab.state();
      stage.proxy.forget();
      stage.proxy.always(stage.paths.pushedAuthorizationRequest, spoil);
      const { error } = await tab.call("signIn", { ...options, ...(expected.code === "timeout" && { timeoutMs: 300 }) });
      for (const [field, value] of Object.entries(expected)) assert.equal(error[field], value, field);
      assert.equal(error.sessionLost, false);
      assert.deepEqual([pushed().length, left().length], [1, 0], "asked once, and not left");
      assert.equal(await tab.address(), `${stage.site.origin}/`);
      const after = await tab.state();
      assert.deepEqual([after.tokens, after.refreshToken], [before.tokens, before.refreshToken]);
      assert.ok(!JSON.stringify(after.stored).includes("code_verifier"), "nothing is left of the sign-in");
      // And it works once the server does.
      stage.proxy.forget();
      await tab.signIn(options);
    });
  }

  test("a reference that has run out: nothing is sent in its place, and the page can begin again", async () => {
    const tab = await tabs.open();
    await tab.start();
    stage.proxy.next(stage.paths.pushedAuthorizationRequest, fault.edited((body) => ({ ...body, request_uri: `${body.request_uri}-is-over` })));
    await tab.leave(options);
    // This server knows no `state` then, and sends the browser to the client's one redirect URI without it.
    const { error, state } = Object.fromEntries(new URL(await tab.address()).searchParams);
    assert.deepEqual([error, state], ["invalid_request_uri", undefined]);
    await tab.start();
    assert.equal(await tab.get("handleRedirect"), null, "which is no callback");
    assert.deepEqual([pushed().length, left().length], [1, 1]);
    await tab.signIn(options);
    assert.equal((await tab.state()).status, "signed-in");
  });
});
