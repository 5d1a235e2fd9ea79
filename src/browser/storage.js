// The Web Storage API, or what the app gives in its place.
import { keep, kept } from "./objects.js";

/** A handle; 0 where there is nothing, -1 where storage fails. What is no JSON object reads as an empty one. */
export const load = (id, slot) => {
  const { key, storage, unsaved } = kept(id).slots[slot];
  let { text } = unsaved;
  try {
    text ??= storage.getItem(key);
  } catch {
    return -1;
  }
  if (text == null) return 0;
  try {
    const value = JSON.parse(text);
    return keep(value && typeof value === "object" && !Array.isArray(value) ? value : {});
  } catch {
    return keep({});
  }
};

/** 0 done, 1 full, 2 unavailable, 3 no JSON. */
export const save = (id, slot, object) => {
  const place = kept(id).slots[slot];
  let text;
  try {
    text = JSON.stringify(kept(object));
  } catch {
    return 3;
  }
  try {
    place.storage.setItem(place.key, text);
    place.unsaved.text = undefined;
    return 0;
  } catch (error) {
    // An instance that traps leaves it to the next one, and a client to the others of this page.
    place.unsaved.text = text;
    return /quota/i.test(error?.name) ? 1 : 2;
  }
};

export const forget = (id, slot) => {
  kept(id).slots[slot].unsaved.text = undefined;
};

/** Takes out of a place what is there. */
export const clear = (place) => {
  place.unsaved.text = undefined;
  try {
    place.storage.removeItem(place.key);
  } catch {
    // What cannot be reached cannot be cleared.
  }
};
export const erase = (id, slot) => clear(kept(id).slots[slot]);
