// The page's address, and the random sources.
import { keep, kept, parts } from "./objects.js";
import { encode } from "./base64url.js";
import { handed } from "./popup.js";
import { WORDS } from "./words.js";

const handle = (value) => (value ? keep(value) : 0);

export const address = (id) => handle(kept(id).hasPage && parts(handed ?? location.href));
export const relative = (object, key) => handle(parts(kept(object)[WORDS[key]], globalThis.location?.href));
export const clean_address = () => {
  const url = new URL(location.href);
  // As they stand, but for ours.
  const others = url.search.slice(1).split("&").filter((part) => !/^(code|state|iss|error.*)$/.test([...new URLSearchParams(part).keys()][0]));
  url.search = others.join("&");
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // Browsers limit how often; the code is used up all the same.
  }
};
export const leave_for = (object, key) => location.assign(kept(object)[WORDS[key]]);

export const chance = () => Math.random();
export const has_random = () => +(typeof globalThis.crypto?.getRandomValues === "function");
export const random = (object, key) => {
  kept(object)[WORDS[key]] = encode(crypto.getRandomValues(new Uint8Array(32)));
};
