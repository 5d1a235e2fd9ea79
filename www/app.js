// The token page: what an app does with rekindle, with everything that happens made visible.
import { createClient } from "./rekindle/index.js";

import { startCountdown } from "./countdown.js";
import { byId, dateTime, element } from "./dom.js";
import { clearLog, showEvent, showExchange } from "./log_view.js";
import { shortened } from "./secrets.js";
import { hideAnswers, showAnswer, showIntrospection, showSession } from "./session_view.js";
import { bindSettingsForm, loadSettings, redirectUri } from "./settings.js";
import { recordingFetch } from "./wire.js";

const wire = recordingFetch(showExchange);
const settings = await loadSettings();
bindSettingsForm(settings);
showWelcome(settings);
byId("clear-log").addEventListener("click", clearLog);

const { issuer, clientId, scope } = settings;
const client = await attempt("createClient()", () => createClient({ issuer, clientId, redirectUri, scope, fetch: wire }));
if (client) await start(client);
else withoutClient();

async function start(client) {
  const { refresh, introspect, getAccessToken, userInfo, revoke, getSnapshot, getRefreshToken, subscribe, diagnostics } = client;
  const { signIn, signInWithPopup, signOut, handleRedirect } = client;

  const tick = startCountdown(() => getSnapshot().tokens, show);
  function show() {
    showSession(getSnapshot(), getRefreshToken());
    tick();
  }
  subscribe((event) => {
    showEvent(event);
    if (event.type === "signed-out" || event.type === "session-lost") hideAnswers();
    byId("after-sign-out").hidden = event.type !== "signed-out";
    show();
  });

  onClick("sign-in", "signIn()", () => signIn());
  onClick("sign-in-with-popup", "signInWithPopup()", async () => `signed in, access token until ${dateTime((await signInWithPopup()).expiresAt)}`);
  onClick("refresh", "refresh()", async () => `new access token until ${dateTime((await refresh()).expiresAt)}`);
  onClick("get-access-token", "getAccessToken()", async () => shortened(await getAccessToken()));
  onClick("introspect", "introspect()", async () => {
    const answer = await introspect();
    showIntrospection(answer);
    return answer.active ? "the token is active" : "the token is not active";
  });
  onClick("user-info", "userInfo()", async () => {
    showAnswer("User info", await userInfo());
    return "the server's claims about the user";
  });
  const api = async (path) => {
    const response = await client.fetch(path);
    showAnswer(`The API's answer (${response.status})`, await response.json());
    return `GET ${path}: ${response.status}`;
  };
  onClick("call-api", "fetch()", () => api("/api/me"));
  onClick("step-up", "fetch()", async () => {
    try {
      return await api("/api/transfer");
    } catch (error) {
      if (error.reason !== "step_up") throw error;
      const { acrValues, maxAge } = error;
      return await signIn({ acrValues, maxAge });
    }
  });
  onClick("revoke", "revoke()", async () => {
    await revoke();
    show();
    return "the refresh token is no more: the session ends with its access token";
  });
  onClick("sign-out", "signOut({ local: true })", async () => {
    await signOut({ local: true });
    return "no token is stored any more";
  });
  onClick("sign-out-everywhere", "signOut()", () => signOut({ postLogoutRedirectUri: redirectUri }));
  byId("diagnostics-card").addEventListener("toggle", () => {
    byId("diagnostics").textContent = JSON.stringify(diagnostics(), null, 2);
  });
  onCopy("copy-access-token", () => getSnapshot().tokens.accessToken);
  onCopy("copy-refresh-token", getRefreshToken);
  onCopy("copy-id-token", () => getSnapshot().tokens.idToken);

  show();
  await attempt("handleRedirect()", async () => {
    const result = await handleRedirect();
    if (result) return `signed in, access token until ${dateTime(result.tokens.expiresAt)}`;
    return getSnapshot().tokens && "no sign-in to finish: the session comes from storage";
  });
  show();
}

/** Nothing works without valid settings, so the way to them is open. */
function withoutClient() {
  const pill = byId("status");
  pill.textContent = pill.dataset.status = "not set up";
  byId("welcome").hidden = false;
  byId("sign-in").disabled = byId("sign-in-with-popup").disabled = true;
  byId("settings").open = true;
}

function showWelcome({ issuer, user, given }) {
  byId("welcome-issuer").textContent = issuer || "no issuer yet: see the settings";
  byId("demo-user").hidden = !user;
  byId("demo-login").textContent = user?.login ?? "";
  byId("demo-password").textContent = user?.password ?? "";
  // The API asks the server of the command; only the embedded one says there when the user signed in.
  byId("call-api").hidden = issuer !== given.issuer;
  byId("step-up").hidden = !user;
}

function onClick(id, call, action) {
  const button = byId(id);
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    await attempt(call, action);
    button.removeAttribute("aria-busy");
  });
}

/** Makes a call, and shows what came of it: the text that it gives, or the error. Resolves with its value. */
async function attempt(call, action) {
  const requestsBefore = wire.count;
  const startedAt = performance.now();
  try {
    const value = await action();
    byId("error").hidden = true;
    const requests = wire.count - requestsBefore;
    const cost = `${Math.round(performance.now() - startedAt)} ms, ${requests === 0 ? "no request" : requests === 1 ? "1 request" : `${requests} requests`}`;
    if (typeof value === "string") {
      byId("result").replaceChildren(element("code", {}, call), ` ${value} `, element("span", { class: "aside" }, cost));
    }
    return value;
  } catch (error) {
    showError(call, error);
    return undefined;
  }
}

function showError(call, error) {
  // The user left for the sign-in and came Back: no error to them.
  if (error.code === "aborted") return;
  const { code = error.name, message, name, ...members } = error;
  const facts = { ...members, retryable: error.retryable, sessionLost: error.sessionLost };
  byId("result").replaceChildren();
  byId("error").replaceChildren(
    element("h2", {}, element("code", {}, code), " ", element("span", { class: "aside" }, `from ${call}`)),
    element("p", {}, message),
    element("dl", { class: "pairs" }, ...Object.entries(facts).filter(([, value]) => value !== undefined).map(([fact, value]) =>
      element("div", {}, element("dt", {}, fact), element("dd", {}, String(value))),
    )),
  );
  byId("error").hidden = false;
}

function onCopy(id, secret) {
  const button = byId(id);
  button.addEventListener("click", () => attempt("copying", async () => {
    await navigator.clipboard.writeText(secret());
    byId("result").replaceChildren("Copied to the clipboard, in full.");
  }));
}
