// The names that index.d.ts declares, as values: tsc holds each list against the types, and check.mjs and the
// tests of the package hold what they find against the lists.

/** @satisfies {Record<Exclude<keyof import("rekindle").Client, symbol>, true>} */
const client = {
  refresh: true,
  introspect: true,
  getAccessToken: true,
  setTokens: true,
  getSnapshot: true,
  getRefreshToken: true,
  subscribe: true,
  signIn: true,
  signInWithPopup: true,
  handleRedirect: true,
  fetch: true,
  userInfo: true,
  revoke: true,
  signOut: true,
  diagnostics: true,
  close: true,
};

/** @satisfies {Record<keyof import("rekindle").ClientConfig, true>} */
const config = {
  issuer: true,
  clientId: true,
  redirectUri: true,
  scope: true,
  resource: true,
  endpoints: true,
  name: true,
  storage: true,
  renewBeforeSeconds: true,
  timeoutMs: true,
  fetch: true,
  autoRenew: true,
  idleTimeoutSeconds: true,
  rotationGraceSeconds: true,
  clockToleranceSeconds: true,
  allowedOrigins: true,
  shareSession: true,
  pushedAuthorizationRequests: true,
  dpop: true,
};

/** @satisfies {Record<import("rekindle").RekindleErrorCode, true>} */
const codes = {
  network: true,
  timeout: true,
  aborted: true,
  server: true,
  rate_limited: true,
  invalid_grant: true,
  oauth: true,
  invalid_response: true,
  id_token_invalid: true,
  no_session: true,
  no_refresh_token: true,
  signed_out: true,
  state_mismatch: true,
  login_required: true,
  login_loop: true,
  popup_blocked: true,
  popup_closed: true,
  storage_unavailable: true,
  storage_full: true,
  crypto_unavailable: true,
  wasm_unavailable: true,
  insecure_issuer: true,
  invalid_config: true,
  unsupported: true,
  origin_not_allowed: true,
  closed: true,
  crashed: true,
};

/** @satisfies {Record<keyof typeof import("rekindle"), true>} */
const exported = { createClient: true, RekindleError: true };

/** The methods of a client. */
export const clientMembers = Object.keys(client);
/** The fields of the config. */
export const configFields = Object.keys(config);
/** The codes of a RekindleError. */
export const errorCodes = Object.keys(codes);
/** What the package exports. */
export const exportedNames = Object.keys(exported);
