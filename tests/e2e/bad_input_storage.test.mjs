// Storage that fails, is full, or holds what the package did not write. The session goes on in memory, and nothing
// that is stored keeps createClient from resolving.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";

let stage;
let tokens;
before(async () => {
  stage = await startStage();
  await stage.fresh();
  await stage.signIn();
  tokens = stage.lastTokens();
});
after(() => stage?.close());
beforeEach(async () => {
  await stage.fresh();
  stage.proxy.forget();
});

/** The tokens of the last answer, which the next test goes on with. */
const goOn = () => { tokens = stage.lastTokens(); };

describe("s01 an app's storage that throws", () => {
  for (const [name, broken] of [["on read", ["getItem"]], ["on write", ["setItem"]], ["on all three", ["getItem", "setItem", "removeItem"]]]) {
    test(`${name}: the session works in memory`, async () => {
      const outcome = await stage.browser.run(async (config, tokens, broken) => {
        const map = new Map();
        const storage = {
          getItem: (key) => map.get(key) ?? null,
          setItem: (key, value) => { map.set(key, value); },
          removeItem: (key) => { map.delete(key); },
        };
        for (const method of broken) storage[method] = () => { throw new DOMException("denied", "SecurityError"); };
        const made = await probe.start({ ...config, storage });
        await probe.client.setTokens(tokens);
        const adopted = probe.state();
        const refreshed = await probe.settle(() => probe.client.refresh());
        const held = probe.state();
        const introspected = await probe.settle(() => probe.client.introspect());
        await probe.client.signOut({ local: true, revoke: false });
        return { made, adopted, refreshed, held, introspected, left: probe.state(), kept: [...map.values()].join() };
      }, stage.config, tokens, broken);
      goOn();
      assert.equal(outcome.made.status, "signed-out");
      assert.equal(outcome.adopted.status, "signed-in");
      assert.equal(outcome.adopted.persisted, false);
      assert.equal(outcome.adopted.error?.code, "storage_unavailable");
      assert.equal(outcome.refreshed.value?.accessToken, tokens.access_token);
      assert.equal(outcome.held.refreshToken, tokens.refresh_token);
      assert.equal(outcome.held.persisted, false);
      assert.equal(outcome.introspected.value?.active, true);
      assert.equal(outcome.left.status, "signed-out");
      assert.ok(!outcome.kept.includes(tokens.refresh_token));
      assert.deepEqual(outcome.left.stored.session, {}, "the page's own storage is not used in its place");
    });
  }

  test("a storage that answers with anything but text", async () => {
    for (const answer of ["undefined", "7", "{}", "Promise.resolve('{}')"]) {
      const { status } = await stage.browser.run(async (config, answer) => {
        const getItem = () => (0, eval)(`(${answer})`);
        return probe.start({ ...config, storage: { getItem, setItem() {}, removeItem() {} } });
      }, stage.config, answer);
      assert.equal(status, "signed-out", answer);
    }
  });
});

describe("s01 a frame that may not touch its storage", () => {
  beforeEach(async () => {
    await stage.browser.run(() => new Promise((loaded) => {
      const frame = Object.assign(document.createElement("iframe"), { src: "/", onload: loaded });
      frame.setAttribute("sandbox", "allow-scripts");
      document.body.append(frame);
    }));
    await stage.driver.switchTo().frame(0);
  });

  test("the session works in memory", async () => {
    const made = await stage.start();
    assert.equal(made.stored.session, null, "this frame has no storage");
    assert.equal(made.status, "signed-out");
    assert.equal(made.persisted, false);
    await stage.get("setTokens", tokens);
    const state = await stage.state();
    assert.equal(state.status, "signed-in");
    assert.equal(state.persisted, false);
    assert.equal(state.error?.code, "storage_unavailable");
    assert.equal(await stage.get("getAccessToken"), tokens.access_token);
  });

  test("a sign-in by redirect could not survive, and rejects", async () => {
    await stage.start();
    const { error } = await stage.call("signIn");
    assert.equal(error.code, "storage_unavailable");
    assert.deepEqual(stage.proxy.recent(), []);
  });
});

describe("s02 storage that is full", () => {
  test("the page's own: new tokens are held, a spent refresh token is not what the next load finds", async () => {
    await stage.get("setTokens", tokens);
    await stage.browser.run(() => {
      let chunk = "x".repeat(1 << 22);
      for (let at = 0; chunk.length > 0;) {
        try {
          sessionStorage.setItem(`filler ${at}`, chunk);
          at += 1;
        } catch {
          chunk = chunk.slice(chunk.length >> 1 || 1);
        }
      }
    });
    const answer = { access_token: "a".repeat(50_000), refresh_token: "refresh-token-2", id_token: tokens.id_token, token_type: "Bearer", expires_in: 60 };
    stage.proxy.next(stage.paths.token, fault.answer(200, answer));
    assert.equal((await stage.get("refresh")).accessToken, answer.access_token);
    const state = await stage.state();
    assert.equal(state.status, "signed-in");
    assert.equal(state.tokens.accessToken, answer.access_token);
    assert.equal(state.refreshToken, "refresh-token-2");
    assert.equal(state.error?.code, "storage_full");
    assert.equal(state.persisted, false);
    const other = await stage.browser.run(async (config) => {
      const client = await probe.createClient(config);
      const { status, persisted } = client.getSnapshot();
      client.close();
      return { status, persisted };
    }, stage.config);
    assert.deepEqual(other, { status: "signed-in", persisted: false }, "another client of the page says so too");
    assert.ok(!JSON.stringify(state.stored).includes(tokens.refresh_token), "the spent one is gone");
    await stage.open();
    const { refreshToken } = await stage.start();
    assert.ok([null, "refresh-token-2"].includes(refreshToken));
  });

  test("room for all but the id_token: the rest survives a reload", async () => {
    const outcome = await stage.browser.run(async (config, tokens) => {
      const map = new Map();
      let capacity = Infinity;
      const storage = {
        getItem: (key) => map.get(key) ?? null,
        setItem(key, value) {
          if (value.length > capacity) throw new DOMException("no room", "QuotaExceededError");
          map.set(key, value);
        },
        removeItem: (key) => { map.delete(key); },
      };
      await probe.start({ ...config, storage });
      await probe.client.setTokens({ ...tokens, id_token: undefined });
      capacity = [...map.values()][0].length + 20;
      await probe.client.setTokens(tokens);
      const held = probe.state();
      return { held, reloaded: await probe.start({ ...config, storage }) };
    }, stage.config, tokens);
    assert.equal(outcome.held.tokens.idToken, tokens.id_token);
    assert.equal(outcome.held.error?.code, "storage_full");
    assert.equal(outcome.reloaded.refreshToken, tokens.refresh_token);
    assert.equal(outcome.reloaded.tokens?.idToken, undefined);
  });

  test("once there is room again, the next answer is stored and the error gone", async () => {
    const outcome = await stage.browser.run(async (config, tokens) => {
      const map = new Map();
      let full = true;
      const storage = {
        getItem: (key) => map.get(key) ?? null,
        setItem(key, value) {
          if (full) throw new DOMException("no room", "QuotaExceededError");
          map.set(key, value);
        },
        removeItem: (key) => { map.delete(key); },
      };
      await probe.start({ ...config, storage });
      await probe.client.setTokens(tokens);
      const before = probe.state();
      full = false;
      await probe.client.refresh();
      return { before, after: probe.state(), reloaded: await probe.start({ ...config, storage }) };
    }, stage.config, tokens);
    goOn();
    assert.equal(outcome.before.error?.code, "storage_full");
    assert.equal(outcome.before.persisted, false);
    assert.equal(outcome.after.error, null);
    assert.equal(outcome.after.persisted, true);
    assert.equal(outcome.reloaded.refreshToken, tokens.refresh_token);
  });
});

describe("s03 a record that this client did not write", () => {
  /** Stores a text in the place of the client's record, and gives what a client then makes of it. */
  const meet = (text, config = stage.config, given = tokens) => stage.browser.run(async (config, tokens, text) => {
    probe.wipe();
    await probe.start(config);
    await probe.client.setTokens(tokens);
    const [key, genuine] = Object.entries(probe.state().stored.session).find(([key]) => key.startsWith("rekindle:session:"));
    probe.client.close();
    const value = text ?? genuine;
    sessionStorage.setItem(key, value);
    const state = await probe.start(config);
    const refreshed = await probe.settle(() => probe.client.refresh());
    return { state, refreshed, key, genuine, isUntouched: sessionStorage.getItem(key) === value };
  }, config, given, text);

  async function assertIgnored(text) {
    const { state, refreshed, isUntouched } = await meet(text);
    assert.equal(state.status, "signed-out", text);
    assert.equal(state.tokens, null);
    assert.equal(refreshed.error?.code, "no_session");
    assert.equal(isUntouched, true, "left where it is");
    await stage.get("setTokens", tokens);
    assert.equal((await stage.start()).refreshToken, tokens.refresh_token, "until the next session overwrites it");
    assert.deepEqual(stage.proxy.recent(), []);
  }

  for (const text of ["", "not json", "null", "true", "7", '"text"', "[]", "{}", '{"version":1}', '{"access_token":', "\u0000", "x".repeat(100_000)]) {
    test(`rubbish: ${JSON.stringify(text.slice(0, 20))}`, () => assertIgnored(text));
  }

  test("an older and a newer version", async () => {
    const { genuine } = await meet("{}");
    const record = JSON.parse(genuine);
    assert.equal(record.version, 2);
    for (const version of [0, 3, "2", null, undefined]) await assertIgnored(JSON.stringify({ ...record, version }));
  });

  test("another client's, or another issuer's", async () => {
    const others = [{ clientId: "other" }, { issuer: "https://id.example", endpoints: undefined }];
    // An ID token says whose it is.
    const { id_token: _, ...anybodys } = tokens;
    for (const other of others) {
      const { genuine } = await meet("{}", { ...stage.config, ...other }, anybodys);
      await assertIgnored(genuine);
    }
  });

  test("any member missing or of another type: no crash, and no half of a session", async () => {
    const { genuine } = await meet("{}");
    const record = JSON.parse(genuine);
    for (const member of Object.keys(record)) {
      for (const wrong of [undefined, null, 7, "text", [], {}, true]) {
        const { state } = await meet(JSON.stringify({ ...record, [member]: wrong }));
        if (state.tokens === null) continue;
        const { accessToken, tokenType, expiresAt, scope, idToken = "" } = state.tokens;
        for (const text of [accessToken, tokenType, scope, idToken, state.refreshToken ?? ""]) assert.equal(typeof text, "string", member);
        assert.ok(accessToken.length > 0 && Number.isFinite(expiresAt), `${member}: ${JSON.stringify(wrong)}`);
      }
    }
  });

  test("p08 members named like an object's own machinery", async () => {
    const { genuine } = await meet("{}");
    const hostile = genuine.replace("{", '{"__proto__":{"polluted":1},"constructor":1,');
    const { state } = await meet(hostile);
    assert.ok(["signed-in", "signed-out"].includes(state.status));
    assert.equal(await stage.browser.run(() => ({}).polluted), undefined);
  });

  test("rubbish in the place of the pending sign-ins: the callback is refused, the next sign-in works", async () => {
    for (const text of ["not json", "[]", '{"version":1,"sign_ins":7}', '{"version":1,"sign_ins":[7,null]}']) {
      await stage.visitServer();
      await stage.browser.run((text) => {
        for (const key of Object.keys(sessionStorage)) sessionStorage.setItem(key, text);
      }, text);
      await stage.start();
      assert.equal((await stage.call("handleRedirect")).error?.code, "state_mismatch", text);
      await stage.signIn();
      assert.equal((await stage.state()).status, "signed-in");
    }
  });
});

describe("where the session is kept", () => {
  test("local: in localStorage, and there for another tab", async () => {
    const config = { ...stage.config, storage: "local" };
    await stage.start(config);
    await stage.get("setTokens", tokens);
    const { stored } = await stage.state();
    assert.deepEqual(stored.session, {});
    assert.ok(JSON.stringify(stored.local).includes(tokens.refresh_token));
    const here = await stage.driver.getWindowHandle();
    await stage.driver.switchTo().newWindow("tab");
    try {
      await stage.open();
      assert.equal((await stage.start(config)).refreshToken, tokens.refresh_token);
      assert.equal((await stage.start()).status, "signed-out", "where the default storage is this tab's own");
    } finally {
      await stage.driver.close();
      await stage.driver.switchTo().window(here);
    }
    await stage.get("signOut", { local: true, revoke: false });
    assert.ok(!JSON.stringify((await stage.state()).stored.local).includes(tokens.refresh_token));
  });

  test("memory: nowhere, and that is no error", async () => {
    await stage.start({ ...stage.config, storage: "memory" });
    await stage.get("setTokens", tokens);
    const state = await stage.state();
    assert.deepEqual(state.stored, { session: {}, local: {} });
    assert.equal(state.persisted, false);
    assert.equal(state.error, null);
  });

  test("p01 session: every key begins with rekindle:, and nothing is left anywhere else", async () => {
    await stage.get("setTokens", tokens);
    const places = await stage.browser.run(async () => ({
      keys: Object.keys(sessionStorage),
      local: { ...localStorage },
      cookie: document.cookie,
      name: window.name,
      databases: await indexedDB.databases(),
      html: document.documentElement.outerHTML,
    }));
    assert.ok(places.keys.length > 0 && places.keys.every((key) => key.startsWith("rekindle:")), String(places.keys));
    assert.deepEqual(places.databases, []);
    const elsewhere = JSON.stringify([places.local, places.cookie, places.name, places.html]);
    for (const secret of [tokens.access_token, tokens.refresh_token, tokens.id_token]) assert.ok(!elsewhere.includes(secret));
  });
});

test("p07 no secret is in an error, an event or on the console", () => stage.assertDiscreet());
