// The demo's own API, as an app's back end would be: it asks the authorization server about each access token (RFC 7662).

/** How long ago the user may have signed in for what needs a fresh sign-in, in seconds. */
const FRESH_SECONDS = 60;

/**
 * Answers requests below `/api/`.
 *
 * - `/api/me`: who the token is for.
 * - `/api/transfer`: the same for who has just signed in; anybody else is asked to (RFC 9470).
 */
export function createApi({ issuer, clientId }) {
  let endpoint;

  const introspect = async (token) => {
    endpoint ??= (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()).introspection_endpoint;
    const body = new URLSearchParams({ token, client_id: clientId, token_type_hint: "access_token" });
    return (await fetch(endpoint, { method: "POST", body })).json();
  };

  return async (request, response) => {
    const answer = (status, body, challenge) => {
      const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
      if (challenge) headers["WWW-Authenticate"] = `Bearer ${challenge}`;
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    try {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
      const { active, username, sub, scope, auth_time } = token ? await introspect(token) : {};
      if (!active) return answer(401, { error: "invalid_token" }, 'error="invalid_token"');
      const age = Math.floor(Date.now() / 1000) - auth_time;
      if (request.url === "/api/transfer" && !(age <= FRESH_SECONDS)) {
        const challenge = `error="insufficient_user_authentication", error_description="Sign in again", max_age=${FRESH_SECONDS}`;
        return answer(401, { error: "insufficient_user_authentication" }, challenge);
      }
      return answer(200, { hello: username ?? sub, scope, signedInSecondsAgo: age });
    } catch (error) {
      return answer(502, { error: "the authorization server cannot be asked", cause: error.message });
    }
  };
}
