// A whole life of a session, with failures on the way, and then a search for every secret of it in every place where none may be.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { kindsOfSecrets, startStage } from "./support/stage.mjs";
import { leaks, startSweep } from "./support/sweep.mjs";
import { startTabs, until } from "./support/tabs.mjs";

let stage;
let tabs;
before(async () => {
  stage = await startStage({ layout: "discovery" });
  tabs = await startTabs(stage);
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});

const secrets = () => kindsOfSecrets(stage.proxy.history);
const KINDS = ["access_token", "code", "code_verifier", "id_token", "nonce", "refresh_token", "state"];

/** A server that quotes all that it was sent. */
const quoting = (status) => ({ request, reply }) => {
  const said = `${request.headers.authorization ?? ""} ${[...new URLSearchParams(request.body).values()].join(" ")}`;
  reply({ status, headers: { "content-type": "application/json" }, body: JSON.stringify({ error: "invalid_request", error_description: said, error_uri: said }) });
};
/** The server answers, and half of it arrives. */
const cut = async ({ forward, reply }) => {
  const genuine = await forward();
  reply({ status: 200, headers: { "content-type": "application/json" }, body: genuine.body.slice(0, genuine.body.length / 2) });
};
const failures = [quoting(400), quoting(401), quoting(403), quoting(500), fault.answer(429, ""), fault.dropped, fault.withoutCors(503, "")];

/** One tab, from the first sign-in to just before the sign-out, with all that may fail in between. */
async function live() {
  const tab = await tabs.open();
  const sweep = await startSweep(tab);
  const call = async (method, ...args) => {
    const { value, error } = await tab.call(method, ...args);
    if (error) sweep.hear(`error of ${method}`, JSON.stringify(error));
    return { value, error };
  };
  /** Every failure of an endpoint, met by a method; the session is kept. */
  const failing = async (method, endpoint, faults, ...args) => {
    for (const spoil of faults) {
      stage.proxy.next(stage.paths[endpoint], spoil);
      assert.ok((await call(method, ...args)).error, `${method} fails`);
    }
  };

  await tab.start();
  // A sign-in that fails at the server, one that fails at the code exchange, and a forged callback.
  await tab.start({ ...stage.config, pushedAuthorizationRequests: true });
  await failing("signIn", "pushedAuthorizationRequest", failures);
  await tab.start();
  await tab.leave();
  const { state, nonce } = Object.fromEntries(stage.proxy.to(stage.paths.authorization).at(-1).query);
  const query = { error: "access_denied", error_description: `${state} ${nonce}`, error_uri: `https://x.example/${state}`, state, iss: stage.config.issuer };
  await tab.load(`/callback?${new URLSearchParams(query)}`);
  await tab.start();
  await call("handleRedirect");
  for (const spoil of [quoting(400), quoting(500), cut]) {
    await tab.leave();
    await tab.enter();
    await tab.start();
    await failing("handleRedirect", "token", [spoil]);
  }
  await tab.leave({ returnTo: "/inbox", state: { cart: 7 } });
  const address = await tab.enter();
  await tab.start();
  await call("handleRedirect", address.replace(/state=[^&]+/, "state=another-state-of-nobody"));
  assert.equal((await call("handleRedirect", address)).error, undefined);

  await failing("refresh", "token", failures);
  await failing("introspect", "introspection", failures);
  await failing("userInfo", "userinfo", [...failures, fault.edited((body) => ({ ...body, sub: "mallory" }))]);
  await failing("revoke", "revocation", failures);
  await failing("refresh", "token", [fault.edited(({ access_token: _, ...body }) => body)]);
  // Another signature: one of the same second would be the next token's too.
  const reversed = (text) => [...text].reverse().join("");
  await failing("refresh", "token", [fault.edited((body) => ({ ...body, id_token: body.id_token.replace(/[^.]+$/, reversed) }))]);
  stage.proxy.next(stage.paths.token, fault.silent);
  assert.equal((await call("refresh", { timeoutMs: 200 })).error.code, "timeout");
  await tab.reload();
  for (const method of ["refresh", "introspect", "userInfo", "getAccessToken", "refresh"]) assert.equal((await call(method)).error, undefined, method);
  // With one more that is still open.
  await tab.leave({ prompt: "login" });
  await tab.back();
  sweep.hear("error of signIn", JSON.stringify((await tab.outcome("leaving")).error));
  await hearEvents(tab, sweep);
  return { tab, sweep, call };
}

async function hearEvents(tab, sweep) {
  const events = await tab.run(() => probe.events.map(({ snapshot: { tokens: _, ...snapshot }, ...event }) => ({ ...event, snapshot })));
  sweep.hear("events", JSON.stringify(events));
}

/** Where the package keeps what it needs, and what the protocol puts into an address. */
function isAllowed(now) {
  return (place, kind, secret) => {
    if (place === "sessionStorage session") return [now.refreshToken, now.tokens?.accessToken, now.tokens?.idToken].includes(secret);
    // Those that are used keep their `state`; the one that is open has all three.
    if (place === "sessionStorage sign-ins") return kind === "state" || [now.pending?.nonce, now.pending?.code_verifier].includes(secret);
    if (place === `address ${stage.paths.authorization}`) return ["state", "nonce"].includes(kind);
    if (place === "address /callback") return ["state", "code", "nonce"].includes(kind);
    if (place === `address ${stage.paths.endSession}`) return kind === "id_token";
    return false;
  };
}

const pendingIn = async (tab) => {
  const [text] = Object.entries(await tab.storage()).flatMap(([key, value]) => (key.startsWith("rekindle:sign-ins:") ? [value] : []));
  return JSON.parse(text).sign_ins.find(({ used }) => !used);
};

describe("p02 after the sign-out", { skip: lacking("devtools") }, () => {
  beforeEach(async () => {
    await tabs.closeAll();
    await tabs.forgetUser();
  });

  for (const [name, options, of] of [["at the server", {}, "the server's page"], ["here alone", { local: true }, "the page"]]) {
    test(`${name}: nothing of the session is anywhere in the tab, and no token in its sibling`, async () => {
      const { tab, sweep, call } = await live();
      const sibling = await tab.duplicate();
      const other = await startSweep(sibling);
      if (options.local) await call("signOut", options);
      else {
        await tab.begin("leaving", "signOut", options);
        await tab.arrive((address) => address.startsWith(stage.proxy.origin), of);
      }
      await sibling.event("signed-out");
      // A sign-in that the sibling began for itself is its own to finish.
      const ofSibling = (place, kind) => place === "sessionStorage sign-ins" && ["state", "nonce", "code_verifier"].includes(kind);
      for (const [each, its, isLeft, rest] of [[tab, sweep, undefined, []], [sibling, other, ofSibling, ["sessionStorage sign-ins"]]]) {
        // Its own page first, and then the next one.
        if (each !== tab || options.local) {
          await hearEvents(each, its);
          assert.deepEqual([await each.run(() => probe.client.getRefreshToken()), (await each.state()).tokens], [null, null]);
          assert.deepEqual(leaks(await its.look(), secrets(), isLeft), []);
        }
        await each.load();
        await each.start();
        const places = await its.look();
        assert.deepEqual(leaks(places, secrets(), isLeft), []);
        const stores = places.map(([place]) => place).filter((place) => /Storage|IndexedDB|Cache/.test(place));
        assert.deepEqual(stores.sort(), ["localStorage tombstones", ...rest]);
        assert.deepEqual(leaks([...its.said(), ...its.addresses()], secrets(), isAllowed({})), []);
      }
    });
  }
});

// Last, for what is planted stays in the browser.
describe("p01 p07 q02 the search", { skip: lacking("devtools") }, () => {
  let tab;
  let sweep;
  let now;
  before(async () => {
    ({ tab, sweep } = await live());
    now = { ...(await tab.state()), pending: await pendingIn(tab) };
  });

  test("the run had every kind of secret, and every place was looked into", async () => {
    const kinds = [...new Set(secrets().values())].filter((kind) => KINDS.includes(kind)).sort();
    assert.deepEqual(kinds, KINDS);
    const places = [...(await sweep.look()), ...sweep.said(), ...sweep.addresses()].map(([place]) => place);
    for (const place of ["sessionStorage session", "sessionStorage sign-ins", "sessionStorage metadata", "client", "diagnostics", "snapshot", "events",
      "error of refresh", "error of introspect", "error of userInfo", "error of revoke", "error of signIn", "error of handleRedirect",
      "cookies", "DOM", "address /callback", `address ${stage.paths.token}`]) assert.ok(places.includes(place), place);
  });

  test("none is where it may not be: errors, events, console, diagnostics, addresses, storage, cookies, databases, names, the page", async () => {
    const places = [...(await sweep.look()), ...sweep.said(), ...sweep.addresses()];
    assert.deepEqual(leaks(places, secrets(), isAllowed(now)), []);
  });

  test("q06 of the refresh tokens only the last one is left", async () => {
    const all = [...secrets()].filter(([, kind]) => kind === "refresh_token").map(([secret]) => secret);
    assert.ok(all.length > 3);
    const everything = (await sweep.look()).map(([, text]) => text).join();
    assert.deepEqual(all.filter((token) => everything.includes(token)), [now.refreshToken]);
  });

  test("q03 what is sent goes to the issuer's endpoint for it, by POST, and nowhere else", () => {
    const { token, introspection, revocation, userinfo, pushedAuthorizationRequest: pushed } = stage.paths;
    const goesTo = {
      refresh_token: [token, introspection, revocation], access_token: [introspection, revocation, userinfo], code: [token], code_verifier: [token],
      state: [pushed], nonce: [pushed], id_token: [],
    };
    const kinds = secrets();
    const found = Object.fromEntries(Object.keys(goesTo).map((kind) => [kind, 0]));
    for (const { method, url, headers, body } of sweep.sent) {
      const { Referer: _, ...own } = headers;
      const inside = JSON.stringify(own) + decodeURIComponent(body);
      for (const [secret, kind] of kinds) {
        if (!inside.includes(secret)) continue;
        const { origin, pathname } = new URL(url);
        assert.equal(origin, stage.proxy.origin);
        assert.ok(goesTo[kind]?.includes(pathname), `${kind} to ${pathname}`);
        assert.equal(method, pathname === userinfo ? "GET" : "POST");
        found[kind] += 1;
      }
    }
    for (const [kind, count] of Object.entries(found)) assert.equal(count > 0, kind !== "id_token", kind);
  });

  test("p06 nothing that prints the client or an error prints a secret", async () => {
    const seen = [];
    tab.cdp.on("Runtime.consoleAPICalled", ({ args }) => seen.push(JSON.stringify(args)));
    stage.proxy.next(stage.paths.token, quoting(400));
    await tab.run(async () => {
      const error = await probe.client.refresh().catch((error) => error);
      for (const print of ["log", "dir", "table", "error", "trace"]) console[print](probe.client, error, error.cause);
      console.log("%o %O %s", probe.client, error, error, "end of it");
    });
    await until(() => seen.some((words) => words.includes("end of it")), "all is printed");
    // And what a debugger of the page would be shown of them, closures apart.
    const { result } = await tab.cdp.send("Runtime.evaluate", { expression: "probe.client" });
    const { result: members } = await tab.cdp.send("Runtime.getProperties", { objectId: result.objectId, generatePreview: true });
    seen.push(JSON.stringify(members));
    assert.deepEqual(leaks(seen.map((words) => ["printed", words]), secrets()), []);
  });

  describe("finds what is planted", () => {
    /** Each puts a text where none may be. */
    const plants = {
      console: (secret) => console.debug({ deep: [secret] }),
      "uncaught error": (secret) => void setTimeout(() => { throw new Error(secret); }),
      "address /planted": (secret) => fetch(`/planted?q=${secret}`),
      "localStorage other": (secret) => localStorage.setItem("other", `x${secret}x`),
      "sessionStorage metadata": (secret) => sessionStorage.setItem("rekindle:metadata:planted", secret),
      "document.cookie": (secret) => { document.cookie = `planted=${secret}`; },
      IndexedDB: (secret) => new Promise((done) => {
        const opening = indexedDB.open("planted");
        opening.onupgradeneeded = () => opening.result.createObjectStore("planted", { autoIncrement: true }).put({ secret });
        opening.onsuccess = () => done(opening.result.close());
      }),
      Cache: async (secret) => (await caches.open("planted")).put("/planted", new Response(secret)),
      "window.name": (secret) => { window.name = secret; },
      "history.state": (secret) => history.replaceState({ secret }, ""),
      DOM: (secret) => { document.body.dataset.planted = secret; },
      "global planted": (secret) => { globalThis.planted = new Map([["a", { secret }]]); },
      locks: (secret) => new Promise((held) => { navigator.locks.request(secret, () => new Promise(held)); setTimeout(held, 0); }),
      events: (secret) => { probe.events.push({ type: "renewed", snapshot: {}, error: { message: secret } }); },
      "sessionStorage session": (secret) => {
        const key = Object.keys(sessionStorage).find((key) => key.startsWith("rekindle:session:"));
        sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), planted: secret }));
      },
    };
    for (const [place, plant] of Object.entries(plants)) {
      test(place, async () => {
        const [secret] = [...secrets()].find(([secret, kind]) => kind === "refresh_token" && secret !== now.refreshToken);
        await tab.run(`(secret) => (${plant})(secret)`, secret.slice(-16));
        if (place === "events") await hearEvents(tab, sweep);
        const all = async () => leaks([...(await sweep.look()), ...sweep.said(), ...sweep.addresses()], secrets(), isAllowed(now));
        await until(async () => (await all()).includes(`${place}: refresh_token`), async () => `the search finds it; it found ${await all()}`);
      });
    }
  });
});
