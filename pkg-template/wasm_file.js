// The streaming entry's wasm: a file beside the JavaScript, compiled while it arrives.
import { RekindleError } from "../src/browser/errors.js";
import { isCsp } from "./csp.js";

export const compile = async () => {
  // Where there is no WebAssembly, nothing is fetched for it.
  const { compile, compileStreaming } = WebAssembly;
  let url;
  const lost = (found, cause) => {
    const problem = `The WebAssembly module could not be loaded (${found}) from ${url}; serve rekindle.wasm there, and allow it in connect-src.`;
    return new RekindleError({ code: "wasm_unavailable", reason: "fetch", problem, cause });
  };
  let response;
  try {
    // Bundlers look for these very words, and put the address in their place that the file has with them. A bundle that is no
    // module has none.
    url = new URL("./rekindle.wasm", import.meta.url);
    response = await fetch(url);
  } catch (cause) {
    throw lost("no answer", cause);
  }
  if (!response.ok) throw lost(`status ${response.status}`);
  try {
    // Under any other type the browser refuses to compile what it streams.
    return await (response.headers.get("content-type") === "application/wasm"
      ? compileStreaming.call(WebAssembly, response)
      : compile.call(WebAssembly, await response.arrayBuffer()));
  } catch (cause) {
    // A server that answers every address with its page, or a connection that broke.
    throw isCsp(cause) ? cause : lost("no WebAssembly", cause);
  }
};
