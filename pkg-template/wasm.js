// Compiles the module, which the default entry and `rekindle/streaming` have in different places.
import { RekindleError } from "../src/browser/errors.js";
import { isCsp } from "./csp.js";
// Chosen by the build: ./wasm_text.js or ./wasm_file.js.
import { compile } from "wasm-source";

let compiled;

/** The module, compiled by the first call and shared by all. */
export const compileOnce = () => {
  compiled ??= compile().catch((cause) => {
    compiled = undefined;
    if (cause instanceof RekindleError) throw cause;
    throw new RekindleError({ code: "wasm_unavailable", reason: isCsp(cause) ? "csp" : "unsupported", cause });
  });
  return compiled;
};
