// Callbacks that are not what the tab waits for, and sign-ins that cannot begin.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { By, until } from "selenium-webdriver";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

let stage;
before(async () => { stage = await startStage(); });
after(() => stage?.close());
beforeEach(async () => {
  stage.proxy.forget();
  await stage.fresh();
});

const exchanges = () => stage.proxy.to(stage.paths.token);
const callback = (query) => `/callback?${new URLSearchParams(query)}`;

/** Opens a callback by hand and handles it. */
async function arrive(query) {
  await stage.open(callback(query));
  await stage.start();
  return stage.call("handleRedirect");
}

async function assertClean() {
  assert.equal(await stage.driver.getCurrentUrl(), `${stage.site.origin}/callback`);
}

describe("l01 l09 a callback with a foreign state", () => {
  test("without a sign-in of this tab: refused, nothing sent, nothing stored", async () => {
    const { error } = await arrive({ code: "abcdef", state: "foreign-state" });
    assert.equal(error.code, "state_mismatch");
    assert.equal(error.reason, "no_transaction");
    assert.equal(error.retryable, false);
    await assertClean();
    assert.deepEqual(stage.proxy.recent(), []);
    assert.deepEqual((await stage.state()).stored.session, {});
  });

  test("it leaves the session as it is", async () => {
    await stage.signIn();
    const before = await stage.state();
    stage.proxy.forget();
    for (const query of [{ code: "abcdef", state: "foreign-state" }, { error: "access_denied", state: "foreign-state" }]) {
      const { error } = await arrive(query);
      assert.equal(error.code, "state_mismatch");
      const after = await stage.state();
      assert.deepEqual([after.tokens, after.refreshToken, after.stored], [before.tokens, before.refreshToken, before.stored]);
    }
    assert.deepEqual(stage.proxy.recent(), []);
  });

  test("it leaves another pending sign-in usable", async () => {
    await stage.visitServer();
    const address = await stage.driver.getCurrentUrl();
    const { error } = await arrive({ code: "abcdef", state: "foreign-state" });
    assert.equal(error.code, "state_mismatch");
    assert.deepEqual(exchanges(), []);
    await stage.driver.get(address);
    await stage.start();
    assert.equal((await stage.get("handleRedirect")).tokens.accessToken, stage.lastTokens().access_token);
  });

  test("a callback of the tab's own in another tab is as foreign", async () => {
    await stage.visitServer();
    const address = await stage.driver.getCurrentUrl();
    const here = await stage.driver.getWindowHandle();
    await stage.driver.switchTo().newWindow("tab");
    try {
      await stage.driver.get(address);
      await stage.start();
      const { error } = await stage.call("handleRedirect");
      assert.equal(error.code, "state_mismatch");
      assert.equal(error.reason, "no_transaction");
      assert.deepEqual(exchanges(), []);
    } finally {
      await stage.driver.close();
      await stage.driver.switchTo().window(here);
    }
  });
});

describe("l03 the server says no", () => {
  test("the user cancels: access_denied, from the real server", async () => {
    await stage.leave({ prompt: "login" });
    await stage.driver.findElement(By.id("cancel")).click();
    await stage.browser.wait(until.urlContains("/callback?"), "the server did not send the browser back");
    await stage.start();
    const { error } = await stage.call("handleRedirect");
    assert.equal(error.code, "oauth");
    assert.equal(error.oauthError, "access_denied");
    assert.match(error.oauthErrorDescription, /cancelled/);
    await assertClean();
    assert.deepEqual(exchanges(), []);
    const { status, stored } = await stage.state();
    assert.equal(status, "signed-out");
    assert.ok(!JSON.stringify(stored).includes("verifier"), "the sign-in is over");
  });

  for (const [oauthError, code] of [
    ["login_required", "login_required"], ["interaction_required", "login_required"], ["consent_required", "login_required"],
    ["account_selection_required", "login_required"], ["server_error", "server"], ["temporarily_unavailable", "server"],
    ["invalid_scope", "oauth"], ["<img src=x onerror=alert(1)>", "oauth"],
  ]) {
    test(`${oauthError}: ${code}, and the session is kept`, async () => {
      await stage.get("setTokens", { access_token: "held", refresh_token: "kept", expires_in: 600 });
      const before = await stage.state();
      await stage.leave();
      const state = new Map(stage.proxy.to(stage.paths.authorization)[0].query).get("state");
      stage.proxy.forget();
      const { error } = await arrive({ error: oauthError, error_description: "Because.", state, iss: stage.config.issuer });
      assert.equal(error.code, code);
      assert.equal(error.oauthError, oauthError);
      assert.equal(error.oauthErrorDescription, "Because.");
      assert.equal(error.retryable, code === "server");
      const after = await stage.state();
      assert.deepEqual([after.tokens, after.refreshToken], [before.tokens, before.refreshToken]);
      assert.deepEqual(exchanges(), []);
    });
  }
});

describe("the callback of this tab's own sign-in, spoilt", () => {
  test("l04 another iss is refused before any request", async () => {
    await stage.visitServer();
    const query = Object.fromEntries(new URL(await stage.driver.getCurrentUrl()).searchParams);
    const { error } = await arrive({ ...query, iss: "https://evil.example" });
    assert.equal(error.code, "state_mismatch");
    assert.equal(error.reason, "iss");
    assert.deepEqual(exchanges(), []);
  });

  for (const [name, makeFault, expected] of [
    ["500", () => fault.answer(500, "<html>"), { code: "server", status: 500 }],
    ["a dropped connection", () => fault.dropped, { code: "network" }],
    ["invalid_grant", () => fault.answer(400, { error: "invalid_grant" }), { code: "invalid_grant", status: 400 }],
    ["no access_token", () => fault.answer(200, { token_type: "Bearer" }), { code: "invalid_response" }],
  ]) {
    test(`l05 the code exchange meets ${name}: the code is not sent again, and the sign-in is over`, async () => {
      await stage.visitServer();
      const address = await stage.driver.getCurrentUrl();
      stage.proxy.next(stage.paths.token, makeFault());
      await stage.start();
      const { error } = await stage.call("handleRedirect");
      for (const [field, value] of Object.entries(expected)) assert.equal(error[field], value, field);
      assert.equal(error.sessionLost, true, "nothing usable: the user has to sign in again");
      await assertClean();
      await stage.driver.get(address);
      await stage.start();
      const again = await stage.call("handleRedirect");
      assert.equal(again.error.code, "state_mismatch");
      assert.equal(again.error.reason, "no_transaction");
      assert.equal(exchanges().length, 1);
      assert.equal((await stage.state()).status, "signed-out");
    });
  }

  test("l05 an earlier session outlives a failed sign-in", async () => {
    await stage.signIn();
    const before = await stage.state();
    await stage.visitServer();
    stage.proxy.next(stage.paths.token, fault.answer(400, { error: "invalid_grant" }));
    await stage.start();
    const { error } = await stage.call("handleRedirect");
    assert.equal(error.code, "invalid_grant");
    assert.equal(error.sessionLost, false);
    const after = await stage.state();
    assert.deepEqual([after.tokens, after.refreshToken], [before.tokens, before.refreshToken]);
  });
});

describe("sign-ins that cannot begin", () => {
  /** A sign-in that has to reject, without leaving the page. */
  async function refused(options, config = stage.config) {
    await stage.start(config);
    const { error } = await stage.call("signIn", options);
    assert.ok((await stage.driver.getCurrentUrl()).startsWith(stage.site.origin));
    return error;
  }

  test("without redirectUri", async () => {
    const { redirectUri, ...config } = stage.config;
    const error = await refused({}, config);
    assert.equal(error.code, "invalid_config");
    assert.match(error.message, /redirectUri/);
  });

  test("where nothing names the authorization endpoint", async () => {
    stage.proxy.next("/oauth2/default/.well-known/openid-configuration", fault.edited(({ authorization_endpoint, ...metadata }) => metadata));
    const { endpoints, ...config } = stage.config;
    assert.equal((await refused({}, config)).code, "unsupported");
  });

  test("extraParams that name a parameter of the protocol", async () => {
    const names = [
      "client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "resource", "request_uri",
    ];
    for (const name of names) {
      const error = await refused({ extraParams: { [name]: "x" } });
      assert.equal(error.code, "invalid_config", name);
      assert.ok(error.message.includes(name), error.message);
    }
  });

  test("k11 returnTo that is no path of this origin", async () => {
    const wrong = ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "\t//evil.example", 7];
    for (const returnTo of wrong) {
      const error = await refused({ returnTo });
      assert.equal(error.code, "invalid_config", returnTo);
      assert.match(error.message, /returnTo/);
    }
  });
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
