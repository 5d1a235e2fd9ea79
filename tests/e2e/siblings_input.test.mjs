// What comes over the channel is input: another script of the origin may say anything there. Only a later generation of the family that
// is held, and its end, count.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startStage } from "./support/stage.mjs";
import { startTabs } from "./support/tabs.mjs";

let stage;
let tabs;
let tab;
let sibling;
let stranger;
let own;
before(async () => {
  stage = await startStage();
  tabs = await startTabs(stage);
  tab = await tabs.signedIn();
  sibling = await tab.duplicate();
  stranger = await tabs.open();
  await stranger.run((name) => { globalThis.channel = new BroadcastChannel(name); }, `rekindle:${stage.config.issuer}|${stage.config.clientId}|`);
  own = JSON.parse(Object.entries(await tab.storage()).find(([key]) => key.startsWith("rekindle:session:"))[1]);
  stage.proxy.forget();
});
after(async () => {
  await tabs?.close();
  await stage?.close();
});
afterEach(() => tabs.assertDiscreet());

/** Posts what an expression of the page gives, and waits until what is said there has been heard by both: they answer a question after it. */
const say = (expression) => stranger.run(`async (own) => {
  const { channel } = globalThis;
  channel.postMessage(${expression});
  await new Promise((heard) => {
    let answers = 0;
    channel.onmessage = ({ data }) => { if (data?.what === "tokens" && ++answers === 2) heard(); };
    channel.postMessage({ what: "ask", family: own.family, generation: 0 });
  });
}`, own);

const looks = async () => {
  const all = [];
  for (const each of [tab, sibling]) all.push(await each.state(), await each.events(), await each.storage());
  return JSON.stringify(all);
};

const tokens = (message, record = "{}") => `{ what: "tokens", family: own.family, generation: 2, ms: 0, ...(${message}), record: { ...own, generation: 2, access_token: "planted-token", refresh_token: "planted-refresh", ...(${record}) } }`;
const withRecord = (record) => tokens("{}", record);
const other = `{ family: "another-family" }`;

const groups = {
  "what is no message": [
    "null", "undefined", "7", "NaN", `"tokens"`, `"x".repeat(3 << 20)`, "[]", "[own]", "{}", "new Map([['what', 'tokens']])", "new Date()", "new ArrayBuffer(8)",
    "new Error('tokens')", "{ what: null }", "{ what: 7 }", "{ what: {} }", `{ what: "" }`, `{ what: "close" }`, `{ what: "constructor" }`,
    `JSON.parse('{"__proto__": {"what": "signed-out"}, "constructor": {"prototype": {"what": "lost"}}}')`,
    `(() => { let deep = {}; for (let at = 0; at < 500; at++) deep = { what: "tokens", record: deep }; return deep; })()`,
  ],
  "tokens that are not later": [0, 1, -1, "NaN", "-Infinity", `"2"`, "null"].map((generation) => tokens(`{ generation: ${generation} }`, `{ generation: ${generation} }`)),
  "tokens of another family": [tokens(other, other), tokens(other), withRecord(other), withRecord(`{ family: 7 }`), withRecord(`{ family: undefined }`)],
  "tokens without a whole record of this client": [
    `{ what: "tokens", family: own.family, generation: 2 }`, ...["null", "7", `"record"`, "[]", "{}"].map((record) => `{ what: "tokens", family: own.family, generation: 2, record: ${record} }`),
    ...[
      `issuer: "https://evil.example"`, "issuer: undefined", `client_id: "another"`, "version: 1", "version: 99", `version: "2"`, "generation: 1", "generation: 2 ** 60", `token_type: "mac"`,
      "access_token: 7", "access_token: undefined", "access_token: {}", "refresh_token: 7", "refresh_token: ['a']", "id_token: {}", "scope: 7",
      `access_token: "a".repeat((1 << 20) + 1)`, `refresh_token: "r".repeat(3 << 20)`, `id_token: "i".repeat(3 << 20)`,
      "expires_at: NaN", `expires_at: "2099"`, "expires_at: undefined", "received_at: Infinity", "signed_in_at: {}",
    ].map((member) => withRecord(`{ ${member} }`)),
  ],
  "ends of another session, or of an earlier generation": [
    `{ what: "signed-out", family: "another-family" }`, `{ what: "signed-out" }`, `{ what: "signed-out", family: [own.family] }`,
    `{ what: "lost", family: "another-family", generation: 9 }`, `{ what: "lost", family: own.family, generation: 0 }`, `{ what: "lost", family: own.family }`,
    `{ what: "lost", family: own.family, generation: "1" }`,
  ],
  "notes about another refresh token, or with nothing readable in them": [
    `{ what: "notes", family: "another-family", generation: 1, sent_at: 1, wait_until: 9e15, debt: 9e15, open: true }`,
    `{ what: "notes", family: own.family, generation: 2, sent_at: 1, wait_until: 9e15 }`,
    `{ what: "notes", family: own.family, generation: 1, sent_at: "now", seen: {}, wait_until: NaN, debt: [], open: "yes" }`,
  ],
};

describe("p05 what a stranger says on the channel", () => {
  for (const [name, messages] of Object.entries(groups)) {
    test(`${name}: ${messages.length} messages change nothing`, async () => {
      const before = await looks();
      for (const message of messages) {
        await say(message);
        assert.equal(await looks(), before, message);
      }
      assert.deepEqual(stage.proxy.recent(), []);
    });
  }

  test("and the same made right is taken: so all of that was heard", async () => {
    const { refresh_token: refreshToken, access_token: accessToken } = await stage.newTokens();
    await say(withRecord(JSON.stringify({ refresh_token: refreshToken, access_token: accessToken })));
    for (const each of [tab, sibling]) {
      const { tokens: held, refreshToken: kept } = await each.state();
      assert.deepEqual([held.accessToken, kept], [accessToken, refreshToken]);
    }
    await tab.get("refresh");
    await stranger.run((family) => globalThis.channel.postMessage({ what: "signed-out", family }), own.family);
    for (const each of [tab, sibling]) await each.event("signed-out");
  });
});
