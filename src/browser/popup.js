// A window for signing in, and the channel on which its callback page is heard.
import { finish } from "./context.js";
import { keep, kept } from "./objects.js";

const WIDTH = 480;
const HEIGHT = 680;
const LOOK_MS = 250;
/** Where it cannot be seen whether the popup is closed, the user is back in this window for so many looks: 5 s. */
const LOOKS = 20;
/** How long a callback page waits for the page that began the sign-in, which may be busy. */
const ANSWER_MS = 5_000;

const channelOf = (state) => new BroadcastChannel(`rekindle:popup:${state}`);

export const open_popup = (id, operation) => {
  const context = kept(id);
  const features = `popup,width=${WIDTH},height=${HEIGHT},left=${screenX + (outerWidth - WIDTH) / 2},top=${screenY + (outerHeight - HEIGHT) / 2}`;
  let popup;
  let channel;
  try {
    // Without a channel nothing would come back.
    popup = globalThis.BroadcastChannel && open("", "", features);
    // Some blockers give a window that is closed.
    if (popup?.closed !== false) return 0;
  } catch {
    return 0;
  }

  let looksHere = 0;
  let wasAway = false;
  let isCutOff;
  const look = () => {
    const isHere = document.hasFocus();
    looksHere = isHere ? looksHere + 1 : 0;
    wasAway ||= !isHere;
    if (!popup.closed) return;
    // Before the user was back: that is what a window looks like that the browser has cut off from this one.
    isCutOff ??= !(wasAway && isHere);
    if (looksHere >= (isCutOff ? LOOKS : 1)) closed();
  };
  const looks = setInterval(look, LOOK_MS);
  const closed = () => {
    clearInterval(looks);
    finish(context, operation, undefined, false, stop);
  };
  const stop = () => {
    clearInterval(looks);
    removeEventListener("pagehide", leave);
    // Whoever waits there may close.
    channel?.postMessage(true);
    channel?.close();
    channel = undefined;
    popup.close();
  };
  const leave = () => {
    stop();
    finish(context, operation, {}, true, stop);
  };
  stop.lead = ({ url, state }) => {
    try {
      channel = channelOf(state);
      channel.onmessage = ({ data }) => finish(context, operation, { url: data }, false, stop);
      popup.location.replace(url);
    } catch {
      // It is closed, which is seen soon.
    }
  };
  // Nobody would answer the popup of a page that is gone.
  addEventListener("pagehide", leave);
  close_popups(id);
  context.operations.set(operation, stop);
  return 1;
};
export const lead_popup = (id, operation, address) => kept(id).operations.get(operation).lead(kept(address));
export const close_popups = (id) => {
  const { operations, results } = kept(id);
  for (const [operation, stop] of operations) {
    if (!stop?.lead) continue;
    stop();
    // The core is about to look.
    results.set(operation, -keep({}));
  }
};

/** The address of this page while it is handed over, though it is cleaned. */
export let handed;
export const hand_over = (id, operation, url) => {
  const context = kept(id);
  const { href, params } = kept(url);
  let channel;
  const stop = () => {
    clearTimeout(unheard);
    handed = undefined;
    channel?.close();
  };
  const unheard = setTimeout(() => finish(context, operation, undefined, false, stop), ANSWER_MS);
  handed = href;
  context.operations.set(operation, stop);
  try {
    channel = channelOf(params.state);
    channel.onmessage = ({ data }) => {
      if (data !== true) return;
      clearTimeout(unheard);
      close();
    };
    channel.postMessage(href);
  } catch {
    // An old browser: nobody answers.
  }
};
