// Every fault of the token endpoint in one table: whether a valid access token is still given out, whether the refresh token is
// kept, held and stored, and what refresh() rejects with. The table is printed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { accessTokenSeconds, startStage } from "./support/stage.mjs";

const html = "<!doctype html><title>Sign in to the Wi-Fi</title>";
const asHtml = { "content-type": "text/html" };
const okta = { errorCode: "E0000006", errorSummary: "No", errorLink: "E0000006", errorId: "oaeZ1", errorCauses: [] };
const exposed = { "retry-after": "60", "access-control-expose-headers": "retry-after" };
const oauth = (status, error) => fault.answer(status, { error });
const other = (claims) => fault.edited((body) => {
  const [head, payload, signature] = body.id_token.split(".");
  const changed = { ...JSON.parse(Buffer.from(payload, "base64url")), ...claims };
  return { ...body, id_token: [head, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".") };
});
const without = (member) => fault.edited(({ [member]: _, ...body }) => body);

const KEPT = "kept";
const NEW = "the new one";
const CLEARED = "cleared";

/** The row of the fault list, the fault, the code, and what becomes of the refresh token. */
const rows = [
  ["n01 the connection is dropped before the server saw the request", fault.dropped, "network", KEPT],
  ["n02 the connection is dropped after the server rotated", fault.droppedAfter, "network", KEPT],
  ["n03 no answer", fault.silent, "timeout", KEPT],
  ["n05 500 with HTML", fault.answer(500, html, asHtml), "server", KEPT],
  ["n05 500 with invalid_grant", oauth(500, "invalid_grant"), "server", KEPT],
  ["n05 502 with JSON", fault.answer(502, { message: "bad gateway" }), "server", KEPT],
  ["n05 503 with HTML, after the server rotated", fault.replaced(503, html, asHtml), "server", KEPT],
  ["n05 504, empty", fault.answer(504, ""), "server", KEPT],
  ["n06 429 with Retry-After", fault.answer(429, "", exposed), "rate_limited", KEPT],
  ["n06 429 with invalid_grant", oauth(429, "invalid_grant"), "rate_limited", KEPT],
  ...[301, 302, 303, 307, 308].map((status) => [`n07 ${status}`, fault.answer(status, "", { location: "/elsewhere" }), "network", KEPT]),
  ["n08 200 with HTML", fault.answer(200, html, asHtml), "server", KEPT],
  ["n08 200 with HTML, after the server rotated", fault.replaced(200, html, asHtml), "server", KEPT],
  ["n09 the body stops", fault.stalled('{"access_token":"abc"'), "timeout", KEPT],
  ["n11 400 with invalid_grant, without CORS", fault.withoutCors(400, { error: "invalid_grant" }), "network", KEPT],
  ["n11 503 without CORS", fault.withoutCors(503, html), "network", KEPT],
  ["r03 400 invalid_grant", oauth(400, "invalid_grant"), "invalid_grant", CLEARED],
  ["r05 401 invalid_client", oauth(401, "invalid_client"), "oauth", KEPT],
  ["r05 400 invalid_request", oauth(400, "invalid_request"), "oauth", KEPT],
  ["r05 400 invalid_scope", oauth(400, "invalid_scope"), "oauth", KEPT],
  ["r05 403 unauthorized_client", oauth(403, "unauthorized_client"), "oauth", KEPT],
  ["r05 400 unsupported_grant_type", oauth(400, "unsupported_grant_type"), "oauth", KEPT],
  ["r05 400 server_error", oauth(400, "server_error"), "server", KEPT],
  ["r06 403 in Okta's shape", fault.answer(403, okta), "oauth", KEPT],
  ["r06 429 in Okta's shape", fault.answer(429, okta), "rate_limited", KEPT],
  ["r07 401 with invalid_grant", oauth(401, "invalid_grant"), "invalid_grant", CLEARED],
  ["r07 200 with invalid_grant", oauth(200, "invalid_grant"), "invalid_grant", CLEARED],
  ["r08 400, empty", fault.answer(400, ""), "server", KEPT],
  ["r08 403 with HTML", fault.answer(403, html, asHtml), "server", KEPT],
  ["v01 200, cut short, after the server rotated", fault.replaced(200, '{"access_token":"abc","refr'), "server", KEPT],
  ["v01 200 with a list", fault.answer(200, []), "server", KEPT],
  ["v03 no access_token, after the server rotated", without("access_token"), "invalid_response", NEW],
  ["v04 an unknown token_type, after the server rotated", fault.edited((body) => ({ ...body, token_type: "mac" })), "invalid_response", NEW],
  ["v07 another sub in the id_token", other({ sub: "mallory" }), "id_token_invalid", NEW],
  ["v07 another iss in the id_token", other({ iss: "https://evil.example" }), "id_token_invalid", NEW],
  ["v07 another aud in the id_token", other({ aud: "another" }), "id_token_invalid", NEW],
];

let stage;
const table = ["| fault | getAccessToken() gives the valid token | refresh token | refresh() |", "|---|---|---|---|"];
before(async () => {
  stage = await startStage();
  await stage.fresh();
});
after(async () => {
  console.log(`\n${table.join("\n")}\n`);
  await stage?.close();
});

describe("one table", () => {
  for (const [name, spoil, code, fate] of rows) {
    test(name, async () => {
      stage.proxy.forget();
      const tokens = await stage.newTokens();
      stage.proxy.forget();
      stage.proxy.always(stage.paths.token, spoil);
      // The access token is valid, and older than the caller asks for: so the endpoint is asked, and says what it says.
      // Where no answer comes, only then, nobody has to wait long for it.
      const asked = { minValiditySeconds: accessTokenSeconds, ...(code === "timeout" && { timeoutMs: 250 }) };
      const found = await stage.browser.run(async (config, tokens, { timeoutMs, ...asked }) => {
        await probe.start(config);
        await probe.client.setTokens(tokens);
        const got = await probe.settle(() => probe.client.getAccessToken(timeoutMs ? { ...asked, timeoutMs } : asked));
        const refreshed = await probe.settle(() => probe.client.refresh(timeoutMs ? { timeoutMs } : {}));
        const { refreshToken, status, stored } = probe.state();
        const again = await probe.settle(() => probe.client.getAccessToken());
        const reloaded = await probe.start(config);
        probe.client.close();
        return { got, refreshed, again, refreshToken, status, stored, reloaded: reloaded.refreshToken };
      }, { ...stage.config, name }, tokens, asked);

      const stored = JSON.stringify(found.stored.session);
      const isGiven = found.got.value === tokens.access_token && found.again.value === tokens.access_token;
      const exchanges = stage.proxy.to(stage.paths.token);
      let seen = "lost";
      if (found.refreshToken === null && found.status === "signed-out") seen = CLEARED;
      else if (found.refreshToken === tokens.refresh_token) seen = KEPT;
      else if (exchanges.some(({ answer }) => answer?.body.includes(found.refreshToken))) seen = NEW;
      // What ends the session is told to the call that met it; there is none to refresh after that.
      const error = fate === CLEARED ? found.got.error : found.refreshed.error;
      const refreshed = error?.code ?? "succeeds";
      table.push(`| ${name} | ${isGiven ? "yes" : "no"} | ${seen} | \`${refreshed}\` |`);

      if (fate === CLEARED) {
        assert.equal(error.sessionLost, true);
        assert.equal(found.refreshed.error.code, "no_session");
        assert.equal(exchanges.length, 1);
      } else {
        assert.ok(isGiven, `getAccessToken: ${JSON.stringify(found.got.error ?? found.again.error)}`);
        assert.equal(exchanges.length, code === "timeout" ? 1 : 2, "an exchange that is open is joined");
        assert.ok(stored.includes(found.refreshToken), "what is held is stored");
      }
      assert.equal(refreshed, code);
      assert.equal(seen, fate);
      assert.equal(found.reloaded, found.refreshToken, "and the next page load finds the same");
    });
  }
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
