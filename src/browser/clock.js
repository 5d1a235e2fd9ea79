// The time of day, the page's own clock, and timers.
import { kept } from "./objects.js";
import { finish } from "./context.js";

export const now = () => Date.now();
export const elapsed = () => performance.now();

export const sleep = (id, operation, ms) => {
  const context = kept(id);
  const timer = setTimeout(() => finish(context, operation), ms);
  context.operations.set(operation, () => clearTimeout(timer));
};
