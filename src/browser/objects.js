// The objects that the core holds handles of. Each verb does what `Kept` in platform.rs says; none decides anything.
import { CODES, PROBLEMS, WORDS } from "./words.js";
import { RekindleError } from "./errors.js";
import { bytesOf, unpack } from "./base64url.js";

const LONGEST_TOKEN = 1 << 16;

const table = [undefined];
const free = [];

/** A handle for the object. */
export const keep = (object) => {
  const id = free.pop() ?? table.length;
  table[id] = object;
  return id;
};
/** The object of a handle. */
export const kept = (id) => table[id];
/** The object of a handle that is given up by this. */
export const release = (id) => {
  const object = table[id];
  drop(id);
  return object;
};
const member = (id, key) => {
  const name = WORDS[key];
  try {
    // What a script put on Object.prototype is nobody's member.
    return name in Object.prototype && !Object.hasOwn(table[id], name) ? undefined : table[id][name];
  } catch {
    // A getter of the page's that fails is not to end the instance.
    return undefined;
  }
};
/** As good as there, where a getter fails. */
const isThere = (object, name) => {
  try {
    return object[name] !== undefined;
  } catch {
    return true;
  }
};
const write = (id, key, value) => {
  table[id][WORDS[key]] = value;
};
const text = (id, key) => {
  const value = member(id, key);
  return typeof value === "string" ? value : undefined;
};

// 0 stands for nothing, and is never given out.
export const drop = (id) => {
  if (!id) return;
  table[id] = undefined;
  free.push(id);
};
/** Nothing is held any more: who had the handles is no more. They are not given out again by this. */
export const forget = () => void table.fill();
export const again = (id) => keep(table[id]);
export const object = () => keep({});
export const list = () => keep([]);

// In the order of `Kind` in platform.rs.
export const kind = (id, key) => {
  const value = member(id, key);
  if (value == null) return value === null ? 1 : 0;
  switch (typeof value) {
    case "string":
      return value ? 2 : 3;
    case "number":
      return 4;
    case "boolean":
      return value ? 5 : 6;
    case "function":
      return 10;
    case "object":
      if (!Array.isArray(value)) return 11;
      if (!value.length) return 8;
      return value.every((item) => item && typeof item === "string") ? 7 : 9;
    default:
      return 9;
  }
};
export const is = (id, key, word) => +(member(id, key) === WORDS[word]);
export const is_code = (id, key, code) => +(member(id, key) === CODES[code]);
export const starts = (id, key, word) => +!!text(id, key)?.startsWith(WORDS[word]);
export const ends = (id, key, word) => +!!text(id, key)?.endsWith(WORDS[word]);
export const same = (id, key, other, otherKey) => +(member(id, key) === member(other, otherKey));
export const number = (id, key) => {
  const value = member(id, key);
  return typeof value === "number" ? value : NaN;
};
export const unit = (id, key, index) => {
  const value = text(id, key);
  return value === undefined || index >= value.length ? -1 : value.charCodeAt(index);
};
const handle = (value) => (value && typeof value === "object" ? keep(value) : 0);
export const get = (id, key) => handle(member(id, key));
export const at = (id, index) => {
  const items = table[id];
  return Array.isArray(items) && index < items.length ? handle(items[index]) || object() : 0;
};

export const set = write;
export const flag = (id, key, value) => write(id, key, !!value);
export const put = (id, key, word) => write(id, key, WORDS[word]);
export const put_code = (id, key, code) => write(id, key, CODES[code]);
export const put_problem = (id, key, problem) => write(id, key, PROBLEMS[problem]);
export const put_null = (id, key) => write(id, key, null);
export const attach = (id, key, other) => write(id, key, table[other]);
export const attach_error = (id, key, about) => write(id, key, new RekindleError(table[about]));
export const push = (id, other) => void table[id].push(table[other]);
export const shift = (id) => void table[id].shift();
export const remove = (id, key) => void delete table[id][WORDS[key]];
export const copy = (id, key, to, toKey) => {
  const value = member(id, key);
  if (value !== undefined) write(to, toKey, value);
};
export const copy_item = (id, key, index, to, toKey) => {
  const item = [].concat(member(id, key))[index];
  if (typeof item !== "string") return 0;
  write(to, toKey, item);
  return 1;
};
export const copy_all = (id, to) => {
  try {
    return +Object.values(Object.assign(table[to], table[id])).every((value) => typeof value === "string");
  } catch {
    return 0;
  }
};
export const copy_joined = (id, key, to, toKey) => {
  const value = member(id, key);
  if (value !== undefined) write(to, toKey, [].concat(value).join(" "));
};
export const append = (id, key, word) => write(id, key, (member(id, key) ?? "") + WORDS[word]);
export const append_member = (id, key, from, fromKey) =>
  write(id, key, (member(id, key) ?? "") + (member(from, fromKey) ?? ""));
export const append_unit = (id, key, unit) => write(id, key, (member(id, key) ?? "") + String.fromCharCode(unit));
export const trim_slash = (id, key) => {
  const value = text(id, key);
  if (value?.endsWith("/")) write(id, key, value.slice(0, -1));
};
export const redact = (id, key, secrets, secret) => {
  const value = text(id, key);
  const hidden = text(secrets, secret);
  if (value && hidden) write(id, key, value.replaceAll(hidden, "[redacted]"));
};
export const stray = (id, known, to, toKey) => {
  const name = Object.keys(table[id]).find((name) => !Object.hasOwn(table[known], name) && isThere(table[id], name));
  if (name === undefined) return 0;
  write(to, toKey, name);
  return 1;
};

/** A URL, with its query as an object; `undefined` where it is none. */
export const parts = (address, base) => {
  try {
    const url = new URL(address, base);
    url.params = Object.fromEntries(url.searchParams);
    return url;
  } catch {
    return undefined;
  }
};
export const url = (id, key) => handle(parts(text(id, key)));
export const add_query = (id, key, params) => {
  const url = new URL(member(id, key));
  for (const [name, value] of Object.entries(table[params])) {
    url.searchParams.delete(name);
    for (const item of [].concat(value)) url.searchParams.append(name, item);
  }
  write(id, key, url.href);
};
/** What part 0, the header, or part 1, the claims, of a compact JWT says. */
export const claims = (id, key, part) => {
  try {
    const token = text(id, key);
    if (token.length > LONGEST_TOKEN) return 0;
    const parts = token.split(".").map(unpack);
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(parts[part])));
    return parts.length === 3 && !Array.isArray(value) ? handle(value) : 0;
  } catch {
    return 0;
  }
};
export const freeze = (id) => {
  // Not by recursion: a server decides how deep its claims are.
  const open = [table[id]];
  while (open.length) {
    const value = open.pop();
    if (!value || typeof value !== "object" || Object.isFrozen(value)) continue;
    Object.freeze(value);
    for (const item of Object.values(value)) open.push(item);
  }
};
