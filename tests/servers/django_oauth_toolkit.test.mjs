// What the end-to-end tests take for granted about the second authorization server; behaviour.test.mjs has the rest.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDjangoOauthToolkit } from "./django_oauth_toolkit.mjs";
import { publicClient } from "./sign_in.mjs";

const app = "http://localhost:4999";
const clients = [{ clientId: "spa", redirectUris: [`${app}/`], origins: [app] }];

let server;
let client;
before(async () => {
  server = await startDjangoOauthToolkit({ clients, accessTokenSeconds: 7 });
  client = publicClient(server, { clientId: "spa", redirectUri: `${app}/` });
});
after(() => server?.close());

test("a sign-in needs no form, and has the asked-for lifetime", async () => {
  const { status, body } = await client.signIn();
  assert.equal(status, 200);
  assert.deepEqual([body.token_type, body.expires_in, body.scope], ["Bearer", 7, "openid profile email offline_access"]);
  const claims = JSON.parse(Buffer.from(body.id_token.split(".")[1], "base64url"));
  assert.equal(claims.iss, server.issuer);
});

test("pages of the app's origin can read every answer, errors too; others none", async () => {
  const { body } = await client.signIn();
  const answers = [
    await client.refresh("unknown"), await client.introspect(body.access_token), await client.introspect("unknown"),
    await client.revoke(body.refresh_token), await client.refresh(body.refresh_token),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [400, 200, 200, 200, 400]);
  for (const { headers } of answers) assert.equal(headers.get("access-control-allow-origin"), app);
  const elsewhere = await client.refresh("unknown", { headers: { origin: "http://localhost:4998" } });
  assert.equal(elsewhere.headers.get("access-control-allow-origin"), null);
});

test("it has two discovery documents, and only RFC 8414's names every endpoint", async () => {
  const read = async (name) => (await fetch(`${server.issuer}/.well-known/${name}`)).json();
  const [openid, rfc8414] = [await read("openid-configuration"), await read("oauth-authorization-server")];
  for (const { issuer, token_endpoint: token } of [openid, rfc8414]) assert.deepEqual([issuer, token], [server.issuer, server.endpoints.token]);
  assert.deepEqual([openid.introspection_endpoint, openid.revocation_endpoint], [undefined, undefined]);
  assert.deepEqual([rfc8414.introspection_endpoint, rfc8414.revocation_endpoint], [server.endpoints.introspection, server.endpoints.revocation]);
});

test("close frees the port", async () => {
  const other = await startDjangoOauthToolkit({ clients });
  await other.close();
  await assert.rejects(fetch(other.issuer));
});
