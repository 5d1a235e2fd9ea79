// The main job, as an app's user and its developer go through it: sign in, refresh, introspect, reload, sign out.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { demoUser } from "../servers/oidc_provider.mjs";
import { accessTokenSeconds, clientId, scope, startStage } from "./support/stage.mjs";

let stage;
before(async () => { stage = await startStage(); });
after(() => stage?.close());

test("sign in, refresh twice, introspect, reload, sign out", async (t) => {
  const { browser, proxy, paths } = stage;
  await stage.fresh();

  await t.test("sign in through the server's page", async () => {
    const { tokens, returnTo } = await stage.signIn({ returnTo: "/inbox?page=2" });
    assert.equal(returnTo, "/inbox?page=2");
    assert.equal(tokens.accessToken, stage.lastTokens().access_token);
    assert.equal(tokens.tokenType, "Bearer");
    assert.equal(tokens.scope, scope);
    assert.equal(tokens.claims.sub, demoUser.claims.sub);
    assert.equal(tokens.claims.iss, stage.config.issuer);
    assert.ok(tokens.expiresAt > Date.now() && tokens.expiresAt <= Date.now() + accessTokenSeconds * 1000);
    const state = await stage.state();
    assert.equal(state.status, "signed-in");
    assert.equal(state.persisted, true);
    assert.equal(state.error, null);
    assert.deepEqual(state.tokens, tokens);
    assert.equal(state.refreshToken, stage.lastTokens().refresh_token);
  });

  await t.test("refresh twice: each refresh token is used once, each answer rotates it", async () => {
    proxy.forget();
    const signedIn = await stage.state();
    const held = [signedIn.refreshToken];
    for (const _ of [1, 2]) {
      const tokens = await stage.get("refresh");
      assert.equal(tokens.accessToken, stage.lastTokens().access_token);
      held.push((await stage.state()).refreshToken);
    }
    const exchanges = proxy.to(paths.token);
    const sent = exchanges.map(({ body }) => new URLSearchParams(body).get("refresh_token"));
    const received = exchanges.map(({ answer }) => JSON.parse(answer.body).refresh_token);
    assert.deepEqual(sent, held.slice(0, 2));
    assert.deepEqual(received, held.slice(1));
    assert.equal(new Set(held).size, 3);
    const stored = JSON.stringify((await stage.state()).stored);
    assert.ok(stored.includes(held[2]));
    assert.ok(!stored.includes(held[0]) && !stored.includes(held[1]), "a spent refresh token is gone from storage");
  });

  await t.test("introspect the held access token", async () => {
    const before = await stage.state();
    const answer = await stage.get("introspect");
    assert.equal(answer.active, true);
    assert.equal(answer.sub, demoUser.claims.sub);
    assert.equal(answer.scope, scope);
    assert.equal(answer.client_id, clientId);
    assert.equal(answer.username, demoUser.login);
    assert.ok(Math.abs(answer.exp * 1000 - before.tokens.expiresAt) <= 2_000);
    assert.deepEqual(await stage.state(), before);
  });

  await t.test("reload: the session is still there, and refreshes", async () => {
    const before = await stage.state();
    proxy.forget();
    await stage.open();
    assert.deepEqual(await stage.start(), before);
    assert.equal(proxy.recent().length, 0, "nothing is asked of the server at the start");
    assert.equal(await stage.get("getAccessToken"), before.tokens.accessToken);
    const tokens = await stage.get("refresh");
    assert.notEqual(tokens.accessToken, before.tokens.accessToken);
    assert.deepEqual(tokens.claims.sub, before.tokens.claims.sub);
  });

  await t.test("sign out: nothing of the session is left in the browser", async () => {
    const before = await stage.state();
    proxy.forget();
    await stage.get("signOut", { local: true });
    const state = await stage.state();
    assert.equal(state.status, "signed-out");
    assert.equal(state.tokens, null);
    assert.equal(state.refreshToken, null);
    assert.deepEqual(state.stored.session, {});
    const everything = await browser.run(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, window.name]));
    for (const secret of [before.refreshToken, before.tokens.accessToken, before.tokens.idToken]) {
      assert.ok(!everything.includes(secret));
    }
    assert.equal((await stage.call("refresh")).error.code, "no_session");
    assert.equal((await stage.call("getAccessToken")).error.code, "no_session");
    assert.equal((await stage.call("introspect")).error.code, "no_session");
    assert.deepEqual(proxy.to(paths.token), []);
    await stage.open();
    assert.equal((await stage.start()).status, "signed-out");
  });
});

describe("the callback", () => {
  beforeEach(() => stage.fresh());

  test("leaves a clean address: code, state and iss are gone, other parameters stay", async () => {
    await stage.visitServer();
    const address = new URL(await stage.driver.getCurrentUrl());
    assert.deepEqual([...address.searchParams.keys()].sort(), ["code", "iss", "state"]);
    // What a router or a proxy in between may have added.
    await stage.driver.get(`${address.href}&tab=2&erroneous=x#section`);
    await stage.start();
    const [during, length] = await stage.browser.run(() => {
      const entries = history.length;
      probe.pending = probe.client.handleRedirect();
      return [location.href, history.length - entries];
    });
    assert.equal(during, `${stage.site.origin}/callback?tab=2&erroneous=x#section`);
    assert.equal(length, 0, "no further history entry");
    await stage.browser.run(() => probe.pending);
    assert.equal((await stage.state()).status, "signed-in");
  });

  test("l02 handled twice in one page gives the same promise, also by another client of the same name", async () => {
    await stage.visitServer();
    await stage.start();
    stage.proxy.forget();
    const same = await stage.browser.run(async (config) => {
      const first = probe.client.handleRedirect();
      const second = probe.client.handleRedirect();
      const other = await probe.createClient(config);
      const third = other.handleRedirect();
      await first;
      const fourth = probe.client.handleRedirect();
      return [first === second, first === third, first === fourth, (await first) === (await third)];
    }, stage.config);
    assert.deepEqual(same, [true, true, true, true]);
    assert.equal(stage.proxy.to(stage.paths.token).length, 1);
  });

  test("l02 Back and F5 on the used callback resolve as handled and send no code", async () => {
    await stage.visitServer();
    const address = await stage.driver.getCurrentUrl();
    await stage.start();
    const { tokens } = await stage.get("handleRedirect");
    stage.proxy.forget();

    await stage.driver.get(address);
    await stage.start();
    assert.equal((await stage.get("handleRedirect")).tokens.accessToken, tokens.accessToken);

    // The address was cleaned: F5 meets a page that is no callback.
    await stage.driver.navigate().refresh();
    await stage.start();
    assert.equal(await stage.get("handleRedirect"), null);

    await stage.open("/elsewhere");
    await stage.driver.navigate().back();
    await stage.start();
    assert.equal(await stage.get("handleRedirect"), null);
    assert.equal((await stage.state()).tokens.accessToken, tokens.accessToken);
    assert.deepEqual(stage.proxy.to(stage.paths.token), []);

    await stage.get("signOut", { local: true });
    await stage.driver.get(address);
    await stage.start();
    const { error } = await stage.call("handleRedirect");
    assert.equal(error.code, "state_mismatch");
    assert.equal(error.reason, "no_transaction");
    assert.deepEqual(stage.proxy.to(stage.paths.token), []);
  });

  test("is given by address as well, and a page that is none gives null", async () => {
    assert.equal(await stage.get("handleRedirect"), null);
    await stage.visitServer();
    const address = await stage.driver.getCurrentUrl();
    await stage.open("/somewhere?code=1&state=2");
    await stage.start();
    assert.equal(await stage.get("handleRedirect"), null, "another path is no callback");
    assert.equal(await stage.get("handleRedirect", `${stage.site.origin}/callback#code=1&state=2`), null, "fragments are ignored");
    const { tokens } = await stage.get("handleRedirect", address);
    assert.equal(tokens.accessToken, stage.lastTokens().access_token);
  });

  test("brings the app's own state back", async () => {
    const state = { cart: [1, 2], note: "ü" };
    const result = await stage.signIn({ state });
    assert.deepEqual(result.state, state);
    assert.ok(!stage.proxy.recent().some(({ query }) => query.some(([, value]) => value.includes("cart"))), "it does not travel");
  });
});

describe("what the app sees", () => {
  beforeEach(async () => {
    await stage.fresh();
    await stage.signIn();
  });

  test("getSnapshot gives the same object until something changes", async () => {
    const identity = await stage.browser.run(async () => {
      const { getSnapshot, refresh, introspect, getAccessToken } = probe.client;
      const first = getSnapshot();
      await introspect();
      await getAccessToken();
      const second = getSnapshot();
      await refresh();
      return [first === second, second === getSnapshot(), getSnapshot() === getSnapshot(), "refreshToken" in getSnapshot().tokens];
    });
    assert.deepEqual(identity, [true, false, true, false]);
  });

  test("subscribe tells of each change, in order, before the promise settles", async () => {
    const order = await stage.browser.run(async () => {
      const order = [];
      const unsubscribe = probe.client.subscribe(({ type, snapshot }) => {
        order.push([type, snapshot.status, snapshot === probe.client.getSnapshot()]);
      });
      probe.client.subscribe(() => { throw new Error("a listener that fails is not the client's trouble"); });
      await probe.client.refresh().then(() => order.push("refreshed"));
      await probe.client.setTokens({ access_token: "adopted", token_type: "Bearer", expires_in: 60 }).then(() => order.push("adopted"));
      await probe.client.signOut({ local: true }).then(() => order.push("left"));
      unsubscribe();
      await probe.client.setTokens({ access_token: "adopted", token_type: "Bearer", expires_in: 60 });
      return order;
    });
    assert.deepEqual(order, [
      ["renewed", "signed-in", true], "refreshed",
      ["signed-in", "signed-in", true], "adopted",
      ["signed-out", "signed-out", true], "left",
    ]);
  });

  test("the events of a sign-in and of a lost session", async () => {
    assert.deepEqual((await stage.event("signed-in")).map(({ type }) => type), ["signed-in"]);
    // Spent behind the client's back, as a copy of it elsewhere would do.
    const { refreshToken, tokens } = await stage.state();
    const spend = await fetch(stage.server.endpoints.token, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId }),
    });
    assert.equal(spend.status, 200);
    const { error } = await stage.call("refresh");
    assert.equal(error.code, "invalid_grant");
    assert.equal(error.oauthError, "invalid_grant");
    assert.equal(error.status, 400);
    assert.equal(error.retryable, false);
    assert.equal(error.sessionLost, true);
    const lost = (await stage.event("session-lost")).at(-1);
    assert.equal(lost.snapshot.status, "signed-out");
    assert.equal(lost.snapshot.tokens, null);
    assert.equal(lost.error.code, "invalid_grant");
    const stored = JSON.stringify((await stage.state()).stored);
    for (const token of [refreshToken, tokens.accessToken, tokens.idToken]) assert.ok(!stored.includes(token));
    assert.equal((await stage.start()).status, "signed-out");
  });

  test("getAccessToken refreshes a token that is no longer fresh", async () => {
    stage.proxy.forget();
    const { accessToken } = (await stage.state()).tokens;
    assert.equal(await stage.get("getAccessToken"), accessToken);
    assert.equal(stage.proxy.to(stage.paths.token).length, 0);
    const renewed = await stage.get("getAccessToken", { minValiditySeconds: accessTokenSeconds });
    assert.notEqual(renewed, accessToken);
    assert.equal(stage.proxy.to(stage.paths.token).length, 1);
  });

  test("introspect takes a token of another kind or another place", async () => {
    stage.proxy.forget();
    const { refreshToken } = await stage.state();
    assert.equal((await stage.get("introspect", { tokenTypeHint: "refresh_token" })).active, true);
    assert.equal((await stage.get("introspect", "nobody's token")).active, false);
    const forms = stage.proxy.to(stage.paths.introspection).map(({ body }) => [...new URLSearchParams(body)]);
    assert.deepEqual(forms, [
      [["token", refreshToken], ["client_id", clientId], ["token_type_hint", "refresh_token"]],
      [["token", "nobody's token"], ["client_id", clientId]],
    ]);
  });

  test("a sign-in over a session replaces it", async () => {
    const first = await stage.state();
    const { tokens } = await stage.signIn();
    const second = await stage.state();
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.equal(second.tokens.accessToken, tokens.accessToken);
    assert.ok(!JSON.stringify(second.stored).includes(first.refreshToken));
  });

  test("t10 two clients of one name in a page are one session: one request, one news", async () => {
    stage.proxy.forget();
    const { answers, told, after } = await stage.browser.run(async (config) => {
      const other = await probe.createClient(config);
      const told = [];
      other.subscribe(({ type, snapshot }) => told.push([type, snapshot.status, snapshot.tokens?.accessToken ?? null]));
      const answers = await Promise.all([probe.client.refresh(), other.refresh(), probe.client.refresh(), other.refresh()]);
      await probe.client.signOut({ local: true });
      return { answers, told, after: [other.getSnapshot().status, other.getRefreshToken()] };
    }, stage.config);
    assert.equal(stage.proxy.to(stage.paths.token).length, 1);
    const { accessToken } = answers[0];
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.deepEqual(told, [["renewed", "signed-in", accessToken], ["signed-out", "signed-out", null]]);
    assert.deepEqual(after, ["signed-out", null]);
  });

  test("s05 two clients with different names are two sessions", async () => {
    const before = await stage.state();
    const other = await stage.start({ ...stage.config, name: "other" });
    assert.equal(other.status, "signed-out");
    await stage.get("setTokens", { access_token: "of the other", token_type: "Bearer", expires_in: 600 });
    await stage.get("signOut", { local: true });
    const again = await stage.start();
    assert.deepEqual(again.tokens, before.tokens);
    assert.equal(again.refreshToken, before.refreshToken);
  });
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
