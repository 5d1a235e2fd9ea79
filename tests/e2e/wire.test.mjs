// What goes over the wire, against each layout of the server: the requests of the Okta guide, field for field and in
// its order, with nothing in them that would make the browser ask for permission first or tell more than it has to.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import { clientId, scope, startStage } from "./support/stage.mjs";

let first;
before(async () => { first = await startStage(); });
after(() => first?.close());

for (const layout of ["okta", "okta-org", "discovery"]) {
  describe(`layout ${layout}`, () => {
    let stage;
    before(async () => {
      stage = await startStage({ layout, beside: first });
      await stage.fresh();
      await stage.signIn();
    });
    after(() => stage?.close());

    const form = ({ body }) => [...new URLSearchParams(body)];

    test("the authorization request: code, PKCE S256, state and nonce, nothing of the answer in it", () => {
      const [{ method, query }] = stage.proxy.to(stage.paths.authorization);
      assert.equal(method, "GET");
      const parameters = Object.fromEntries(query);
      const { code_challenge, state, nonce, ...rest } = parameters;
      assert.equal(query.length, Object.keys(parameters).length, "no parameter twice");
      assert.deepEqual(rest, {
        response_type: "code",
        client_id: clientId,
        redirect_uri: stage.config.redirectUri,
        scope,
        code_challenge_method: "S256",
      });
      for (const random of [state, nonce]) assert.match(random, /^[A-Za-z0-9_-]{22,}$/);
    });

    test("the code exchange proves the challenge", () => {
      const [{ query }] = stage.proxy.to(stage.paths.authorization);
      const [exchange] = stage.proxy.to(stage.paths.token);
      const sent = Object.fromEntries(form(exchange));
      assert.deepEqual(Object.keys(sent).sort(), ["client_id", "code", "code_verifier", "grant_type", "redirect_uri"]);
      assert.equal(sent.grant_type, "authorization_code");
      assert.equal(sent.client_id, clientId);
      assert.equal(sent.redirect_uri, stage.config.redirectUri);
      assert.match(sent.code_verifier, /^[A-Za-z0-9_-]{43}$/);
      const challenge = createHash("sha256").update(sent.code_verifier).digest("base64url");
      assert.equal(challenge, new Map(query).get("code_challenge"));
    });

    test("state, nonce and verifier are new each time", async () => {
      stage.proxy.forget();
      for (const _ of [1, 2]) await stage.signIn();
      const requests = stage.proxy.to(stage.paths.authorization).map(({ query }) => new Map(query));
      assert.equal(requests.length, 2);
      for (const name of ["state", "nonce", "code_challenge"]) {
        assert.notEqual(requests[0].get(name), requests[1].get(name), name);
      }
    });

    test("refresh and introspection are the guide's, field for field", async () => {
      stage.proxy.forget();
      const { refreshToken } = await stage.state();
      const { accessToken } = await stage.get("refresh");
      await stage.get("introspect");
      const [refresh] = stage.proxy.to(stage.paths.token);
      const [introspection] = stage.proxy.to(stage.paths.introspection);
      assert.equal(refresh.body, new URLSearchParams([
        ["grant_type", "refresh_token"],
        ["redirect_uri", stage.config.redirectUri],
        ["scope", scope],
        ["refresh_token", refreshToken],
        ["client_id", clientId],
      ]).toString());
      assert.equal(introspection.body, new URLSearchParams([
        ["token", accessToken],
        ["client_id", clientId],
        ["token_type_hint", "access_token"],
      ]).toString());
      for (const { method, query, headers } of [refresh, introspection]) {
        assert.equal(method, "POST");
        assert.deepEqual(query, []);
        assert.equal(headers.accept, "application/json");
        assert.equal(headers["content-type"], "application/x-www-form-urlencoded");
      }
    });

    test("q04 q05 no preflight, cookie, referrer or authorization on any request of the package", async () => {
      const cookies = await stage.driver.manage().getCookies();
      assert.ok(cookies.some(({ domain }) => domain === "127.0.0.1"), "the browser has cookies that it could send");
      // The rest is pages that the user visits.
      const own = stage.proxy.history.filter(({ headers }) => headers["sec-fetch-mode"] !== "navigate");
      const unasked = own.filter(({ path }) => ![stage.paths.token, stage.paths.introspection, stage.paths.jwks].includes(path));
      assert.deepEqual(unasked.filter(({ path }) => !path.endsWith("/.well-known/openid-configuration")), []);
      assert.ok(own.length >= 4);
      for (const { method, path, headers } of own) {
        assert.notEqual(method, "OPTIONS", path);
        assert.equal(headers["sec-fetch-mode"], "cors", path);
        for (const name of ["cookie", "referer", "authorization"]) assert.equal(headers[name], undefined, `${name} to ${path}`);
      }
    });

    test(layout !== "discovery" ? "nothing is discovered" : "discovery is asked for once a page and kept", async () => {
      const discoveries = () => stage.proxy.recent().filter(({ path }) => path.includes("/.well-known/")).length;
      stage.proxy.forget();
      await stage.open();
      const { length } = stage.proxy.connections;
      await stage.start();
      assert.deepEqual([stage.proxy.recent(), stage.proxy.connections.length], [[], length], "createClient touches no network");
      await stage.get("refresh");
      await stage.get("refresh");
      await stage.get("introspect");
      if (layout !== "discovery") {
        assert.equal(stage.proxy.history.filter(({ path }) => path.includes("/.well-known/")).length, 0);
      } else {
        assert.ok(discoveries() <= 1);
      }
    });

    test("r09 50 concurrent refreshes are one request and 50 equal answers", async () => {
      stage.proxy.forget();
      const answers = await stage.browser.run(() => Promise.all(Array.from({ length: 50 }, () => probe.client.refresh())));
      assert.equal(stage.proxy.to(stage.paths.token).length, 1);
      assert.equal(answers.length, 50);
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.equal(answers[0].accessToken, stage.lastTokens().access_token);
      await stage.get("refresh");
      assert.equal(stage.proxy.to(stage.paths.token).length, 2, "one that begins after the answer was stored asks again");
    });

    test("q02 no token, code or verifier is in any address", () => {
      const addresses = stage.proxy.history.map(({ path, query }) => path + new URLSearchParams(query));
      for (const { body } of stage.proxy.history) {
        for (const [name, value] of new URLSearchParams(body)) {
          if (!["token", "refresh_token", "code_verifier", "code"].includes(name)) continue;
          assert.ok(!addresses.some((address) => address.includes(value)), name);
        }
      }
    });
  });
}

describe("the request follows the configuration", () => {
  let stage;
  before(() => {
    stage = first;
    return stage.fresh();
  });

  const tokens = { access_token: "at", refresh_token: "rt", token_type: "Bearer", expires_in: 60 };
  const sent = () => [...new URLSearchParams(stage.proxy.to(stage.paths.token).at(-1).body)];
  const names = () => sent().map(([name]) => name);

  test("a connection that the page has opened beforehand, as the README has it, carries it", { skip: lacking("preconnect") }, async () => {
    await stage.signIn();
    await stage.open();
    const { connections } = stage.proxy;
    const before = connections.length;
    await stage.browser.run((href) => {
      document.head.append(Object.assign(document.createElement("link"), { rel: "preconnect", href, crossOrigin: "" }));
    }, stage.proxy.origin);
    await stage.browser.wait(() => connections.length > before, "nothing connects");
    const opened = connections.slice(before);
    await stage.start();
    await stage.get("refresh");
    const { connection } = stage.proxy.to(stage.paths.token).at(-1);
    assert.ok(opened.includes(connection), `${connection} is not in ${opened}`);
    await stage.fresh();
  });

  test("no redirect_uri and no scope where none is known", async () => {
    const { redirectUri, scope, ...config } = stage.config;
    await stage.trial({ config, tokens });
    assert.deepEqual(sent(), [["grant_type", "refresh_token"], ["refresh_token", "rt"], ["client_id", clientId]]);
  });

  test("q07 scope is what was granted, not what was asked for", async () => {
    await stage.trial({ tokens: { ...tokens, scope: "openid" } });
    assert.deepEqual(sent().find(([name]) => name === "scope"), ["scope", "openid"]);
  });

  test("resource goes along, each on its own", async () => {
    const resource = ["https://api.example/a", "https://api.example/b"];
    await stage.trial({ config: { ...stage.config, resource }, tokens });
    assert.deepEqual(sent().filter(([name]) => name === "resource").map(([, value]) => value), resource);
  });

  test("a narrower scope is asked for in a request of its own, and the wider token stays", async () => {
    await stage.fresh();
    await stage.signIn();
    const before = await stage.state();
    const narrow = await stage.get("refresh", { scope: "openid" });
    const after = await stage.state();
    assert.equal(narrow.scope, "openid");
    assert.equal(narrow.accessToken, stage.lastTokens().access_token);
    assert.deepEqual(after.tokens, before.tokens);
    assert.equal(after.refreshToken, stage.lastTokens().refresh_token);
    assert.deepEqual(names(), ["grant_type", "redirect_uri", "scope", "refresh_token", "client_id"]);
    await stage.get("refresh");
    assert.equal((await stage.state()).tokens.scope, scope);
  });

  test("signIn's options become parameters of the authorization request", async () => {
    await stage.fresh();
    stage.proxy.forget();
    await stage.leave({
      loginHint: "bob", prompt: "login", acrValues: ["urn:a", "urn:b"], maxAge: 60, idp: "0oa1", scope: "openid",
      extraParams: { ui_locales: "de" },
    });
    const parameters = Object.fromEntries(stage.proxy.to(stage.paths.authorization)[0].query);
    const { login_hint, acr_values, max_age, idp, ui_locales } = parameters;
    assert.deepEqual({ login_hint, acr_values, max_age, idp, ui_locales }, {
      login_hint: "bob", acr_values: "urn:a urn:b", max_age: "60", idp: "0oa1", ui_locales: "de",
    });
    assert.equal(parameters.scope, "openid");
    assert.equal(parameters.prompt, "login");
  });

  test("the app's fetch is called with a string address and a string body", async () => {
    await stage.fresh();
    const calls = await stage.browser.run(async (config, tokens) => {
      const calls = [];
      const fetch = async (address, init) => {
        const { headers, signal, ...rest } = init;
        calls.push({ address, ...rest, headers: Object.fromEntries(new Headers(headers)) });
        return globalThis.fetch(address, init);
      };
      const client = await probe.createClient({ ...config, fetch });
      await client.setTokens(tokens);
      await client.refresh().catch(() => {});
      return calls;
    }, stage.config, tokens);
    assert.equal(calls.length, 1);
    const [{ address, body, headers, ...init }] = calls;
    assert.equal(address, stage.server.endpoints.token);
    assert.equal(typeof body, "string");
    assert.deepEqual(headers, { accept: "application/json", "content-type": "application/x-www-form-urlencoded" });
    const { method, mode, credentials, cache, referrerPolicy, redirect } = init;
    assert.deepEqual({ method, credentials, cache, referrerPolicy, redirect }, {
      method: "POST", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", redirect: "error",
    });
    assert.ok(mode === undefined || mode === "cors");
  });

  test("q15 a later patch of the page's fetch sees no token", async () => {
    await stage.fresh();
    const seen = await stage.browser.run(async (config, tokens) => {
      const seen = [];
      const client = await probe.createClient(config);
      await client.setTokens(tokens);
      const { fetch } = globalThis;
      globalThis.fetch = (...args) => { seen.push(String(args[0])); return fetch(...args); };
      try { await client.refresh().catch(() => {}); } finally { globalThis.fetch = fetch; }
      return seen;
    }, stage.config, tokens);
    assert.deepEqual(seen, []);
  });
});
