// The default entry's wasm: text inside this JavaScript, since the address of an asset is what breaks in bundlers.
import { RekindleError } from "../src/browser/errors.js";
import { decode } from "./wasm_text.js";
import text from "wasm-text";

let compiled;

/** The module, compiled by the first call and shared by all. */
export const compileOnce = () => {
  compiled ??= compile().catch((cause) => {
    compiled = undefined;
    const reason = /unsafe-eval|content security policy|csp/i.test(cause?.message) ? "csp" : "unsupported";
    throw new RekindleError({ code: "wasm_unavailable", reason, cause });
  });
  return compiled;
};

const compile = async () => WebAssembly.compile(decode(text));
