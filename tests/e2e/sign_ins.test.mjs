// Sign-ins that are not alone: several tabs, several clients, callbacks seen twice, the browser's buttons, sign-ins in a loop.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { demoUser } from "../servers/oidc_provider.mjs";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

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
beforeEach(() => {
  stage.proxy.forget();
  return tabs.forgetUser();
});
afterEach(async () => {
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

const exchanges = (proxy = stage.proxy) => proxy.to(stage.paths.token);
const codesSent = () => exchanges().map(({ body }) => new URLSearchParams(body).get("code"));
const codesGiven = () => stage.proxy.recent().flatMap(({ answer }) => {
  const { location } = answer?.headers ?? {};
  return location ? new URL(location, stage.proxy.origin).searchParams.getAll("code") : [];
});

/** The server saw each code that it gave once, and liked it. */
function assertEachCodeOnce(count) {
  assert.deepEqual(codesSent().toSorted(), codesGiven().toSorted());
  assert.equal(new Set(codesSent()).size, count);
  assert.deepEqual(exchanges().map(({ answer }) => answer.status), Array(count).fill(200));
}

async function assertSignedIn(tab) {
  const { status, tokens } = await tab.state();
  assert.deepEqual([status, tokens?.claims.sub], ["signed-in", demoUser.claims.sub]);
  assert.equal((await tab.get("introspect")).active, true);
}

async function openTab(config) {
  const tab = await tabs.open();
  await tab.start(config);
  return tab;
}

describe("k03 k08 two sign-ins begun in two tabs", () => {
  for (const [name, pick] of [["in their order", (both) => both], ["the second one first", (both) => both.toReversed()]]) {
    test(`finished ${name}: both are signed in, each with its own code`, async () => {
      const both = [await openTab(), await openTab()];
      for (const [index, tab] of both.entries()) await tab.leave({ returnTo: `/tab/${index}` });
      for (const tab of pick(both)) {
        await tab.enter();
        await tab.start();
        const { returnTo, tokens } = await tab.get("handleRedirect");
        assert.equal(returnTo, `/tab/${both.indexOf(tab)}`);
        assert.equal(tokens.accessToken, JSON.parse(exchanges().at(-1).answer.body).access_token);
      }
      for (const tab of both) await assertSignedIn(tab);
      assertEachCodeOnce(2);
    });
  }

  test("both at the callback before either is handled, and handled at one moment", async () => {
    const both = [await openTab(), await openTab()];
    for (const tab of both) await tab.leave();
    for (const tab of both) await tab.enter();
    for (const tab of both) await tab.start();
    const outcomes = await tabs.together(both, "handleRedirect");
    assert.deepEqual(outcomes.map(({ error }) => error), [undefined, undefined]);
    for (const tab of both) await assertSignedIn(tab);
    assertEachCodeOnce(2);
  });

  test("each finished in the other one's tab: refused, nothing sent, and both can still be finished at home", async () => {
    const both = [await openTab(), await openTab()];
    for (const tab of both) await tab.leave();
    const addresses = [];
    for (const tab of both) addresses.push(await tab.enter());
    for (const [index, tab] of both.entries()) {
      await tab.start();
      const { error } = await tab.call("handleRedirect", addresses[1 - index]);
      assert.deepEqual([error.code, error.reason], ["state_mismatch", "state"]);
    }
    assert.deepEqual(exchanges(), []);
    for (const [index, tab] of both.entries()) await tab.get("handleRedirect", addresses[index]);
    for (const tab of both) await assertSignedIn(tab);
    assertEachCodeOnce(2);
  });
});

describe("l02 k08 a used callback", () => {
  test("F5 while the code is exchanged: the code is not sent again, and the callback's address is not a second chance", async () => {
    const tab = await openTab();
    await tab.leave();
    const address = await tab.enter();
    await tab.start();
    const { fault: late, reached, release } = fault.held();
    stage.proxy.next(stage.paths.token, late);
    await tab.begin("handled", "handleRedirect");
    await reached;
    await tab.reload();
    release();
    assert.equal(await tab.get("handleRedirect"), null, "the address was cleaned before");
    await tab.load(new URL(address).pathname + new URL(address).search);
    await tab.start();
    const { error } = await tab.call("handleRedirect");
    assert.deepEqual([error.code, error.reason, error.sessionLost], ["state_mismatch", "no_transaction", true]);
    assert.deepEqual(codesSent(), codesGiven());
    await tab.signIn();
    await assertSignedIn(tab);
  });

  test("Back to the server's page, which sends the browser on with a fresh code: the user is signed in, and that code is not needed", async () => {
    const tab = await openTab();
    await tab.leave();
    const leaving = stage.proxy.to(stage.paths.authorization)[0];
    await tab.enter();
    await tab.start();
    const { tokens } = await tab.get("handleRedirect");
    // Where the server knows the user, its page in the history, or a bookmark of it, is the way back at once.
    const again = `${stage.proxy.origin}${leaving.path}?${new URLSearchParams(leaving.query)}`;
    await tab.run((address) => { location.href = address; }, again);
    await tab.arrive(tab.isCallback, "the server sends the browser back");
    await tab.start();
    assert.equal((await tab.get("handleRedirect")).tokens.accessToken, tokens.accessToken);
    assert.equal(codesGiven().length, 2);
    assert.deepEqual(codesSent(), codesGiven().slice(0, 1));
    await assertSignedIn(tab);
    assert.equal(await tab.address(), `${stage.site.origin}/callback`);
  });

  test("Back and Forward through all of it: no error on the way, and nothing is sent", { skip: lacking("history") }, async () => {
    const tab = await openTab();
    await tab.leave();
    await tab.enter();
    await tab.start();
    const { tokens } = await tab.get("handleRedirect");
    await tab.run(() => history.pushState(null, "", "/inbox"));
    stage.proxy.forget();
    const { entries } = await tab.cdp.send("Page.getNavigationHistory");
    for (const { id, url } of [...entries.toReversed(), ...entries]) {
      await tab.cdp.send("Page.navigateToHistoryEntry", { entryId: id });
      await tab.arrive((address) => address === url, `Back to ${url}`);
      if (!url.startsWith(`${stage.site.origin}/`)) continue;
      await tab.start();
      const result = await tab.get("handleRedirect");
      // From the back/forward cache it is still the page load that handled the callback.
      assert.equal(result?.tokens.accessToken ?? tokens.accessToken, tokens.accessToken);
    }
    await assertSignedIn(tab);
    assert.deepEqual(exchanges(), []);
  });
});

describe("l02 one callback, handled twice at once", () => {
  /** At the callback page, with no client yet. */
  async function atCallback() {
    const tab = await openTab();
    await tab.leave();
    await tab.enter();
    return tab;
  }

  test("StrictMode mounts, unmounts and mounts again: the first client is closed, the second is signed in", async () => {
    const tab = await atCallback();
    const outcome = await tab.run(async (config) => {
      const mount = async () => {
        const client = await probe.createClient(config);
        return { client, handled: probe.settle(() => client.handleRedirect()) };
      };
      // Neither waits for the other, as effects do.
      const [first, second] = await Promise.all([mount().then((mounted) => (mounted.client.close(), mounted)), mount()]);
      const settled = await Promise.all([first.handled, second.handled]);
      probe.client = second.client;
      return { settled, snapshot: second.client.getSnapshot() };
    }, stage.config);
    assert.deepEqual(outcome.settled.map(({ error }) => error?.code), [undefined, undefined]);
    assert.deepEqual(outcome.settled[0].value, outcome.settled[1].value);
    assert.deepEqual(outcome.snapshot.tokens, outcome.settled[1].value.tokens);
    await assertSignedIn(tab);
    assertEachCodeOnce(1);
  });

  test("ten clients, all of them at once: one exchange, and every one is signed in", async () => {
    const tab = await atCallback();
    const tokens = await tab.run(async (config) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => probe.createClient(config)));
      const results = await Promise.all(clients.map((client) => client.handleRedirect()));
      probe.client = clients[0];
      return [...results.map(({ tokens }) => tokens.accessToken), ...clients.map((client) => client.getSnapshot().tokens?.accessToken)];
    }, stage.config);
    assert.deepEqual([...new Set(tokens)], [JSON.parse(exchanges()[0].answer.body).access_token]);
    await assertSignedIn(tab);
    assertEachCodeOnce(1);
  });
});

describe("k07 k06 two issuers with one callback page", () => {
  let other;
  let otherTabs;
  before(async () => {
    other = await startStage({ layout: "discovery", beside: stage });
    otherTabs = await startTabs(other);
  });
  after(async () => {
    await otherTabs?.close();
    await other?.close();
  });
  beforeEach(() => other.proxy.forget());
  afterEach(async () => {
    await otherTabs.closeAll();
  });

  const tokenRequests = () => [exchanges().length, other.proxy.to(other.paths.token).length];

  test("a callback that the other issuer's client handles is refused by it, and its code goes home", async () => {
    const tab = await openTab();
    await tab.leave();
    const address = await tab.enter();
    await tab.start(other.config);
    const { error } = await tab.call("handleRedirect", address);
    assert.deepEqual([error.code, error.reason], ["state_mismatch", "no_transaction"]);
    assert.deepEqual(tokenRequests(), [0, 0]);
    await tab.start();
    await tab.get("handleRedirect", address);
    assert.deepEqual(tokenRequests(), [1, 0]);
  });

  test("a code of one issuer under the state of a sign-in at the other (mix-up) goes to neither", async () => {
    const victim = await openTab();
    await victim.leave();
    const { code, iss } = Object.fromEntries(new URL(await victim.enter()).searchParams);
    // The server behind `other` announces that it names itself.
    for (const named of [{ iss }, {}]) {
      other.proxy.forget();
      const tab = await otherTabs.open();
      await tab.start();
      await tab.leave();
      const { state } = Object.fromEntries(other.proxy.to(other.paths.authorization)[0].query);
      await tab.load(`/callback?${new URLSearchParams({ code, state, ...named })}`);
      await tab.start();
      const { error } = await tab.call("handleRedirect");
      assert.deepEqual([error.code, error.reason], ["state_mismatch", "iss"]);
    }
    assert.deepEqual(tokenRequests(), [0, 0]);
  });
});

test("k02 k03 k04 a thousand sign-ins: each has a verifier, a state and a nonce of 32 random bytes of its own", async () => {
  // With an answer that has no content the browser stays where it is.
  stage.proxy.always(stage.paths.authorization, fault.answer(204, ""));
  const tab = await tabs.open();
  const { kept, sent, drawn } = await tab.run(async (config) => {
    // Nobody clicks a thousand times.
    Object.defineProperty(navigator, "userActivation", { value: { isActive: true } });
    const drawn = [];
    const genuine = Crypto.prototype.getRandomValues;
    Crypto.prototype.getRandomValues = function (bytes) {
      genuine.call(this, bytes);
      if (bytes.length === 32) drawn.push(btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace("=", ""));
      return bytes;
    };
    const sent = [];
    const fetch = async (url, { body }) => {
      sent.push(Object.fromEntries(new URLSearchParams(body)));
      return Response.json({ request_uri: "urn:pushed" }, { status: 201 });
    };
    const client = await probe.createClient({ ...config, pushedAuthorizationRequests: true, fetch });
    const newest = () => {
      const [text] = Object.entries(sessionStorage).flatMap(([key, value]) => (key.startsWith("rekindle:sign-ins:") ? [value] : []));
      return text && JSON.parse(text).sign_ins.at(-1);
    };
    const kept = [];
    while (kept.length < 1_000) {
      const controller = new AbortController();
      client.signIn({ signal: controller.signal }).catch(() => {});
      while (newest()?.state === kept.at(-1)?.state) await new Promise((later) => { setTimeout(later); });
      controller.abort();
      kept.push(newest());
    }
    return { kept, sent, drawn };
  }, stage.config);
  const own = new Set(drawn);
  const all = kept.flatMap(({ state, nonce, code_verifier: verifier }) => [state, nonce, verifier]);
  for (const secret of all) assert.match(secret, /^[A-Za-z0-9_-]{43}$/);
  assert.ok(all.every((secret) => own.has(secret)), "each is 32 bytes of the platform's random source");
  assert.equal(new Set(all).size, 3_000, "all different");
  const bound = kept.map(({ state, nonce, code_verifier: verifier }) => [state, nonce, createHash("sha256").update(verifier).digest("base64url")]);
  assert.deepEqual(sent.map(({ state, nonce, code_challenge: challenge }) => [state, nonce, challenge]), bound);
});

describe("k15 a user who takes long over it", () => {
  const MINUTE = 60_000;

  test("after 59 minutes the sign-in is finished; after 61 it is over, and the next one works", async () => {
    for (const [minutes, isOver] of [[59, false], [61, true]]) {
      const tab = await openTab();
      await tab.leave();
      await tab.enter();
      await tab.run((ms) => globalThis.moveClock(ms), minutes * MINUTE);
      await tab.start();
      stage.proxy.forget();
      const { value, error } = await tab.call("handleRedirect");
      assert.deepEqual([Boolean(value), error?.code, error?.reason], isOver ? [false, "state_mismatch", "no_transaction"] : [true, undefined, undefined]);
      assert.equal(exchanges().length, isOver ? 0 : 1);
      if (isOver) {
        await tab.load();
        await tab.start();
        await tab.signIn();
      }
      await assertSignedIn(tab);
    }
  });

  // Symptom: nobody could sign in while the device's clock was being corrected. Cause: a sign-in from the future counted as too old.
  for (const [name, ms] of [["a second", 1_000], ["an hour", 60 * MINUTE], ["23 hours", 23 * 60 * MINUTE]]) {
    test(`c02 the clock is set back by ${name} meanwhile: the sign-in is finished`, async () => {
      const tab = await openTab();
      // The next page does not know of it.
      await tab.run((ms) => globalThis.moveClock(ms), ms);
      await tab.signIn();
      await assertSignedIn(tab);
      assertEachCodeOnce(1);
    });
  }

  test("who comes back from the server's page six times may finish any but the first", async () => {
    const tab = await openTab();
    const states = [];
    for (let times = 0; times < 6; times++) {
      await tab.leave({ returnTo: `/${times}` });
      states.push(Object.fromEntries(stage.proxy.to(stage.paths.authorization).at(-1).query).state);
      await tab.back();
    }
    const { sign_ins: kept } = JSON.parse(Object.entries(await tab.storage()).find(([key]) => key.startsWith("rekindle:sign-ins:"))[1]);
    assert.deepEqual(kept.map(({ state }) => state), states.slice(1));
    await tab.run(() => history.forward());
    await tab.arrive((address) => address.startsWith(stage.proxy.origin), "the server's page is there again");
    await tab.enter();
    await tab.start();
    assert.equal((await tab.get("handleRedirect")).returnTo, "/5");
    assertEachCodeOnce(1);
  });
});

describe("l12 Back from the server's page", () => {
  test("signIn rejects with aborted, and the page is usable", async () => {
    const tab = await openTab();
    await tab.leave();
    const { isRestored, reasons } = await tab.back();
    assert.deepEqual([isRestored, reasons], [true, []], "from the back/forward cache");
    const { error } = await tab.outcome("leaving");
    assert.deepEqual([error.code, error.retryable], ["aborted", true]);
    assert.equal((await tab.state()).status, "signed-out");
    await tab.signIn();
    await assertSignedIn(tab);
    assertEachCodeOnce(1);
  });

  test("and Forward again: the sign-in that was given up is finished all the same", async () => {
    const tab = await openTab();
    await tab.leave();
    await tab.back();
    assert.equal((await tab.outcome("leaving")).error.code, "aborted");
    await tab.run(() => history.forward());
    await tab.arrive((address) => address.startsWith(stage.proxy.origin), "the server's page is there again");
    await tab.enter();
    await tab.start();
    await tab.get("handleRedirect");
    await assertSignedIn(tab);
    assertEachCodeOnce(1);
  });

  test("with a session: it is as it was", { skip: lacking("restore") }, async () => {
    const tab = await tabs.signedIn();
    const before = await tab.state();
    await tab.leave({ prompt: "login" });
    assert.equal((await tab.back()).isRestored, true);
    const { error } = await tab.outcome("leaving");
    assert.deepEqual([error.code, error.sessionLost], ["aborted", false]);
    const { tokens, refreshToken } = await tab.state();
    assert.deepEqual([tokens, refreshToken], [before.tokens, before.refreshToken]);
    await tab.get("refresh");
  });
});

describe("l13 an app that signs in again and again", () => {
  /** Runs in each page of the tab before its own scripts: an app whose API takes no token. */
  const looping = (config) => `addEventListener("DOMContentLoaded", async () => {
    if (!location.pathname.startsWith("/callback") && !location.pathname.startsWith("/loop")) return;
    await probe.start(${JSON.stringify(config)});
    globalThis.handled = await probe.settle(() => probe.client.handleRedirect());
    globalThis.refused = await probe.settle(() => probe.client.signIn());
  })`;
  /** Without a user gesture, which \`run\` gives a page. */
  const read = async (tab, expression) => {
    const { result } = await tab.cdp.send("Runtime.evaluate", { expression: `JSON.stringify(${expression} ?? null)`, returnByValue: true });
    return JSON.parse(result.value ?? "null");
  };

  test("the fourth signIn within a minute without a click leaves no more, and a click helps", { skip: lacking("gesture") }, async () => {
    const tab = await tabs.open();
    // The server knows the user: from here on nobody is asked.
    await tab.start();
    await tab.signIn();
    stage.proxy.forget();
    await tab.get("signOut", { local: true });
    await tab.cdp.send("Page.addScriptToEvaluateOnNewDocument", { source: looping(stage.config) });
    await tab.cdp.send("Page.navigate", { url: `${stage.site.origin}/loop` });
    const { error } = await until(() => read(tab, "globalThis.refused").catch(() => null), "the loop ends");
    assert.deepEqual([error.code, error.retryable, error.sessionLost], ["login_loop", false, false]);
    assert.equal(stage.proxy.to(stage.paths.authorization).length, 3);
    assertEachCodeOnce(3);
    await assertSignedIn(tab);

    await tab.run(() => { document.getElementById("sign-in").onclick = () => { probe.clicked = probe.settle(() => probe.client.signIn()); }; });
    const { x, y } = await tab.run(() => document.getElementById("sign-in").getBoundingClientRect());
    for (const type of ["mousePressed", "mouseReleased"]) {
      await tab.cdp.send("Input.dispatchMouseEvent", { type, x: x + 5, y: y + 5, button: "left", clickCount: 1 });
    }
    await until(() => stage.proxy.to(stage.paths.authorization).length === 4, "the browser leaves for the server");
    await until(() => read(tab, "globalThis.refused").catch(() => null), "and comes back");
  });
});
