// A sign-in without a browser, and the requests of a public client: what a test does to a server behind the page's back.

import { createHash, randomBytes } from "node:crypto";
import { demoUser } from "./oidc_provider.mjs";

export const scope = "openid profile email offline_access";

/** Follows redirects and keeps cookies by path, up to the app's own origin. */
export class Visitor {
  #cookies = new Map();
  #app;
  url;

  constructor(app) {
    this.#app = app;
  }

  async open(url, init = {}) {
    this.url = new URL(url);
    if (this.url.origin === this.#app) return undefined;
    const cookie = [...this.#cookies].flatMap(([name, { path, value }]) => (this.url.pathname.startsWith(path) ? `${name}=${value}` : []));
    const answer = await fetch(this.url, { ...init, headers: { accept: "text/html", cookie: cookie.join("; ") }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#cookies.set(name, { path: /path=([^;]+)/i.exec(line)[1], value });
    }
    const location = answer.headers.get("location");
    return location ? this.open(new URL(location, this.url)) : answer;
  }

  submit(form) {
    return this.open(this.url, { method: "POST", body: new URLSearchParams(form) });
  }
}

/** What a page with this redirect URI may do at the server: each answer as `{ status, headers, body }`. */
export function publicClient(server, { clientId, redirectUri }) {
  const { origin } = new URL(redirectUri);

  async function post(url, form, headers = {}) {
    const answer = await fetch(url, { method: "POST", headers: { origin, ...headers }, body: new URLSearchParams({ ...form, client_id: clientId }) });
    const body = await answer.text();
    return { status: answer.status, headers: answer.headers, body: body && JSON.parse(body) };
  }

  function authorizationUrl(verifier, asked = scope) {
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      redirect_uri: redirectUri,
      scope: asked,
      state: "s",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    return `${server.endpoints.authorization}?${query}`;
  }

  return {
    post,
    authorizationUrl,
    async signIn({ visitor = new Visitor(origin), scope } = {}) {
      const verifier = randomBytes(32).toString("base64url");
      await visitor.open(authorizationUrl(verifier, scope));
      // Some servers know the visitor already.
      if (visitor.url.origin !== origin) await visitor.submit({ login: demoUser.login, password: demoUser.password });
      const code = visitor.url.searchParams.get("code");
      return post(server.endpoints.token, { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier });
    },
    refresh: (refreshToken, { headers, ...more } = {}) =>
      post(server.endpoints.token, { grant_type: "refresh_token", refresh_token: refreshToken, ...more }, headers),
    introspect: (token) => post(server.endpoints.introspection, { token }),
    revoke: (token) => post(server.endpoints.revocation, { token }),
  };
}
