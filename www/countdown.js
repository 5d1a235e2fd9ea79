// The access token's remaining time, as a number and as a bar that burns down.
import { byId } from "./dom.js";

/**
 * @param {() => object | null} heldTokens
 * @param {() => void} onExpiry Called once when the token that was counted down has run out.
 */
export function startCountdown(heldTokens, onExpiry) {
  let counted = null;
  let lifetime = 0;
  let expired = false;

  function tick() {
    const tokens = heldTokens();
    if (tokens === null) {
      counted = null;
      return;
    }
    const left = tokens.expiresAt - Date.now();
    if (tokens.accessToken !== counted) {
      lifetime = counted === null ? lifetimeOf(tokens, left) : Math.max(left, 1);
      counted = tokens.accessToken;
      expired = left <= 0;
    }
    show(left, lifetime);
    if (left <= 0 && !expired) {
      expired = true;
      onExpiry();
    }
  }

  setInterval(tick, 1000);
  return tick;
}

// After a reload the time of issue is known from the ID token alone, which came in the same answer at most servers.
function lifetimeOf({ expiresAt, claims }, left) {
  const sinceIssue = claims ? expiresAt - claims.iat * 1000 : left;
  return Math.max(sinceIssue, left, 1);
}

function show(left, lifetime) {
  const share = Math.min(Math.max(left / lifetime, 0), 1);
  byId("ember").style.transform = `scaleX(${share})`;
  byId("countdown").dataset.state = left <= 0 ? "out" : share < 0.2 ? "low" : "burning";
  byId("expires-label").textContent = left <= 0 ? "Access token expired" : "Access token expires in";
  byId("expires").textContent = left <= 0 ? `${digits(-left)} ago` : digits(left);
}

function digits(ms) {
  const seconds = Math.round(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...rest] = parts[0] ? parts : parts.slice(1);
  return [first, ...rest.map((part) => `${part}`.padStart(2, "0"))].join(":");
}
