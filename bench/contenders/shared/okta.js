// okta-auth-js, whichever of its entries `OktaAuth` is from.

import { claimsOf } from "./claims.js";

export function contenderOf(OktaAuth) {
  function authOf({ issuer, clientId, redirectUri, scope, endpoints, autoRenew = true }) {
    return new OktaAuth({
      issuer,
      clientId,
      redirectUri,
      scopes: scope.split(" "),
      tokenUrl: endpoints.token,
      authorizeUrl: endpoints.authorization,
      tokenManager: { storage: "sessionStorage", autoRenew },
      services: { autoRenew },
    });
  }

  return {
    adopt(config, tokens) {
      const { endpoints, clientId, issuer, scope } = config;
      const shared = {
        expiresAt: Math.floor(Date.now() / 1_000) + tokens.expires_in,
        scopes: scope.split(" "),
        authorizeUrl: endpoints.authorization,
      };
      authOf(config).tokenManager.setTokens({
        accessToken: { ...shared, accessToken: tokens.access_token, tokenType: "Bearer", userinfoUrl: endpoints.userinfo, claims: claimsOf(tokens.access_token) },
        idToken: { ...shared, idToken: tokens.id_token, claims: claimsOf(tokens.id_token), issuer, clientId },
        refreshToken: { ...shared, refreshToken: tokens.refresh_token, tokenUrl: endpoints.token, issuer },
      });
    },

    async open(config) {
      const auth = authOf(config);
      // Renews what is about to expire.
      if (config.autoRenew ?? true) await auth.start();
      return {
        auth,
        refresh: () => auth.tokenManager.renew("accessToken"),
        getAccessToken: () => auth.getOrRenewAccessToken(),
        // Which token it is about has to be said: by itself it looks at a promise for it.
        introspect: () => auth.token.introspect("accessToken", auth.tokenManager.getTokensSync().accessToken),
      };
    },

    signIn: ({ auth }) => auth.signInWithRedirect(),
    finishSignIn: ({ auth }) => auth.handleRedirect(),
  };
}
