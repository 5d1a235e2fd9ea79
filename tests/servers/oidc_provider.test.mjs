// What the end-to-end tests take for granted about the embedded authorization server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { demoUser, startOidcProvider } from "./oidc_provider.mjs";
import { Visitor, publicClient, scope } from "./sign_in.mjs";

const app = "http://localhost:4999";
const client = { clientId: "spa", redirectUris: [`${app}/`], origins: [app] };
const as = (server) => publicClient(server, { clientId: client.clientId, redirectUri: client.redirectUris[0] });

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
      const { status, body } = await as(server).signIn();
      assert.equal(status, 200);
      assert.equal(body.scope, scope);
      assert.equal(body.token_type, "Bearer");
      assert.equal(body.expires_in, 60);
      const claims = JSON.parse(Buffer.from(body.id_token.split(".")[1], "base64url"));
      assert.equal(claims.name, demoUser.claims.name);
      assert.equal(claims.iss, server.issuer);
    });

    test("refresh tokens rotate, and a spent one ends the grant", async () => {
      const first = (await as(server).signIn()).body;
      const second = (await as(server).refresh(first.refresh_token)).body;
      const third = (await as(server).refresh(second.refresh_token)).body;
      assert.equal(new Set([first, second, third].map((answer) => answer.refresh_token)).size, 3);
      assert.equal(third.scope, scope);
      assert.equal((await as(server).introspect(third.access_token)).body.active, true);

      const reused = await as(server).refresh(second.refresh_token);
      assert.deepEqual([reused.status, reused.body.error], [400, "invalid_grant"]);
      assert.equal(reused.headers.get("access-control-allow-origin"), app);
      assert.equal((await as(server).introspect(third.access_token)).body.active, false);
      assert.equal((await as(server).refresh(third.refresh_token)).body.error, "invalid_grant");
    });

    test("has no icon, and that is no error", async () => {
      assert.equal((await fetch(`${server.url}/favicon.ico`)).status, 204);
    });

    test("introspection tells whose token it is, revocation ends it", async () => {
      const tokens = (await as(server).signIn()).body;
      const { body } = await as(server).introspect(tokens.access_token);
      assert.equal(body.active, true);
      assert.equal(body.sub, demoUser.claims.sub);
      assert.equal(body.username, demoUser.login);
      assert.equal(body.client_id, client.clientId);
      assert.equal(body.scope, scope);
      assert.equal(body.iss, server.issuer);
      assert.equal(body.exp - body.iat, 60);
      assert.equal((await as(server).introspect(tokens.refresh_token)).body.active, true);

      const revoked = await as(server).revoke(tokens.refresh_token);
      assert.equal(revoked.status, 200);
      assert.equal((await as(server).introspect(tokens.refresh_token)).body.active, false);
    });
  });
}

describe("the server", () => {
  let server;
  before(async () => (server = await startOidcProvider({ host: "127.0.0.1", accessTokenSeconds: 7, clients: [client] })));
  after(() => server.close());

  test("records requests as they came, also refused ones", async () => {
    const before = server.requests.length;
    await as(server).refresh("unknown");
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
    const elsewhere = await as(server).refresh("unknown", { headers: { origin: "http://localhost:4998" } });
    assert.equal(elsewhere.status, 400);
    assert.equal(elsewhere.headers.get("access-control-allow-origin"), null);
  });

  test("refuses a sign-in without PKCE", async () => {
    const query = new URLSearchParams({ client_id: "spa", response_type: "code", redirect_uri: `${app}/`, scope });
    const answer = await fetch(`${server.endpoints.authorization}?${query}`, { redirect: "manual" });
    assert.match(answer.headers.get("location"), /error=invalid_request/);
  });

  test("shows the form again after a wrong password", async () => {
    const browser = new Visitor(app);
    await browser.open(as(server).authorizationUrl("verifier".repeat(8)));
    const answer = await browser.submit({ login: "<b>", password: "wrong" });
    assert.equal(answer.status, 401);
    const page = await answer.text();
    assert.match(page, /role="alert"/);
    assert.match(page, /value="&lt;b&gt;"/);
  });

  test("gives the user a way out", async () => {
    const browser = new Visitor(app);
    await browser.open(as(server).authorizationUrl("verifier".repeat(8)));
    await browser.submit({ cancel: "yes" });
    assert.equal(browser.url.searchParams.get("error"), "access_denied");
  });

  test("signs in again without a form while its own session lasts", async () => {
    const browser = new Visitor(app);
    await as(server).signIn({ visitor: browser });
    await browser.open(as(server).authorizationUrl("verifier".repeat(8)));
    assert.equal(browser.url.origin, app);
    assert.ok(browser.url.searchParams.get("code"));
  });

  test("has the asked-for lifetime and host", async () => {
    assert.equal((await as(server).signIn()).body.expires_in, 7);
    assert.match(server.issuer, /^http:\/\/127\.0\.0\.1:\d+\/oauth2\/default$/);
  });
});

test("offline_access can be missing from the grant that has a refresh token", async (t) => {
  const server = await startOidcProvider({ clients: [client], dropOfflineAccess: true });
  t.after(() => server.close());
  const { body } = await as(server).signIn();
  assert.equal(body.scope, "openid profile email");
  assert.equal(typeof (await as(server).refresh(body.refresh_token)).body.refresh_token, "string");
});

test("close frees the port", async () => {
  const server = await startOidcProvider({ clients: [client] });
  await server.close();
  await assert.rejects(fetch(server.issuer));
});
