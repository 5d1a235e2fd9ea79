// In Node, as on a server: no page, no storage, and each client somebody else's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFolder, unpack } from "../e2e/support/tarball.mjs";

const issuer = "https://as.example";
const tokens = (number) => ({
  access_token: `at-${number}`, refresh_token: `rt-${number}`, token_type: "Bearer", expires_in: 3600, scope: "openid",
});
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  end_session_endpoint: `${issuer}/logout`,
};

let folder;
let sdk;
before(async () => {
  folder = await makeFolder();
  sdk = await import(pathToFileURL(join(await unpack(folder.path), "index.js")));
});
after(() => folder?.remove());

/** A client whose server is played by `answer(path, form)`; `asked` has what it was asked. */
async function clientOf(t, config = {}, answer = () => ({})) {
  const asked = [];
  const fetch = async (address, { body } = {}) => {
    const { pathname } = new URL(address);
    asked.push(pathname);
    if (pathname === "/.well-known/openid-configuration") return Response.json(metadata);
    return Response.json(await answer(pathname, new URLSearchParams(body)));
  };
  const client = await sdk.createClient({ issuer, clientId: t.name, fetch, ...config });
  t.after(() => client.close());
  return { client, asked };
}

test("x02 a sign-out ends in peace, and the session of nobody else", async (t) => {
  let arrive;
  const arrived = new Promise((resolve) => { arrive = resolve; });
  const { client: one } = await clientOf(t);
  const { client: other } = await clientOf(t, {}, () => new Promise((answer) => { arrive(() => answer(tokens(3))); }));
  await one.setTokens(tokens(1));
  await other.setTokens(tokens(2));
  const refreshed = other.refresh();
  const release = await arrived;
  await one.signOut();
  await one.signOut({ local: true });
  assert.equal(one.getSnapshot().status, "signed-out");
  assert.equal(other.getRefreshToken(), "rt-2");
  release();
  assert.equal((await refreshed).accessToken, "at-3");
  for (const client of [one, other]) assert.equal(client.diagnostics().restarts, 0);
});

test("each client discovers for itself", async (t) => {
  for (const number of [1, 2]) {
    const { client, asked } = await clientOf(t, {}, () => tokens(number + 2));
    await client.setTokens(tokens(number));
    await client.refresh();
    assert.deepEqual(asked, ["/.well-known/openid-configuration", "/token"]);
  }
});

test("a list in the config is the client's own", async (t) => {
  const resource = ["https://api.example/a"];
  const sent = [];
  const { client } = await clientOf(t, { resource }, (path, form) => {
    sent.push(...form.getAll("resource"));
    return tokens(2);
  });
  resource.push("https://evil.example/");
  await client.setTokens(tokens(1));
  await client.refresh();
  assert.deepEqual(sent, ["https://api.example/a"]);
});

test("who does not listen any more hears nothing, and what one is told no other can change", async (t) => {
  const { client } = await clientOf(t);
  const heard = [];
  const listen = (name, then = () => {}) => client.subscribe((event) => {
    heard.push(name);
    assert.ok(Object.isFrozen(event));
    then();
  });
  listen("first", () => ends());
  const ends = listen("ended");
  listen("second", () => client.close());
  listen("closed");
  await client.setTokens(tokens(1));
  assert.deepEqual(heard, ["first", "second"]);
});

test("a body that can be read once is sent once", async (t) => {
  const calls = [];
  const fetch = async (address) => {
    calls.push(new URL(address).pathname);
    return new Response("", { status: 401 });
  };
  const { client } = await clientOf(t, { fetch, endpoints: "okta", allowedOrigins: ["https://api.example"] });
  await client.setTokens(tokens(1));
  const body = (async function* () { yield new Uint8Array(1); })();
  const { status } = await client.fetch("https://api.example/a", { method: "POST", body, duplex: "half" });
  assert.deepEqual([status, calls], [401, ["/a"]]);
});

test("q10 what is no text has a RekindleError that names the field", async () => {
  for (const field of ["issuer", "clientId", "name"]) {
    for (const value of [Object.create(null), Symbol("s"), 5, null, [], { toString() { throw new Error("mine"); } }]) {
      const made = sdk.createClient({ issuer, clientId: "c", [field]: value });
      await assert.rejects(made, (error) => error instanceof sdk.RekindleError && error.code === "invalid_config" && error.message.startsWith(`${field} `));
    }
  }
});
