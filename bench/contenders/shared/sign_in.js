import { post } from "./requests.js";

const KEY = "sign-in";

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

export async function signIn({ config }) {
  const [state, verifier] = [random(), random()];
  sessionStorage.setItem(KEY, JSON.stringify({ state, verifier }));
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  location.assign(`${config.endpoints.authorization}?${new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    state,
    code_challenge: base64url(challenge),
    code_challenge_method: "S256",
  })}`);
}

/** Gives the tokens; where they are kept is for the caller to know. */
export async function finishSignIn({ config }) {
  const query = new URLSearchParams(location.search);
  const { state, verifier } = JSON.parse(sessionStorage.getItem(KEY));
  if (query.get("state") !== state) throw new Error("not the sign-in that was begun here");
  return post(config.endpoints.token, {
    grant_type: "authorization_code",
    code: query.get("code"),
    redirect_uri: config.redirectUri,
    client_id: config.clientId,
    code_verifier: verifier,
  });
}
