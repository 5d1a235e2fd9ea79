// The same with the ID token verified by WebCrypto. The keys are fetched beside the first refresh, and not before it.

import { exchange } from "./shared/client.js";
import { openWith } from "./shared/session_storage.js";

export { adopt } from "./shared/session_storage.js";
export { finishSignIn, signIn } from "./shared/sign_in.js";

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
const jsonOf = (text) => JSON.parse(new TextDecoder().decode(bytesOf(text)));

export function open(config) {
  let keys;

  async function fetchKeys() {
    const set = await (await fetch(config.endpoints.jwks)).json();
    return new Map(await Promise.all(set.keys.map(async (key) => [key.kid, await crypto.subtle.importKey("jwk", key, RS256, false, ["verify"])])));
  }

  async function verify(token, earlier) {
    const [header, payload, signature] = token.split(".");
    const { alg, kid } = jsonOf(header);
    const { iss, aud, exp, sub } = jsonOf(payload);
    const signed = new TextEncoder().encode(`${header}.${payload}`);
    const key = (await keys).get(kid);
    const isSigned = alg === "RS256" && (await crypto.subtle.verify(RS256, key, bytesOf(signature), signed));
    const isOurs = iss === config.issuer && aud === config.clientId && exp * 1_000 > Date.now() && sub === jsonOf(earlier.split(".")[1]).sub;
    if (!isSigned || !isOurs) throw new Error("the ID token is not valid");
  }

  return openWith(config, async (config, tokens) => {
    keys ??= fetchKeys();
    const answer = await exchange(config, tokens);
    await verify(answer.id_token, tokens.id_token);
    return answer;
  });
}
