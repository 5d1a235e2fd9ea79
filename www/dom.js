// Elements are made here and nowhere else, from text nodes: what a server says can never become markup.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element. Attributes that are undefined or false are left out; children that are null are too. */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Rows of a table or list of facts from the members of an object. */
export function tableRows(members) {
  return Object.entries(members).map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, ...readable(name, value))),
  );
}

const timeMembers = new Set(["exp", "iat", "nbf", "auth_time", "updated_at"]);

function readable(name, value) {
  if (timeMembers.has(name) && typeof value === "number") {
    return [`${value} `, element("span", { class: "aside" }, dateTime(value * 1000))];
  }
  if (typeof value === "string") return [value];
  return [JSON.stringify(value)];
}

/** Date and time as this browser's user reads them; a number too large for a date as itself. */
export function dateTime(ms) {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${ms}`;
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" });
}
