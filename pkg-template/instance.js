import { RekindleError } from "../src/browser/errors.js";
import { isCsp } from "./csp.js";

/** The exports of a new instance. */
export const instantiate = (module, imports) => {
  try {
    return new WebAssembly.Instance(module, imports).exports;
  } catch (cause) {
    // WebKit compiles a module under every policy, and refuses it here.
    const about = isCsp(cause) ? { reason: "csp" } : { reason: "instance", problem: "There is no memory for WebAssembly; close other tabs." };
    throw new RekindleError({ code: "wasm_unavailable", ...about, cause });
  }
};
