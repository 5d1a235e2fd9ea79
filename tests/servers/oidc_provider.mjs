// The embedded authorization server of the demo and of the end-to-end tests: npm oidc-provider, set up the way
// Okta sets up a single-page app (public client, PKCE, refresh tokens that rotate and may be used once).
import { generateKeyPair, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { Provider, errors } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";

import { errorPage, sendPage, signInPage, signOutPage, signedOutPage } from "./pages.mjs";

/** The user that everyone may know. */
export const demoUser = {
  login: "alice",
  password: "wonderland",
  claims: {
    sub: "00u1alice",
    name: "Alice Liddell",
    given_name: "Alice",
    family_name: "Liddell",
    preferred_username: "alice",
    locale: "en-GB",
    zoneinfo: "Europe/London",
    email: "alice@example.com",
    email_verified: true,
  },
};

const oktaPaths = {
  authorization: "/v1/authorize",
  token: "/v1/token",
  introspection: "/v1/introspect",
  revocation: "/v1/revoke",
  userinfo: "/v1/userinfo",
  end_session: "/v1/logout",
  jwks: "/v1/keys",
  pushed_authorization_request: "/v1/par",
};

// `base` is the path of the issuer; everything of the server lies below it.
const layouts = {
  okta: { base: "/oauth2/default", routes: oktaPaths },
  "okta-org": {
    base: "",
    routes: Object.fromEntries(Object.entries(oktaPaths).map(([name, path]) => [name, `/oauth2${path}`])),
  },
  discovery: { base: "", routes: {} },
};

/**
 * Starts an authorization server on a loopback port.
 *
 * @param {object} options
 * @param {number} [options.port] 0 takes a free one.
 * @param {string} [options.host] The host in the issuer's address: "localhost" or "127.0.0.1".
 * @param {string} [options.publicOrigin] The origin that browsers see, where a proxy stands in front.
 * @param {"okta" | "okta-org" | "discovery"} [options.layout] Where the endpoints are.
 * @param {{ clientId: string, redirectUris: string[], origins: string[], postLogoutRedirectUris?: string[] }[]} options.clients
 *   Public clients; `origins` are those whose pages may read answers (CORS).
 * @param {number} [options.accessTokenSeconds]
 * @param {number} [options.refreshTokenSeconds] Counted from the sign-in and not prolonged by rotation.
 * @param {string[]} [options.scopes]
 * @param {boolean} [options.dropOfflineAccess] True: the refresh token is issued, but `offline_access` is missing from
 *   the granted scope, as oidc-provider does by itself without `prompt=consent`.
 * @param {{ login: string, password: string, claims: { sub: string } }[]} [options.users]
 * @param {string[]} [options.acrValues] The ways to sign in that it knows, the usual one first. A sign-in is of the first of them that
 *   it asked for; whoever is signed in already is not asked again, as OpenID Connect has it for `acr_values`.
 * @param {boolean} [options.requirePushedAuthorizationRequests]
 * @returns {Promise<{
 *   issuer: string, url: string, port: number, endpoints: Record<string, string>,
 *   requests: { method: string, path: string, headers: object, body: string, at: number }[],
 *   provider: Provider, signingKey: JsonWebKey, close(): Promise<void>,
 * }>} `requests` has every request in the order of arrival, also those that were refused, and none for an icon.
 */
export async function startOidcProvider({
  port = 0,
  host = "localhost",
  publicOrigin,
  layout = "okta",
  clients,
  accessTokenSeconds = 60,
  refreshTokenSeconds = 24 * 60 * 60,
  scopes = ["openid", "profile", "email", "offline_access"],
  dropOfflineAccess = false,
  users = [demoUser],
  acrValues = [],
  requirePushedAuthorizationRequests = false,
}) {
  const { base, routes } = layouts[layout];
  const signingKey = await newSigningKey();

  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const url = publicOrigin ?? `http://${host}:${server.address().port}`;
  const issuer = url + base;

  const originsOf = new Map(clients.map(({ clientId, origins }) => [clientId, origins]));
  const ownToken = (_ctx, client, token) => token.clientId === client.clientId;

  const provider = new Provider(issuer, {
    adapter: createMemoryAdapter(),
    jwks: { keys: [signingKey] },
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      // Cookies know no port: servers on one host would overwrite each other's.
      names: Object.fromEntries(["session", "interaction", "resume"].map((name) => [name, `${name}_${new URL(url).port}`])),
    },
    routes,
    clients: clients.map(({ clientId, redirectUris, postLogoutRedirectUris = [] }) => ({
      client_id: clientId,
      redirect_uris: redirectUris,
      post_logout_redirect_uris: postLogoutRedirectUris,
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    })),
    clientAuthMethods: ["none"],
    clientBasedCORS: (_ctx, origin, client) => originsOf.get(client.clientId).includes(origin),
    responseTypes: ["code"],
    pkce: { required: () => true },

    scopes,
    acrValues,
    claims: {
      openid: ["sub"],
      profile: ["name", "given_name", "family_name", "preferred_username", "locale", "zoneinfo"],
      email: ["email", "email_verified"],
    },
    // Okta puts the profile into the id_token as well.
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => accountOf(users, sub),
    // Further members of introspection answers: Okta's, and that of RFC 9470 §6.2.
    extraTokenClaims: ({ oidc }, token) => ({
      username: accountOf(users, token.accountId)?.username,
      auth_time: (oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken)?.authTime,
    }),

    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client, source) =>
      client.grantTypeAllowed("refresh_token") && (dropOfflineAccess || source.scopes.has("offline_access")),
    // A sign-out at the server, or its cookie running out, leaves the app's tokens alone.
    expiresWithSession: () => false,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? refreshTokenSeconds,
      Grant: refreshTokenSeconds,
      Interaction: 3600,
      Session: 24 * 60 * 60,
    },

    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: ownToken },
      revocation: { enabled: true, allowedPolicy: ownToken },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests },
      // Okta knows no RFC 8707: the parameter is ignored.
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => sendPage(ctx, signOutPage(form)),
        postLogoutSuccessSource: (ctx) => sendPage(ctx, signedOutPage()),
      },
    },
    interactions: { url: (_ctx, interaction) => `${base}/interaction/${interaction.uid}` },
    renderError: (ctx, out) => sendPage(ctx, errorPage(out)),
  });

  if (!dropOfflineAccess) provider.use(keepOfflineAccess(base, routes.authorization ?? "/auth"));
  provider.use(signInInteraction(provider, users, acrValues));

  const requests = [];
  const handle = provider.callback();
  server.on("request", (req, res) => {
    // Browsers ask each host for one, whenever they like. A 404 would be a line on the console of whatever page is there by then.
    if (req.url === "/favicon.ico") {
      res.writeHead(204).end();
      return;
    }
    requests.push(recordOf(req));
    // The provider builds addresses from this header, and the issuer is to be in them whoever passes the request on.
    req.headers.host = new URL(url).host;
    if (base && !req.url.startsWith(`${base}/`)) {
      res.writeHead(404).end();
      return;
    }
    // What oidc-provider expects of a server that mounts it below a path.
    req.originalUrl = req.url;
    req.url = req.url.slice(base.length);
    handle(req, res);
  });

  return {
    issuer,
    url,
    port: server.address().port,
    endpoints: {
      authorization: provider.urlFor("authorization"),
      token: provider.urlFor("token"),
      introspection: provider.urlFor("introspection"),
      revocation: provider.urlFor("revocation"),
      userinfo: provider.urlFor("userinfo"),
      endSession: provider.urlFor("end_session"),
      jwks: provider.urlFor("jwks"),
      pushedAuthorizationRequest: provider.urlFor("pushed_authorization_request"),
    },
    requests,
    provider,
    signingKey,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function newSigningKey() {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const kid = randomBytes(8).toString("hex");
  return { ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
}

function accountOf(users, sub) {
  const user = users.find(({ claims }) => claims.sub === sub);
  return user && { accountId: sub, username: user.login, claims: () => user.claims };
}

/** The body fills up as the server reads it, and is complete when the answer is there. */
function recordOf(req) {
  const record = { method: req.method, path: req.url, headers: { ...req.headers }, body: "", at: Date.now() };
  // A paused stream lets us listen without taking anything away from the one who reads it.
  req.pause();
  const decoder = new TextDecoder();
  req.on("data", (chunk) => (record.body += decoder.decode(chunk, { stream: true })));
  return record;
}

// OIDC Core 11 wants prompt=consent before offline_access is granted, "unless other conditions for processing the
// request permitting offline access to the requested resources are in place". For Okta, and here, the client's
// refresh_token grant type is that condition. A pushed request has to carry the parameter itself.
function keepOfflineAccess(base, authorizationPath) {
  return (ctx, next) => {
    const { scope, prompt } = ctx.query;
    if (ctx.path === authorizationPath && `${scope}`.split(" ").includes("offline_access") && prompt !== "none") {
      ctx.query = { ...ctx.query, prompt: [...new Set(`${prompt ?? ""} consent`.trim().split(" "))].join(" ") };
      // Both have to end alike, for oidc-provider learns from the difference where it is mounted.
      ctx.req.originalUrl = base + ctx.url;
    }
    return next();
  };
}

/** The pages between the authorization request and the redirect back to the app. */
function signInInteraction(provider, users, acrValues) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    try {
      const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
      const result = prompt.name === "login" ? await login(ctx, users, acrValues, params) : await consent(provider, params, session);
      if (result) {
        ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
        ctx.status = 303;
      }
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      ctx.status = 400;
      sendPage(ctx, errorPage({ error: "session_not_found", error_description: "This sign-in has ended. Go back to the app and start again." }));
    }
  };
}

async function login(ctx, users, acrValues, { client_id: clientId, login_hint: loginHint = "", acr_values: asked = "" }) {
  if (ctx.method !== "POST") {
    sendPage(ctx, signInPage({ clientId, demoUser: users[0], login: loginHint }));
    return undefined;
  }
  const form = new URLSearchParams(await text(ctx.req));
  if (form.has("cancel")) return { error: "access_denied", error_description: "The user cancelled the sign-in." };
  const user = users.find(({ login, password }) => form.get("login") === login && form.get("password") === password);
  const acr = asked.split(" ").find((value) => acrValues.includes(value)) ?? acrValues[0];
  if (user) return { login: { accountId: user.claims.sub, acr } };
  ctx.status = 401;
  sendPage(ctx, signInPage({ clientId, demoUser: users[0], login: form.get("login") ?? "", failed: true }));
  return undefined;
}

// The app is the server owner's own, so nobody is asked. A grant for each sign-in: what one browser tab loses by
// reusing a refresh token, another one keeps.
async function consent(provider, { client_id: clientId, scope }, { accountId }) {
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(scope);
  return { consent: { grantId: await grant.save() } };
}
