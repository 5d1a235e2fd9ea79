// The page's events.
import { hear } from "./context.js";

/** Listens to `[target, names, listener]`s until the function that it gives is called. */
const listen = (listeners) => {
  const stop = new AbortController();
  // Before the app's own listeners, which may stop an event on its way.
  const options = { capture: true, passive: true, signal: stop.signal };
  for (const [target, names, listener] of listeners) {
    for (const name of names) target.addEventListener(name, listener, options);
  }
  return () => stop.abort();
};

export const listenToPage = (context) => {
  let isAway = false;
  // Several events tell of one change.
  const turn = (event) => {
    const goesAway = event !== "show";
    if (isAway === goesAway) return;
    isAway = goesAway;
    hear(context, event);
  };
  return listen([
    // Browsers that freeze no page end the requests of one that is left, also where it may come back.
    [window, ["pagehide"], ({ persisted }) => turn(persisted && "onfreeze" in document ? "hide" : "leave")],
    [document, ["freeze"], () => turn("freeze")],
    [window, ["pageshow"], ({ persisted }) => persisted && turn("show")],
    [document, ["resume"], () => turn("show")],
    [document, ["visibilitychange"], () => document.visibilityState === "visible" && hear(context, "wake")],
    [window, ["focus"], ({ target }) => target === window && hear(context, "wake")],
    [window, ["online"], () => hear(context, "online")],
    // Without a key: the whole storage was cleared.
    [window, ["storage"], ({ key }) => (key === null || context.slots.some((slot) => slot.key === key)) && hear(context, "stored")],
  ]);
};

export const listenToInput = (context) =>
  listen([[window, ["keydown", "pointerdown", "wheel"], () => hear(context, "active")]]);

export const is_activated = () => +!!globalThis.navigator?.userActivation?.isActive;
export const is_online = () => +(globalThis.navigator?.onLine !== false);
