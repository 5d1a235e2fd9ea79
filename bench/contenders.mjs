// Who is measured, in the order of the tables. A contender is a module in contenders/ that gives
//   adopt(config, tokens)   keeps the tokens of a token response where the contender keeps its tokens
//   open(config)            the client of a page that has tokens: `refresh()`, `getAccessToken()`, `introspect()`
//   signIn(client), finishSignIn(client)
//   refreshesWhenOpened     where `open` cannot but refresh

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { devDependencies: pinned } = require("./package.json");

export const BARE = "bare";
/** Bare once more: what differs between the two is the noise. */
export const CONTROL = "control";
export const BARE_VERIFIED = "bare_verified";
export const BARE_TABS = "bare_tabs";
export const OURS = "rekindle";

export const contenders = [
  { id: BARE, name: "bare fetch + sessionStorage" },
  { id: CONTROL, name: "bare again (control)", module: "bare" },
  { id: BARE_VERIFIED, name: "bare, ID token verified" },
  { id: BARE_TABS, name: "bare, tabs safe (lock + IndexedDB)" },
  { id: OURS, name: "rekindle", package: "rekindle" },
  { id: "keycloak_js", package: "keycloak-js" },
  { id: "oidc_client_ts", package: "oidc-client-ts" },
  { id: "okta_auth_js_core", package: "@okta/okta-auth-js", entry: " core" },
  { id: "okta_auth_js", package: "@okta/okta-auth-js" },
  { id: "auth0_spa_js", package: "@auth0/auth0-spa-js" },
].map(({ id, name, module = id, package: from, entry = "" }) => ({
  id,
  name: name ?? `${from.split("/").at(-1)}${entry} ${pinned[from]}`,
  module,
}));
