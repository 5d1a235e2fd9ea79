// The Fetch API.
import { kept } from "./objects.js";
import { finish } from "./context.js";
import { WORDS } from "./words.js";

const LONGEST_BODY = 1 << 20;

const formOf = (members) => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    for (const item of [].concat(value)) form.append(name, item);
  }
  return form.toString();
};

/** The body's text; `undefined` where it is longer than 1 MiB. */
const textOf = async (response) => {
  if (!response.body?.getReader) {
    const text = await response.text();
    return text.length > LONGEST_BODY ? undefined : text;
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > LONGEST_BODY) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
};

const objectOf = (text) => {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const ask = async (fetch, address, form, isLast, record, signal) => {
  const headers = { Accept: "application/json" };
  // No header here may make the browser ask by OPTIONS first.
  if (form) headers["Content-Type"] = "application/x-www-form-urlencoded";
  // But for this one, which only a resource server is sent.
  if (record) headers.Authorization = `Bearer ${record.access_token}`;
  const response = await fetch(address, {
    method: form ? "POST" : "GET",
    headers,
    body: form ? formOf(form) : undefined,
    mode: "cors",
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
    redirect: "error",
    // It goes on though the page is left.
    keepalive: !!isLast,
    signal,
  });
  const text = await textOf(response).catch((cause) => {
    // What these say is in their headers.
    if (response.status === 429 || response.status >= 500) return "";
    throw cause;
  });
  const retryAfter = response.headers.get("Retry-After") ?? undefined;
  return {
    status: response.status,
    body: text === undefined ? undefined : objectOf(text),
    tooLarge: text === undefined,
    isJson: /[/+]json\b/i.test(response.headers.get("Content-Type")),
    retryAfter,
    retryAfterDate: Date.parse(retryAfter),
    rateLimitReset: response.headers.get("X-Rate-Limit-Reset") ?? undefined,
  };
};

export const send = (id, operation, address, key, form, isLast, record) => {
  const context = kept(id);
  const controller = new AbortController();
  context.operations.set(operation, () => controller.abort());
  ask(context.fetch, kept(address)[WORDS[key]], form && kept(form), isLast, record && kept(record), controller.signal).then(
    (answer) => finish(context, operation, answer),
    (cause) => finish(context, operation, { cause }, true),
  );
};
