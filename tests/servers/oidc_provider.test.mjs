// What the end-to-end tests take for granted about the embedded authorization server.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { demoUser, startOidcProvider } from "./oidc_provider.mjs";

const app = "http://localhost:4999";
const client = { clientId: "spa", redirectUris: [`${app}/`], origins: [app] };
const scope = "openid profile email offline_access";

for (const layout of ["okta", "okta-org", "discovery"]) {
  describe(`layout ${layout}`, () => {
    let server;
    before(async () => (server = await startOidcProvider({ layout, clients: [client] })));
    after(() => server.close());

    test("discovery names the issuer and the endpoints", async () => {
      const metadata = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json();
      assert.equal(metadata.issuer, server.issuer);
      assert.equal(metadata.authorization_endpoint, server.endpoints.authorization);
      assert.equal(metadata.token_endpoint, server.endpoints.token);
      assert.equal(metadata.introspection_endpoint, server.endpoints.introspection);
      assert.deepEqual(metadata.code_challenge_methods_supported, ["S256"]);
      const paths = Object.values(server.endpoints).map((endpoint) => endpoint.slice(server.url.length));
      if (layout === "okta") assert.ok(paths.every((path) => path.startsWith("/oauth2/default/v1/")), `${paths}`);
      if (layout === "okta-org") assert.ok(paths.every((path) => path.startsWith("/oauth2/v1/")), `${paths}`);
    });

    test("a sign-in gives a refresh token and keeps offline_access", async () => {
      const { status, body } = await signIn(server);
      assert.equal(status, 200);
      assert.equal(body.scope, scope);
      assert.equal(body.token_type, "Bearer");
      assert.equal(body.expires_in, 60);
      const claims = JSON.parse(Buffer.from(body.id_token.split(".")[1], "base64url"));
      assert.equal(claims.name, demoUser.claims.name);
      assert.equal(claims.iss, server.issuer);
    });

    test("refresh tokens rotate, and a spent one ends the grant", async () => {
      const first = (await signIn(server)).body;
      const second = (await refresh(server, first.refresh_token)).body;
      const third = (await refresh(server, second.refresh_token)).body;
      assert.equal(new Set([first, second, third].map((answer) => answer.refresh_token)).size, 3);
      assert.equal(third.scope, scope);
      assert.equal((await introspect(server, third.access_token)).body.active, true);

      const reused = await refresh(server, second.refresh_token);
      assert.deepEqual([reused.status, reused.body.error], [400, "invalid_grant"]);
      assert.equal(reused.headers.get("access-control-allow-origin"), app);
      assert.equal((await introspect(server, third.access_token)).body.active, false);
      assert.equal((await refresh(server, third.refresh_token)).body.error, "invalid_grant");
    });

    test("introspection tells whose token it is, revocation ends it", async () => {
      const tokens = (await signIn(server)).body;
      const { body } = await introspect(server, tokens.access_token);
      assert.equal(body.active, true);
      assert.equal(body.sub, demoUser.claims.sub);
      assert.equal(body.username, demoUser.login);
      assert.equal(body.client_id, client.clientId);
      assert.equal(body.scope, scope);
      assert.equal(body.iss, server.issuer);
      assert.equal(body.exp - body.iat, 60);
      assert.equal((await introspect(server, tokens.refresh_token)).body.active, true);

      const revoked = await post(server.endpoints.revocation, { token: tokens.refresh_token, client_id: client.clientId });
      assert.equal(revoked.status, 200);
      assert.equal((await introspect(server, tokens.refresh_token)).body.active, false);
    });
  });
}

describe("the server", () => {
  let server;
  before(async () => (server = await startOidcProvider({ host: "127.0.0.1", accessTokenSeconds: 7, clients: [client] })));
  after(() => server.close());

  test("records requests as they came, also refused ones", async () => {
    const before = server.requests.length;
    await refresh(server, "unknown");
    await fetch(server.endpoints.token, { method: "OPTIONS" });
    const [refused, options, ...others] = server.requests.slice(before);
    assert.equal(refused.method, "POST");
    assert.equal(refused.path, "/oauth2/default/v1/token");
    assert.equal(refused.body, "grant_type=refresh_token&refresh_token=unknown&client_id=spa");
    assert.equal(refused.headers.origin, app);
    assert.equal(options.method, "OPTIONS");
    assert.deepEqual(others, []);
  });

  test("answers only to configured origins", async () => {
    const body = { grant_type: "refresh_token", refresh_token: "unknown", client_id: client.clientId };
    const elsewhere = await post(server.endpoints.token, body, "http://localhost:4998");
    assert.equal(elsewhere.status, 400);
    assert.equal(elsewhere.headers.get("access-control-allow-origin"), null);
  });

  test("refuses a sign-in without PKCE", async () => {
    const query = new URLSearchParams({ client_id: "spa", response_type: "code", redirect_uri: `${app}/`, scope });
    const answer = await fetch(`${server.endpoints.authorization}?${query}`, { redirect: "manual" });
    assert.match(answer.headers.get("location"), /error=invalid_request/);
  });

  test("shows the form again after a wrong password", async () => {
    const browser = new Browser();
    await browser.open(authorizationUrl(server, "verifier".repeat(8)));
    const answer = await browser.submit({ login: "<b>", password: "wrong" });
    assert.equal(answer.status, 401);
    const page = await answer.text();
    assert.match(page, /role="alert"/);
    assert.match(page, /value="&lt;b&gt;"/);
  });

  test("gives the user a way out", async () => {
    const browser = new Browser();
    await browser.open(authorizationUrl(server, "verifier".repeat(8)));
    await browser.submit({ cancel: "yes" });
    assert.equal(browser.url.searchParams.get("error"), "access_denied");
  });

  test("signs in again without a form while its own session lasts", async () => {
    const browser = new Browser();
    await signIn(server, browser);
    await browser.open(authorizationUrl(server, "verifier".repeat(8)));
    assert.equal(browser.url.origin, app);
    assert.ok(browser.url.searchParams.get("code"));
  });

  test("has the asked-for lifetime and host", async () => {
    assert.equal((await signIn(server)).body.expires_in, 7);
    assert.match(server.issuer, /^http:\/\/127\.0\.0\.1:\d+\/oauth2\/default$/);
  });
});

test("offline_access can be missing from the grant that has a refresh token", async (t) => {
  const server = await startOidcProvider({ clients: [client], dropOfflineAccess: true });
  t.after(() => server.close());
  const { body } = await signIn(server);
  assert.equal(body.scope, "openid profile email");
  assert.equal(typeof (await refresh(server, body.refresh_token)).body.refresh_token, "string");
});

test("close frees the port", async () => {
  const server = await startOidcProvider({ clients: [client] });
  await server.close();
  await assert.rejects(fetch(server.issuer));
});

/** Follows redirects and keeps cookies by path, up to the app's own origin. */
class Browser {
  #cookies = new Map();
  url;

  async open(url, init = {}) {
    this.url = new URL(url);
    if (this.url.origin === app) return undefined;
    const cookie = [...this.#cookies].flatMap(([name, { path, value }]) => (this.url.pathname.startsWith(path) ? `${name}=${value}` : []));
    const answer = await fetch(this.url, { ...init, headers: { accept: "text/html", cookie: cookie.join("; ") }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#cookies.set(name, { path: /path=([^;]+)/i.exec(line)[1], value });
    }
    const location = answer.headers.get("location");
    return location ? this.open(new URL(location, this.url)) : answer;
  }

  submit(form) {
    return this.open(this.url, { method: "POST", body: new URLSearchParams(form) });
  }
}

function authorizationUrl(server, verifier) {
  const query = new URLSearchParams({
    client_id: client.clientId,
    response_type: "code",
    redirect_uri: client.redirectUris[0],
    scope,
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  return `${server.endpoints.authorization}?${query}`;
}

async function signIn(server, browser = new Browser()) {
  const verifier = randomBytes(32).toString("base64url");
  await browser.open(authorizationUrl(server, verifier));
  await browser.submit({ login: demoUser.login, password: demoUser.password });
  return post(server.endpoints.token, {
    grant_type: "authorization_code",
    code: browser.url.searchParams.get("code"),
    redirect_uri: client.redirectUris[0],
    code_verifier: verifier,
    client_id: client.clientId,
  });
}

const refresh = (server, refreshToken) =>
  post(server.endpoints.token, { grant_type: "refresh_token", refresh_token: refreshToken, client_id: client.clientId });

const introspect = (server, token) => post(server.endpoints.introspection, { token, client_id: client.clientId });

async function post(url, form, origin = app) {
  const answer = await fetch(url, { method: "POST", headers: { origin }, body: new URLSearchParams(form) });
  const body = await answer.text();
  return { status: answer.status, headers: answer.headers, body: body && JSON.parse(body) };
}
