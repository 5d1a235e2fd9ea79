// A configuration that is wrong is refused by createClient, which names the field; options of calls likewise.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startStage } from "./support/stage.mjs";
import { fine, rows, shown } from "./support/site/wrong_config.js";

let stage;
before(async () => {
  stage = await startStage();
  await stage.fresh();
});
after(() => stage?.close());

/** Makes one client for each row of a list, in the page, and gives the outcomes in the list's order. */
const outcomesOf = (list) => stage.browser.run(async (list) => {
  const module = await import("/wrong_config.js");
  const stored = sessionStorage.length;
  const outcomes = [];
  for (const row of module[list]) {
    const config = module.configOf(list === "rows" ? row[1] : row);
    const outcome = await probe.settle(() => probe.createClient(config));
    outcome.value?.close();
    outcomes.push({ error: outcome.error, made: Boolean(outcome.value), quiet: sessionStorage.length === stored });
  }
  return outcomes;
}, list);

describe("a wrong configuration", () => {
  let outcomes;
  before(async () => { outcomes = await outcomesOf("rows"); });

  for (const [index, [name, , field, code = "invalid_config"]] of rows.entries()) {
    test(name, () => {
      const { error, quiet } = outcomes[index];
      assert.ok(error, "it rejects");
      assert.equal(error.own, true, error.text);
      assert.equal(error.code, code, error.message);
      assert.equal(error.retryable, false);
      assert.ok(error.message.includes(field), `the message names it: ${error.message}`);
      assert.ok(!error.message.includes("shh") && !error.message.includes("secret@"), "no secret in it");
      assert.equal(quiet, true);
    });
  }

  test("no request was made", () => assert.deepEqual(stage.proxy.recent(), []));
});

describe("an unusual configuration is fine", () => {
  let outcomes;
  before(async () => { outcomes = await outcomesOf("fine"); });

  for (const [index, config] of fine.entries()) {
    test(shown(config), () => {
      assert.equal(outcomes[index].error?.text, undefined);
      assert.equal(outcomes[index].made, true);
    });
  }
});

describe("wrong options of a call", () => {
  const held = { access_token: "held", refresh_token: "kept", expires_in: 600 };
  before(() => stage.get("setTokens", held));

  for (const [method, options, field] of [
    ["refresh", { timeout: 1 }, "timeout"],
    ["refresh", { timeoutMs: -1 }, "timeoutMs"],
    ["refresh", { timeoutMs: "1" }, "timeoutMs"],
    ["refresh", { signal: {} }, "signal"],
    ["refresh", { scope: 7 }, "scope"],
    ["refresh", "openid", "options"],
    ["introspect", { hint: "access_token" }, "hint"],
    ["introspect", { token: 7 }, "token"],
    ["introspect", { token: "" }, "token"],
    ["introspect", { tokenTypeHint: "bearer" }, "tokenTypeHint"],
    ["introspect", 7, "options"],
    ["getAccessToken", { minValidity: 1 }, "minValidity"],
    ["getAccessToken", { minValiditySeconds: -1 }, "minValiditySeconds"],
    ["getAccessToken", { minValiditySeconds: "1" }, "minValiditySeconds"],
    ["signIn", { return_to: "/" }, "return_to"],
    ["signIn", { maxAge: -1 }, "maxAge"],
    ["signIn", { prompt: 7 }, "prompt"],
    ["signIn", { extraParams: "x" }, "extraParams"],
    ["handleRedirect", "http://", "url"],
  ]) {
    test(`${method}(${shown(options)})`, async () => {
      const before = await stage.state();
      const { error } = await stage.call(method, options);
      assert.ok(error, "it rejects");
      assert.equal(error.code, "invalid_config", error.message);
      assert.ok(error.message.includes(field), error.message);
      assert.deepEqual(await stage.state(), before);
    });
  }

  test("signOut with an unknown option signs out all the same, and says so", async () => {
    const { error } = await stage.call("signOut", { locally: true });
    assert.equal(error?.code, "invalid_config");
    assert.match(error.message, /locally/);
    assert.equal((await stage.state()).status, "signed-out");
    await stage.get("setTokens", held);
  });

  test("setTokens with an option that is unknown or no time", async () => {
    for (const options of [{ received: 1 }, { receivedAt: "now" }, { receivedAt: -1 }]) {
      const { error } = await stage.call("setTokens", held, options);
      assert.equal(error?.code, "invalid_config", shown(options));
    }
  });

  test("no request was made", () => assert.deepEqual(stage.proxy.recent(), []));
});

test("many clients: those that are closed, and configurations that are refused, leave nothing behind", async () => {
  await stage.fresh();
  const failed = await stage.browser.run(async (config) => {
    for (let made = 0; made < 300; made += 1) {
      const outcome = await probe.settle(async () => {
        const client = await probe.createClient(config);
        await client.setTokens({ access_token: "held", refresh_token: "kept", expires_in: 600 });
        client.close();
        await probe.createClient({ ...config, clientId: 7 }).catch(() => {});
      });
      if (outcome.error) return `client ${made + 1}: ${outcome.error.text}`;
    }
    return undefined;
  }, stage.config);
  assert.equal(failed, undefined);
});

test("the client's methods are bound, and it prints no token", async () => {
  const outcome = await stage.browser.run(async () => {
    const { setTokens, getAccessToken, getSnapshot, getRefreshToken, close } = await probe.createClient({ issuer: "https://id.example", clientId: "spa", name: "b" });
    await setTokens({ access_token: "held-secret", refresh_token: "kept-secret" });
    const token = await getAccessToken();
    const printed = JSON.stringify(probe.client) + String(probe.client);
    const known = [getSnapshot().status, getRefreshToken()];
    close();
    return { token, printed, known };
  });
  assert.equal(outcome.token, "held-secret");
  assert.deepEqual(outcome.known, ["signed-in", "kept-secret"]);
  assert.ok(!/held-secret|kept-secret/.test(outcome.printed));
});
