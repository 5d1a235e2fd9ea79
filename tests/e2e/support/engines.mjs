// In which browser engine the tests run, and what an engine, or its WebDriver, lacks that some of them need: docs/browsers.md says the same.

import assert from "node:assert/strict";

export const engine = process.env.REKINDLE_ENGINE ?? "chromium";

const DRIVER = "WebDriver has no command for it";
const EVERYWHERE_ELSE = {
  crash: DRIVER,
  freeze: DRIVER,
  offline: DRIVER,
  process: DRIVER,
  devtools: "the test speaks the DevTools Protocol",
};

/** What is lacking, and why. */
export const LACKING = {
  chromium: {},
  firefox: { ...EVERYWHERE_ELSE },
  webkit: { ...EVERYWHERE_ELSE },
};

/** For a test's `skip`: false, or why this engine cannot run it. */
export function without(...needs) {
  for (const need of needs) assert.ok(Object.values(LACKING).some((lacking) => need in lacking), `${need} is in the table`);
  const missing = needs.find((need) => need in LACKING[engine]);
  return missing ? `${engine}: ${missing}: ${LACKING[engine][missing]}` : false;
}
