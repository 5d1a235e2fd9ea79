// The log of requests and answers, and the log of events.
import { byId, dateTime, element } from "./dom.js";

const entries = new Map();

/** Adds an exchange on top of the log, or brings its entry up to date. */
export function showExchange(exchange) {
  const entry = entries.get(exchange.number) ?? newEntry(exchange);
  const { summary, answer } = entry;
  summary.replaceChildren(...summaryParts(exchange));
  answer.replaceChildren(...answerParts(exchange));
}

/** Empties the log. */
export function clearLog() {
  entries.clear();
  byId("log").replaceChildren();
  byId("log-empty").hidden = false;
  byId("clear-log").hidden = true;
}

/** Adds an event on top of the list. */
export function showEvent({ type, snapshot, error }) {
  byId("events-empty").hidden = true;
  byId("events").prepend(
    element(
      "li",
      {},
      element("time", {}, dateTime(Date.now())),
      element("code", {}, type),
      element("span", { class: "aside" }, error ? `${error.code}: ${error.message}` : `now ${snapshot.status}`),
    ),
  );
}

function newEntry(exchange) {
  const summary = element("summary", {});
  const answer = element("div", { class: "answer" });
  const details = element("details", {}, summary, element("div", { class: "message" }, ...requestParts(exchange.request)), answer);
  // The newest is open; opening it closes the one before, as long as nobody has taken a hand.
  const newest = byId("log").querySelector("details");
  if (newest?.dataset.opened === "by itself") newest.open = false;
  details.open = true;
  details.dataset.opened = "by itself";
  summary.addEventListener("click", () => delete details.dataset.opened);

  byId("log").prepend(element("li", {}, details));
  byId("log-empty").hidden = true;
  byId("clear-log").hidden = false;
  const entry = { summary, answer };
  entries.set(exchange.number, entry);
  return entry;
}

function summaryParts({ at, request, answer, failure, ms }) {
  const { pathname } = new URL(request.url);
  const [outcome, tone] = failure ? ["no answer", "bad"] : answer ? [`${answer.status}`, answer.status < 400 ? "good" : "bad"] : ["waiting", "none"];
  return [
    element("span", { class: "badge", "data-tone": tone }, outcome),
    element("span", { class: "what" }, purpose(request)),
    element("span", { class: "path" }, `${request.method} ${pathname}`),
    element("span", { class: "aside" }, [dateTime(at), ms === null ? "" : `${Math.round(ms)} ms`].filter(Boolean).join(" · ")),
  ];
}

/** What the request is for, in a word that the RFCs have for it. */
function purpose({ url, fields }) {
  const field = Object.fromEntries(fields);
  if (field.grant_type) return field.grant_type;
  if (url.includes("/.well-known/")) return "discovery";
  if (field.token) return url.includes("revo") ? "revocation" : "introspection";
  if (url.endsWith("/userinfo")) return "user info";
  if (/\/(keys|jwks)$/.test(url)) return "keys";
  return "request";
}

function requestParts({ method, url, headers, settings, fields }) {
  return [
    element("h3", {}, "Request"),
    element("p", { class: "line" }, element("strong", {}, method), ` ${url}`),
    block("Headers set by the SDK", headers),
    block("Form fields, in their order", fields),
    block("Fetch settings", settings),
  ];
}

function answerParts({ answer, failure }) {
  if (failure) return [element("h3", {}, "No answer"), element("p", { class: "line" }, failure)];
  if (!answer) return [];
  return [
    element("h3", {}, "Answer"),
    element("p", { class: "line" }, element("strong", {}, `${answer.status}`), ` ${answer.statusText}`),
    block("Headers that the page may read", answer.headers),
    answer.body === "" ? element("p", { class: "fine" }, "The body is empty.") : element("pre", { tabindex: "0", "aria-label": "Body" }, answer.body),
  ];
}

/** Names and values under a heading; nothing where there are none. */
function block(heading, pairs) {
  if (pairs.length === 0) return null;
  const list = element("dl", { class: "pairs" });
  for (const [name, value] of pairs) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("div", {}, element("h4", {}, heading), list);
}
