// What a client hears: one inbox for the page's events, the user's input and the channel.
import { kept } from "./objects.js";
import { listen } from "./channel.js";
import { listenToInput, listenToPage } from "./events.js";

// In the order of the bits in `attention` in platform.rs.
const SOURCES = [listenToPage, listen, listenToInput];

export const attend = (id, to) => {
  const { hasPage, attention } = kept(id);
  SOURCES.forEach((begin, bit) => {
    const isWanted = hasPage && (to >> bit) & 1;
    if (isWanted) attention[bit] ??= begin(kept(id));
    else {
      attention[bit]?.();
      attention[bit] = undefined;
    }
  });
};

/** Ends with the first thing in the inbox, as soon as there is one. */
export const news = (id, operation) => {
  const context = kept(id);
  context.news = operation;
  context.operations.set(operation);
};
