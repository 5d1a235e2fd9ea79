// Each field of the configuration, wrong in each way. A row: what it shows, what replaces the field's right value, the
// field that the message has to name (its last part, where the field has parts), and the code where it is another one.
// Loaded by the page, which makes the clients, and by the test, which names the tests.

const https = "https://id.example";

export const rows = [
  ["no configuration", () => undefined, "config"],
  ["a configuration that is null", () => null, "config"],
  ["a configuration that is a text", () => "https://id.example", "config"],

  ...each("issuer", [undefined, null, 7, "", "id.example", "//id.example", "not a url", "ftp://id.example", "javascript:alert(1)",
    `${https}/?tenant=1`, `${https}?`, `${https}/?`, `${https}/#top`, "https://user:secret@id.example", {}]),
  ["issuer: an Okta admin host", { issuer: "https://dev-1-admin.okta.com/oauth2/default" }, "https://dev-1.okta.com"],
  ...each("issuer", [
    "http://id.example", "http://localhost.evil.example", "http://127.0.0.1.nip.example",
    "http://10.0.0.1", "http://0.0.0.0", "http://127.0.0.1@evil.example", "http://localhost./",
  ], "insecure_issuer"),
  ...each("clientId", [undefined, null, "", 7, {}]),
  ...each("redirectUri", [null, 7, "", "callback", "/callback", "javascript:alert(1)", `${https}/callback#part`]),
  ...each("scope", [null, 7, {}, [7], ["openid", null]]),
  ...each("resource", [null, 7, {}, [7], "not a url", "https://api.example/#part"]),
  ...each("endpoints", [null, 7, "auth0", "Okta", []]),
  ["endpoints: an unknown one", { endpoints: { tokens: `${https}/token` } }, "tokens"],
  ...["token", "authorization", "introspection", "revocation", "userinfo", "endSession", "jwks", "pushedAuthorizationRequest"].flatMap((name) =>
    [null, 7, "", "/token", "javascript:alert(1)", "http://evil.example/token", "https://user:secret@id.example/", `${https}/#part`].map((wrong) =>
      [`endpoints.${name}: ${shown(wrong)}`, { endpoints: { [name]: wrong } }, name])),
  ...each("pushedAuthorizationRequests", [null, "yes", 1]),
  ...each("name", [null, 7, {}]),
  ...each("storage", [null, 7, "cookie", "Session", {}, { getItem() {}, setItem() {} }, { getItem: 1, setItem: 2, removeItem: 3 }]),
  ...each("autoRenew", [null, "yes", 1]),
  ...each("idleTimeoutSeconds", [null, "60", -1, NaN]),
  ...each("shareSession", [null, "yes", 1]),
  ...each("renewBeforeSeconds", [null, "30", -1, NaN, Infinity]),
  ...each("rotationGraceSeconds", [null, "30", -1, NaN, Infinity]),
  ...each("timeoutMs", [null, "10000", -1, 0, NaN, Infinity]),
  ...each("clockToleranceSeconds", [null, "300", -1, NaN, Infinity]),
  ...each("allowedOrigins", [null, 7, "https://api.example", [7], ["not an origin"], ["https://api.example/path"]]),
  ...each("dpop", [null, "yes", 1]),
  ["dpop: not yet", { dpop: true }, "dpop"],
  ...each("fetch", [null, 7, "fetch", {}]),

  ["a client secret, which no page can keep", { clientSecret: "shh" }, "clientSecret"],
  ["a misspelt field", { clientID: "spa" }, "clientID"],
  ["a field of another package", { authority: https }, "authority"],
  ["a field that every object inherits", { hasOwnProperty: 1 }, "hasOwnProperty"],
];

/** Accepted though unusual, and what 0.1 accepts without acting on it yet. */
export const fine = [
  { issuer: `${https}/` }, { issuer: "http://localhost:8080" }, { issuer: "http://127.0.0.1:8080" }, { issuer: "http://127.9.9.9" },
  { issuer: "http://[::1]:8080" }, { issuer: "https://dev-1.okta.com/oauth2/default" },
  { redirectUri: undefined }, { redirectUri: `${https}/callback?tenant=1` }, { redirectUri: "http://localhost/callback" },
  { scope: "openid" }, { scope: ["openid", "offline_access"] }, { scope: undefined },
  { resource: "https://api.example/" }, { resource: ["https://a.example/", "urn:example:b"] },
  { endpoints: {} }, { endpoints: { token: `${https}/token?tenant=1` } }, { endpoints: { token: "http://localhost:8080/token" } },
  { name: "" }, { name: "second" }, { storage: "session" }, { storage: "local" }, { storage: "memory" },
  { storage: { getItem: () => null, setItem() {}, removeItem() {} } },
  { autoRenew: false }, { autoRenew: true }, { idleTimeoutSeconds: 900 }, { shareSession: false }, { shareSession: true }, { renewBeforeSeconds: 0 },
  { rotationGraceSeconds: 0 }, { rotationGraceSeconds: 60 }, { timeoutMs: 1 }, { clockToleranceSeconds: 0 },
  { allowedOrigins: [] }, { allowedOrigins: ["https://api.example"] }, { dpop: false },
  { pushedAuthorizationRequests: false }, { pushedAuthorizationRequests: true },
  { fetch: (...args) => globalThis.fetch(...args) },
];

/** The configuration of a row: the change, laid over one that is right; a function makes all of it. */
export function configOf(change) {
  return typeof change === "function" ? change() : { issuer: https, clientId: "spa", redirectUri: "https://app.example/callback", ...change };
}

function each(field, values, code) {
  return values.map((value) => [`${field}: ${shown(value)}`, { [field]: value }, field, code]);
}

export function shown(value) {
  return JSON.stringify(value, (_, member) => (typeof member === "number" && !Number.isFinite(member) ? String(member) : typeof member === "function" ? "function" : member)) ?? "undefined";
}
