// Signing in in a popup, whose callback page calls `handleRedirect` and nothing else.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { By } from "selenium-webdriver";
import { demoUser } from "../servers/oidc_provider.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

let stage;
let driver;
let browser;
let home;
before(async () => {
  stage = await startStage();
  ({ driver, browser } = stage);
  home = await driver.getWindowHandle();
});
after(() => stage?.close());
beforeEach(async () => {
  stage.proxy.forget();
  await browser.forgetCookies();
  await stage.fresh();
  await browser.run(() => {
    probe.events.length = 0;
    const genuine = globalThis.open;
    globalThis.open = (...args) => (globalThis.opened = genuine.apply(globalThis, args));
    // In a browser without a screen every window has the focus.
    globalThis.isHere = true;
    // How often it was looked at.
    globalThis.looks = { open: { here: 0, away: 0 }, closed: { here: 0, away: 0 } };
    document.hasFocus = () => {
      globalThis.looks[globalThis.opened.closed ? "closed" : "open"][globalThis.isHere ? "here" : "away"] += 1;
      return globalThis.isHere;
    };
  });
});
afterEach(async () => {
  await stage.assertDiscreet();
  for (const window of await driver.getAllWindowHandles()) {
    if (window === home) continue;
    await driver.switchTo().window(window);
    await driver.close();
  }
  await driver.switchTo().window(home);
});

const isolation = { "cross-origin-opener-policy": "same-origin" };
const exchanges = () => stage.proxy.to(stage.paths.token);
const windows = async () => (await driver.getAllWindowHandles()).length;
const windowsAre = (count) => browser.wait(async () => (await windows()) === count, `there are not ${count} windows`);
const setHere = (isHere) => browser.run((isHere) => { globalThis.isHere = isHere; }, isHere);

/** Clicks the button that calls `signInWithPopup`; what comes of it is asked for with `outcome`. */
async function press(options = {}, name = "popup") {
  await browser.run((options, name) => {
    document.getElementById("sign-in").onclick = () => {
      probe[name] = probe.settle(() => probe.client.signInWithPopup({ ...options, signal: probe.controller?.signal }));
      probe[name].then((ended) => { probe[`${name} ended`] = ended; });
    };
  }, options, name);
  await driver.findElement(By.id("sign-in")).click();
}

/** The same where a window opens, which it gives. */
async function openPopup(options, name) {
  const before = await driver.getAllWindowHandles();
  await press(options, name);
  const opened = async () => (await driver.getAllWindowHandles()).find((window) => !before.includes(window));
  return browser.wait(opened, "no popup is opened");
}

/** What came of it. The user is in the first window. */
async function outcome(name = "popup") {
  await driver.switchTo().window(home);
  return browser.run((name) => probe[name], name);
}
const hasEnded = (name = "popup") => browser.run((name) => Boolean(probe[`${name} ended`]), name);

/** Goes to the popup, where the server's page is. */
async function visitServer(popup) {
  await driver.switchTo().window(popup);
  await browser.wait(async () => (await driver.getCurrentUrl()).startsWith(stage.proxy.origin), "the popup is not led to the server");
}

/** Gives name and password, up to the callback page. */
async function enter(press = "submit") {
  await driver.findElement(By.name("login")).sendKeys(demoUser.login);
  await driver.findElement(By.name("password")).sendKeys(demoUser.password);
  await driver.findElement(By.id(press)).click();
  await browser.wait(async () => (await driver.getCurrentUrl()).startsWith(`${stage.site.origin}/callback?`), "the server does not send the popup back");
  await browser.wait(() => driver.executeScript("return Boolean(globalThis.probe)"), "the callback page is not loaded");
  return driver.getCurrentUrl();
}

/** What an app does on its callback page. It writes down what leaves the page, for its window may be gone at once. */
const handleRedirect = (config = stage.config) => driver.executeScript((config) => {
  localStorage.said = "[]";
  const genuine = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (message) {
    localStorage.said = JSON.stringify([...JSON.parse(localStorage.said), { name: this.name, message, address: location.href }]);
    genuine.call(this, message);
  };
  probe.createClient(config).then(async (client) => {
    probe.client = client;
    probe.handled = await probe.settle(() => client.handleRedirect());
  });
}, config);

async function assertSignedIn({ value, error }) {
  assert.equal(error, undefined);
  const { tokens, status, stored } = await stage.state();
  assert.deepEqual([status, tokens], ["signed-in", value]);
  assert.ok(Object.keys(stored.session).some((key) => key.startsWith("rekindle:session:")));
  assert.deepEqual((await browser.run(() => probe.events)).map(({ type }) => type), ["signed-in"]);
  assert.equal((await stage.get("introspect")).active, true);
}

const codesSent = () => exchanges().map(({ body }) => new URLSearchParams(body).get("code"));

for (const [name, headers] of [["", {}], [", whose server cuts the windows off from each other (COOP)", isolation]]) {
  test(`l07 k12 k10 a sign-in in a popup${name}: the page stays and has the tokens, the popup hands over its address alone, and is gone`, async () => {
    stage.proxy.addHeaders(headers);
    await setHere(false);
    const popup = await openPopup();
    await visitServer(popup);
    assert.equal(await driver.executeScript("return Boolean(opener)"), headers !== isolation);
    const address = await enter();
    await handleRedirect();
    await windowsAre(1);
    const ended = await outcome();
    await assertSignedIn(ended);
    assert.equal(await driver.getCurrentUrl(), `${stage.site.origin}/`);
    assert.deepEqual(codesSent(), [new URL(address).searchParams.get("code")]);

    const state = new URL(address).searchParams.get("state");
    const said = JSON.parse(await driver.executeScript("return localStorage.said"));
    const handed = said.filter(({ name }) => name.startsWith("rekindle:popup:"));
    assert.deepEqual(handed, [{ name: `rekindle:popup:${state}`, message: address, address: `${stage.site.origin}/callback` }]);
    const tokens = Object.values(stage.lastTokens()).filter((value) => typeof value === "string" && value.length > 20 && !value.includes(" "));
    assert.ok(tokens.length >= 3 && tokens.every((token) => !JSON.stringify(said).includes(token)));
  });
}

test("l07 the server knows the user: nobody is asked, and the popup closes by itself", async () => {
  await stage.signIn();
  await stage.open();
  await stage.start();
  const before = (await stage.state()).tokens;
  const popup = await openPopup({ loginHint: demoUser.login });
  await driver.switchTo().window(popup);
  await browser.wait(async () => (await driver.getCurrentUrl()).startsWith(`${stage.site.origin}/callback?`), "the server does not send the popup back");
  await browser.wait(() => driver.executeScript("return Boolean(globalThis.probe)"), "the callback page is not loaded");
  await handleRedirect();
  await windowsAre(1);
  const { value } = await outcome();
  assert.notEqual(value.accessToken, before.accessToken);
  assert.deepEqual((await stage.state()).tokens, value);
});

describe("l07 a popup that brings nothing", () => {
  test("closed by the user: the call says so, and the next one works", async () => {
    await setHere(false);
    const popup = await openPopup();
    await visitServer(popup);
    await driver.switchTo().window(home);
    await browser.wait(() => browser.run(() => globalThis.looks.open.away > 0), "nobody looks");
    await setHere(true);
    await driver.switchTo().window(popup);
    await driver.close();
    const { error } = await outcome();
    assert.equal(await browser.run(() => globalThis.looks.closed.here), 1, "it is said at the first look");
    assert.deepEqual([error.code, error.retryable, error.sessionLost], ["popup_closed", true, false]);
    assert.equal((await stage.state()).status, "signed-out");
    await visitServer(await openPopup({}, "second"));
    await enter();
    await handleRedirect();
    await assertSignedIn(await outcome("second"));
  });

  test("cut off by the server: the call waits while the user is there, and for five seconds after; what comes later is still kept", async () => {
    stage.proxy.addHeaders(isolation);
    await setHere(false);
    const popup = await openPopup();
    await browser.wait(() => browser.run(() => globalThis.opened.closed), "the windows are not cut off from each other");
    await browser.wait(() => browser.run(() => globalThis.looks.closed.away >= 4), "nobody looks");
    assert.equal(await hasEnded(), false, "it looks closed, and is not");
    await setHere(true);
    const { error } = await outcome();
    assert.equal(error.code, "popup_closed");
    assert.equal(await browser.run(() => globalThis.looks.closed.here), 20, "a quarter of a second each");
    await visitServer(popup);
    await enter();
    await handleRedirect();
    await windowsAre(1);
    await driver.switchTo().window(home);
    await stage.event("signed-in");
    await assertSignedIn({ value: (await stage.state()).tokens });
  });

  test("blocked: by a frame that may open none", async () => {
    await browser.run(() => new Promise((loaded) => {
      const frame = Object.assign(document.createElement("iframe"), { src: "/framed", onload: loaded });
      frame.sandbox = "allow-scripts allow-same-origin";
      document.body.append(frame);
    }));
    await driver.switchTo().frame(0);
    await stage.start();
    const { error } = await stage.call("signInWithPopup");
    const { stored } = await stage.state();
    await driver.switchTo().defaultContent();
    assert.deepEqual([error.code, error.retryable, error.sessionLost], ["popup_blocked", true, false]);
    assert.deepEqual(stored.session, {}, "no sign-in was begun");
    assert.equal(await windows(), 1);
  });

  test("refused at the server: the call says what the server said, an earlier session stays, and the popup is gone", async () => {
    await stage.get("setTokens", await stage.newTokens());
    const before = await stage.state();
    stage.proxy.forget();
    await visitServer(await openPopup({ prompt: "login" }));
    await driver.findElement(By.id("cancel")).click();
    await browser.wait(async () => (await driver.getCurrentUrl()).startsWith(`${stage.site.origin}/callback?`), "the server does not send the popup back");
    await browser.wait(() => driver.executeScript("return Boolean(globalThis.probe)"), "the callback page is not loaded");
    await handleRedirect();
    await windowsAre(1);
    const { error } = await outcome();
    assert.deepEqual([error.code, error.oauthError, error.sessionLost], ["oauth", "access_denied", false]);
    const { tokens, refreshToken } = await stage.state();
    assert.deepEqual([tokens, refreshToken], [before.tokens, before.refreshToken]);
    assert.deepEqual(exchanges(), []);
  });

  test("a pushed request that fails: the call says so, and no empty window is left", async () => {
    await stage.start({ ...stage.config, pushedAuthorizationRequests: true });
    stage.proxy.next(stage.paths.pushedAuthorizationRequest, fault.answer(400, { error: "invalid_request" }));
    await press();
    const { error } = await outcome();
    assert.deepEqual([error.code, error.oauthError], ["oauth", "invalid_request"]);
    await windowsAre(1);
  });

  test("an option that is wrong: no window is left, and what only a redirect has is refused by name", async () => {
    for (const options of [{ timeoutMs: -1 }, { returnTo: "/" }, { state: 1 }, { extraParams: { client_id: "a" } }]) {
      await press(options);
      const { error } = await outcome();
      assert.equal(error.code, "invalid_config");
      assert.ok(error.message.startsWith(Object.keys(options.extraParams ?? options)[0]), error.message);
      await windowsAre(1);
    }
  });
});

describe("l07 what ends the wait", () => {
  const endings = {
    "the caller's signal": [() => probe.controller.abort(), "aborted"],
    "timeoutMs": [() => {}, "timeout", { timeoutMs: 1_500 }],
    "close()": [() => probe.client.close(), "closed"],
    "a sign-out": [() => probe.client.signOut({ local: true }), "signed_out"],
    "the page is left": [() => dispatchEvent(new PageTransitionEvent("pagehide")), "popup_closed"],
  };
  for (const [name, [end, code, options]] of Object.entries(endings)) {
    test(`${name}: the popup is closed`, async () => {
      await browser.run(() => { probe.controller = new AbortController(); });
      const popup = await openPopup(options);
      await visitServer(popup);
      await driver.switchTo().window(home);
      await browser.run(end);
      assert.equal((await outcome()).error.code, code);
      await windowsAre(1);
      if (code !== "signed_out") return;
      // The callback that comes late, from a window that could not be closed, is refused like any other.
      const { state } = Object.fromEntries(stage.proxy.to(stage.paths.authorization)[0].query);
      await driver.switchTo().newWindow("window");
      await stage.open(`/callback?code=abc&state=${state}`);
      await stage.start();
      const { error } = await stage.call("handleRedirect");
      assert.deepEqual([error.code, error.reason], ["state_mismatch", "no_transaction"]);
      assert.deepEqual(exchanges(), []);
    });
  }

  test("another signInWithPopup: the window of the first is closed, and the second is signed in", async () => {
    const first = await openPopup({}, "first");
    await visitServer(first);
    await driver.switchTo().window(home);
    const second = await openPopup({}, "second");
    assert.equal((await outcome("first")).error.code, "popup_closed");
    await browser.wait(async () => !(await driver.getAllWindowHandles()).includes(first), "the first popup is still there");
    await visitServer(second);
    await enter();
    await handleRedirect();
    await assertSignedIn(await outcome("second"));
  });
});

test("k12 another window that does not know the attempt says what it likes: nothing comes of it", async () => {
  const popup = await openPopup();
  await visitServer(popup);
  const address = await enter();
  await driver.switchTo().window(home);
  await browser.run((state) => {
    probe.heard = 0;
    probe.ear = new BroadcastChannel(`rekindle:popup:${state}`);
    probe.ear.onmessage = () => { probe.heard += 1; };
  }, new URL(address).searchParams.get("state"));
  await driver.switchTo().newWindow("window");
  await stage.open();
  const count = await browser.run(async (address, { issuer, clientId }) => {
    const other = new URL(address);
    other.searchParams.set("state", `${"A".repeat(43)}.popup`);
    const none = new URL(address);
    none.searchParams.delete("state");
    const said = [other.href, none.href, true, null, { url: address }, new Map(), `https://evil.example/callback${new URL(address).search}`, "http://["];
    const own = `rekindle:popup:${new URL(address).searchParams.get("state")}`;
    const names = [`rekindle:popup:${other.searchParams.get("state")}`, "rekindle:popup:", "rekindle:popup:undefined", `rekindle:${issuer}|${clientId}|`];
    for (const name of [...names, own]) {
      const channel = new BroadcastChannel(name);
      // Not even who knows the channel has anything but this callback to say on it.
      for (const message of [...said, ...(name === own ? [] : [address])]) channel.postMessage(message);
    }
    return said.length;
  }, address, stage.config);
  await driver.switchTo().window(home);
  await browser.wait(() => browser.run((count) => probe.heard === count, count), "not all of it is heard");
  assert.deepEqual([await hasEnded(), (await stage.state()).status, exchanges().length], [false, "signed-out", 0]);
  await driver.switchTo().window(popup);
  await handleRedirect();
  await assertSignedIn(await outcome());
});

test("l07 l01 a popup's callback that nobody waits for is refused like any other; until then its page renews nothing", async () => {
  const config = { ...stage.config, storage: "local" };
  await stage.start({ ...config, autoRenew: false });
  await stage.get("setTokens", { ...(await stage.newTokens()), expires_in: 1 });
  await browser.run(() => probe.client.close());
  stage.proxy.forget();
  await stage.open(`/callback?code=abc&state=${"A".repeat(43)}.popup`);
  await stage.start(config);
  const { error, sent } = await browser.run(async () => {
    const handled = probe.settle(() => probe.client.handleRedirect());
    const { error } = await handled;
    return { error, sent: probe.client.diagnostics().exchanges.length };
  });
  assert.deepEqual([error.code, error.reason, sent], ["state_mismatch", "no_transaction", 0]);
  await stage.event("renewed");
  assert.equal(exchanges().length, 1);
});
