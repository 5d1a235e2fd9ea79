import Keycloak from "keycloak-js";
import { post } from "./shared/requests.js";

const KEY = "tokens";

/** `init` with tokens asks the server for new ones at once. */
export const refreshesWhenOpened = true;

/** It keeps its tokens in memory alone; an app that wants them to survive a reload stores them. */
export function adopt(config, { access_token: token, refresh_token: refreshToken, id_token: idToken }) {
  sessionStorage.setItem(KEY, JSON.stringify({ token, refreshToken, idToken }));
}

export async function open({ issuer, clientId, redirectUri, scope, endpoints, autoRenew = true }) {
  const keycloak = new Keycloak({
    clientId,
    oidcProvider: { issuer, authorization_endpoint: endpoints.authorization, token_endpoint: endpoints.token, jwks_uri: endpoints.jwks },
  });
  const store = () => {
    const { token, refreshToken, idToken } = keycloak;
    sessionStorage.setItem(KEY, JSON.stringify({ token, refreshToken, idToken }));
  };
  keycloak.onAuthSuccess = store;
  keycloak.onAuthRefreshSuccess = store;
  if (autoRenew) keycloak.onTokenExpired = () => keycloak.updateToken();
  await keycloak.init({ checkLoginIframe: false, pkceMethod: "S256", redirectUri, scope, ...JSON.parse(sessionStorage.getItem(KEY)) });
  return {
    keycloak,
    refresh: () => keycloak.updateToken(-1),
    async getAccessToken() {
      await keycloak.updateToken();
      return keycloak.token;
    },
    introspect: () => post(endpoints.introspection, { token: keycloak.token, client_id: clientId }),
  };
}

export const signIn = ({ keycloak }) => keycloak.login();
/** `init` has done it. */
export const finishSignIn = () => {};
