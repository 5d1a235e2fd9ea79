// What a rejected promise brings. The core decides the code and the other members; the sentence is made of them here.

const LONGEST_TEXT = 500;

const field = ({ field, problem }) => `${field} ${problem}.`;
const saying = (about) => {
  const said = [about.oauthError, about.oauthErrorDescription].filter(Boolean).join(": ");
  return (about.status ? ` (status ${about.status})` : "") + (said ? `: ${said}` : ".");
};
// `token_endpoint`: the token endpoint; `issuer`: the metadata are the issuer's own.
const from = ({ endpoint = "authorization_server" }) =>
  "the " + (endpoint === "issuer" ? "issuer's metadata" : endpoint.replaceAll("_", " "));

const MESSAGES = {
  network: (about) =>
    `No answer came from ${from(about)}: check the connection, and the server's CORS settings for this origin.`,
  timeout: () => "No answer came in time; a later one is still kept. Call again, or allow more with timeoutMs.",
  aborted: () => "The caller's signal, or the user by coming Back, ended this call.",
  server: (about) => `The answer of ${from(about)} could not be used; try again later${saying(about)}`,
  rate_limited: (about) => `Too many requests to ${from(about)}; wait before the next one${saying(about)}`,
  invalid_grant: (about) => `The refresh token or code is spent, revoked or expired; sign in again${saying(about)}`,
  oauth: (about) => `The request was refused by ${from(about)}; see oauthError${saying(about)}`,
  invalid_response: (about) =>
    about.field
      ? `The response cannot be used: ${field(about)}`
      : `The answer of ${from(about)} is larger than 1 MiB.`,
  id_token_invalid: (about) => `The ID token was refused (${about.reason}); the earlier tokens are kept.`,
  no_session: () => "There is no session; sign in first.",
  no_refresh_token: () => "There is no refresh token: none was issued, or it was revoked; sign in with the scope offline_access.",
  signed_out: () => "A sign-out overtook this call.",
  state_mismatch: (about) =>
    about.reason === "iss"
      ? "The callback names another issuer than its sign-in."
      : "The callback is none of this tab's, or used; sign in again.",
  login_required: (about) =>
    about.reason === "step_up"
      ? "The user has to sign in in another way or more recently; call signIn() with the error's acrValues and maxAge."
      : `The server needs the user; call signIn()${saying(about)}`,
  login_loop: () =>
    "Signing in was begun three times within a minute without a click; find out why the app is not content with what came back.",
  popup_blocked: () => "The browser let no window open; call signInWithPopup() in a click's handler, before anything is awaited, or signIn().",
  popup_closed: () => "The window was closed before the sign-in was done; a result that comes all the same is kept.",
  storage_unavailable: () => "The storage is blocked or full; allow it for this site, or make room, or the session ends with the page.",
  storage_full: () => "The storage of this site is full; the tokens are held in memory.",
  crypto_unavailable: (about) =>
    about.reason === "signature"
      ? "The ID token cannot be verified without crypto.subtle; serve the page over https."
      : "There is no secure random source (crypto.getRandomValues) here.",
  insecure_issuer: (about) =>
    about.field
      ? field(about)
      : `The metadata name another issuer or an unsafe URL (${about.reason}); check the config's issuer.`,
  invalid_config: (about) =>
    field(about) + (about.url ? ` Try ${about.url.replace("-admin.", ".")}.` : ""),
  unsupported: (about) =>
    about.reason === "local"
      ? "The session is ended in this browser only; pass { local: true } to say so."
      : about.endpoint
        ? `There is no ${about.endpoint} in the server's metadata or in the config; set it in endpoints.`
        : "Signing in needs a page.",
  origin_not_allowed: ({ origin }) => `The access token may not be sent to ${origin}; see allowedOrigins.`,
  closed: () => "This client is closed; create another.",
  crashed: () => "The client failed and was replaced; call again.",
  wasm_unavailable: (about) =>
    about.problem ??
    (about.reason === "csp"
      ? "The page's Content Security Policy blocks WebAssembly; add 'wasm-unsafe-eval' to script-src."
      : "There is no WebAssembly in this browser, or it is switched off."),
};

export class RekindleError extends Error {
  constructor(about) {
    for (const name of ["oauthError", "oauthErrorDescription", "errorId"]) {
      if (about[name]) about[name] = about[name].slice(0, LONGEST_TEXT);
    }
    super(MESSAGES[about.code](about), "cause" in about ? { cause: about.cause } : undefined);
    this.code = about.code;
    this.retryable = !!about.retryable;
    this.sessionLost = !!about.sessionLost;
    for (const name of ["status", "oauthError", "oauthErrorDescription", "errorId", "retryAfterMs", "reason", "acrValues", "maxAge"]) {
      if (about[name] !== undefined) this[name] = about[name];
    }
  }
}
RekindleError.prototype.name = "RekindleError";
