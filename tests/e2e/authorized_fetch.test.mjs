// The app's own calls, through `fetch` of the client: where the access token goes, and what becomes of an API's refusal.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { challenged, startApi } from "./support/api.mjs";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { movableClock, startTabs, until } from "./support/tabs.mjs";

const HOUR = 3_600_000;

let stage;
let tabs;
let api;
let foreign;
let config;
before(async () => {
  [stage, api, foreign] = await Promise.all([startStage(), startApi(), startApi()]);
  config = { ...stage.config, autoRenew: false, allowedOrigins: [api.origin] };
  tabs = await startTabs(stage, { scripts: [movableClock, callApi] });
});
after(async () => {
  await tabs?.close();
  await Promise.all([api, foreign, stage].map((each) => each?.close()));
});
beforeEach(() => {
  for (const each of [api, foreign, stage.proxy]) each.forget();
});
afterEach(async () => {
  assert.ok(!JSON.stringify([...api.requests, ...foreign.requests]).includes("refresh_token"));
  await tabs.assertDiscreet();
  await tabs.closeAll();
});

/** In each page: `callApi(input, init)` calls the API and gives what came, in a form that may leave the page. */
function callApi() {
  globalThis.callApi = async (...args) => {
    try {
      return { status: (await probe.client.fetch(...args)).status };
    } catch (error) {
      return { error: probe.fields(error) };
    }
  };
}

const call = (tab, input, init) => tab.run((input, init) => globalThis.callApi(input, init), input, init);
const begin = (tab, name, input, init) => tab.run((name, input, init) => { probe[name] = globalThis.callApi(input, init); }, name, input, init);
const signedIn = async (own = config, tokens) => {
  const tab = await tabs.signedIn(own, tokens);
  stage.proxy.forget();
  return tab;
};
const held = async (tab) => (await tab.state()).tokens?.accessToken;
const refreshes = () => stage.proxy.to(stage.paths.token).length;
const bearers = ({ requests } = api) => requests.map(({ headers }) => headers.authorization);

describe("q12 the access token goes to origins of the list alone", () => {
  /** What a page asked for, with the headers that it set. */
  const watch = (tab) => {
    const sent = [];
    tab.cdp.on("Network.requestWillBeSent", ({ request: { url, headers } }) => sent.push({ url, authorization: headers.Authorization ?? headers.authorization }));
    return sent;
  };

  test("without a list to the page's own, however it is written, and nowhere else", { skip: lacking("devtools") }, async () => {
    const { origin } = stage.site;
    const { host, port } = new URL(origin);
    const tab = await signedIn(stage.config);
    const sent = watch(tab);
    const token = await held(tab);

    const own = ["/a?b=c", "a", "", `${origin}/a`, `${origin.toUpperCase()}/a`, `//${host}/a`, ` ${origin}/a`, `${origin.replace("127.0.0.1", "127.1")}/a`];
    for (const input of own) assert.equal((await call(tab, input)).status, 200, input);
    const others = await tab.run(async () => {
      const { status } = await probe.client.fetch(new URL("/a", location.href));
      return [status, (await probe.client.fetch(new Request("/a"))).status];
    });
    assert.deepEqual(others, [200, 200]);
    assert.deepEqual(sent.map(({ authorization }) => authorization), Array(own.length + 2).fill(`Bearer ${token}`));

    sent.length = 0;
    for (const input of [
      `${api.origin}/a`, `${foreign.origin}/a?secret=1#secret`, `http://127.0.0.1/a`, `http://127.0.0.2:${port}/a`, `http://localhost:${port}/a`,
      `https://${host}/a`, `//evil.example/a`, `\\\\evil.example/a`, `/\\evil.example/a`, `http:\\\\evil.example`, "ht\ntps://evil.example/a",
      `http://${host}@evil.example/`, `http://127.0.0.1:${port}secret@evil.example/`, `//user:secret@evil.example/a`,
      `http://127.0.0.1.evil.example:${port}/`, `http://evil.example:${port}/127.0.0.1`, `http://evil.example/?${origin}`, `http://evil.example/#${origin}`,
      "data:text/plain,secret", "javascript:secret", "about:blank", "file:///secret",
    ]) {
      const { error } = await call(tab, input);
      assert.equal(error?.code, "origin_not_allowed", input);
      assert.deepEqual([error.own, error.retryable, error.sessionLost], [true, false, false]);
      const { protocol, origin: named } = new URL(input, origin);
      if (protocol.startsWith("http")) assert.ok(error.message.includes(` ${named};`), error.message);
      assert.ok(!error.message.includes("secret"), error.message);
    }
    const asRequest = await tab.run((input) => globalThis.callApi(new Request(input)), `${api.origin}/a`);
    assert.equal(asRequest.error.code, "origin_not_allowed");
    assert.deepEqual([sent, api.requests, foreign.requests], [[], [], []]);
  });

  test("with a list to those alone: the page's own is none of them, another port or scheme is another", async () => {
    const tab = await signedIn();
    assert.equal((await call(tab, `${api.origin}/a`)).status, 200);
    const isRefused = async (input) => assert.equal((await call(tab, input)).error.code, "origin_not_allowed", input);
    for (const input of ["/a", `${foreign.origin}/a`, `https${api.origin.slice(4)}/a`]) await isRefused(input);
    await tab.start({ ...config, allowedOrigins: [] });
    for (const input of ["/a", `${api.origin}/a`]) await isRefused(input);
    assert.equal(api.requests.length, 1);
  });

  test("a list that is changed later is the one that was checked", async () => {
    const tab = await signedIn();
    const { error } = await tab.run(async (config, origin) => {
      await probe.start(config);
      config.allowedOrigins.push(origin);
      return globalThis.callApi(origin);
    }, config, foreign.origin);
    assert.equal(error.code, "origin_not_allowed");
  });

  test("where the page has another base, an address is what it is to fetch", async () => {
    const tab = await signedIn(stage.config);
    const outcome = await tab.run(async (base) => {
      document.head.append(Object.assign(document.createElement("base"), { href: base }));
      return [await globalThis.callApi("/a"), await globalThis.callApi(`${location.origin}/a`)];
    }, foreign.origin);
    assert.deepEqual([outcome[0].error.code, outcome[1].status, foreign.requests], ["origin_not_allowed", 200, []]);
  });

  test("from a srcdoc frame to its page's; from a page without an origin, and to what has none, to none: all of these are called alike", async () => {
    const tab = await signedIn(stage.config);
    const codes = await tab.run(async (config) => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      await new Promise((loaded) => { Object.assign(frame, { srcdoc: '<script type="module" src="/probe.js"></script>', onload: loaded }); });
      const codes = [];
      for (const origin of [frame.contentWindow.origin, "null"]) {
        const own = await Object.assign(frame.contentWindow, { origin }).probe.createClient({ ...config, storage: "memory" });
        await own.setTokens({ access_token: "at" });
        for (const input of ["other-app://a", "data:,a", "/a"]) codes.push(await own.fetch(input).then(({ ok }) => ok && "ok", ({ code }) => code));
      }
      return codes;
    }, stage.config);
    assert.deepEqual(codes.map((code) => code === "origin_not_allowed" || code), [true, true, "ok", true, true, true]);
  });

  test("in the header, in the place of the caller's own; other headers and the request stay as they are", async () => {
    const tab = await signedIn();
    const token = await held(tab);
    const init = { method: "PUT", headers: { authorization: "Basic YTpi", "X-Own": "1", "Content-Type": "text/csv" }, body: "a,b" };
    await call(tab, `${api.origin}/a?b=c#d`, init);
    await tab.run(async (input, init) => { await probe.client.fetch(new Request(input, { ...init, referrer: "/from" })); }, `${api.origin}/a?b=c#d`, init);
    assert.equal(api.requests.length, 2);
    for (const { method, path, headers, body } of api.requests) {
      assert.deepEqual([method, path, headers.authorization, headers["x-own"], headers["content-type"], body], ["PUT", "/a?b=c", `Bearer ${token}`, "1", "text/csv", "a,b"]);
      assert.ok(!path.includes(token));
    }
  });

  test("it stays behind at a redirect to another origin, which is not asked again and has no say", async () => {
    const tab = await signedIn();
    const redirect = (location) => () => ({ status: 307, headers: { location } });
    const stepUp = challenged('Bearer error="insufficient_user_authentication"');
    for (const answer of [undefined, stepUp, challenged('Bearer error="invalid_token"')]) {
      api.next(redirect(`${foreign.origin}/there`));
      if (answer) foreign.next(answer);
      assert.equal((await call(tab, `${api.origin}/here`, { method: "POST", body: "x" })).status, 401);
    }
    assert.deepEqual(bearers(foreign), [undefined, undefined, undefined]);
    assert.deepEqual([api.requests.length, refreshes()], [3, 0]);
    // Within its origin it goes along.
    const token = await held(tab);
    api.forget();
    api.next(redirect("/there"));
    assert.equal((await call(tab, `${api.origin}/here`)).status, 200);
    assert.deepEqual(bearers(), [`Bearer ${token}`, `Bearer ${token}`]);
  });
});

describe("q12 a 401 is one refresh and one retry", () => {
  /** The ways to send a body, in the page. */
  const bodies = {
    nothing: () => [{ method: "POST" }],
    text: () => [{ method: "POST", body: "text" }],
    URLSearchParams: () => [{ method: "POST", body: new URLSearchParams({ a: "text" }) }],
    FormData: () => {
      const body = new FormData();
      body.append("a", new File(["text"], "a.txt"));
      return [{ method: "POST", body }];
    },
    Blob: () => [{ method: "POST", body: new Blob(["text"], { type: "text/csv" }) }],
    ArrayBuffer: () => [{ method: "POST", body: new TextEncoder().encode("text").buffer }],
    "typed array": () => [{ method: "POST", body: new TextEncoder().encode("text") }],
    "a Request": (address) => [undefined, new Request(address, { method: "POST", body: "text" })],
    "a Request with a form": (address) => [undefined, new Request(address, { method: "POST", body: new URLSearchParams({ a: "text" }), keepalive: true })],
    "a Request and an init": (address) => [{ method: "PATCH", body: "text" }, new Request(address, { headers: { "X-Own": "1" } })],
    "nothing, and a Request as the init": (address) => [new Request(address, { method: "POST", headers: { "X-Own": "text" } })],
  };

  test("whatever the body is, it arrives twice", async () => {
    const tab = await signedIn();
    for (const [name, make] of Object.entries(bodies)) {
      const before = await held(tab);
      api.forget();
      stage.proxy.forget();
      api.refuse(before);
      const { status } = await tab.run(`(address) => { const [init, input = address] = (${make})(address); return callApi(input, init); }`, `${api.origin}/a`);
      const now = await held(tab);
      assert.deepEqual([status, refreshes(), bearers()], [200, 1, [`Bearer ${before}`, `Bearer ${now}`]], name);
      const [first, second] = api.requests;
      // Each form has a boundary of its own, in Firefox of a length of its own.
      const plain = ({ body }) => body.replaceAll(/-{2,}(WebKitFormBoundary|geckoformboundary)\w+/gi, "");
      assert.equal(plain(first), plain(second), name);
      assert.equal(first.body.includes("text"), !name.startsWith("nothing"), name);
      for (const header of name === "FormData" ? ["x-own"] : ["x-own", "content-length"]) assert.equal(first.headers[header], second.headers[header], name);
      assert.equal(first.headers["content-type"]?.split(";")[0], second.headers["content-type"]?.split(";")[0], name);
      assert.ok(first.method === second.method && first.method !== "GET", name);
    }
  });

  test("a stream is sent once, and its 401 is the app's", async () => {
    const tab = await signedIn();
    // Chromium streams over HTTP/2 alone.
    const outcome = await tab.run(async (config, input) => {
      let sent = 0;
      const own = await probe.createClient({ ...config, fetch: async () => { sent += 1; return new Response("no", { status: 401 }); } });
      const response = await own.fetch(input, { method: "POST", duplex: "half", body: new Blob(["text"]).stream() });
      return [sent, response.status, await response.text()];
    }, config, `${api.origin}/a`);
    assert.deepEqual([outcome, refreshes()], [[1, 401, "no"], 0]);
  });

  test("an API that always refuses: two requests, and its answer is the app's", async () => {
    const tab = await signedIn();
    for (const _ of [1, 2]) api.next(() => ({ status: 401, body: "no" }));
    const outcome = await tab.run(async (input) => {
      const response = await probe.client.fetch(input);
      return [response.status, await response.text()];
    }, `${api.origin}/a`);
    assert.deepEqual([outcome, api.requests.length, refreshes()], [[401, "no"], 2, 1]);
  });

  test("twenty at once are one refresh", async () => {
    const tab = await signedIn();
    api.refuse(await held(tab));
    const statuses = await tab.run((input) => Promise.all(Array.from({ length: 20 }, async () => (await probe.client.fetch(input)).status)), `${api.origin}/a`);
    assert.deepEqual([statuses, api.requests.length, refreshes()], [Array(20).fill(200), 40, 1]);
  });

  test("where tokens have come since it was sent, those are sent, with no refresh", async () => {
    const tab = await signedIn();
    const before = await held(tab);
    let release;
    const isReleased = new Promise((resolve) => { release = resolve; });
    api.next(async () => {
      await isReleased;
      return { status: 401 };
    });
    await begin(tab, "late", `${api.origin}/a`);
    await until(() => api.requests.length, "the call arrives");
    await tab.get("refresh");
    release();
    assert.equal((await tab.outcome("late")).status, 200);
    assert.deepEqual([bearers(), refreshes()], [[`Bearer ${before}`, `Bearer ${await held(tab)}`], 1]);
  });

  test("where another user has come since, what the first asked for is not done in the other's name", async () => {
    const tab = await signedIn();
    api.next(async () => {
      const { claims } = (await tab.state()).tokens;
      const other = { ...claims, sub: "somebody else" };
      const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
      stage.proxy.next("/oauth2/default/v1/keys", fault.answer(503, ""));
      await tab.run((response) => probe.client.setTokens(response).then(() => null), { access_token: "the other's", id_token: `${part({ alg: "RS256" })}.${part(other)}.c2ln` });
      return { status: 401 };
    });
    assert.equal((await call(tab, `${api.origin}/a`, { method: "DELETE" })).status, 401);
    assert.deepEqual([api.requests.length, refreshes()], [1, 0]);
  });

  for (const [name, spoil] of [["503", fault.answer(503, "")], ["a dropped connection", fault.dropped], ["400 invalid_scope", fault.answer(400, { error: "invalid_scope" })]]) {
    test(`a refresh that meets with ${name}: the API's answer is the app's, and the session stays`, async () => {
      const tab = await signedIn();
      const before = await held(tab);
      api.refuse(before);
      stage.proxy.next(stage.paths.token, spoil);
      assert.equal((await call(tab, `${api.origin}/a`)).status, 401);
      assert.deepEqual([await held(tab), api.requests.length, refreshes()], [before, 1, 1]);
    });
  }

  test("without a refresh token the API's answer is the app's", async () => {
    const tab = await signedIn(config, { ...(await stage.newTokens()), refresh_token: undefined });
    api.refuse(await held(tab));
    assert.equal((await call(tab, `${api.origin}/a`)).status, 401);
    assert.deepEqual([api.requests.length, refreshes()], [1, 0]);
  });

  test("a refresh that ends the session: its error is the app's", async () => {
    const tab = await signedIn();
    api.refuse(await held(tab));
    stage.proxy.next(stage.paths.token, fault.answer(400, { error: "invalid_grant" }));
    const { error } = await call(tab, `${api.origin}/a`);
    assert.deepEqual([error.code, error.sessionLost, (await tab.state()).status], ["invalid_grant", true, "signed-out"]);
    assert.equal((await call(tab, `${api.origin}/a`)).error.code, "no_session");
    assert.equal(api.requests.length, 1);
  });

  test("other refusals are passed on", async () => {
    const tab = await signedIn();
    for (const [status, challenge] of [[403, 'Bearer error="insufficient_scope", scope="admin"'], [403, 'Bearer error="insufficient_user_authentication"'], [400, 'Bearer error="invalid_request"'], [500]]) {
      api.next(() => ({ status, headers: challenge ? { "www-authenticate": challenge } : {} }));
      assert.equal((await call(tab, `${api.origin}/a`)).status, status);
    }
    assert.deepEqual([api.requests.length, refreshes()], [4, 0]);
  });
});

describe("q12 a challenge to sign in in another way (RFC 9470)", () => {
  const needed = 'error="insufficient_user_authentication"';
  const yes = [
    ["the RFC's", [`Bearer ${needed}, error_description="A different authentication level is required", acr_values="myACR"`], "myACR"],
    ["the RFC's, of age", [`Bearer ${needed}, error_description="More recent authentication is required", max_age="5"`], undefined, 5],
    ["both, of several values, in another order", [`Bearer max_age=0, acr_values="urn:a urn:b" , ${needed}`], "urn:a urn:b", 0],
    ["neither", [`Bearer ${needed}`]],
    ["in other cases, with other spaces", ['bEARER  Realm="x",,Error = insufficient_user_authentication ,\tACR_Values\t=\t"a"'], "a"],
    ["with quotes in it", [`Bearer error_description="say \\"Bearer error=\\\\\\", acr_values=", ${needed}, acr_values="a\\"b"`], 'a"b'],
    ["of several in one line", [`Basic realm="a, Bearer b", Bearer ${needed}, acr_values="a", Digest realm="c", acr_values="no"`], "a"],
    ["of several lines", ["Negotiate YWJj/+8==", 'Basic realm="x"', `Bearer ${needed}, max_age=60`], undefined, 60],
    ["DPoP's", [`DPoP algs="ES256", ${needed}, acr_values="a"`], "a"],
    ["with an age that is none", [`Bearer ${needed}, max_age=soon, acr_values=""`]],
  ];
  const no = [
    ["none", []],
    ["another error", ['Bearer error="invalid_token", acr_values="a"']],
    ["quoted", [`Bearer error="invalid_token", error_description="no error=\\"insufficient_user_authentication\\"", acr_values="a"`]],
    ["half an error", ['Bearer error="insufficient_user_authentication2"']],
    ["unfinished", ['Bearer error="insufficient_user_authentication']],
    ["of another parameter", ['Bearer xerror="insufficient_user_authentication", my.error=insufficient_user_authentication']],
  ];

  test("is the error login_required, with what signIn takes, and no refresh", async () => {
    const tab = await signedIn();
    const before = await held(tab);
    const shown = yes.filter(([, challenges]) => challenges.length === 1 || !lacking("challenges"));
    for (const [name, challenges, acrValues, maxAge] of shown) {
      api.next(challenged(...challenges));
      const { error } = await call(tab, `${api.origin}/a`);
      const { code, reason, status, retryable, sessionLost, own } = error ?? {};
      assert.deepEqual([code, reason, status, retryable, sessionLost, own], ["login_required", "step_up", 401, false, false, true], name);
      assert.deepEqual([error.acrValues, error.maxAge], [acrValues, maxAge], name);
    }
    assert.deepEqual([api.requests.length, refreshes(), await held(tab)], [shown.length, 0, before]);
  });

  test("is not seen in what is none", async () => {
    const tab = await signedIn();
    for (const [name, challenges] of no) {
      api.next(challenged(...challenges));
      assert.equal((await call(tab, `${api.origin}/a`)).status, 200, name);
    }
    assert.deepEqual([api.requests.length, refreshes()], [2 * no.length, no.length]);
  });

  test("also where it comes after the retry", async () => {
    const tab = await signedIn();
    api.next(challenged('Bearer error="invalid_token"'));
    api.next(challenged(`Bearer ${needed}, max_age=60`));
    const { error } = await call(tab, `${api.origin}/a`);
    assert.deepEqual([error.reason, error.maxAge, api.requests.length, refreshes()], ["step_up", 60, 2, 1]);
  });
});

describe("q12 before and around the app's call", () => {
  test("a token that has run out is renewed first", async () => {
    const tab = await signedIn();
    await tab.run((ms) => globalThis.moveClock(ms), HOUR);
    assert.equal((await call(tab, `${api.origin}/a`)).status, 200);
    assert.deepEqual([bearers(), refreshes()], [[`Bearer ${await held(tab)}`], 1]);
  });

  test("a request with a fresh token leaves at once, as it then is", async () => {
    const tab = await signedIn();
    const status = await tab.run(async (input) => {
      const body = new Uint8Array([65]);
      const { fetch } = probe.client;
      const sent = fetch(input, { method: "POST", body });
      body[0] = 66;
      return (await sent).status;
    }, `${api.origin}/a`);
    assert.deepEqual([status, api.requests[0].body], [200, "A"]);
  });

  test("without a session nothing is sent", async () => {
    const tab = await tabs.open();
    await tab.start(config);
    const { code, sessionLost } = (await call(tab, `${api.origin}/a`)).error;
    assert.deepEqual([code, sessionLost, api.requests], ["no_session", true, []]);
  });

  test("what the app's call meets with is passed on as fetch gives it", async () => {
    const tab = await signedIn();
    // Firefox sends a call again where the connection is dropped.
    for (let times = 0; times < 20; times++) api.next(() => undefined);
    for (const [input, init] of [[`${api.origin}/a`], ["http://"], [`${api.origin.replace("//", "//user:pass@")}/a`], [`${api.origin}/a`, { method: "GET", body: "x" }], [undefined]]) {
      const { error } = await call(tab, input, init);
      assert.deepEqual([error.name, error.own], ["TypeError", false], input);
    }
    api.forget();
    assert.equal(refreshes(), 0);
  });

  test("the caller's signal ends it as it ends a fetch: during the call, before it, and during the refresh", async () => {
    const tab = await signedIn();
    const abort = (name) => tab.run((name) => { probe.stop.abort(name ? new RangeError(name) : undefined); }, name);
    const beginWith = (asRequest) => tab.run((input, asRequest) => {
      probe.stop = new AbortController();
      const { signal } = probe.stop;
      probe.call = asRequest ? globalThis.callApi(new Request(input, { signal })) : globalThis.callApi(input, { signal });
    }, `${api.origin}/a`, asRequest);
    for (const asRequest of [false, true]) {
      api.forget();
      api.next(() => new Promise(() => {}));
      await beginWith(asRequest);
      await until(() => api.requests.length, "the call arrives");
      await abort();
      assert.equal((await tab.outcome("call")).error.name, "AbortError");

      const before = await tab.run((input) => globalThis.callApi(input, { signal: AbortSignal.abort(new RangeError("mine")) }), `${api.origin}/a`);
      assert.deepEqual([before.error.text, before.error.own], ["RangeError: mine", false]);

      api.refuse(await held(tab));
      const { fault: late, reached, release } = fault.held();
      stage.proxy.next(stage.paths.token, late);
      await beginWith(asRequest);
      await reached;
      await abort("mine");
      assert.equal((await tab.outcome("call")).error.text, "RangeError: mine");
      release();
      assert.equal((await call(tab, `${api.origin}/a`)).status, 200);
    }
  });

  test("a client that is closed: later calls and those under way reject with closed", async () => {
    const tab = await signedIn();
    api.next(() => new Promise(() => {}));
    await begin(tab, "open", `${api.origin}/a`);
    await until(() => api.requests.length, "the call arrives");
    await tab.run(() => probe.client.close());
    assert.equal((await tab.outcome("open")).error.code, "closed");
    for (const input of [`${api.origin}/a`, foreign.origin, "http://"]) assert.equal((await call(tab, input)).error.code, "closed");
    assert.equal(api.requests.length, 1);
  });
});

describe("q15 what is taken when the client is made", () => {
  for (const when of ["a moment", "a while"]) {
    test(`${when} later a patch of the page's fetch or storage sees no token, and a change of the config is none`, async () => {
      const tab = await signedIn();
      api.refuse(await held(tab));
      const seen = await tab.run(async (config, when, input) => {
        const [seen, making] = [[], probe.start(config)];
        if (when === "a while") await making;
        config.clientId = "another";
        const taken = ["getItem", "setItem", "removeItem"].map((name) => [Storage.prototype, name]);
        for (const [target, name] of [[globalThis, "fetch"], ...taken]) {
          const { [name]: genuine } = target;
          target[name] = function (...args) { seen.push([name, ...args].join()); return genuine.apply(this, args); };
        }
        await making;
        seen.length = 0; // The probe reads the storage, to say what is there.
        const { status } = await probe.client.fetch(input);
        await probe.client.refresh();
        await probe.client.fetch(new Request(input));
        return [status, seen];
      }, config, when, `${api.origin}/a`);
      assert.deepEqual(seen, [200, []]);
      assert.deepEqual([api.requests.length, refreshes()], [3, 2]);
    });
  }

  test("the config's fetch carries the app's calls: an address as a string with its init, a Request as it is", async () => {
    const tab = await signedIn();
    const calls = await tab.run(async (config, input) => {
      const calls = [];
      const fetch = async (input, init) => {
        const { headers } = init ?? input;
        calls.push([input instanceof Request ? "Request" : input, new Headers(headers).get("authorization"), init?.body, init?.method]);
        return new Response();
      };
      const own = await probe.createClient({ ...config, fetch });
      await own.fetch(input, { method: "POST", body: "text" });
      await own.fetch(new URL(input));
      await own.fetch(new Request(input));
      return calls;
    }, config, `${api.origin}/a`);
    const bearer = `Bearer ${await held(tab)}`;
    assert.deepEqual(calls, [[`${api.origin}/a`, bearer, "text", "POST"], [`${api.origin}/a`, bearer, null, null], ["Request", bearer, null, null]]);
  });
});
