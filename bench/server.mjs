// The authorization server of the benchmark: quick and always alike, so that what differs is the page. ID tokens are really signed,
// but beforehand; refresh tokens rotate. `roundTripMs` holds every answer back, as a distant server's would be.

import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const LIFETIME_SECONDS = 3_600;
/** As many different access tokens, each with its ID token. */
const POOL = 32;

export const clientId = "benchmark";
export const scope = "openid profile email offline_access";

/** `log` has what was asked, with the times of arrival and answer. */
export async function startServer() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" };
  const stage = { roundTripMs: 0, log: [] };

  const http = createServer((request, response) => {
    const entry = { path: request.url, method: request.method, began: performance.now() };
    stage.log.push(entry);
    // The body is of no consequence, but has to be taken.
    request.resume();
    request.on("end", () => {
      const end = () => {
        entry.ended = performance.now();
        respond(request, response);
      };
      if (stage.roundTripMs) setTimeout(end, stage.roundTripMs);
      else end();
    });
  });
  await new Promise((listening) => http.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${http.address().port}`;

  const issuers = {
    "/oauth2/default": poolOf(`${origin}/oauth2/default`),
    // auth0-spa-js knows where below its domain the endpoints are, and that the issuer ends with a slash.
    "/auth0": poolOf(`${origin}/auth0/`),
  };
  const endpointsOf = (prefix) => ({
    authorization: `${origin}${prefix}/authorize`,
    token: `${origin}${prefix}/token`,
    introspection: `${origin}${prefix}/introspect`,
    userinfo: `${origin}${prefix}/userinfo`,
    jwks: `${origin}${prefix}/keys`,
  });

  function respond(request, response) {
    const { origin: page = "*", "access-control-request-headers": headers } = request.headers;
    response.setHeader("access-control-allow-origin", page);
    response.setHeader("access-control-allow-credentials", "true");
    response.setHeader("cache-control", "no-store");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST");
      response.setHeader("access-control-max-age", "600");
      if (headers) response.setHeader("access-control-allow-headers", headers);
      response.writeHead(204).end();
      return;
    }
    const prefix = Object.keys(issuers).find((prefix) => request.url.startsWith(`${prefix}/`));
    const kind = request.url.split("?")[0].split("/").at(-1);
    const answer = prefix && answerOf(prefix, kind);
    if (!answer) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  }

  function answerOf(prefix, kind) {
    const endpoints = endpointsOf(prefix);
    switch (kind) {
      case "token":
        return tokens(issuers[prefix]);
      case "introspect":
        return { active: true, client_id: clientId, scope };
      case "keys":
        return { keys: [key] };
      case "openid-configuration":
        return {
          issuer: issuers[prefix].issuer,
          authorization_endpoint: endpoints.authorization,
          token_endpoint: endpoints.token,
          introspection_endpoint: endpoints.introspection,
          userinfo_endpoint: endpoints.userinfo,
          jwks_uri: endpoints.jwks,
        };
      default:
        return undefined;
    }
  }

  /** Signed tokens of one issuer, handed out in turns. */
  function poolOf(issuer) {
    const issuedAt = Math.floor(Date.now() / 1_000);
    const person = { sub: "00u1", name: "Ada Lovelace", preferred_username: "ada", email: "ada@example.com" };
    const sign = () => {
      const shared = { iss: issuer, sub: person.sub, iat: issuedAt, auth_time: issuedAt };
      const accessToken = jwt({ ...shared, aud: "api://default", cid: clientId, scp: scope.split(" "), exp: issuedAt + LIFETIME_SECONDS, jti: randomUUID() });
      const hash = createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");
      const idToken = jwt({ ...shared, ...person, aud: clientId, exp: issuedAt + LIFETIME_SECONDS, at_hash: hash, jti: randomUUID() });
      return { access_token: accessToken, id_token: idToken };
    };
    return { issuer, sign, pairs: Array.from({ length: POOL }, sign), handedOut: 0 };
  }

  function tokens(pool, pair = pool.pairs[pool.handedOut++ % POOL]) {
    return { token_type: "Bearer", expires_in: LIFETIME_SECONDS, scope, ...pair, refresh_token: refreshToken() };
  }

  /** Has the form of a JWT, for keycloak-js reads it. */
  function refreshToken() {
    return ["e30", Buffer.from(JSON.stringify({ jti: randomUUID() })).toString("base64url"), "c2lnbmF0dXJl"].join(".");
  }

  function jwt(payload) {
    const signed = [{ alg: "RS256", kid: key.kid, typ: "JWT" }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
  }

  return Object.assign(stage, {
    origin,
    /** What a page is told. */
    configOf: (pageOrigin) => ({
      issuer: issuers["/oauth2/default"].issuer,
      auth0Domain: `${origin}/auth0`,
      clientId,
      redirectUri: `${pageOrigin}/callback`,
      scope,
      endpoints: endpointsOf("/oauth2/default"),
    }),
    /** What a contender begins with: never handed out again, for what a tab has already is no news to it. */
    firstTokens(id) {
      const pool = issuers[id === "auth0_spa_js" ? "/auth0" : "/oauth2/default"];
      return tokens(pool, pool.sign());
    },
    /** How many token requests there were; preflights are none. */
    tokenRequests: () => stage.log.filter(({ method, path }) => method === "POST" && path.endsWith("/token")).length,
    async close() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  });
}
