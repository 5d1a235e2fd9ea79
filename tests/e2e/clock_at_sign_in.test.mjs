// A device whose clock is wrong all the time: signing in, renewing, and nothing beyond that. The clock is set before any script of any
// page runs; timers and the server know nothing of it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { demoUser } from "../servers/oidc_provider.mjs";
import { engine } from "./support/engines.mjs";
import { startStage } from "./support/stage.mjs";
import { startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600_000;
/** So short that a renewal can be waited for, and its time still be told: a tenth of it is the margin. */
const LIFETIME = 20_000;
const MARGIN = LIFETIME / 10;
/** What whole seconds and a busy machine make of two readings of one clock. */
const SLACK = 5_000;

const clocks = [["right", 0], ["an hour ahead", HOUR], ["an hour behind", -HOUR], ["a day ahead", 24 * HOUR], ["a day behind", -24 * HOUR]];

/** A script that sets the clock so far off. */
const wrongClock = (ms) => `() => {
  const Genuine = Date;
  const now = Genuine.now.bind(Genuine);
  globalThis.Date = class Date extends Genuine {
    constructor(...parts) { parts.length > 0 ? super(...parts) : super(now() + ${ms}); }
    static now() { return now() + ${ms}; }
  };
}`;

let first;
before(async () => { first = await startStage(); });
after(() => first?.close());

// All at once, each with a server of its own: most of it is waiting. Where the clock comes with the site's pages there is one at a time.
describe("c01 c05 c06 the device's clock is wrong", { concurrency: engine === "chromium" }, () => {
  for (const [name, ms] of clocks) {
    test(`it is ${name}: sign-in works, the renewal comes when it is due, and no other request does`, async (t) => {
      const stage = await startStage({ layout: "discovery", accessTokenSeconds: LIFETIME / 1000, beside: first });
      const tabs = await startTabs(stage, { scripts: [wrongClock(ms)] });
      t.after(async () => {
        await tabs.close();
        await stage.close();
      });
      const tab = await tabs.open();
      assert.ok(Math.abs((await tab.run(() => new Date().getTime())) - Date.now() - ms) < SLACK, "the clock is off");
      await tab.start();

      await tab.leave();
      await tab.enter();
      const began = Date.now();
      await tab.start();
      const { tokens } = await tab.get("handleRedirect");
      assert.equal(tokens.claims.sub, demoUser.claims.sub);
      assert.equal((await tab.state()).status, "signed-in");
      // By the device's own clock, as everything that an app compares it with.
      assert.ok(Math.abs(tokens.expiresAt - (began + ms + LIFETIME)) < SLACK);
      const { nextRenewalAt } = await tab.diagnostics();
      const left = tokens.expiresAt - nextRenewalAt;
      assert.ok(left >= MARGIN - 10 && left <= 1.5 * MARGIN + 10, `renewed ${left} ms before the end`);
      assert.equal(await tab.get("getAccessToken"), tokens.accessToken, "it is fresh");

      const exchanges = () => stage.proxy.to(stage.paths.token);
      await until(() => exchanges().length > 1, "the renewal", 3 * LIFETIME);
      const waited = exchanges()[1].at - exchanges()[0].at;
      assert.ok(waited >= LIFETIME - 1.5 * MARGIN - 100, `not before it is due: ${waited} ms`);
      await tab.event("renewed");
      const { clockOffsetMs, nextRenewalAt: next } = await tab.diagnostics();
      assert.ok(Math.abs(clockOffsetMs + ms) < SLACK, `${clockOffsetMs}`);
      assert.ok(next > nextRenewalAt);

      await tab.reload();
      assert.equal((await tab.state()).status, "signed-in");
      await tab.get("getAccessToken");
      const ofThePackage = stage.proxy.recent().filter(({ path }) => !path.startsWith("/interaction/") && !path.startsWith(`${stage.paths.authorization}/`));
      // The keys are asked for beside the code's exchange: either may be first.
      assert.deepEqual(ofThePackage.map(({ method, path }) => `${method} ${path}`).toSorted(), [
        "GET /.well-known/openid-configuration",
        `GET ${stage.paths.authorization}`,
        `GET ${stage.paths.jwks}`,
        `POST ${stage.paths.token}`,
        `POST ${stage.paths.token}`,
      ]);
      await tab.get("signOut", { local: true });
      await tabs.assertDiscreet();
    });
  }
});
