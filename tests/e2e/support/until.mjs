import assert from "node:assert/strict";

/** Longer than anything takes that ever comes. */
const PATIENCE_MS = 20_000;

/** Waits for a condition, looking often. Gives what it gave. */
export async function until(condition, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() < end, `waited in vain: ${typeof what === "function" ? await what() : what}`);
    await new Promise((later) => setTimeout(later, 5));
  }
}
