// The BroadcastChannel API.
import { kept } from "./objects.js";
import { hear } from "./context.js";

const open = ({ hasPage, name }) => {
  try {
    return hasPage ? new BroadcastChannel(name) : undefined;
  } catch {
    // An old browser, or one that refuses it to this page.
    return undefined;
  }
};

/** Listens until the function that it gives is called. */
export const listen = (context) => {
  const channel = open(context);
  context.channel = channel;
  if (channel) channel.onmessage = ({ data }) => hear(context, "message", data);
  return () => {
    channel?.close();
    context.channel = undefined;
  };
};

export const post = (id, message) => {
  const context = kept(id);
  const channel = context.channel ?? open(context);
  try {
    // The object is copied here and now.
    channel?.postMessage(kept(message));
  } catch {
    // What no other tab can be given.
  }
  // Who listens no more may still have something to say.
  if (!context.channel) channel?.close();
};
