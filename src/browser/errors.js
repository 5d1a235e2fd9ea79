// What a rejected promise brings. The core decides the code and the other members; the sentence is made of them here.

const ENDPOINTS = {
  issuer: "the issuer's metadata",
  token_endpoint: "the token endpoint",
  authorization_endpoint: "the authorization endpoint",
  introspection_endpoint: "the introspection endpoint",
  pushed_authorization_request_endpoint: "the pushed authorization request endpoint",
};
const LONGEST_TEXT = 500;

const field = ({ field, problem }) => `${field} ${problem}.`;
const saying = (about) => {
  const said = [about.oauthError, about.oauthErrorDescription].filter(Boolean).join(": ");
  return (about.status ? ` (status ${about.status})` : "") + (said ? `: ${said}` : ".");
};
const from = (about) => ENDPOINTS[about.endpoint] ?? "the authorization server";

const MESSAGES = {
  network: (about) =>
    `No answer came from ${from(about)}: check the connection, that the server's CORS settings allow this origin, and that no policy or extension blocks it.`,
  timeout: () => "No answer came in time; one that comes later is still kept. Call again, or allow more with timeoutMs.",
  aborted: () => "The caller's signal ended this call; work shared with other callers goes on.",
  server: (about) => `An answer of ${from(about)} could not be used; try again later${saying(about)}`,
  rate_limited: (about) => `There were too many requests to ${from(about)}; wait before the next one${saying(about)}`,
  invalid_grant: (about) => `The refresh token or code is spent, revoked or expired; sign in again${saying(about)}`,
  oauth: (about) =>
    about.oauthError === "access_denied"
      ? "The user or the server declined the sign-in; nothing was changed."
      : `An error came from ${from(about)}; look it up in the server's settings or log${saying(about)}`,
  invalid_response: (about) =>
    about.field
      ? `A token or introspection response cannot be used: ${field(about)}`
      : `An answer of ${from(about)} is larger than 1 MiB or breaks the protocol.`,
  no_session: () => "There is no session; sign in first.",
  no_refresh_token: () => "The session has no refresh token; ask for the scope offline_access at sign-in.",
  signed_out: () => "A sign-out overtook this call.",
  state_mismatch: (about) =>
    about.reason === "iss"
      ? "The callback names another issuer than the sign-in began with; it was refused."
      : "This tab did not start the sign-in that the callback belongs to, or used it before; sign in again.",
  login_required: (about) => `The user has to sign in or consent at the server; call signIn()${saying(about)}`,
  storage_unavailable: () => "sessionStorage is blocked; allow it for this site, or the session ends with the page.",
  storage_full: () => "The storage of this site is full; the tokens are held in memory until there is room.",
  crypto_unavailable: () => "This environment has no secure random source (crypto.getRandomValues).",
  insecure_issuer: (about) =>
    about.field
      ? field(about)
      : `The metadata name another issuer, or an endpoint that is no https URL (${about.reason}); check the config's issuer.`,
  invalid_config: (about) =>
    field(about) + (about.host ? ` Try https://${about.host.replace("-admin.", ".")}.` : ""),
  unsupported: (about) =>
    about.reason === "local"
      ? "This version ends the session in this browser only, which is done; pass { local: true } to say so."
      : about.endpoint
        ? `Neither the config nor the server's metadata name a usable endpoint for this: ${about.endpoint}.`
        : "Signing in needs a page with an address.",
  closed: () => "This client is closed; create another with createClient().",
  crashed: () => "The client's instance failed and was replaced; call again.",
  wasm_unavailable: (about) =>
    about.reason === "csp"
      ? "The page's Content Security Policy blocks WebAssembly; add 'wasm-unsafe-eval' to script-src."
      : "WebAssembly is not available in this browser, or this page may not use it.",
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
    for (const name of ["status", "oauthError", "oauthErrorDescription", "errorId", "retryAfterMs", "reason"]) {
      if (about[name] !== undefined) this[name] = about[name];
    }
  }
}
RekindleError.prototype.name = "RekindleError";
