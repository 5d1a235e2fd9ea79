// Time: clocks that are wrong or jump, pages that sleep, lifetimes of seconds and of months, no network for a while. A page's time of
// day is moved by `moveClock`; its timers and the server know nothing of that, as when a laptop wakes.

import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { accessTokenSeconds, startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600_000;
/** So long before its expiry a token of this server is renewed at the latest, and at the earliest. */
const MARGIN = 30_000;

let stage;
let tabs;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage, { scripts: [movableClock] });
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
beforeEach(() => stage.proxy.forget());
afterEach(async () => {
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

const exchanges = () => stage.proxy.to(stage.paths.token);

/** A tab that is signed in; the proxy counts from here. */
async function signedIn(config) {
  const tab = await tabs.signedIn(config);
  stage.proxy.forget();
  return tab;
}
const moveClock = (tab, ms) => tab.run((ms) => globalThis.moveClock(ms), ms);

/** All that a browser may tell a page that was asleep, at once. Where it was offline too, renewal is spread over some seconds. */
const wake = (tab, ...more) => tab.run((more) => {
  document.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  document.dispatchEvent(new Event("resume"));
  for (const type of ["focus", ...more]) window.dispatchEvent(new Event(type));
}, more);
const newestIn = (tab) => until(async () => {
  const answer = exchanges().at(-1)?.answer;
  return answer?.status === 200 && tab.holds(JSON.parse(answer.body));
}, "the newest tokens are here");

describe("c03 the device slept past the token's end", () => {
  test("one tab: it renews once, not once per event", async () => {
    const tab = await signedIn();
    await moveClock(tab, HOUR);
    assert.equal((await tab.state()).status, "expired");
    await wake(tab, "online");
    await newestIn(tab);
    await wake(tab, "online");
    await tab.get("introspect");
    assert.equal(exchanges().length, 1);
    assert.equal((await tab.state()).status, "signed-in");
  });

  test("four tabs: one request for all of them", async () => {
    const first = await signedIn();
    const all = [first, await first.duplicate(), await first.duplicate(), await first.windowOpen()];
    await Promise.all(all.map((tab) => moveClock(tab, HOUR)));
    await Promise.all(all.map(wake));
    for (const tab of all) await newestIn(tab);
    assert.equal(exchanges().length, 1);
    assert.equal((await first.get("introspect")).active, true);
  });

  test("c04 a page that was frozen renews once when it goes on, whatever its timers say", { skip: lacking("freeze") }, async () => {
    const tab = await signedIn();
    await tab.freeze();
    await moveClock(tab, HOUR);
    await tab.thaw();
    await newestIn(tab);
    assert.equal(exchanges().length, 1);
  });

  test("c04 getAccessToken does not rely on a timer having run", async () => {
    const tab = await signedIn({ ...stage.config, autoRenew: false });
    const held = await tab.get("getAccessToken");
    await moveClock(tab, HOUR);
    assert.notEqual(await tab.get("getAccessToken"), held);
    assert.equal(exchanges().length, 1);
  });
});

describe("c01 c02 the clock", () => {
  for (const [name, hours] of [["behind", -5], ["ahead", 5]]) {
    test(`is five hours ${name}, always: tokens are fresh, refreshed and dated by it`, async () => {
      const tokens = await stage.newTokens();
      const tab = await tabs.open();
      await moveClock(tab, hours * HOUR);
      await tab.start();
      await tab.get("setTokens", tokens);
      stage.proxy.forget();
      assert.equal(await tab.get("getAccessToken"), tokens.access_token);
      assert.equal(exchanges().length, 0);
      const { expiresAt } = await tab.get("refresh");
      assert.ok(Math.abs(expiresAt - (Date.now() + hours * HOUR + accessTokenSeconds * 1000)) < 5_000);
      const { clockOffsetMs } = await tab.diagnostics();
      assert.ok(Math.abs(clockOffsetMs + hours * HOUR) < 5_000, `${clockOffsetMs}`);
      assert.equal((await tab.state()).status, "signed-in");
    });
  }

  test("is set back while the page lives: no lifetime gets longer", async () => {
    const tab = await signedIn({ ...stage.config, autoRenew: false });
    const held = await tab.get("getAccessToken");
    await moveClock(tab, -HOUR);
    const { expiresAt } = await tab.get("refresh");
    assert.ok(expiresAt - (Date.now() - HOUR) <= accessTokenSeconds * 1000);
    await moveClock(tab, accessTokenSeconds * 1000);
    const renewed = await tab.get("getAccessToken");
    assert.notEqual(renewed, held);
    assert.equal(exchanges().length, 2);
  });

  test("is set forward while the page lives, and nobody tells: the next call refreshes", async () => {
    const tab = await signedIn({ ...stage.config, autoRenew: false });
    await moveClock(tab, HOUR);
    assert.equal((await tab.state()).status, "expired");
    await tab.get("getAccessToken");
    assert.equal((await tab.state()).status, "signed-in");
    assert.equal(exchanges().length, 1);
  });
});

test("c05 an id_token from a server whose clock is wrong: at refresh all tokens are kept, and diagnostics says how wrong", async () => {
  const tab = await signedIn();
  const wrong = (body) => {
    const [head, payload] = body.id_token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url"));
    const moved = { ...claims, iat: claims.iat - 7_200, exp: claims.exp - 7_200 };
    const text = `${head}.${Buffer.from(JSON.stringify(moved)).toString("base64url")}`;
    const signature = sign("sha256", text, createPrivateKey({ key: stage.server.signingKey, format: "jwk" }));
    return { ...body, id_token: `${text}.${signature.toString("base64url")}` };
  };
  stage.proxy.next(stage.paths.token, fault.edited(wrong));
  const { idToken } = await tab.get("refresh");
  assert.equal(idToken, JSON.parse(exchanges()[0].answer.body).id_token);
  const { clockOffsetMs } = await tab.diagnostics();
  assert.ok(Math.abs(clockOffsetMs + 7_200_000) < 5_000, `${clockOffsetMs}`);
  await tab.get("refresh");
});

describe("c06 c07 lifetimes", () => {
  const lasting = (seconds) => fault.edited((body) => ({ ...body, expires_in: seconds }));

  test("of two seconds: it is renewed by itself, and two background requests are five seconds apart", async () => {
    stage.proxy.always(stage.paths.token, lasting(2));
    const tab = await tabs.signedIn();
    const began = exchanges().length;
    await until(() => exchanges().length >= began + 2, "two renewals");
    const [first, second] = exchanges().slice(began).map(({ at }) => at);
    assert.ok(second - first >= 4_900, `${second - first} ms apart`);
    const events = await tab.events();
    assert.ok(events.includes("renewed") && events.includes("expired"), `${events}`);
  });

  test("of 20 seconds, with a margin of 30: the margin shrinks to a tenth", async () => {
    stage.proxy.always(stage.paths.token, lasting(20));
    const tab = await tabs.signedIn();
    stage.proxy.forget();
    const { nextRenewalAt } = await tab.diagnostics();
    const left = (await tab.state()).tokens.expiresAt - nextRenewalAt;
    assert.ok(left >= 1_990 && left <= 3_010, `${left} ms before expiry`);
    await tab.get("getAccessToken");
    assert.equal(exchanges().length, 0);
  });

  test("of two years: no timer fires at once, and the expiry is 30 days away at most", async () => {
    stage.proxy.always(stage.paths.token, lasting(63_072_000));
    const tab = await tabs.signedIn();
    stage.proxy.forget();
    const { nextRenewalAt } = await tab.diagnostics();
    const { expiresAt } = (await tab.state()).tokens;
    assert.ok(expiresAt <= Date.now() + 30 * 24 * HOUR && nextRenewalAt > Date.now() + 29 * 24 * HOUR);
    for (let call = 0; call < 5; call++) await tab.get("introspect");
    assert.equal(exchanges().length, 0);
  });

  test("of ten minutes: the background begins between 1 and 1.5 margins before expiry, at random", async () => {
    const tab = await signedIn();
    const lefts = [];
    while (lefts.length < 5) {
      const { expiresAt } = await tab.get("refresh");
      lefts.push(expiresAt - (await tab.diagnostics()).nextRenewalAt);
    }
    assert.ok(lefts.every((left) => left >= MARGIN - 10 && left <= 1.5 * MARGIN + 10), `${lefts}`);
    assert.ok(Math.max(...lefts) - Math.min(...lefts) > 100, `${lefts}`);
  });
});

describe("n01 offline", () => {
  test("an explicit call is tried and says network; back online the session is renewed once for all tabs, by itself", { skip: lacking("offline") }, async () => {
    const first = await signedIn();
    const all = [first, await first.duplicate(), await first.duplicate()];
    await Promise.all(all.map((tab) => tab.offline(true)));
    const { error } = await first.call("refresh", { timeoutMs: 2_000 });
    assert.deepEqual([error.code, error.retryable, error.sessionLost], ["network", true, false]);
    await Promise.all(all.map((tab) => moveClock(tab, HOUR)));
    assert.equal(exchanges().length, 0);
    await Promise.all(all.map((tab) => tab.offline(false)));
    for (const tab of all) await newestIn(tab);
    assert.equal(exchanges().length, 1);
  });

  test("navigator.onLine is wrong: an explicit call works all the same", async () => {
    const tab = await signedIn();
    await tab.run(() => void Object.defineProperty(Navigator.prototype, "onLine", { get: () => false }));
    await tab.get("refresh");
    assert.equal(exchanges().length, 1);
  });
});

describe("g a renewal in the background fails", () => {
  test("renew-failed is told, a valid token is given out, and what failed is in the snapshot until the next success", async () => {
    const tab = await signedIn();
    const held = await tab.get("getAccessToken");
    stage.proxy.always(stage.paths.token, fault.answer(503, ""));
    // Within the margin, and still valid.
    await moveClock(tab, accessTokenSeconds * 1000 - MARGIN / 2);
    await wake(tab);
    await tab.event("renew-failed");
    const { status, error } = await tab.state();
    assert.deepEqual([status, error.code, error.status], ["signed-in", "server", 503]);
    assert.equal(await tab.get("getAccessToken"), held);
    stage.proxy.forget();
    await tab.get("refresh");
    assert.equal((await tab.state()).error, null);
  });

  test("n06 q10 with 429: nothing more is sent by itself before it may be", async () => {
    const tab = await signedIn();
    stage.proxy.always(stage.paths.token, fault.answer(429, "", { "retry-after": "60", "access-control-expose-headers": "retry-after" }));
    await moveClock(tab, HOUR);
    await wake(tab);
    await tab.event("renew-failed");
    for (let times = 0; times < 3; times++) {
      await wake(tab);
      await tab.get("introspect");
    }
    assert.equal(exchanges().length, 1);
    const { nextRenewalAt } = await tab.diagnostics();
    assert.ok(Math.abs(nextRenewalAt - (Date.now() + HOUR + 60_000)) < 10_000, `${nextRenewalAt - Date.now() - HOUR}`);
  });

  test("r05 with invalid_client: it pauses until someone asks", async () => {
    const tab = await signedIn();
    stage.proxy.always(stage.paths.token, fault.answer(401, { error: "invalid_client" }));
    await moveClock(tab, HOUR);
    await wake(tab);
    await tab.event("renew-failed");
    await wake(tab);
    await tab.get("introspect");
    assert.equal(exchanges().length, 1);
    assert.equal((await tab.diagnostics()).nextRenewalAt, null);
    stage.proxy.forget();
    await tab.get("refresh");
    assert.ok((await tab.diagnostics()).nextRenewalAt > Date.now() + HOUR);
  });
});

describe("the end of an access token", () => {
  test("expired is told once, where it was not renewed", async () => {
    const tab = await signedIn({ ...stage.config, autoRenew: false });
    await moveClock(tab, HOUR);
    await wake(tab);
    await tab.event("expired");
    await wake(tab);
    await tab.get("introspect");
    assert.deepEqual((await tab.events()).filter((type) => type !== "signed-in"), ["expired"]);
    assert.equal((await tab.state()).status, "expired");
    assert.equal(exchanges().length, 0);
  });

  test("r12 without a refresh token nothing is sent, and the session ends with it", async () => {
    const { refresh_token: _, ...tokens } = await stage.newTokens();
    const tab = await tabs.signedIn(stage.config, tokens);
    stage.proxy.forget();
    assert.equal((await tab.call("refresh")).error.code, "no_refresh_token");
    await moveClock(tab, HOUR);
    await wake(tab);
    await tab.event("expired");
    assert.equal((await tab.state()).status, "signed-out");
    assert.equal((await tab.call("getAccessToken")).error.sessionLost, true);
    assert.equal(exchanges().length, 0);
  });
});

test("idleTimeoutSeconds: nothing is renewed for a user who is away; one who is back is, and tabs count as one", async () => {
  const config = { ...stage.config, idleTimeoutSeconds: 900 };
  const first = await signedIn(config);
  const other = await first.duplicate(config);
  for (const tab of [first, other]) {
    await moveClock(tab, HOUR);
    await wake(tab);
    await tab.event("expired");
  }
  assert.equal(exchanges().length, 0);
  await first.press("a");
  for (const tab of [first, other]) await newestIn(tab);
  assert.equal(exchanges().length, 1);
});
