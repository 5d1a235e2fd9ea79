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
/** The next entry into the instance traps. */
let trapsNext = false;
const { Instance } = WebAssembly;
before(async () => {
  WebAssembly.Instance = function (...made) {
    const wrapped = ([name, entry]) => [name, typeof entry !== "function" ? entry : (...args) => {
      if (!trapsNext) return entry(...args);
      trapsNext = false;
      throw new WebAssembly.RuntimeError("unreachable");
    }];
    return { exports: Object.fromEntries(Object.entries(new Instance(...made).exports).map(wrapped)) };
  };
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

async function trap(client) {
  trapsNext = true;
  await assert.rejects(client.introspect(), { code: "crashed" });
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

test("q10 what a script put on Object.prototype configures and answers nothing", async (t) => {
  t.after(() => ["endpoints", "token", "allowedOrigins", "refresh_token"].forEach((name) => delete Object.prototype[name]));
  Object.assign(Object.prototype, {
    endpoints: { token: "https://evil.example/token" },
    token: "https://evil.example/token",
    allowedOrigins: ["https://evil.example"],
    refresh_token: "rt-evil",
  });
  const urls = [];
  const fetch = async (address) => {
    urls.push(new URL(address).origin);
    return Response.json({ ...metadata, access_token: "at-2", token_type: "Bearer", expires_in: 3600 });
  };
  for (const endpoints of [{}, { endpoints: { introspection: `${issuer}/introspect` } }]) {
    const client = await sdk.createClient({ issuer, clientId: t.name, fetch, ...endpoints });
    t.after(() => client.close());
    await client.setTokens(tokens(1));
    await client.refresh();
    assert.equal(client.getRefreshToken(), "rt-1");
    await assert.rejects(client.fetch("https://evil.example/api"), { code: "origin_not_allowed" });
  }
  assert.deepEqual([...new Set(urls)], [issuer]);
});

test("q10 a getter that fails is a member that is not there, and ends no instance", async (t) => {
  const { client } = await clientOf(t);
  const response = { ...tokens(1), get access_token() { throw new Error("the app's own"); } };
  await assert.rejects(client.setTokens(response), { code: "invalid_response", message: /access_token/ });
  assert.equal(client.diagnostics().restarts, 0);
  const fails = (name) => ({ get [name]() { throw new Error("the app's own"); } });
  await assert.rejects(client.setTokens(tokens(1), fails("unknown")), { code: "invalid_config", message: /^unknown / });
  assert.equal(client.diagnostics().restarts, 0);
  await client.setTokens(tokens(1));
  await assert.rejects(client.signOut(fails("local")), { code: "invalid_config", message: /^options / });
  assert.equal(client.getSnapshot().status, "signed-out");
  await assert.rejects(client.refresh(fails("timeoutMs")), { code: "invalid_config", message: /^options / });
  const made = (config) => sdk.createClient({ issuer, clientId: t.name, ...config });
  await assert.rejects(made({ endpoints: fails("token") }), { code: "invalid_config", message: /^endpoints / });
  await assert.rejects(sdk.createClient(fails("issuer")), { code: "invalid_config", message: /^config / });
});

test("an access token that is revoked has run out, and that is an event", async (t) => {
  const { client } = await clientOf(t, { endpoints: { revocation: `${issuer}/revoke` } });
  await client.setTokens(tokens(1));
  const heard = [];
  client.subscribe(({ type, snapshot }) => heard.push(`${type}: ${snapshot.status}`));
  await client.revoke({ tokenTypeHint: "access_token" });
  assert.deepEqual(heard, ["expired: expired"]);
});

test("s06 where no instance can be made any more, calls are rejected, a sign-out is one, and what was shown stays", async (t) => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const instance = t.mock.method(WebAssembly, "Instance");
  const { client } = await clientOf(t, {}, () => tokens(2));
  await client.setTokens(tokens(1));
  instance.mock.mockImplementation(() => { throw new RangeError("no memory"); });
  await trap(client);
  await assert.rejects(client.refresh(), { code: "wasm_unavailable" });
  const handled = client.handleRedirect("https://app.example/?code=c&state=s");
  await assert.rejects(handled, { code: "wasm_unavailable" });
  assert.equal(client.getSnapshot().tokens.accessToken, "at-1");
  await assert.rejects(client.signOut({ local: true }), { code: "wasm_unavailable" });
  await new Promise(setImmediate);
  assert.deepEqual(unhandled, []);
  instance.mock.restore();
  assert.equal(client.getSnapshot().status, "signed-out");
  assert.equal(client.getRefreshToken(), null);
});

test("what the config says is taken when the client is made, its endpoints too", async (t) => {
  const endpoints = { token: `${issuer}/token` };
  const { client, asked } = await clientOf(t, { endpoints }, () => tokens(2));
  await client.setTokens(tokens(1));
  endpoints.token = `${issuer}/another`;
  await trap(client);
  await client.refresh();
  assert.deepEqual(asked, ["/token"]);
});
