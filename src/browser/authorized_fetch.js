// The app's own API calls, with the access token in the header. (RFC 6750 §2.1)
import { RekindleError } from "./errors.js";

/** A part of a challenge: a name with a value, or its scheme, which has none. (RFC 9110 §11.6.1) */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;

/** The error where one of the challenges asks for another sign-in, under whatever scheme. (RFC 9470 §3) */
const stepUpNeeded = (challenges) => {
  let current = {};
  const all = [current];
  for (const [, name, quoted, value = quoted?.replace(/\\(.)/g, "$1")] of challenges.matchAll(PART)) {
    if (value === undefined) all.push((current = {}));
    else current[name.toLowerCase()] = value;
  }
  const needed = all.find(({ error }) => error === "insufficient_user_authentication");
  if (!needed) return undefined;
  const { acr_values, max_age } = needed;
  const about = { code: "login_required", reason: "step_up", status: 401 };
  if (acr_values) about.acrValues = acr_values;
  if (max_age >= 0) about.maxAge = Number(max_age);
  return new RekindleError(about);
};

/**
 * A `fetch` that sends the access token to these origins.
 * `begin(signal)` gives a call, with the tokens as its `value` where they are there already. `renew(sent, signal)` brings the tokens to try
 * in place of those that were refused, or nothing.
 */
export const authorizedFetch = (fetch, origins, begin, renew) => async (input, init) => {
  // As `fetch` resolves it. What is checked here is what is sent.
  const { href, origin } = new URL(input.url ?? input, globalThis.document?.baseURI ?? globalThis.location?.href);
  // All that have no origin have the same one.
  if (origin === "null" || !origins.includes(origin)) throw new RekindleError({ code: "origin_not_allowed", origin });
  // One of another window too, and one in the place of `init`.
  const request = input.clone || init?.clone ? new Request(input.clone ? input : href, init) : undefined;
  const signal = (request ?? init)?.signal ?? undefined;

  const send = (accessToken, isLast) => {
    const own = request && (isLast ? request : request.clone());
    const headers = own?.headers ?? new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${accessToken}`);
    return own ? fetch(own) : fetch(href, { ...init, headers });
  };

  try {
    const call = begin(signal);
    // Without an await where it can be: the request leaves, with its body as it is now, before this function returns.
    let tokens = call.value ?? (await call.promise);
    for (let isLast = false; ; isLast = true) {
      const response = await send(tokens.accessToken, isLast);
      // An origin to which it was redirected was given no token, and has no say.
      if (response.status !== 401 || (response.redirected && !response.url.startsWith(`${origin}/`))) return response;
      const error = stepUpNeeded(response.headers.get("WWW-Authenticate") ?? "");
      if (error) throw error;
      // A stream cannot be read again. A Request's is kept by the copy that was sent.
      tokens = !isLast && !init?.body?.getReader && !init?.body?.[Symbol.asyncIterator] && (await renew(tokens, signal));
      if (!tokens) return response;
    }
  } catch (error) {
    throw error instanceof RekindleError && signal?.aborted ? signal.reason : error;
  }
};
