// Every member of the package, used as an app would, and the misuses that must not compile.
// Nothing here runs: that it compiles, and that each `@ts-expect-error` stands before a real error, is the test.
import {
  createClient,
  RekindleError,
  type Client,
  type ClientConfig,
  type Diagnostics,
  type IdTokenClaims,
  type Introspection,
  type RekindleErrorCode,
  type SessionEvent,
  type Snapshot,
  type TokenStorage,
  type Tokens,
} from "rekindle";

const issuer = "https://example.okta.com/oauth2/default";
const clientId = "0oa1example";

/** Compiles only where both types are the same; nothing but `any` itself is the same as `any`. */
function same<Expected>() {
  return <Actual>(_actual: Actual, ..._equal: Equal<Actual, Expected> extends true ? [] : ["the types differ"]) => {};
}
type Equal<A, B> = (<U>() => U extends A ? 1 : 2) extends <U>() => U extends B ? 1 : 2 ? true : false;

export async function config(): Promise<void> {
  same<Client>()(await createClient({ issuer, clientId }));

  const storage: TokenStorage = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  const everything: Required<ClientConfig> = {
    issuer,
    clientId,
    redirectUri: "https://app.example/callback",
    scope: ["openid", "offline_access"],
    resource: "https://api.example",
    endpoints: { token: "https://example.okta.com/t", introspection: "https://example.okta.com/i" },
    name: "admin",
    storage,
    renewBeforeSeconds: 60,
    timeoutMs: 5_000,
    fetch: globalThis.fetch,
    autoRenew: false,
    idleTimeoutSeconds: 900,
    rotationGraceSeconds: 0,
    clockToleranceSeconds: 60,
    allowedOrigins: ["https://api.example"],
    shareSession: true,
    pushedAuthorizationRequests: true,
    dpop: false,
  };
  await createClient(everything);
  await createClient({ issuer, clientId, endpoints: "okta", storage: sessionStorage });
  await createClient({ issuer, clientId, storage: "memory", scope: ["openid"] as const });
  await createClient({ issuer, clientId, fetch: (url, init) => fetch(url, { ...init, priority: "high" }) });
  // As a bundler's environment gives them, also with exactOptionalPropertyTypes.
  await createClient({ issuer, clientId, redirectUri: undefined, scope: undefined, storage: undefined });

  // @ts-expect-error: no issuer
  await createClient({ clientId });
  // @ts-expect-error: no client id
  await createClient({ issuer });
  // @ts-expect-error: a page can keep no secret
  await createClient({ issuer, clientId, clientSecret: "x" });
  // @ts-expect-error: a field that does not exist
  await createClient({ issuer, clientId, redirectURI: "https://app.example/callback" });
  // Refused when it is called: whether it works is the version's business.
  await createClient({ issuer, clientId, dpop: true });
  // @ts-expect-error: no such storage
  await createClient({ issuer, clientId, storage: "cookie" });
  // @ts-expect-error: no such layout
  await createClient({ issuer, clientId, endpoints: "auth0" });
  // @ts-expect-error: no such endpoint
  await createClient({ issuer, clientId, endpoints: { tokens: "https://example.okta.com/t" } });
  // @ts-expect-error: storage is synchronous
  await createClient({ issuer, clientId, storage: { ...storage, getItem: async () => null } });
  // @ts-expect-error: seconds are a number
  await createClient({ issuer, clientId, renewBeforeSeconds: "30" });
}

export async function tokens(auth: Client, signal: AbortSignal): Promise<void> {
  same<Tokens>()(await auth.refresh());
  await auth.refresh({ signal, timeoutMs: 2_000, scope: "openid" });
  // @ts-expect-error: an option that does not exist
  await auth.refresh({ force: true });

  same<string>()(await auth.getAccessToken());
  await auth.getAccessToken({ minValiditySeconds: 120, signal, timeoutMs: 2_000 });

  same<Introspection>()(await auth.introspect());
  await auth.introspect("a token");
  await auth.introspect({ token: "a token", tokenTypeHint: "refresh_token", signal, timeoutMs: 2_000 });
  const { active, exp, tenant } = await auth.introspect({ tokenTypeHint: "id_token" });
  same<boolean>()(active);
  same<number | undefined>()(exp);
  same<unknown>()(tenant);
  // @ts-expect-error: no such kind of token
  await auth.introspect({ tokenTypeHint: "code" });

  const held = await auth.setTokens({
    access_token: "a",
    token_type: "bearer",
    expires_in: "3600",
    refresh_token: "r",
    scope: "openid",
    id_token: "i",
  });
  same<Tokens>()(held);
  await auth.setTokens({ access_token: "a", refresh_token: undefined }, { receivedAt: Date.now() });
  const response: { access_token: string; device_secret: string } = { access_token: "a", device_secret: "d" };
  await auth.setTokens(response);
  // @ts-expect-error: no access token
  await auth.setTokens({ refresh_token: "r" });
  // @ts-expect-error: the response's names, not ours
  await auth.setTokens({ accessToken: "a" });

  same<number>()(held.expiresAt);
  same<string>()(held.tokenType);
  same<string>()(held.scope);
  same<string | undefined>()(held.idToken);
  same<IdTokenClaims | undefined>()(held.claims);
  same<string | undefined>()(held.claims?.email);
  same<unknown>()(held.claims?.["groups"]);
  same<string | null>()(auth.getRefreshToken());
  // @ts-expect-error: the refresh token is not among them
  held.refreshToken;
  // @ts-expect-error: the object is frozen
  held.scope = "";
}

export async function signing(auth: Client, signal: AbortSignal): Promise<void> {
  const result = await auth.handleRedirect();
  if (result !== null) {
    same<Tokens>()(result.tokens);
    same<string | undefined>()(result.returnTo);
    same<unknown>()(result.state);
  }
  await auth.handleRedirect("https://app.example/callback?code=c&state=s");

  await auth.signOut();
  await auth.signOut({ local: true });
  await auth.signOut({ revoke: false, postLogoutRedirectUri: "https://app.example/", state: "s", timeoutMs: 2_000 });
  // @ts-expect-error: an option that does not exist
  await auth.signOut({ global: true });

  const options = { signal, timeoutMs: 2_000, scope: ["openid"], state: { tab: 1 }, extraParams: { ui_locales: "de" } };
  if (signal.aborted) await auth.signIn();
  // @ts-expect-error: an option that does not exist
  if (signal.aborted) await auth.signIn({ redirectUri: "https://app.example/other" });
  const { accessToken }: Tokens = await auth.signInWithPopup({ loginHint: "ada", acrValues: "urn:a", maxAge: 0, signal, timeoutMs: 60_000 });
  // @ts-expect-error: there is nothing to come back to
  await auth.signInWithPopup({ returnTo: accessToken });
  await auth.signIn({
    ...options,
    returnTo: "/inbox",
    loginHint: "ada@example.com",
    prompt: "login",
    acrValues: ["urn:okta:loa:2fa:any"],
    maxAge: 0,
    idp: "0oa2example",
  });
}

export async function using(auth: Client, signal: AbortSignal): Promise<void> {
  const user = await auth.userInfo({ signal });
  same<string>()(user.sub);
  same<string | undefined>()(user.email);
  same<unknown>()(user["groups"]);
  same<void>()(await auth.revoke());
  await auth.revoke({ tokenTypeHint: "access_token", timeoutMs: 1_000 });
  // @ts-expect-error: an ID token cannot be revoked
  await auth.revoke({ tokenTypeHint: "id_token" });

  same<Response>()(await auth.fetch("/api/me"));
  await auth.fetch(new URL("https://api.example/me"), { method: "POST", body: new FormData(), signal });
  await auth.fetch(new Request("/api/me"));
  // Whatever takes a `fetch` takes this one.
  const { fetch } = auth;
  const global: typeof globalThis.fetch = fetch;
  await global("/api/me");
  // @ts-expect-error: an address
  await auth.fetch({ url: "/api/me" });
}

export function watching(auth: Client): void {
  const snapshot = auth.getSnapshot();
  same<Snapshot>()(snapshot);
  same<"signed-out" | "signed-in" | "expired">()(snapshot.status);
  same<Tokens | null>()(snapshot.tokens);
  same<boolean>()(snapshot.persisted);
  same<RekindleError | null>()(snapshot.error);
  // @ts-expect-error: a snapshot is looked at, not changed
  snapshot.status = "signed-in";

  const unsubscribe = auth.subscribe((event) => {
    same<SessionEvent>()(event);
    same<Snapshot>()(event.snapshot);
    same<RekindleError | undefined>()(event.error);
    title(event.type);
  });
  same<() => void>()(unsubscribe);
  // @ts-expect-error: no such event
  auth.subscribe(({ type }) => type === "refreshed");

  // What React's useSyncExternalStore and Svelte's stores ask for, with methods that stand alone.
  const { subscribe, getSnapshot } = auth;
  const store: { subscribe(onChange: () => void): () => void; getSnapshot(): unknown } = { subscribe, getSnapshot };
  void store;
  auth.close();
}

export function ticket(auth: Client): string {
  const { diagnostics } = auth;
  const told = diagnostics();
  same<Diagnostics>()(told);
  same<string>()(told.version);
  same<"locks" | "channel" | "none">()(told.coordination);
  same<number | null>()(told.liveTabs);
  same<number | null>()(told.nextRenewalAt);
  same<number | undefined>()(told.exchanges[0]?.status);
  same<string | undefined>()(told.warnings[0]?.what);
  // @ts-expect-error: it is looked at, not changed
  told.restarts = 0;
  return JSON.stringify(told);
}

/** An exhaustive switch over the events: a new one would not compile. */
function title(type: SessionEvent["type"]): string {
  switch (type) {
    case "signed-in":
    case "renewed":
      return "signed in";
    case "renew-failed":
    case "expired":
      return "in need of a refresh";
    case "signed-out":
    case "session-lost":
      return "signed out";
    default:
      return type satisfies never;
  }
}

export async function failures(auth: Client): Promise<string> {
  try {
    return await auth.getAccessToken();
  } catch (error) {
    if (!(error instanceof RekindleError)) throw error;
    same<RekindleErrorCode>()(error.code);
    same<"RekindleError">()(error.name);
    same<boolean>()(error.retryable);
    same<boolean>()(error.sessionLost);
    same<number | undefined>()(error.status);
    same<number | undefined>()(error.retryAfterMs);
    same<string | undefined>()(error.oauthError);
    same<string | undefined>()(error.oauthErrorDescription);
    same<string | undefined>()(error.errorId);
    same<string | undefined>()(error.reason);
    same<unknown>()(error.cause);
    // @ts-expect-error: no such code
    if (error.code === "invalid_token") return "";
    // @ts-expect-error: an app does not make them
    void new RekindleError();
    return advice(error.code);
  }
}

/** An exhaustive switch over the codes: a new one would not compile. */
function advice(code: RekindleErrorCode): string {
  switch (code) {
    case "network":
    case "timeout":
    case "aborted":
    case "server":
    case "rate_limited":
    case "popup_blocked":
    case "popup_closed":
    case "crashed":
      return "try again";
    case "invalid_grant":
    case "no_session":
    case "no_refresh_token":
    case "signed_out":
    case "state_mismatch":
    case "login_required":
      return "sign in";
    case "oauth":
    case "invalid_response":
    case "id_token_invalid":
    case "login_loop":
    case "storage_unavailable":
    case "storage_full":
    case "crypto_unavailable":
    case "wasm_unavailable":
    case "insecure_issuer":
    case "invalid_config":
    case "unsupported":
    case "origin_not_allowed":
    case "closed":
      return "look at the set-up";
    default:
      return code satisfies never;
  }
}
