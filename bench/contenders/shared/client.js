// What one would write by hand.

import { post } from "./requests.js";

export const exchange = ({ endpoints, clientId }, { refresh_token }) => post(endpoints.token, { grant_type: "refresh_token", refresh_token, client_id: clientId });

/** What is kept of a token response. */
export const kept = (answer, earlier) => ({ ...earlier, ...answer, expiresAt: Date.now() + answer.expires_in * 1_000 });

/** `held` has the `tokens` of now, and `refresh()`, which replaces them. */
export function clientOf(config, held) {
  const { refresh } = held;
  return {
    config,
    refresh,
    async getAccessToken() {
      if (held.tokens.expiresAt < Date.now()) await refresh();
      return held.tokens.access_token;
    },
    introspect: () => post(config.endpoints.introspection, { token: held.tokens.access_token, client_id: config.clientId }),
  };
}
