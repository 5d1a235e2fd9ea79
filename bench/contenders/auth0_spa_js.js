import { Auth0Client } from "@auth0/auth0-spa-js";
import { post } from "./shared/requests.js";
import { claimsOf } from "./shared/claims.js";

/** It has no method for adopting tokens: this is what it stores after a sign-in. */
export function adopt({ clientId, scope }, tokens) {
  const claims = claimsOf(tokens.id_token);
  const decodedToken = { claims: { __raw: tokens.id_token, ...claims }, user: { sub: claims.sub, name: claims.name, email: claims.email } };
  const body = { ...tokens, scope, audience: "default", client_id: clientId, decodedToken };
  const expiresAt = Math.floor(Date.now() / 1_000) + tokens.expires_in;
  localStorage.setItem(`@@auth0spajs@@::${clientId}::default::${scope}`, JSON.stringify({ body, expiresAt }));
  localStorage.setItem(`@@auth0spajs@@::${clientId}::@@user@@`, JSON.stringify({ id_token: tokens.id_token, decodedToken }));
}

export function open({ auth0Domain, clientId, redirectUri, scope, endpoints }) {
  const client = new Auth0Client({
    domain: auth0Domain,
    clientId,
    authorizationParams: { redirect_uri: redirectUri, scope },
    cacheLocation: "localstorage",
    useRefreshTokens: true,
  });
  return {
    client,
    refresh: () => client.getTokenSilently({ cacheMode: "off" }),
    getAccessToken: () => client.getTokenSilently(),
    introspect: async () => post(endpoints.introspection, { token: await client.getTokenSilently(), client_id: clientId }),
  };
}

export const signIn = ({ client }) => client.loginWithRedirect();
export const finishSignIn = ({ client }) => client.handleRedirectCallback();
