// In which browser engine the tests run, and what an engine, or its WebDriver, lacks that some of them need: docs/browsers.md says the same.

import assert from "node:assert/strict";

/** Several are for the packaging tests, which build an app once and open it in each. */
export const engines = (process.env.REKINDLE_ENGINE ?? "chromium").split(" ");
export const [engine] = engines;

/** What WebDriver does not give: the test needs Chromium's DevTools Protocol. */
const BY_DEVTOOLS = {
  freeze: "nothing freezes a page",
  front: "each command brings its window to the front, which the package takes for waking up",
  hang: "nothing ends a page's endless loop",
  offline: "nothing takes the network away from a page",
  history: "nothing reads a window's history or goes to an entry of it",
  gesture: "nothing looks into a page without a user's gesture",
  devtools: "nothing looks at a request, the memory or what DevTools prints",
};

const FLIGHT = "a request of a page that is left is ended, also where the page comes back from the cache";

/** What is lacking, and why. */
export const LACKING = {
  chromium: {},
  firefox: {
    ...BY_DEVTOOLS,
    flight: FLIGHT,
    restore: "a page that holds a lock until pagehide is not kept in the back/forward cache",
    resend: "a request of a page that was killed is sent again by the browser when its connection drops",
    drop: "a GET whose connection is dropped is sent again by the browser",
    challenges: "WWW-Authenticate in several lines is not shown to a page",
  },
  webkit: {
    ...BY_DEVTOOLS,
    flight: FLIGHT,
    dispose: "it has no Symbol.dispose",
    crash: "its driver ends the session when a page's process dies",
    blocked: "no setting takes storage away from a frame",
    preconnect: "a connection that was opened beforehand carries no request of fetch",
  },
};

/** For a test's `skip`: false, or why this engine cannot run it. */
export function lacking(need, inEngine = engine) {
  assert.ok(Object.values(LACKING).some((table) => need in table), `${need} is in the table`);
  const why = LACKING[inEngine][need];
  return why ? `${inEngine}: ${need}: ${why}` : false;
}
