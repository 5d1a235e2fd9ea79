import { User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import { post } from "./shared/requests.js";
import { claimsOf } from "./shared/claims.js";

function managerOf({ issuer, clientId, redirectUri, scope, endpoints, autoRenew = true }) {
  return new UserManager({
    authority: issuer,
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    metadata: { issuer, authorization_endpoint: endpoints.authorization, token_endpoint: endpoints.token, jwks_uri: endpoints.jwks },
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    automaticSilentRenew: autoRenew,
  });
}

export async function adopt(config, tokens) {
  const expires_at = Math.floor(Date.now() / 1_000) + tokens.expires_in;
  await managerOf({ ...config, autoRenew: false }).storeUser(new User({ ...tokens, expires_at, profile: claimsOf(tokens.id_token) }));
}

export async function open(config) {
  const manager = managerOf(config);
  // Sets the timer of the silent renewal.
  await manager.getUser();
  return {
    manager,
    refresh: () => manager.signinSilent(),
    async getAccessToken() {
      const user = await manager.getUser();
      return (user.expired ? await manager.signinSilent() : user).access_token;
    },
    async introspect() {
      const { access_token: token } = await manager.getUser();
      return post(config.endpoints.introspection, { token, client_id: config.clientId });
    },
  };
}

export const signIn = ({ manager }) => manager.signinRedirect();
export const finishSignIn = ({ manager }) => manager.signinRedirectCallback();
