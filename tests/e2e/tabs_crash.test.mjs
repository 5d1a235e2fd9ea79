// A tab's process dies in the middle of an exchange. What the others, and the tab itself once it is loaded again, can save depends
// on the server: whether it had rotated already, and whether it forgives a second use.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { lacking } from "./support/engines.mjs";
import * as fault from "./support/fault_proxy.mjs";
import { startStage } from "./support/stage.mjs";
import { startTabs, until } from "./support/tabs.mjs";

const GRACE = 30;

/** By name: the server, and what the app tells the package of it. */
const servers = {
  "oidc-provider, strict": { options: { layout: "okta" }, grace: 0 },
  "django-oauth-toolkit, strict": { options: { layout: "django" }, grace: 0 },
  "django-oauth-toolkit, with grace": { options: { layout: "django", graceSeconds: GRACE }, grace: GRACE },
};

let first;
before(async () => { first = await startStage(); });
after(() => first?.close());

for (const [name, { options, grace }] of Object.entries(servers)) {
  describe(name, () => {
    let stage;
    let tabs;
    before(async () => {
      stage = await startStage({ ...options, beside: first });
      stage.config.rotationGraceSeconds = grace;
      tabs = await startTabs(stage);
    });
    after(async () => {
      await tabs?.close();
      await stage?.close();
    });
    afterEach(async () => {
      await tabs.assertDiscreet();
      await tabs.closeAll();
    });

    const exchanges = () => stage.proxy.to(stage.paths.token);
    const newest = () => JSON.parse(exchanges().at(-1).answer.body);

    /** One tab, signed in, that has found the endpoints; the proxy counts from here. */
    async function ready() {
      stage.proxy.forget();
      const tab = await tabs.signedIn();
      await tab.get("refresh");
      stage.proxy.forget();
      return tab;
    }

    /** Eight tabs refresh at one moment; the one that sends is killed while the proxy holds its request or the answer. */
    async function killTheSender({ reached, release, fault: hold }) {
      const original = await ready();
      const all = [original];
      while (all.length < 8) all.push(await original.duplicate());
      stage.proxy.next(stage.paths.token, hold);
      const { sender, outcomes } = await tabs.begun(all, "refresh");
      await reached;
      await sender.crash();
      release();
      const others = all.filter((tab) => tab !== sender);
      const settled = await Promise.all(outcomes.filter((_, index) => all[index] !== sender));
      return { sender, others, settled };
    }

    async function assertAllOnTheNewest(all) {
      for (const tab of all) {
        const what = async () => `the newest tokens in tab ${all.indexOf(tab)}, which holds ${JSON.stringify((await tab.state()).status)}`;
        await until(() => tab.holds(newest()), what);
      }
      assert.equal((await all[0].get("introspect")).active, true);
    }

    test("r13 the tab that has the exchange is killed before the server saw it: the others go on", { skip: lacking("crash") || lacking("resend") }, async () => {
      const { sender, others, settled } = await killTheSender(fault.postponed(fault.dropped));
      assert.deepEqual(settled.map(({ error }) => error?.code), others.map(() => undefined));
      assert.equal(exchanges().length, 2, "the one that was lost, and one more");
      await sender.reload();
      await assertAllOnTheNewest([...others, sender]);
      assert.equal(exchanges().length, 2);
    });

    test("t06 r13 the tab that has the exchange goes to another page: the others keep their valid token, and all end on the newest", { skip: lacking("flight") }, async () => {
      const tab = await ready();
      const other = await tab.duplicate();
      const held = await other.get("getAccessToken");
      const release = await tab.beginHeld();
      const { isRestored } = await tab.awayAndBack(async () => {
        assert.equal(await other.get("getAccessToken"), held);
        if (grace > 0) await other.get("refresh");
        else assert.equal(exchanges().length, 1, "nobody spends the refresh token a second time by himself");
        release();
      });
      assert.ok(isRestored, "from the cache, with its request");
      await assertAllOnTheNewest([tab, other]);
      assert.ok(exchanges().every(({ answer }) => !answer || answer.status === 200));
    });

    if (grace > 0) {
      test("r13 t07 the tab that has the exchange is killed after the server rotated: the others recover, and it too", { skip: lacking("crash") }, async () => {
        const { sender, others, settled } = await killTheSender(fault.held());
        assert.deepEqual(settled.map(({ error }) => error?.code), others.map(() => undefined));
        assert.equal(exchanges().length, 2);
        await sender.reload();
        await assertAllOnTheNewest([...others, sender]);
        assert.equal(exchanges().length, 2);
      });

      test("t07 the only tab is killed after the server rotated: the page that is loaded again has a live session", { skip: lacking("crash") }, async () => {
        const tab = await ready();
        const release = await tab.beginHeld();
        await tab.crash();
        release();
        await tab.reload();
        await tab.event("renewed");
        assert.equal(exchanges().length, 2, "it sent the same refresh token again, by itself");
        await assertAllOnTheNewest([tab]);
        assert.notEqual((await tab.get("refresh")).accessToken, undefined);
      });

      test("n02 the server rotated and the answer is lost: the second attempt brings it", async () => {
        const tab = await ready();
        stage.proxy.next(stage.paths.token, fault.droppedAfter);
        await tab.get("refresh");
        assert.equal(exchanges().length, 2);
        await assertAllOnTheNewest([tab]);
      });

      test("t07 the page is loaded again when the grace is over: one clean invalid_grant", { skip: lacking("crash") }, async () => {
        const tab = await ready();
        const release = await tab.beginHeld();
        await tab.crash();
        release();
        await stage.server.age(GRACE + 1);
        await assertCleanEnd(tab);
      });
    } else {
      test("r13 r04 the tab that has the exchange is killed after the server rotated: one clean invalid_grant in all", { skip: lacking("crash") }, async () => {
        const { sender, others, settled } = await killTheSender(fault.held());
        assert.deepEqual(settled.map(({ error }) => error?.code), others.map(() => "invalid_grant"));
        assert.ok(settled.every(({ error }) => error.sessionLost && !error.retryable));
        assert.equal(exchanges().length, 2, "the one that was lost, and one that was refused");
        for (const tab of others) {
          await tab.event("session-lost");
          assert.deepEqual((await tab.events()).filter((type) => ["session-lost", "signed-out", "renew-failed"].includes(type)), ["session-lost"]);
          assert.equal((await tab.state()).status, "signed-out");
          assert.ok(!Object.keys((await tab.state()).stored.session).some((key) => key.startsWith("rekindle:session:")));
        }
        await sender.reload();
        assert.equal((await sender.call("refresh")).error.code, "invalid_grant");
        assert.equal(exchanges().length, 3, "no storm");
      });

      test("t07 r10 the only tab is killed after the server rotated: the page that is loaded again ends in one clean invalid_grant", { skip: lacking("crash") }, async () => {
        const tab = await ready();
        const release = await tab.beginHeld();
        await tab.crash();
        release();
        await assertCleanEnd(tab);
      });
    }

    /** The tab is loaded again, and its refresh token is dead. */
    async function assertCleanEnd(tab) {
      await tab.reload();
      assert.equal((await tab.state()).status, "signed-in", "nothing is given up before the server has said so");
      const { error } = await tab.call("refresh");
      assert.deepEqual([error.code, error.sessionLost, error.retryable, error.reason], ["invalid_grant", true, false, "lost_answer"]);
      assert.deepEqual((await tab.events()).filter((type) => type !== "renew-failed"), ["session-lost"]);
      assert.equal(exchanges().length, 2);
      for (const method of ["refresh", "getAccessToken"]) assert.equal((await tab.call(method)).error.code, "no_session");
      await tab.reload();
      assert.equal((await tab.state()).status, "signed-out");
      assert.equal(exchanges().length, 2, "no storm");
    }
  });
}
