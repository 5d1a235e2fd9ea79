// The session at a glance: who, for how long, which scopes, which tokens.
import { byId, dateTime, element, tableRows } from "./dom.js";
import { shortened } from "./secrets.js";

/** Shows what is held now. */
export function showSession({ status, tokens, persisted }, refreshToken) {
  const pill = byId("status");
  pill.dataset.status = status;
  // Set only where it changes: screen readers speak it.
  if (pill.textContent !== status) pill.textContent = status;

  const held = tokens !== null;
  const hadFocus = byId("session").contains(document.activeElement);
  byId("welcome").hidden = held;
  byId("session").hidden = !held;
  byId("tokens").hidden = !held;
  byId("claims-card").hidden = !tokens?.claims;
  if (!held) {
    // The button that was pressed is gone: the keyboard goes on from the way back in.
    if (hadFocus) byId("sign-in").focus();
    return;
  }

  const { claims = {} } = tokens;
  const name = claims.name ?? claims.preferred_username ?? claims.email ?? claims.sub ?? "Someone without an ID token";
  byId("user").textContent = name;
  byId("avatar").textContent = String(name).charAt(0).toUpperCase();
  byId("sub").textContent = [claims.email, claims.sub].filter((part) => part && part !== name).join(" · ");
  byId("scope").replaceChildren(...scopeChips(tokens.scope));
  byId("expires-at").textContent = dateTime(tokens.expiresAt);
  byId("persisted").textContent = persisted ? "survives a reload (session storage)" : "in memory only: a reload ends it";
  showToken("access-token", tokens.accessToken);
  showToken("refresh-token", refreshToken);
  showToken("id-token", tokens.idToken);
  byId("claims").tBodies[0].replaceChildren(...tableRows(claims));
}

function scopeChips(scope) {
  if (scope === "") return ["not known"];
  // The spaces between the chips are for those who copy or listen.
  return scope.split(" ").flatMap((word) => [element("span", { class: "chip" }, word), " "]);
}

function showToken(id, token) {
  byId(id).textContent = token ? shortened(token) : "none";
  byId(`copy-${id}`).hidden = !token;
}

/** The answer of the introspection endpoint, member by member. */
export function showIntrospection(answer) {
  byId("introspection-card").hidden = false;
  byId("introspected-at").textContent = `at ${dateTime(Date.now())}`;
  const { active, ...members } = answer;
  const badge = element("p", { class: "badge", "data-tone": active ? "good" : "bad" }, active ? "active" : "not active");
  const table = element("table", {}, element("tbody", {}, ...tableRows(members)));
  byId("introspection").replaceChildren(badge, ...(Object.keys(members).length ? [table] : []));
}

/** What the server, or the demo's API, answered: member by member. */
export function showAnswer(title, answer) {
  byId("answer-card").hidden = false;
  byId("answer-title").textContent = title;
  byId("answer").tBodies[0].replaceChildren(...tableRows(answer));
}

/** Puts the last answers away: they were about a session that is no more. */
export function hideAnswers() {
  for (const id of ["introspection-card", "answer-card"]) byId(id).hidden = true;
  byId("introspection").replaceChildren();
  byId("answer").tBodies[0].replaceChildren();
}
