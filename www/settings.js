// Which authorization server and client the page works with: what the demo's command says, or what was typed in.
import { byId } from "./dom.js";

const storageKey = "rekindle-demo:settings";

/** The settings in force, and `user`: the demo user, where the embedded server is used. */
export async function loadSettings() {
  const given = await givenSettings();
  const typed = typedSettings();
  // What was typed in stands until the command says something else than it said then.
  return typed?.insteadOf === given.issuer ? { ...typed, user: null, given } : { ...given, given };
}

/** Fills the form, and reloads the page with the new settings where it is sent. */
export function bindSettingsForm({ issuer, clientId, scope, given }) {
  const form = byId("settings-form");
  const fields = form.elements;
  fields.issuer.value = issuer;
  fields.clientId.value = clientId;
  fields.scope.value = scope;
  byId("settings-summary").textContent = issuer;
  byId("redirect-uri").textContent = redirectUri;
  byId("origin").textContent = location.origin;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = { issuer: fields.issuer.value.trim(), clientId: fields.clientId.value.trim(), scope: fields.scope.value.trim() };
    localStorage.setItem(storageKey, JSON.stringify({ ...typed, insteadOf: given.issuer }));
    location.reload();
  });

  const reset = byId("reset-settings");
  if (!given.user) reset.textContent = "Use the server of the command";
  reset.hidden = !given.issuer;
  reset.addEventListener("click", () => {
    localStorage.removeItem(storageKey);
    location.reload();
  });
}

/** The page itself, without the query that a redirect brings. */
export const redirectUri = location.origin + location.pathname;

// Where the page is served by something else than the demo's command there is no such file, and everything is typed in.
async function givenSettings() {
  const nothing = { issuer: "", clientId: "", scope: "openid profile email offline_access", user: null };
  try {
    const response = await fetch("config.json");
    return response.ok ? await response.json() : nothing;
  } catch {
    return nothing;
  }
}

function typedSettings() {
  try {
    return JSON.parse(localStorage.getItem(storageKey));
  } catch {
    return null;
  }
}
