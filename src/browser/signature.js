// The Web Cryptography API.
import { kept } from "./objects.js";
import { finish } from "./context.js";
import { bytesOf, encode, unpack } from "./base64url.js";
import { WORDS } from "./words.js";

/** The keys made ready, for each JWK by algorithm. */
const ready = new WeakMap();

// RFC 7518 §3.1, RFC 8037 §3.1.
const parametersOf = (alg) => {
  const bits = alg.startsWith("Ed") ? 512 : Number(alg.slice(2));
  const parameters = {
    RS: { name: "RSASSA-PKCS1-v1_5" },
    PS: { name: "RSA-PSS", saltLength: bits / 8 },
    ES: { name: "ECDSA", namedCurve: `P-${bits}` },
  }[alg.slice(0, 2)] ?? { name: "Ed25519" };
  return { ...parameters, hash: `SHA-${bits}` };
};

const importOnce = (jwk, alg, parameters) => {
  const keys = ready.get(jwk) ?? {};
  ready.set(jwk, keys);
  // Its public members alone: what it is for was looked at already.
  const { kty, n, e, crv, x, y } = jwk;
  keys[alg] ??= crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y }, parameters, false, ["verify"]);
  return keys[alg];
};

const isSigned = async (token, jwk, alg, parameters) => {
  try {
    const end = token.lastIndexOf(".");
    const signature = bytesOf(unpack(token.slice(end + 1)));
    const key = await importOnce(jwk, alg, parameters);
    return await crypto.subtle.verify(parameters, key, signature, new TextEncoder().encode(token.slice(0, end)));
  } catch (error) {
    if (error.name === "NotSupportedError") throw error;
    // The key is none, as a signature may be none.
    return false;
  }
};

const halfHash = async (token, { hash }) => {
  if (typeof token !== "string") return undefined;
  const bytes = new Uint8Array(await crypto.subtle.digest(hash, new TextEncoder().encode(token)));
  return encode(bytes.subarray(0, bytes.length / 2));
};

const check = async ({ id_token, access_token }, jwk, alg) => {
  if (!globalThis.crypto?.subtle) return undefined;
  const parameters = parametersOf(alg);
  const [signature, at_hash] = await Promise.all([
    isSigned(id_token, jwk, alg, parameters),
    halfHash(access_token, parameters),
  ]);
  return { signature, at_hash };
};

export const verify = (id, operation, answer, key, alg) => {
  const context = kept(id);
  context.operations.set(operation);
  check(kept(answer), kept(key), WORDS[alg]).then(
    (verdict) => finish(context, operation, verdict),
    (cause) => finish(context, operation, { cause }, true),
  );
};
