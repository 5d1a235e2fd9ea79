/**
 * rekindle: keeps people signed in, in the browser, as a public OAuth 2.0 client.
 * Wire names are those of the RFCs (`access_token`, `expires_in`), our own are in camelCase. Times are milliseconds since the
 * epoch where the name ends in `At`, milliseconds where it ends in `Ms`, and seconds where it ends in `Seconds` or where the
 * member belongs to the protocol (`exp`, `iat`, `expires_in`).
 *
 * A call that uses the network may reject with the codes of a request, besides those that it names: `network`, `timeout`,
 * `aborted`, `server`, `rate_limited`, `oauth`, `invalid_response`; `unsupported` where an endpoint is missing;
 * `insecure_issuer` where the metadata are not the issuer's. An unknown or wrong option is `invalid_config`, a closed
 * client `closed`.
 *
 * Sources: "the Okta guide" is Okta's "Refresh the access and ID tokens"; RFC 6749 is OAuth 2.0.
 *
 * @module
 */

/**
 * Makes a client for one issuer and one client id.
 *
 * Asks the network for nothing (but `rekindle/streaming` for its module, once). The first call compiles the WebAssembly
 * module, later calls share it. A session that this tab stored earlier is there at once. Without a `document` (Node, a
 * worker, server-side rendering) the client is signed out and keeps what it is given in memory.
 *
 * Rejects with `invalid_config` (the message names the field; unknown fields are refused), `insecure_issuer`,
 * `crypto_unavailable` or `wasm_unavailable`. Unavailable storage and broken records are no reason to reject.
 */
export function createClient(config: ClientConfig): Promise<Client>;

/** What a client is made from. */
export interface ClientConfig {
  /**
   * The authorization server's identifier, as it stands in its metadata: `https://example.okta.com/oauth2/default`.
   * https, or http on a loopback host; no query. One trailing slash more or less is forgiven. (RFC 8414, section 2)
   */
  issuer: string;
  /** The public client's id. It is a parameter of each request, never an `Authorization` header. (RFC 6749, section 2.2) */
  clientId: string;
  /**
   * Where the server sends the user back to, exactly as registered there. `signIn` needs it; where it is set,
   * a refresh sends it too, as the Okta guide shows. (RFC 6749, section 3.1.2)
   */
  redirectUri?: string | undefined;
  /**
   * What sign-in asks for: one string with spaces, or a list. Default: `"openid profile offline_access"`.
   * Without `offline_access` most servers issue no refresh token. (RFC 6749, section 3.3)
   */
  scope?: string | readonly string[] | undefined;
  /** The API or APIs that the access token is for: absolute URIs, sent when signing in and refreshing. (RFC 8707) */
  resource?: string | readonly string[] | undefined;
  /**
   * Where the endpoints are. Default: `"okta"` on Okta's hosts, elsewhere discovered from the issuer on first use.
   *
   * - `"okta"`: Okta's layout, `{issuer}/v1/token` and so on (`{issuer}/oauth2/v1/token` for the org server);
   *   no discovery request.
   * - an object: these addresses win over discovery and layout, one by one.
   *
   * What discovery found is kept for an hour. An endpoint that none of these gives makes the call that needs it reject
   * with `unsupported`.
   */
  endpoints?: "okta" | Endpoints | undefined;
  /** Keeps two clients with the same issuer and client id on one origin apart, in storage too. Default: `""`. */
  name?: string | undefined;
  /**
   * Where the session is kept. Default: `"session"`.
   *
   * - `"session"`: `sessionStorage`: this tab, through reloads, until it is closed.
   * - `"local"`: `localStorage`: all tabs of the origin, until sign-out.
   * - `"memory"`: this page load only; or an object of your own, synchronous like the Web Storage API.
   *
   * Where the storage throws, the session is held in memory and `snapshot.persisted` is `false`.
   */
  storage?: "session" | "local" | "memory" | TokenStorage | undefined;
  /**
   * The margin: how long before expiry an access token counts as stale, in seconds. Default: 30, and never more than a tenth
   * of the token's lifetime. See `getAccessToken`.
   */
  renewBeforeSeconds?: number | undefined;
  /** Bounds each call as a whole, in milliseconds. Default: 10000. An answer that comes later is still kept. */
  timeoutMs?: number | undefined;
  /**
   * Takes the place of the global `fetch`, which is otherwise taken when the client is made. It is called with
   * the address as a string, and with a string body. For a call of the client's own `fetch` the body is the app's, and where
   * the app gives a `Request`, that is all it is called with.
   */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /**
   * Whether the tokens are renewed in the background, between one and one and a half margins before expiry (see `getAccessToken`).
   * Default: `true`. A tab that slept, was frozen or offline catches up when it is back. Failing requests are 20 an hour at most, in
   * all tabs together. With `false` calls renew on demand; what an earlier page load left unfinished is finished inside the grace.
   */
  autoRenew?: boolean | undefined;
  /**
   * No renewal in the background after so many seconds without a key, a touch, a click or a turn of the wheel in any tab: one
   * that is in use renews for all. Default: never idle. The tokens stay, and calls refresh as ever.
   */
  idleTimeoutSeconds?: number | undefined;
  /**
   * How many seconds the server forgives the reuse of a rotated refresh token: Okta's "grace period". Default: 30 on Okta's hosts,
   * else 0. A refresh that ends without a clear answer is sent again inside this time, twice at most; with 0 never.
   * Set it to what the server is configured to, or less: a reuse that is not forgiven ends the session. (RFC 9700, section 4.14.2)
   */
  rotationGraceSeconds?: number | undefined;
  /**
   * Whether a new tab takes the session over from a live one that has this set too, with no request, before `createClient`
   * resolves: within 250 ms, and at once where no tab is live. The newest sign-in wins. Default: `false`. Not after a sign-out.
   */
  shareSession?: boolean | undefined;
  /** How far apart the time claims of an id_token may be at sign-in, in seconds. Default: 300. */
  clockToleranceSeconds?: number | undefined;
  /**
   * The origins that `fetch` sends the access token to, as browsers write them (`https://api.example.com`). Default: the page's
   * own, which is in no list unless it is named. (RFC 6750, section 5.3)
   */
  allowedOrigins?: readonly string[] | undefined;
  /** Whether authorization requests are pushed (RFC 9126) also where the server's metadata do not require it. Default: `false`. */
  pushedAuthorizationRequests?: boolean | undefined;
  /** Sender-constrained tokens (RFC 9449). Not in this version: `true` is `invalid_config`, never ignored. */
  dpop?: boolean | undefined;
}

/** Addresses of the authorization server's endpoints: absolute, https (http on a loopback host). */
export interface Endpoints {
  /** RFC 6749, section 3.2. `refresh` and `handleRedirect` use it. */
  token?: string | undefined;
  /** RFC 6749, section 3.1. `signIn` goes there. */
  authorization?: string | undefined;
  /** RFC 7662, section 2. `introspect` uses it. */
  introspection?: string | undefined;
  /** RFC 7009, section 2. `revoke` and `signOut` use it. */
  revocation?: string | undefined;
  /** OpenID Connect Core, section 5.3. `userInfo` uses it. */
  userinfo?: string | undefined;
  /** OpenID Connect RP-Initiated Logout, section 2. `signOut` goes there. */
  endSession?: string | undefined;
  /** RFC 7517, section 5. The keys that id_tokens are verified with. */
  jwks?: string | undefined;
  /** RFC 9126, section 2. `signIn` uses it. */
  pushedAuthorizationRequest?: string | undefined;
}

/** A storage of your own. Synchronous, like the Web Storage API; where it throws, the session is held in memory. */
export interface TokenStorage {
  /** What was stored under this key, or `null`. */
  getItem(key: string): string | null;
  /** Stores the value, which is JSON, in the place of what was there. */
  setItem(key: string, value: string): void;
  /** Removes what is stored under this key, if anything. */
  removeItem(key: string): void;
}

/** One session at one authorization server. Every method is bound, so `const { refresh } = auth` works. */
export interface Client extends DisposableMember {
  /**
   * Asks the token endpoint for new tokens, whether or not the held ones are still good. Calls made while one is
   * under way, in any tab of this session, share its answer. A new refresh token is stored before anything else looks at the answer,
   * and then handed to the other tabs. (RFC 6749, section 6; the Okta guide)
   *
   * Rejects with `no_session`, `no_refresh_token`, `invalid_grant` (the refresh token is spent, revoked or expired, and no
   * other tab has a newer one: the session is cleared), `id_token_invalid`, `signed_out`, or a code of the request. No failure but
   * `invalid_grant` loses a token. `timeout` also where another tab is known to have newer tokens, and is asleep with them, or fell
   * asleep less than a minute ago with its own refresh open.
   */
  readonly refresh: (options?: RefreshOptions) => Promise<Tokens>;
  /**
   * Asks the introspection endpoint about a token: the held access token, the token given, or the held token of
   * kind `tokenTypeHint`. Never refreshes first and changes nothing, also where the answer is
   * `active: false`. (RFC 7662, section 2; the Okta guide)
   *
   * Rejects with `no_session`, `no_refresh_token`, or a code of the request; an answer without a boolean `active` is
   * `invalid_response`.
   */
  readonly introspect: (tokenOrOptions?: string | IntrospectOptions) => Promise<Introspection>;
  /**
   * The held access token, with no request, while it is fresh: while more is left of it than the margin
   * (`renewBeforeSeconds`, but at most a tenth of its lifetime) and than `minValiditySeconds`. Otherwise refreshes
   * first. A token that has not expired is given out even where its renewal failed.
   *
   * Rejects with `no_session`, and as `refresh` does.
   */
  readonly getAccessToken: (options?: AccessTokenOptions) => Promise<string>;
  /**
   * Adopts a token response that something else obtained (an embedded sign-in, another SDK, a back end).
   * It replaces the session that is held. (RFC 6749, section 5.1)
   *
   * Rejects with `invalid_response` (no usable `access_token`, or a `token_type` other than `Bearer`), or `id_token_invalid`.
   */
  readonly setTokens: (response: TokenResponse, options?: SetTokensOptions) => Promise<Tokens>;
  /** What is held now. Synchronous, never throws, and the same object until something changes. */
  readonly getSnapshot: () => Snapshot;
  /** The held refresh token, or `null`. Synchronous, never throws. It is in no snapshot, event or error. */
  readonly getRefreshToken: () => string | null;
  /**
   * Calls `listener` after each change, before the promise of the call that caused it settles.
   * Returns the function that ends the subscription.
   */
  readonly subscribe: (listener: (event: SessionEvent) => void) => () => void;
  /**
   * Leaves the page for the server's sign-in: authorization code with PKCE (S256), a one-use `state` and a `nonce`.
   * The promise never resolves; it rejects where the page could not be left. The page at `redirectUri` then calls
   * `handleRedirect`. (RFC 6749, section 4.1; RFC 7636; RFC 9700, section 2.1)
   *
   * Where the server requires it, or the config asks for it, the request is pushed first and the page leaves with a reference to it
   * alone. (RFC 9126)
   *
   * Rejects with `invalid_config` (no `redirectUri`, or an unusable option), `unsupported` (no page, or no such endpoint),
   * `storage_unavailable` (no sessionStorage to remember the sign-in in), `login_loop` (the fourth within a minute, without a click),
   * `aborted` (the user came back from the server's page to this one), or a code of the request, discovery's or the pushed one.
   */
  readonly signIn: (options?: SignInOptions) => Promise<never>;
  /**
   * The same in a window of its own, while the page stays. Call it in a click's handler before anything is awaited, or the browser
   * blocks the window. The page at `redirectUri` calls `handleRedirect` as always: it hands its address to this page, which exchanges
   * the code. The server's pages may have any `Cross-Origin-Opener-Policy`. The window is closed when the promise settles, as far as the
   * browser lets it.
   *
   * The client's `timeoutMs` does not bound it, for people take their time: an hour does, or the option `timeoutMs`. A further call
   * takes the place of one under way, which rejects with `popup_closed`.
   *
   * Rejects with `popup_blocked` (no window was let open), `popup_closed` (the user closed it, or has been back in this page for five
   * seconds where the server's policy hides that; a result that comes all the same is kept, and told by the event `signed-in`),
   * `signed_out` (a sign-out meanwhile), `invalid_config`, `unsupported`, or a code of `handleRedirect` or of the request.
   */
  readonly signInWithPopup: (options?: PopupOptions) => Promise<Tokens>;
  /**
   * Finishes a redirect. A callback is a URL with the origin and path of `redirectUri` whose query has `state` and
   * one of `code` and `error`; for anything else the answer is `null`, so call it on every page load. What
   * belongs to the protocol leaves the address bar at once. (RFC 6749, section 4.1.2; RFC 9207)
   *
   * `url` defaults to the page's own address. A callback's answer belongs to the page load: every further call without
   * `url` gets it too, also from another client with the same issuer, client id and name. Where one `redirectUri` serves clients
   * that differ in these, give each `location.href` as it was before the first call.
   *
   * Rejects with `state_mismatch` (this tab did not begin this sign-in, or it is used up), `login_required` or `oauth`
   * (the server's `error`), `invalid_grant` (the code is spent or expired), or a code of the request. A session held
   * before stays then. A code is never sent twice.
   *
   * In a window that `signInWithPopup` opened, its promise stays pending and the window closes. Where the page that opened it does
   * not answer within five seconds, the callback is one that this tab did not begin.
   */
  readonly handleRedirect: (url?: string) => Promise<SignInResult | null>;
  /**
   * What the server says of the user, asked with a fresh access token: its own members, as they came. (OpenID Connect Core, section 5.3)
   *
   * Rejects with `no_session`, `unsupported` (there is no such endpoint), `invalid_response` (it is about another user than the
   * ID token, section 5.3.2), or a code of the request or of `refresh`.
   */
  readonly userInfo: (options?: CallOptions) => Promise<UserInfo>;
  /**
   * Revokes the refresh token, which then leaves the session in every tab; the access token is good until it expires, unless the server
   * ends that too. With `tokenTypeHint: "access_token"` it is that one, and the next call fetches another. (RFC 7009, section 2)
   *
   * Rejects with `no_session` (there is no such token), `unsupported` (there is no such endpoint), or a code of the request; nothing is
   * changed then.
   */
  readonly revoke: (options?: RevokeOptions) => Promise<void>;
  /**
   * The global `fetch`, for an app's own API: with a fresh access token in the `Authorization` header, in the place of the caller's.
   * While the token is fresh the request leaves before this returns. (RFC 6750, section 2.1)
   *
   * The token goes to `allowedOrigins` alone, and a browser takes it along to no other origin that these redirect to. On a 401 it is
   * renewed (once for all calls that meet with one, and not where that has happened since) and the request is sent once more. A body
   * that is a stream is sent once. Where the renewal fails and the session goes on, the 401 is given.
   *
   * Rejects with `origin_not_allowed`; `no_session`, and as `getAccessToken` does; `login_required`, with `reason: "step_up"` and what
   * `signIn` takes as `acrValues` and `maxAge`, where the 401 asks for it (RFC 9470, section 3). What the request itself
   * meets with is passed on as the global `fetch` gives it: a `TypeError`, the signal's reason.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * Ends the session: memory and storage are cleared in every tab at once, and no answer that comes later brings it back. This never
   * waits for the network and never fails. Calls of `refresh` and `getAccessToken` under way reject with `signed_out`, and so does a
   * sign-in, when its request has ended.
   *
   * Then the refresh token is revoked, once and as well as can be (RFC 7009), and the page leaves for the end-session endpoint with
   * `id_token_hint` (OpenID Connect RP-Initiated Logout, section 2), 300 ms after the revocation began at the latest. Where
   * the server has no such endpoint, the page stays.
   *
   * Rejects, when all is cleared, with `invalid_config` (a wrong option), with `unsupported` where the server's sign-out was asked for
   * by an option and there is no such endpoint, or with a code of the request, discovery's.
   */
  readonly signOut: (options?: SignOutOptions) => Promise<void>;
  /**
   * How this client is doing, to paste into a ticket: no token, code or verifier is in it. Synchronous, never throws, and a new
   * object each time.
   */
  readonly diagnostics: () => Diagnostics;
  /**
   * Ends this client, not the session: no timer, listener, lock or channel is left, tokens stay stored, pending and later calls
   * reject with `closed`, and an exchange under way still stores its answer.
   */
  readonly close: () => void;
}

/**
 * `[Symbol.dispose]`, the same as `close`, so that `using auth = await createClient(…)` works. It is declared
 * only where the project's `lib` knows the symbol (`esnext.disposable`), so that others compile too.
 */
export type DisposableMember = SymbolConstructor extends { readonly dispose: infer Dispose extends symbol }
  ? { readonly [Key in Dispose]: () => void }
  : {};

/** What every call that may use the network takes. */
export interface CallOptions {
  /** Rejects this call with `aborted`. Work that other calls share goes on. */
  signal?: AbortSignal | undefined;
  /** Bounds this call, in milliseconds. Default: the client's `timeoutMs`. */
  timeoutMs?: number | undefined;
}

/** Options of `refresh`. */
export interface RefreshOptions extends CallOptions {
  /**
   * Asks for a narrower scope, in a request of its own. The tokens that the promise brings have it; the stored,
   * wider access token stays, and a rotated refresh token is stored as always. (RFC 6749, section 6)
   */
  scope?: string | readonly string[] | undefined;
}

/** Options of `introspect`. */
export interface IntrospectOptions extends CallOptions {
  /** The token to ask about. Default: the held token of kind `tokenTypeHint`. */
  token?: string | undefined;
  /** The kind of token. Default: `"access_token"` for the held one; not sent with a token given without it. */
  tokenTypeHint?: "access_token" | "refresh_token" | "id_token" | undefined;
}

/** Options of `revoke`. */
export interface RevokeOptions extends CallOptions {
  /** The kind of token. Default: `"refresh_token"`. */
  tokenTypeHint?: "access_token" | "refresh_token" | undefined;
}

/** Options of `getAccessToken`. */
export interface AccessTokenOptions extends CallOptions {
  /** The token returned is to be good for this many seconds more; where it is not, it is refreshed first. Default: 0. */
  minValiditySeconds?: number | undefined;
}

/** Options of `setTokens`. */
export interface SetTokensOptions {
  /** When the response was received, in milliseconds since the epoch: `expires_in` counts from there. Default: now. */
  receivedAt?: number | undefined;
}

/** Options of `signIn`. */
export interface SignInOptions extends CallOptions {
  /**
   * Where to go on: a URL of this origin, which may be relative. `handleRedirect` gives its path, query and fragment back.
   * It stays in this tab, out of the request.
   */
  returnTo?: string | undefined;
  /** Anything that JSON can hold; `handleRedirect` gives it back. It stays in this tab and is not OAuth's `state`. */
  state?: unknown;
  /** Takes the place of the client's `scope`, for this sign-in. */
  scope?: string | readonly string[] | undefined;
  /** `login_hint`: who is probably signing in. (OpenID Connect Core, section 3.1.2.1, as the next three) */
  loginHint?: string | undefined;
  /** `prompt`: `none`, `login`, `consent`, `select_account`, or what else the server knows. */
  prompt?: string | undefined;
  /** `acr_values`: the authentication contexts asked for, best first: one string with spaces, or a list. */
  acrValues?: string | readonly string[] | undefined;
  /** `max_age`: how long ago the user may have authenticated, in seconds. */
  maxAge?: number | undefined;
  /** `idp`: the id of the identity provider to sign in with, at Okta. */
  idp?: string | undefined;
  /** Further parameters for the authorization endpoint. Those of the protocol may not be named here. */
  extraParams?: Readonly<Record<string, string>> | undefined;
}

/** Options of `signInWithPopup`: those of `signIn` but for what comes back after a redirect. `signal` and `timeoutMs` close the window. */
export type PopupOptions = Omit<SignInOptions, "returnTo" | "state">;

/** Options of `signOut`. */
export interface SignOutOptions extends Pick<CallOptions, "timeoutMs"> {
  /** Stays on the page: the server's own session goes on. Default: `false`. */
  local?: boolean | undefined;
  /** Whether the refresh token is revoked. Default: `true`. */
  revoke?: boolean | undefined;
  /** `post_logout_redirect_uri`: where the server sends the user back to, exactly as registered there. */
  postLogoutRedirectUri?: string | undefined;
  /** `state`: comes back with it. */
  state?: string | undefined;
}

/** The userinfo endpoint's answer, as it came. (OpenID Connect Core, sections 5.1 and 5.3.2) */
export interface UserInfo {
  /** The user, as the ID token has it. */
  sub: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  [claim: string]: unknown;
}

/** A token endpoint's answer, as it came. (RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3) */
export interface TokenResponse {
  access_token: string;
  /** Without regard to case. Where it is missing, `Bearer`; an unknown one is refused. */
  token_type?: string | undefined;
  /** The lifetime in seconds; digits in a string are read too. Where it is missing or unusable, 300. */
  expires_in?: number | string | undefined;
  refresh_token?: string | undefined;
  scope?: string | undefined;
  id_token?: string | undefined;
}

/** The tokens of a session, frozen. The refresh token is not among them: see `getRefreshToken`. */
export interface Tokens {
  /** Opaque to this package: it is never parsed. (RFC 6749, section 1.4) */
  readonly accessToken: string;
  /** `"Bearer"` in this case, whatever the server's. */
  readonly tokenType: string;
  /** Milliseconds since the epoch, by this machine's clock: when the request was sent + `expires_in`. */
  readonly expiresAt: number;
  /** What was granted; where the server does not say, what was asked for; `""` where neither is known. */
  readonly scope: string;
  /** As it came, or the one held before where a refresh brought none. */
  readonly idToken?: string;
  /**
   * The id_token's claims. At sign-in all of it was verified; so at a refresh and by `setTokens`, but for the signature where the
   * issuer's keys are not at hand. (OpenID Connect Core, sections 3.1.3.7 and 12.2)
   */
  readonly claims?: IdTokenClaims;
}

/** The claims of an id_token. Times are in seconds since the epoch. (OpenID Connect Core, sections 2 and 5.1) */
export interface IdTokenClaims {
  readonly iss: string; readonly sub: string; readonly aud: string | string[]; readonly exp: number; readonly iat: number;
  readonly auth_time?: number; readonly nonce?: string; readonly acr?: string; readonly amr?: string[]; readonly azp?: string;
  readonly name?: string; readonly preferred_username?: string; readonly email?: string;
  readonly [claim: string]: unknown;
}

/** The introspection endpoint's answer as it came, unknown members included. Times in seconds. (RFC 7662, section 2.2) */
export interface Introspection {
  /** The one member that is always there, and that is checked. */
  active: boolean;
  scope?: string; username?: string; client_id?: string; token_type?: string; jti?: string;
  exp?: number; iat?: number; nbf?: number; sub?: string; aud?: string | string[]; iss?: string;
  /** The user's id, at Okta. */
  uid?: string;
  [member: string]: unknown;
}

/** What a client holds at one moment, frozen. */
export interface Snapshot {
  /** `"expired"`: the access token is, and a refresh may still bring the session back. */
  readonly status: "signed-out" | "signed-in" | "expired";
  /** Never with the refresh token. */
  readonly tokens: Tokens | null;
  /** Whether a reload finds the session again: `false` with `"memory"`, and where storage is unavailable or full. */
  readonly persisted: boolean;
  /** What went wrong in the background last (a renewal, `storage_unavailable`, `storage_full`), until something succeeds again. */
  readonly error: RekindleError | null;
}

/**
 * What a subscriber is told, also of what happens in the background and in other tabs.
 *
 * - `signed-in`: by `handleRedirect`, `signInWithPopup` or `setTokens`, or taken over from another tab.
 * - `renewed`: new tokens, by a refresh here or in another tab.
 * - `renew-failed`: a refresh failed that no caller of `refresh` hears of. What is held is as before.
 * - `expired`: the access token ran out and was not renewed, or had run out when it was given; once for each token. Without
 *   a refresh token nothing is left.
 * - `signed-out`: by `signOut` here or in another tab, or found when the app or the user had cleared the storage.
 * - `session-lost`: the server refused the refresh token, and no other tab has a newer one; nothing is held any more.
 */
export interface SessionEvent {
  readonly type: "signed-in" | "renewed" | "renew-failed" | "expired" | "signed-out" | "session-lost";
  /** What is held after the change. */
  readonly snapshot: Snapshot;
  /** Why, where a failure caused the event. */
  readonly error?: RekindleError;
}

/** How a client is doing. Times are in milliseconds since the epoch. */
export interface Diagnostics {
  /** This package's. */
  readonly version: string;
  readonly issuer: string; readonly clientId: string; readonly status: Snapshot["status"]; readonly persisted: boolean;
  /**
   * How tabs keep out of each other's way: by Web Locks and a BroadcastChannel, by the channel alone (plain http, old
   * browsers), or not at all.
   */
  readonly coordination: "locks" | "channel" | "none";
  /** How many tabs had this session at the last refresh; `null` before that, and where nobody can tell. */
  readonly liveTabs: number | null;
  /** How far the server's clock is ahead of this device's, to the second: a guess from the id_token of the last answer. */
  readonly clockOffsetMs: number;
  /** When the background asks for new tokens, at the earliest; `null` where it does not. */
  readonly nextRenewalAt: number | null;
  /** How often the WebAssembly instance failed and was replaced. */
  readonly restarts: number;
  /**
   * The last 50 requests, newest last: when it was sent, how long it took, the endpoint under its name in the metadata, what it
   * was for (a call, the background, a sign-out), `ok` or the error's code, and the HTTP status of a failure.
   */
  readonly exchanges: readonly {
    readonly at: number; readonly ms: number; readonly what: string; readonly why: string; readonly outcome: string;
    readonly status?: number;
  }[];
  /** The last 50 things that a developer should know and that no caller is told of, newest last. */
  readonly warnings: readonly { readonly at: number; readonly what: string }[];
}

/** A sign-in that `handleRedirect` finished. */
export interface SignInResult {
  readonly tokens: Tokens;
  /** Path, query and fragment of what `signIn` was given. */
  readonly returnTo?: string;
  /** What `signIn` was given. */
  readonly state?: unknown;
}

/** What every promise of this package rejects with. No token, code or verifier is in any of its fields. */
export class RekindleError extends Error {
  private constructor();
  readonly name: "RekindleError";
  /** Stable, and what to tell failures apart by. */
  readonly code: RekindleErrorCode;
  /** What happened and what to do, in one sentence; for developers, and not stable. */
  readonly message: string;
  /** The same call may succeed later, with no one signing in. */
  readonly retryable: boolean;
  /** Nothing usable is left: the user has to sign in again. It depends on what is held, not on the code alone. */
  readonly sessionLost: boolean;
  /** The HTTP status of an answer that is an error, or none that can be read. */
  readonly status?: number;
  /** The `error` of the server's answer (RFC 6749, section 5.2), or Okta's `errorCode`. */
  readonly oauthError?: string;
  /** The `error_description` of the server's answer, or Okta's `errorSummary`. Text from the server: never use it as HTML. */
  readonly oauthErrorDescription?: string;
  /** Okta's `errorId`, for their support. */
  readonly errorId?: string;
  /** With `rate_limited`: how long the server asks to wait, in milliseconds, where the page may read that. */
  readonly retryAfterMs?: number;
  /** What to pass to `signIn()`, where `reason` is `"step_up"`. */
  readonly acrValues?: string;
  /** The same, in seconds. */
  readonly maxAge?: number;
  /** Which check failed, where a code covers several. */
  readonly reason?: string;
  /** What the platform threw, where it did. */
  readonly cause?: unknown;
}

/**
 * Every code that a `RekindleError` may carry. A later version may add some: keep a `default` branch.
 */
export type RekindleErrorCode =
  | "network" // No answer: offline, refused, dropped, or not allowed by CORS.
  | "timeout" // No answer within `timeoutMs`.
  | "aborted" // The caller's `signal`.
  | "server" // 5xx, a body that is no JSON object, or OAuth's `server_error` and `temporarily_unavailable`.
  | "rate_limited" // 429. See `retryAfterMs`.
  | "invalid_grant" // The refresh token or the code is spent, revoked or expired.
  | "oauth" // Any other error answer below 500. See `oauthError`, `errorId`.
  | "invalid_response" // A JSON object under 2xx that breaks its RFC, or a body of more than 1 MiB.
  | "id_token_invalid" // The ID token failed a check. See `reason`.
  | "no_session" // Nobody is signed in, or the storage was cleared meanwhile.
  | "no_refresh_token" // The session has no refresh token.
  | "signed_out" // A sign-out overtook the call.
  | "state_mismatch" // A callback that this tab did not begin, or one that is used up. See `reason`.
  | "login_required" // The server needs the user.
  | "login_loop" // A fourth sign-in within a minute, and no click.
  | "popup_blocked" // The browser let no window open.
  | "popup_closed" // The window was closed before the sign-in was done.
  | "storage_unavailable" // No storage for a sign-in that has to survive a redirect; otherwise only in `snapshot.error`.
  | "storage_full" // The storage is full; only in `snapshot.error`.
  | "crypto_unavailable" // No cryptographic random numbers; or, with the reason `signature`, no WebCrypto.
  | "wasm_unavailable" // WebAssembly is missing, forbidden by the page's policy, or was not loaded. See `reason`.
  | "insecure_issuer" // The issuer, or its metadata, is not what may be trusted: plain http, or another issuer's document.
  | "invalid_config" // A field of the config, or an option, is wrong or unknown. The message names it.
  | "unsupported" // The server, or this version, does not have what the call needs.
  | "origin_not_allowed" // No access token goes to this origin. See `allowedOrigins`.
  | "closed" // The client was closed.
  | "crashed"; // The WebAssembly instance failed and was replaced; call again.
