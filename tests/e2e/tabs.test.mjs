// Several tabs of one session: what one of them does reaches the others, whether they are awake, asleep, or come later.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

/** Runs in each page before any of its scripts: while `deaf` is not 0 it misses that many hand-overs of tokens, and counts them. */
function missHandOvers() {
  globalThis.deaf = 0;
  globalThis.missed = 0;
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    constructor(name) {
      super(name);
      this.addEventListener("message", (event) => {
        if (!globalThis.deaf || event.data.what !== "tokens") return;
        globalThis.deaf--;
        globalThis.missed++;
        event.stopImmediatePropagation();
      });
    }
  };
}

let stage;
let tabs;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage, { scripts: [movableClock, missHandOvers] });
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

/** A tab that is signed in; the proxy counts from here. */
async function signedIn(config) {
  const tab = await tabs.signedIn(config);
  stage.proxy.forget();
  return tab;
}
const exchanges = () => stage.proxy.to(stage.paths.token);
const holds = async (tab, { refreshToken }) => (await tab.state()).refreshToken === refreshToken;
const sameAs = async (tab, other) => until(async () => holds(tab, await other.state()), "both tabs hold the same");
const sessionKeys = async (tab) => Object.keys((await tab.state()).stored.session).filter((key) => key.startsWith("rekindle:session:"));

describe("t02 a duplicated tab", () => {
  test("is given what the original's refresh brings, with no request of its own", async () => {
    const original = await signedIn();
    const copy = await original.duplicate();
    await original.get("refresh");
    await copy.event("renewed");
    await sameAs(copy, original);
    const record = async (tab) => Object.entries(await tab.storage()).filter(([key]) => key.startsWith("rekindle:session:"));
    assert.deepEqual(await record(copy), await record(original));
    await copy.get("refresh");
    await sameAs(original, copy);
    assert.equal(exchanges().length, 2);
    assert.equal((await original.get("introspect")).active, true);
  });

  test("that missed the hand-over asks before its first refresh", async () => {
    const original = await signedIn();
    const copy = await original.duplicate(null);
    await original.get("refresh");
    const { error } = await copy.run(async (config) => {
      const client = await probe.createClient(config);
      const outcome = await probe.settle(() => client.refresh());
      client.close();
      return outcome;
    }, stage.config);
    assert.equal(error, undefined);
    assert.ok(exchanges().every(({ answer }) => answer.status === 200), "no spent token was sent");
  });

  test("that was frozen meanwhile catches up when it wakes", { skip: lacking("freeze") }, async () => {
    const original = await signedIn();
    const copy = await original.duplicate();
    await copy.freeze();
    await original.get("refresh");
    await original.get("refresh");
    await copy.thaw();
    await sameAs(copy, original);
    assert.equal(exchanges().length, 2);
  });

  test("that was frozen meanwhile has the tokens of an original that is closed", { skip: lacking("freeze") }, async () => {
    const original = await signedIn();
    const copy = await original.duplicate();
    await copy.freeze();
    const { accessToken } = await original.get("refresh");
    await original.close();
    await copy.thaw();
    await until(async () => (await copy.state()).tokens.accessToken === accessToken, "what was posted is heard");
    await copy.get("refresh");
    assert.equal((await copy.get("introspect")).active, true);
  });

  for (const [often, times] of [["once", 1], ["three times", 3]]) {
    test(`that misses what it is told ${often} knows that it is behind, and asks until it has it`, async () => {
      const original = await signedIn();
      const copy = await original.duplicate();
      await copy.run((times) => { globalThis.deaf = times; }, times);
      await original.get("refresh");
      await until(() => copy.run(() => globalThis.missed === 1), "the hand-over is missed");
      await copy.get("refresh");
      await sameAs(copy, original);
      assert.ok(exchanges().every(({ answer }) => answer.status === 200), "no spent token was sent");
      assert.equal((await copy.get("introspect")).active, true);
    });
  }

  test("that knows that it is behind a tab that hangs sends nothing: its call ends in time, its access token stays at hand", { skip: lacking("hang") }, async () => {
    const original = await signedIn();
    const copy = await original.duplicate();
    await copy.run(() => { globalThis.deaf = 1; });
    await original.get("refresh");
    await until(() => copy.run(() => globalThis.missed === 1), "the hand-over is missed");
    const loop = original.cdp.send("Runtime.evaluate", { expression: "for (;;);" }).catch(() => {});
    assert.equal((await copy.call("refresh", { timeoutMs: 600 })).error.code, "timeout");
    assert.equal(await copy.get("getAccessToken"), (await copy.state()).tokens.accessToken);
    assert.equal(exchanges().length, 1);
    await original.cdp.send("Runtime.terminateExecution");
    await loop;
    // The call that began before it was caught up goes on with the newer token.
    await sameAs(copy, original);
    await until(() => exchanges().every(({ answer }) => answer?.status === 200), "each request is answered, and none is refused");
  });

  test("of a duplicate, opened by the page, is one more", async () => {
    const original = await signedIn();
    const opened = await (await original.duplicate()).windowOpen();
    await original.get("refresh");
    await sameAs(opened, original);
    assert.equal((await opened.diagnostics()).coordination, "locks");
  });
});

// Symptom: the second call hung, and every later one. Cause: the first exchange's turn had passed to the second one before it let go
// of the lock. Without the fix it rejects with timeout.
test("r09 a refresh that begins in the moment when another one has ended is an exchange of its own", async () => {
  const tab = await signedIn();
  const codes = await tab.run(async () => {
    const codes = [];
    while (codes.length < 3) codes.push((await probe.settle(() => probe.client.refresh({ timeoutMs: 3_000 }))).error?.code ?? "ok");
    return codes;
  });
  assert.deepEqual(codes, ["ok", "ok", "ok"]);
  assert.equal(exchanges().length, 3);
});

test("t03 r03 the copy of a tab that is gone holds a spent token: one clean invalid_grant", async () => {
  const original = await signedIn();
  const copy = await original.duplicate(null);
  await original.get("refresh");
  await original.close();
  await copy.start();
  const { error } = await copy.call("refresh");
  assert.deepEqual([error.code, error.sessionLost, error.reason], ["invalid_grant", true, undefined]);
  assert.deepEqual(await copy.events(), ["session-lost"]);
  assert.deepEqual(await sessionKeys(copy), []);
  assert.equal(exchanges().length, 2);
});

describe("t04 an old browser", () => {
  const without = (name) => ({ source: `delete globalThis.${name}; Object.defineProperty(Navigator.prototype, "${name}", { value: undefined })` });

  async function old(...names) {
    const tab = await tabs.open();
    for (const name of names) await tab.cdp.send("Page.addScriptToEvaluateOnNewDocument", without(name));
    await tab.load();
    await tab.start();
    return tab;
  }

  test("without Web Locks: tabs ask one another over the channel", { skip: lacking("devtools") }, async () => {
    const original = await old("locks");
    await original.get("setTokens", await stage.newTokens());
    const copy = await old("locks");
    await copy.run((storage) => Object.assign(sessionStorage, storage), await original.storage());
    await copy.start();
    stage.proxy.forget();
    assert.equal((await copy.diagnostics()).coordination, "channel");
    await original.get("refresh");
    await sameAs(copy, original);
    await copy.get("refresh");
    await sameAs(original, copy);
    assert.deepEqual(exchanges().map(({ answer }) => answer.status), [200, 200]);
  });

  test("without BroadcastChannel too: calls of one tab share one request, and it says how it is", { skip: lacking("devtools") }, async () => {
    const tab = await old("locks", "BroadcastChannel");
    await tab.get("setTokens", await stage.newTokens());
    stage.proxy.forget();
    assert.equal((await tab.diagnostics()).coordination, "none");
    const same = await tab.run(async () => {
      const answers = await Promise.all([1, 2, 3].map(() => probe.client.refresh()));
      return answers.every(({ accessToken }) => accessToken === answers[0].accessToken);
    });
    assert.ok(same);
    assert.equal(exchanges().length, 1);
  });
});

describe("t05 the tab that has the exchange is hung or suspended", () => {
  test("hung: the others wait no longer than their time, send nothing, and use what they hold", { skip: lacking("hang") }, async () => {
    const hung = await signedIn();
    const other = await hung.duplicate();
    const release = await hung.beginHeld();
    // Nothing else runs in the page until this is ended from outside.
    const loop = hung.cdp.send("Runtime.evaluate", { expression: "for (;;);" }).catch(() => {});
    const { error } = await other.call("refresh", { timeoutMs: 300 });
    assert.equal(error.code, "timeout");
    assert.equal(await other.get("getAccessToken"), (await other.state()).tokens.accessToken);
    assert.equal(exchanges().length, 1);
    release();
    await hung.cdp.send("Runtime.terminateExecution");
    await loop;
    assert.equal((await hung.outcome("refreshing")).error, undefined);
    await sameAs(other, hung);
    assert.equal(exchanges().length, 1);
  });

  test("hung, then killed: the call that waits goes on", { skip: lacking("hang") }, async () => {
    const hung = await signedIn();
    const other = await hung.duplicate();
    const { fault: lost, reached, release } = fault.postponed(fault.dropped);
    stage.proxy.next(stage.paths.token, lost);
    await hung.begin("refreshing", "refresh");
    await reached;
    hung.cdp.send("Runtime.evaluate", { expression: "for (;;);" }).catch(() => {});
    await other.begin("refreshing", "refresh");
    await hung.crash();
    release();
    assert.equal((await other.outcome("refreshing")).error, undefined);
    assert.equal(exchanges().length, 2);
  });

  test("frozen: the access token stays at hand, nothing is sent by itself, and the late answer reaches all", { skip: lacking("freeze") }, async () => {
    const frozen = await signedIn();
    const other = await frozen.duplicate();
    const release = await frozen.beginHeld();
    await frozen.freeze();
    assert.equal(await other.get("getAccessToken"), (await other.state()).tokens.accessToken);
    release();
    await frozen.thaw();
    assert.equal((await frozen.outcome("refreshing")).error, undefined);
    await sameAs(other, frozen);
    assert.equal(exchanges().length, 1);
  });

  test("frozen: a call that waits, and one that comes, send nothing", { skip: lacking("freeze") }, async () => {
    const frozen = await signedIn();
    const other = await frozen.duplicate();
    const release = await frozen.beginHeld();
    await other.begin("waiting", "refresh", { timeoutMs: 1000 });
    await frozen.freeze();
    const { accessToken } = (await other.state()).tokens;
    // Fresher than any that is held.
    assert.equal(await other.get("getAccessToken", { minValiditySeconds: 86_400, timeoutMs: 1000 }), accessToken);
    assert.equal((await other.outcome("waiting")).error.code, "timeout");
    assert.equal(exchanges().length, 1);
    release();
    await frozen.thaw();
    await sameAs(other, frozen);
    // What still waited there may have gone on from the new refresh token before the ID token was verified.
    const sent = exchanges().map(({ body }) => new URLSearchParams(body).get("refresh_token"));
    assert.equal(new Set(sent).size, sent.length, "no token is sent twice");
  });
});

describe("t06 the back/forward cache", () => {
  test("a page with a client and a live session is cached, restored, and refreshes", { skip: lacking("restore") }, async () => {
    const tab = await signedIn();
    await tab.get("refresh");
    await tab.run(() => { globalThis.mark = 1; });
    assert.deepEqual(await tab.awayAndBack(), { isRestored: true, reasons: [] });
    assert.equal(await tab.run(() => globalThis.mark), 1, "the same page");
    await tab.get("refresh");
    assert.equal((await tab.get("introspect")).active, true);
    assert.equal(exchanges().length, 2);
  });

  test("siblings go on meanwhile: the page is cached all the same, and catches up before it sends anything", { skip: lacking("restore") }, async () => {
    const tab = await signedIn();
    const other = await tab.duplicate();
    const found = await tab.awayAndBack(async () => {
      await other.get("refresh");
      await other.get("refresh");
    });
    assert.deepEqual(found, { isRestored: true, reasons: [] });
    await tab.get("refresh");
    await sameAs(other, tab);
    assert.deepEqual(exchanges().map(({ answer }) => answer.status), [200, 200, 200]);
    assert.equal((await tab.get("introspect")).active, true);
  });

  test("r10 an answer that a sibling lost meanwhile: it hears of that, and does not send what may be spent for a fresher access token", { skip: lacking("restore") }, async () => {
    const tab = await signedIn();
    const other = await tab.duplicate();
    const held = (await tab.state()).tokens.accessToken;
    await tab.awayAndBack(async () => {
      stage.proxy.next(stage.paths.token, fault.droppedAfter);
      assert.equal((await other.call("refresh")).error.code, "network");
    });
    const isNoted = (key, text) => key.startsWith("rekindle:session:") && "sent_at" in JSON.parse(text);
    await until(async () => Object.entries(await tab.storage()).some((entry) => isNoted(...entry)), "it has heard");
    assert.equal(await tab.get("getAccessToken", { minValiditySeconds: 86_400 }), held);
    assert.equal(exchanges().length, 1);
  });

  test("t08 a sign-out meanwhile is found when it comes back", { skip: lacking("restore") }, async () => {
    const tab = await signedIn();
    const other = await tab.duplicate();
    await tab.awayAndBack(() => other.get("signOut", { local: true }));
    await tab.event("signed-out");
    assert.deepEqual(await sessionKeys(tab), []);
    assert.equal((await tab.call("getAccessToken")).error.code, "no_session");
  });
});

describe("t08 sign-out in one tab", () => {
  test("reaches every tab of the session at once, and no other session", async () => {
    const first = await signedIn();
    const others = [await first.duplicate(), await first.windowOpen(), await first.duplicate()];
    const stranger = await signedIn();
    await first.get("signOut", { local: true });
    for (const tab of [first, ...others]) {
      await tab.event("signed-out");
      assert.deepEqual(await sessionKeys(tab), []);
      assert.equal((await tab.call("refresh")).error.code, "no_session");
    }
    assert.equal((await stranger.state()).status, "signed-in");
    await stranger.get("refresh");
    assert.equal(exchanges().length, 1);
  });

  test("x01 while another tab refreshes: its call is rejected, and the late answer is not stored", async () => {
    const first = await signedIn();
    const other = await first.duplicate();
    const release = await other.beginHeld();
    await first.get("signOut", { local: true });
    assert.equal((await other.outcome("refreshing")).error.code, "signed_out");
    release();
    const { refresh_token: refreshToken } = JSON.parse((await until(() => exchanges()[0].answer, "the answer is on its way")).body);
    // What came too late is not left alive at the server either.
    await until(async () => (await stage.visitor.introspect(refreshToken)).body.active === false, "the late refresh token is revoked");
    for (const tab of [first, other]) {
      assert.equal((await tab.state()).status, "signed-out");
      assert.ok(!JSON.stringify((await tab.state()).stored).includes(refreshToken));
    }
  });

  test("is found by a tab that slept, and by one that is loaded later", { skip: lacking("freeze") }, async () => {
    const first = await signedIn();
    const frozen = await first.duplicate();
    const unloaded = await first.duplicate(null);
    await frozen.freeze();
    await first.get("signOut", { local: true });
    await frozen.thaw();
    await frozen.event("signed-out");
    assert.equal((await unloaded.start()).status, "signed-out");
    assert.equal(exchanges().length, 0);
    const left = await first.run(() => Object.entries(localStorage));
    assert.deepEqual(left.map(([key]) => key.split(":").slice(0, 2).join(":")), ["rekindle:tombstones"]);
  });
});

test("t09 three tabs that were given the same tokens are one session: one request", async () => {
  const tokens = await stage.newTokens();
  const all = [await tabs.signedIn(stage.config, tokens), await tabs.signedIn(stage.config, tokens), await tabs.signedIn(stage.config, tokens)];
  stage.proxy.forget();
  stage.proxy.always(stage.paths.token, fault.slow(0, tabs.allBegan));
  const outcomes = await tabs.together(all, "refresh");
  assert.deepEqual(outcomes.map(({ error }) => error), [undefined, undefined, undefined]);
  assert.equal(exchanges().length, 1);
  for (const tab of all) await sameAs(tab, all[0]);
});

describe("n06 a server that is busy", () => {
  const busy = (seconds) => fault.answer(429, "", { "retry-after": `${seconds}`, "access-control-expose-headers": "retry-after" });

  test("Retry-After holds for the background of all tabs", async () => {
    const first = await signedIn();
    const other = await first.duplicate();
    stage.proxy.always(stage.paths.token, busy(90));
    const { fault: late, reached, release } = fault.postponed(busy(90));
    stage.proxy.next(stage.paths.token, late);
    await first.begin("refreshing", "refresh");
    await reached;
    // Not before: the background might be quicker than the call.
    for (const tab of [first, other]) await tab.run((ms) => moveClock(ms), 1_000_000);
    const until90 = Date.now() + 1_000_000 + 90_000;
    release();
    assert.equal((await first.outcome("refreshing")).error.code, "rate_limited");
    for (const tab of [first, other]) {
      const next = async () => (await tab.diagnostics()).nextRenewalAt;
      await until(async () => Math.abs((await next()) - until90) < 10_000, async () => `a renewal after 90 s, not ${(await next()) - until90}`);
    }
    assert.equal(exchanges().length, 1);
  });
});
