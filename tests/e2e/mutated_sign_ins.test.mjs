// Sign-ins whose callback or ID token somebody has tampered with, against the real server: each is refused for its own reason, stores
// nothing, and leaves the session that was there before. What the proxy changes in an ID token it signs again with the server's own key,
// so that nothing but the changed claim is wrong with it.

import assert from "node:assert/strict";
import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600;

let stage;
let tabs;
let tab;
before(async () => {
  stage = await startStage({ layout: "discovery" });
  tabs = await startTabs(stage);
  tab = await tabs.open();
  await tab.start();
  await tab.signIn();
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => stage.proxy.forget());
afterEach(() => tabs.assertDiscreet());

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const decoded = (part) => JSON.parse(Buffer.from(part, "base64url"));
const ownKey = () => createPrivateKey({ key: stage.server.signingKey, format: "jwk" });
const publicKey = () => createPublicKey(ownKey());
const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });
const bySha256 = (key) => (text) => sign("sha256", text, key);
const bySecret = (secret) => (text) => createHmac("sha256", secret).update(text).digest();

/** An answer whose ID token has these claims and members of its header, signed by `signed`. `undefined` takes one away. */
const forged = ({ header = {}, claims = {}, signed = bySha256(ownKey()) }) => fault.edited((body) => {
  const [head, payload] = body.id_token.split(".").slice(0, 2).map(decoded);
  const changed = typeof claims === "function" ? claims(payload, body) : claims;
  const text = `${encoded({ ...head, ...header })}.${encoded({ ...payload, ...changed })}`;
  return { ...body, id_token: `${text}.${signed(text).toString("base64url")}` };
});
const claiming = (claims) => () => forged({ claims });
const headed = (header, signed) => () => forged({ header, signed: signed?.() });
/** An answer whose ID token's text is another one. */
const written = (change) => () => fault.edited((body) => ({ ...body, id_token: change(body.id_token) }));
/** One letter of a part of a token is another one; the last one of all may be no other. */
const spoilt = (token, at) => {
  const parts = token.split(".");
  const letter = parts[at][10];
  parts[at] = parts[at].slice(0, 10) + (letter === "A" ? "B" : "A") + parts[at].slice(11);
  return parts.join(".");
};

/** What must not change: the session, and everything stored but what a sign-in itself keeps. */
async function held() {
  const { tokens, refreshToken, status } = await tab.state();
  const storage = Object.entries(await tab.storage()).filter(([key]) => key.startsWith("rekindle:session:"));
  return { tokens, refreshToken, status, storage };
}

/** Signs in up to the callback, whose answer meets `makeFault`, and gives how it ends. */
async function signIn(makeFault, options) {
  await tab.leave(options);
  await tab.enter();
  if (makeFault) stage.proxy.next(stage.paths.token, makeFault());
  await tab.start();
  return tab.call("handleRedirect");
}

test("k04 j07 the ID token as it came, and the same signed again by the proxy, are taken", async () => {
  const before = await held();
  for (const makeFault of [undefined, () => forged({}), claiming({ aud: [stage.config.clientId], azp: stage.config.clientId })]) {
    const { value, error } = await signIn(makeFault);
    assert.equal(error, undefined);
    assert.equal(value.tokens.claims.sub, before.tokens.claims.sub);
  }
  assert.notEqual((await held()).refreshToken, before.refreshToken);
});

describe("l06 the ID token is not what was asked for", () => {
  const now = () => Math.floor(Date.now() / 1000);
  for (const [name, makeFault, reason, options] of [
    ["j07 another byte in the signature", written((token) => spoilt(token, 2)), "signature"],
    ["j07 another claim under the same signature", () => forged({ claims: { name: "Mallory" }, signed: () => Buffer.alloc(256, 1) }), "signature"],
    ["j07 no signature", written((token) => token.replace(/[^.]*$/, "")), "signature"],
    ["j07 another key under the issuer's kid", headed({}, () => bySha256(foreign.privateKey)), "signature"],
    ["m04 another key that the header brings along", () => forged({
      header: { kid: "mine", jwk: foreign.publicKey.export({ format: "jwk" }), jku: `${stage.proxy.origin}/foreign/keys`, x5u: `${stage.proxy.origin}/foreign/x5u` },
      signed: bySha256(foreign.privateKey),
    }), "signature"],
    ["v08 m05 the issuer's key under a kid that it does not list", headed({ kid: "unlisted" }), "signature"],
    ["j01 m05 the issuer's key by an algorithm that it is not for", headed({ alg: "RS512" }, () => (text) => sign("sha512", text, ownKey())), "signature"],
    ["j01 v09 alg none", () => forged({ header: { alg: "none", kid: undefined }, signed: () => Buffer.alloc(0) }), "alg"],
    ["j01 v09 alg None with a signature", headed({ alg: "None" }), "alg"],
    ["j01 v09 HS256 with the public key's PEM as the secret", headed({ alg: "HS256" }, () => bySecret(publicKey().export({ format: "pem", type: "spki" }))), "alg"],
    ["j01 v09 HS256 with the public key's JWK as the secret", headed({ alg: "HS256" }, () => bySecret(JSON.stringify(publicKey().export({ format: "jwk" })))), "alg"],
    ["j01 no alg", headed({ alg: undefined }), "alg"],
    ["m04 an extension that is not understood", headed({ crit: ["exp"], exp: 1 }), "format"],
    ["j06 no ID token", () => fault.edited(({ id_token, ...body }) => body), "format"],
    ["j06 an empty one", written(() => ""), "format"],
    ["j06 a number", written(() => 7), "format"],
    ["j06 two parts", written((token) => token.split(".").slice(0, 2).join(".")), "format"],
    ["j06 padding", written((token) => `${token}==`), "format"],
    ["j06 a line feed at its end", written((token) => `${token}\n`), "format"],
    ["j06 claims that are a list", written((token) => token.replace(/\..*\./, `.${encoded([])}.`)), "format"],
    ["j02 another issuer", claiming({ iss: "https://evil.example" }), "iss"],
    ["j02 no issuer", claiming({ iss: undefined }), "iss"],
    ["j02 another audience", claiming({ aud: "another" }), "aud"],
    ["j02 no audience", claiming({ aud: undefined }), "aud"],
    ["j02 several audiences and no authorized party", claiming(({ aud }) => ({ aud: [aud, "another"] })), "azp"],
    ["j02 another authorized party", claiming({ azp: "another" }), "azp"],
    ["j02 no subject", claiming({ sub: undefined }), "sub"],
    ["k04 another nonce", claiming({ nonce: "another" }), "nonce"],
    ["k04 no nonce", claiming({ nonce: undefined }), "nonce"],
    ["j03 expired when it was issued", claiming(({ iat }) => ({ exp: iat - HOUR })), "time"],
    ["j03 expired at the moment when it was issued", claiming(({ iat }) => ({ exp: iat })), "time"],
    ["j03 no end", claiming({ exp: undefined }), "time"],
    ["j03 no beginning", claiming({ iat: undefined }), "time"],
    ["j03 from the future", claiming(({ iat }) => ({ nbf: iat + HOUR })), "time"],
    ["j03 times that are texts", claiming(({ iat, exp }) => ({ iat: `${iat}`, exp: `${exp}` })), "time"],
    ["j05 another access token's hash", claiming({ at_hash: createHash("sha256").update("another").digest().subarray(0, 16).toString("base64url") }), "at_hash"],
    ["j09 the user was last there too long ago", claiming(() => ({ auth_time: now() - 2 * HOUR })), "time", { maxAge: HOUR }],
    ["j09 it is not said when the user was last there", claiming({ auth_time: undefined }), "time", { maxAge: HOUR }],
  ]) {
    test(`${name}: ${reason}`, async () => {
      const before = await held();
      const { error } = await signIn(makeFault, options);
      assert.deepEqual([error?.code, error?.reason, error?.retryable, error?.sessionLost], ["id_token_invalid", reason, false, false]);
      assert.deepEqual(await held(), before);
      assert.ok(!(await tab.events()).includes("signed-in"));
      const came = JSON.parse(stage.proxy.to(stage.paths.token)[0].answer.body);
      const storage = JSON.stringify(await tab.storage());
      for (const name of ["access_token", "refresh_token", "id_token"]) assert.ok(typeof came[name] !== "string" || !came[name] || !storage.includes(came[name]), name);
      await until(() => stage.proxy.to(stage.paths.revocation).some(({ body }) => new URLSearchParams(body).get("token") === came.refresh_token), "what came is given back");
      assert.ok(!stage.proxy.recent().some(({ path }) => path.startsWith("/foreign/")), "keys of an address in the token");
    });
  }
});

describe("the callback is not what the server sent", () => {
  for (const [name, change, reason] of [
    ["l01 k03 a state that nobody gave", (query) => query.set("state", "another"), "state"],
    ["l01 k03 a letter of the state", (query) => query.set("state", query.get("state").replace(/.$/, (last) => (last === "A" ? "B" : "A"))), "state"],
    ["l04 k06 another issuer", (query) => query.set("iss", "https://evil.example"), "iss"],
    ["l04 k06 the issuer in capitals", (query) => query.set("iss", query.get("iss").toUpperCase()), "iss"],
    ["l04 k06 no issuer though the server announces one", (query) => query.delete("iss"), "iss"],
  ]) {
    test(`${name}: ${reason}, and nothing is sent`, async () => {
      const before = await held();
      await tab.leave();
      const address = new URL(await tab.enter());
      change(address.searchParams);
      stage.proxy.forget();
      await tab.load(address.pathname + address.search);
      await tab.start();
      const { error } = await tab.call("handleRedirect");
      assert.deepEqual([error?.code, error?.reason, error?.sessionLost], ["state_mismatch", reason, false]);
      assert.deepEqual(await held(), before);
      assert.deepEqual(stage.proxy.recent(), []);
    });
  }

  test("l01 k03 the states of two sign-ins are swapped: the server gives nothing for a code whose verifier is another's", async () => {
    const before = await held();
    await tab.leave();
    const first = new URL(await tab.enter());
    await tab.load();
    await tab.start();
    await tab.leave();
    const second = new URL(await tab.enter());
    second.searchParams.set("state", first.searchParams.get("state"));
    stage.proxy.forget();
    await tab.load(second.pathname + second.search);
    await tab.start();
    const { error } = await tab.call("handleRedirect");
    assert.deepEqual([error?.code, error?.sessionLost], ["invalid_grant", false]);
    assert.deepEqual(await held(), before);
    assert.equal(stage.proxy.to(stage.paths.token).length, 1);
  });
});

test("l06 after all of it the earlier session is as alive as before", async () => {
  assert.equal((await tab.get("introspect")).active, true);
  await tab.get("refresh");
});
